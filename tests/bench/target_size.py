"""Size targets over the photographs of the corpus: budget used, encodes, CPU against one decode and encode.

    python tests/bench/target_size.py [--formats own jpeg webp avif] [--width N] [--unreachable fail]

Only those cases count where the target binds: where quality 95 would be over it. CPU is that of the whole
operation, divided by that of the same picture decoded and encoded once at the format's default quality.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from filemill import FilemillError, Limits
from filemill.engine import run
from filemill.registry import Registry, load_registry
from filemill.task import Input, Made, Task, encode_steps

TARGETS = (20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000)


class Case(NamedTuple):
    """One binding target that was met: the part of the bytes used, encodes, CPU against once."""

    used: float
    encodes: int
    cost: float


def made(registry: Registry, path: Path, *steps: dict[str, Any]) -> tuple[Made, float]:
    """Run steps over a file; give what was made and the CPU seconds."""
    with tempfile.TemporaryDirectory() as folder:
        task = Task(
            inputs=[Input(str(path), path.name)], pipelines=[encode_steps(steps)], folder=folder, limits=Limits()
        )
        started = time.process_time()
        outcome = run(task, registry, lambda fraction, step, note: None)
        return outcome.made[0], time.process_time() - started


def cases(registry: Registry, photo: Path, form: str, unreachable: str, first: list[dict[str, Any]]) -> list[Case]:
    """Meet every binding target with one photograph; print each."""
    shown, form = form, form if form != "own" else "webp" if photo.suffix == ".png" else "jpeg"
    most = made(registry, photo, *first, {"op": "convert", "format": form, "quality": 95})[0].outputs[0].size
    once = min(made(registry, photo, *first, {"op": "convert", "format": form, "lossless": False})[1] for _ in range(2))
    found = []
    for target in TARGETS:
        if most <= target:
            continue
        step = {"op": "compress-to-size", "maxSizeBytes": target, "onUnreachable": unreachable}
        if shown != "own":
            step["format"] = form
        try:
            result, cpu = made(registry, photo, *first, step)
        except FilemillError as error:
            print(f"{form:5} {photo.name:26} {target:8} {error.code.name} {error.extra}")
            continue
        said = result.report[-1]
        if "unchanged" in said:  # the source fits as it is
            continue
        case = Case(result.outputs[0].size / target, said["encodes"], cpu / once)
        found.append(case)
        print(
            f"{form:5} {photo.name:26} {target:8} used {case.used:.3f} encodes {case.encodes} cpu {case.cost:.2f}x"
            f" quality {said.get('quality')} scale {said['scale']}",
            flush=True,
        )
    return found


def main() -> None:
    """Print every case and the means of each format."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--formats", nargs="+", default=["own"], help="own: none is asked for")
    parser.add_argument("--width", type=int, help="reduce every photograph to this width first")
    parser.add_argument("--unreachable", default="fail", choices=["fail", "downscale"])
    options = parser.parse_args()
    registry = load_registry()
    registry.startup(Limits())
    corpus = Path(os.environ.get("FILEMILL_CORPUS", Path(__file__).resolve().parents[3] / "shared" / "corpus"))
    first = [{"op": "resize", "width": options.width}] if options.width else []
    for form in options.formats:
        found = [
            case
            for photo in sorted((corpus / "photos").iterdir())
            for case in cases(registry, photo, form, options.unreachable, first)
        ]
        used, encodes, cost = zip(*found, strict=True)
        print(
            f"{form}: {len(found)} targets met; budget used mean {sum(used) / len(used):.3f} min {min(used):.3f};"
            f" over {sum(part > 1 for part in used)}; encodes mean {sum(encodes) / len(encodes):.1f}"
            f" max {max(encodes)}; CPU mean {sum(cost) / len(cost):.2f}x max {max(cost):.2f}x of one decode and encode"
        )


if __name__ == "__main__":
    main()
