"""Real files: every good one is read, every broken one refused, cut anywhere it is refused or whole."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
import pyvips

from filemill import ErrorCode, FilemillError, Limits
from filemill.engine import run as run_task
from filemill.registry import Registry
from filemill.task import Input, Outcome, Task, encode_steps

CORPUS = Path(os.environ.get("FILEMILL_CORPUS", Path(__file__).resolve().parents[3] / "shared" / "corpus"))
pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is absent; set FILEMILL_CORPUS to its folder"),
]
GOOD = [
    path
    for folder in ("photos", "formats", "orientation")
    for path in (sorted((CORPUS / folder).iterdir()) if CORPUS.is_dir() else [])
]
CUTS = (0.02, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.97, 0.995)


@pytest.fixture(scope="module")
def registry(filemill_registry: Registry) -> Registry:
    """All installed plugins, started as in a worker process."""
    return filemill_registry


def made(registry: Registry, path: Path, *steps: dict[str, Any]) -> tuple[Outcome, pyvips.Image]:
    """Run steps over a file; give the outcome and its pixels."""
    with tempfile.TemporaryDirectory() as folder:
        task = Task(
            inputs=[Input(str(path), path.name)], pipelines=[encode_steps(steps)], folder=folder, limits=Limits()
        )
        outcome = run_task(task, registry, lambda fraction, step, note: None)
        return outcome, pyvips.Image.new_from_file(outcome.made[0].outputs[0].path).copy_memory()


@pytest.mark.parametrize("path", GOOD, ids=lambda path: str(path.name))
def test_every_good_file_is_read(path: Path, registry: Registry) -> None:
    """Every good file of the corpus becomes a JPEG of 64 pixels, and is sRGB."""
    outcome, image = made(registry, path, {"op": "resize", "width": 64}, {"op": "convert", "format": "jpeg"})
    assert image.width == 64
    assert image.interpretation == "srgb"
    assert outcome.sources[0]["width"]


@pytest.mark.parametrize("path", GOOD, ids=lambda path: str(path.name))
def test_cut_short_is_refused_or_whole(path: Path, registry: Registry, tmp_path: Path) -> None:
    """A good file cut at ten points gives a typed 4xx, or all its pixels where only trailing bytes are gone."""
    data = path.read_bytes()
    steps = ({"op": "resize", "width": 64}, {"op": "convert", "format": "png"})
    whole = made(registry, path, *steps)[1]
    cut = tmp_path / path.name
    refused: dict[float, ErrorCode] = {}
    for part in CUTS:
        cut.write_bytes(data[: int(len(data) * part)])
        try:
            image = made(registry, cut, *steps)[1]
        except FilemillError as error:
            refused[part] = error.code
        else:
            assert (image.width, image.height, image.bands) == (whole.width, whole.height, whole.bands), part
            assert (image - whole).abs().max() == 0, part
    assert set(refused.values()) <= {ErrorCode.INVALID_FILE, ErrorCode.UNSUPPORTED_MEDIA}


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("200-megapixel-bomb.heic", "pixels in all"),
        ("65536x65536-bomb.png", "65536x65536"),
        ("giant.jpg", "20000x14000"),
        ("corrupt-header.jpg", "broken"),
        ("corrupted.heic", "broken"),
        ("truncated.jpg", ""),
        ("truncated.png", ""),
    ],
)
def test_broken_and_hostile_files_are_refused(name: str, word: str, registry: Registry) -> None:
    """Bombs are refused by their header, broken files when they are decoded: `INVALID_FILE` each."""
    with pytest.raises(FilemillError) as caught:
        made(registry, CORPUS / "broken" / name, {"op": "resize", "width": 64})
    assert caught.value.code is ErrorCode.INVALID_FILE
    assert word in caught.value.detail


def test_a_gif_that_crashed_others_is_read(registry: Registry) -> None:
    """`crash-test.gif` is read to its end."""
    assert made(registry, CORPUS / "broken" / "crash-test.gif", {"op": "resize", "width": 64})[1].width == 64


def test_the_same_scene_in_cmyk_with_and_without_profile(registry: Registry) -> None:
    """Both CMYK photographs show a scene with green grass and skin that is not inverted."""
    steps = ({"op": "resize", "width": 64}, {"op": "convert", "format": "png"})
    one, other = (
        made(registry, CORPUS / "formats" / name, *steps)[1] for name in ("cmyk-profile.jpg", "cmyk-no-profile.jpg")
    )
    assert one.colourspace("lab").dE00(other.colourspace("lab")).avg() < 12


def test_prophoto_and_display_p3_become_srgb(registry: Registry) -> None:
    """The one pixel of each fixture has the sRGB value its profile says, not the raw number."""
    for name in ("prophoto.png", "display-p3.png"):
        path = CORPUS / "formats" / name
        raw = pyvips.Image.new_from_file(str(path))
        image = made(registry, path, {"op": "flip"}, {"op": "convert", "format": "png"})[1]
        expected = raw.icc_transform("srgb", embedded=True, intent="relative", black_point_compensation=True)
        assert list(image(0, 0))[:3] == pytest.approx(list(expected(0, raw.height - 1))[:3], abs=1)


@pytest.mark.parametrize("name", ["dune.jpg", "raindrops.jpg", "twowings.jpg"])
@pytest.mark.parametrize("form", ["jpeg", "webp"])
def test_size_targets(name: str, form: str, registry: Registry) -> None:
    """Over three photographs: never over the target, at most 8 encodes, 95 % of the bytes used on average."""
    used = []
    for size in (50_000, 100_000, 200_000):
        step = {"op": "compress-to-size", "maxSizeBytes": size, "format": form, "onUnreachable": "downscale"}
        outcome, _ = made(registry, CORPUS / "photos" / name, {"op": "resize", "width": 1600}, step)
        result, said = outcome.made[0].outputs[0], outcome.made[0].report[-1]
        assert result.size <= size
        assert said["encodes"] <= 8
        if said["quality"] < 95:
            used.append(result.size / size)
    assert not used or sum(used) / len(used) >= 0.95
