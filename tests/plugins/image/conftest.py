"""Fixtures for the picture plugin: runs pipelines in this process, makes pictures, compares pictures."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import pytest
import pyvips

from filemill import Limits
from filemill.engine import run as run_task
from filemill.registry import Registry
from filemill.task import Input, Outcome, Output, Task, encode_steps
from picture_codecs import PILLOW, read_by_pillow


class Run(Protocol):
    """Runs one pipeline over one file or several; keywords are fields of `Limits`."""

    def __call__(
        self,
        files: Path | Sequence[Path],
        steps: Sequence[dict[str, Any]],
        *,
        extras: dict[str, Path] | None = None,
        **limits: Any,
    ) -> Outcome: ...


@pytest.fixture(scope="session")
def registry(filemill_registry: Registry) -> Registry:
    """All installed plugins, started as in a worker process."""
    failures = filemill_registry.failures
    assert not [failure for failure in failures if failure.plugin.name == "image"], failures
    return filemill_registry


@pytest.fixture
def run(registry: Registry, tmp_path: Path) -> Run:
    """A function that runs steps (as JSON objects) over files and gives the outcome.

    `extras` are the files of sources within the steps, by `Source.key`.
    """
    numbers = iter(range(1_000_000))

    def run_steps(
        files: Path | Sequence[Path],
        steps: Sequence[dict[str, Any]],
        *,
        extras: dict[str, Path] | None = None,
        **limits: Any,
    ) -> Outcome:
        folder = tmp_path / f"task-{next(numbers)}"
        folder.mkdir()
        given = [files] if isinstance(files, Path) else files
        task = Task(
            inputs=[Input(str(path), path.name) for path in given],
            pipelines=[encode_steps(list(steps))],
            folder=str(folder),
            limits=Limits(**limits),
            extras={key: Input(str(path), path.name) for key, path in (extras or {}).items()},
        )
        return run_task(task, registry, lambda fraction, step, note: None)

    return run_steps


@pytest.fixture(scope="session")
def picture_of() -> Callable[[Output], pyvips.Image]:
    """A function that reads a result back, all frames, into memory; it fails where the file is not whole."""

    def read(output: Output) -> pyvips.Image:
        if output.format in PILLOW:
            return read_by_pillow(output.path)
        pages = {"n": -1} if output.format in ("gif", "webp", "tiff") else {}
        return pyvips.Image.new_from_file(output.path, fail_on="warning", **pages).copy_memory()

    return read


class Samples:
    """Makes small pictures. Every method gives the path of a file of the suffix asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, name: str) -> Path:
        """A path in the samples' folder."""
        return self.folder / name

    def gradient(self, width: int = 96, height: int = 64) -> pyvips.Image:
        """Opaque sRGB pixels: red grows to the right, green downwards, a blue disc sits left of the middle."""
        xy = pyvips.Image.xyz(width, height)
        red, green = xy[0] * (255 / max(width - 1, 1)), xy[1] * (255 / max(height - 1, 1))
        disc = ((xy[0] - width * 0.35) ** 2 + (xy[1] - height * 0.5) ** 2) < (min(width, height) * 0.25) ** 2
        return red.bandjoin([green, disc]).cast("uchar").copy(interpretation="srgb")

    def alpha(self, width: int = 96, height: int = 64) -> pyvips.Image:
        """The gradient with an alpha band that goes from clear on the left to opaque on the right."""
        ramp = (pyvips.Image.xyz(width, height)[0] * (255 / max(width - 1, 1))).cast("uchar")
        return self.gradient(width, height).bandjoin(ramp)

    def noise(self, width: int = 96, height: int = 64, seed: int = 1) -> pyvips.Image:
        """Opaque grey noise in three equal bands: hard to compress, the same every time."""
        grey = pyvips.Image.gaussnoise(width, height, mean=128, sigma=40, seed=seed).cast("uchar")
        return grey.bandjoin([grey, grey]).copy(interpretation="srgb")

    def frames(self, width: int = 48, height: int = 32, count: int = 4) -> pyvips.Image:
        """An animation: a white square wanders over the gradient; delays 100, 200, … ms, loop 3."""
        base = self.gradient(width, height)
        side = max(height // 4, 1)
        pages = [
            base.draw_rect([255.0, 255.0, 255.0], int((width - side) * index / count), side, side, side, fill=True)
            for index in range(count)
        ]
        image = pyvips.Image.arrayjoin(pages, across=1).copy()
        image.set_type(pyvips.GValue.gint_type, "page-height", height)
        image.set_type(pyvips.GValue.array_int_type, "delay", [100 * (index + 1) for index in range(count)])
        image.set_type(pyvips.GValue.gint_type, "loop", 3)
        return image

    def save(self, image: pyvips.Image, name: str, **options: Any) -> Path:
        """Write pixels as the format of the name's suffix."""
        path = self.path(name)
        image.write_to_file(str(path), **options)
        return path

    def photo(self, name: str = "photo.jpg", width: int = 96, height: int = 64, **options: Any) -> Path:
        """Write the opaque gradient."""
        return self.save(self.gradient(width, height), name, **options)

    def oriented(self, orientation: int, name: str = "", width: int = 96, height: int = 64) -> Path:
        """Write the gradient so that it is upright (`width` x `height`) only after EXIF `orientation` is applied."""
        image = self.gradient(width, height)
        turned = {
            1: lambda: image,
            2: image.fliphor,
            3: image.rot180,
            4: image.flipver,
            5: lambda: image.rot90().fliphor(),
            6: image.rot270,
            7: lambda: image.rot270().fliphor(),
            8: image.rot90,
        }[orientation]().copy()
        turned.set_type(pyvips.GValue.gint_type, "orientation", orientation)
        return self.save(turned, name or f"orientation-{orientation}.jpg", Q=95)


@pytest.fixture
def samples(tmp_path: Path) -> Samples:
    """Makes pictures in a folder of the test's own."""
    folder = tmp_path / "samples"
    folder.mkdir()
    return Samples(folder)


def _seen(image: pyvips.Image) -> pyvips.Image:
    """A picture as a viewer on white sees it: sRGB, three bands."""
    image = image if image.interpretation == "srgb" else image.colourspace("srgb")
    return image.flatten(background=255) if image.hasalpha() else image


@pytest.fixture(scope="session")
def hash_distance() -> Callable[[pyvips.Image, pyvips.Image], int]:
    """A function that counts the differing bits, of 64, of two pictures' gradient hashes ("dHash").

    Under 10 the pictures show the same; the sizes may differ.
    """

    def bits(image: pyvips.Image) -> list[bool]:
        small = _seen(image).colourspace("b-w")[0].thumbnail_image(9, height=8, size="force").write_to_memory()
        return [small[row * 9 + column] > small[row * 9 + column + 1] for row in range(8) for column in range(8)]

    return lambda one, other: sum(a != b for a, b in zip(bits(one), bits(other), strict=True))


@pytest.fixture(scope="session")
def colour_difference() -> Callable[[pyvips.Image, pyvips.Image], float]:
    """A function that gives the mean CIEDE2000 difference of two pictures of one size, on white.

    1 is the smallest difference a person can see, under 3 is near.
    """

    def difference(one: pyvips.Image, other: pyvips.Image) -> float:
        assert (one.width, one.height) == (other.width, other.height)
        return float(_seen(one).colourspace("lab").dE00(_seen(other).colourspace("lab")).avg())

    return difference


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real files, see its README; the test is skipped where it is absent."""
    root = Path(__file__).resolve().parents[3]
    folder = Path(os.environ.get("FILEMILL_CORPUS", root.parent / "shared" / "corpus"))
    if not folder.is_dir():
        pytest.skip("the corpus is absent; set FILEMILL_CORPUS to its folder")
    return folder
