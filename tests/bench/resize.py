"""CPU time of `resize` through the engine, against a bare libvips loop, in this process.

    python tests/bench/resize.py PICTURES [--rounds 5] [--formats jpeg,png,webp,avif]

PICTURES is a folder of *.jpg, *.png, *.webp and *.avif, about 2000 pixels a side. The two are run in
turn on every picture; the least time of the rounds counts. The engine's figure holds everything a
worker does for a request but its pipes: steps decoded, file sniffed, opened, resized to 512x512
inside, encoded, written, hashed.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

os.environ["VIPS_CONCURRENCY"] = "1"

import pyvips

from filemill import Limits
from filemill.engine import run
from filemill.registry import Registry, load_registry
from filemill.task import Input, Output, Task, encode_steps

EXTENSIONS = {"jpeg": "jpg", "png": "png", "webp": "webp", "avif": "avif"}
FLOOR = {"jpeg": {"Q": 80}, "png": {}, "webp": {"Q": 80}, "avif": {"Q": 65, "effort": 1}}
QUALITY = {"jpeg": 80, "png": 80, "webp": 80, "avif": 65}
SIDE = 512


def floor(data: bytes, form: str) -> bytes:
    """The least that libvips needs: strongest shrink-on-load, resize, encode."""
    if form == "jpeg":
        header = pyvips.Image.jpegload_buffer(data)
        factor = max(header.width, header.height) / SIDE
        shrink = max(step for step in (1, 2, 4, 8) if step <= factor)
        image = pyvips.Image.jpegload_buffer(data, shrink=shrink, access="sequential")
        image = image.resize(SIDE / max(image.width, image.height))
    else:
        image = pyvips.Image.thumbnail_buffer(data, SIDE, height=SIDE, size="down")
    out: bytes = image.write_to_buffer(f".{EXTENSIONS[form]}", keep="none", **FLOOR[form])
    return out


def engine(registry: Registry, path: Path, form: str, folder: Path) -> Output:
    """What a worker process does for one request."""
    resize = {"op": "resize", "width": SIDE, "height": SIDE, "fit": "inside", "format": form, "quality": QUALITY[form]}
    inputs, pipelines = [Input(str(path), path.name)], [encode_steps([resize])]
    task = Task(inputs=inputs, pipelines=pipelines, folder=str(folder), limits=Limits())
    return run(task, registry, lambda fraction, step, note: None).made[0].outputs[0]


def milliseconds(work: Callable[[], object]) -> float:
    """CPU time of one call, user and system, all threads."""
    started = time.process_time()
    work()
    return (time.process_time() - started) * 1000


def compare(registry: Registry, pictures: Path, form: str, rounds: int, folder: Path) -> str:
    """Return a line with the sums over all pictures of a format."""
    bare = ours = 0.0
    bare_bytes = our_bytes = 0
    for path in sorted(pictures.glob(f"*.{EXTENSIONS[form]}")):
        data = path.read_bytes()
        calls = partial(floor, data, form), partial(engine, registry, path, form, folder)
        times = [[milliseconds(call) for call in calls] for _ in range(rounds)]
        one, other = map(min, zip(*times, strict=True))
        bare, ours = bare + one, ours + other
        bare_bytes, our_bytes = bare_bytes + len(calls[0]()), our_bytes + calls[1]().size
    return (
        f"{form:5} floor {bare:7.1f} ms {bare_bytes:8} bytes  engine {ours:7.1f} ms {our_bytes:8} bytes"
        f"  requests a second {bare / ours:.2f} x floor"
    )


def main() -> None:
    """Measure and print one line a format."""
    options = argparse.ArgumentParser()
    options.add_argument("pictures", type=Path)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--formats", default=",".join(EXTENSIONS))
    given = options.parse_args()
    registry = load_registry()
    registry.startup(Limits())
    with tempfile.TemporaryDirectory() as folder:
        for form in given.formats.split(","):
            print(compare(registry, given.pictures, form, given.rounds, Path(folder)))


if __name__ == "__main__":
    main()
