"""Files of every format, made once, and ways to work on them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from filemill import Context, File, Limits
from filemill.registry import Registry
from filemill_media.conversions import CONVERSIONS
from filemill_media.media import Media
from media_files import AUDIO_CODECS, VIDEO_CODECS, ffmpeg, sound, video

Convert = Callable[..., Path]
Contexts = Callable[..., Context]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A file of two seconds of each format, by its name; their names end in nothing that helps."""
    folder = tmp_path_factory.mktemp("media")
    files = {form: video(folder / f"video.{form}") for form in VIDEO_CODECS}
    files |= {form: sound(folder / f"sound.{form}") for form in AUDIO_CODECS}
    files["gif"] = ffmpeg("-i", files["mp4"], "-vf", "fps=10", output=folder / "moving.gif")
    return files


@pytest.fixture
def context(filemill_registry: Registry, tmp_path: Path) -> Contexts:
    """Make a context with a folder of its own."""
    numbers = count()

    def make(limits: Limits | None = None, tell: Callable[[float, str], None] = lambda *_: None) -> Context:
        folder = tmp_path / f"task-{next(numbers)}"
        folder.mkdir()
        return Context(limits=limits or Limits(), folder=folder, formats=filemill_registry.formats, tell=tell)

    return make


@pytest.fixture
def convert(filemill_registry: Registry, context: Contexts) -> Convert:
    """Take the edge from a file's format to another, and return the file that it gives."""

    def take(path: Path, target: str, limits: Limits | None = None) -> Path:
        task = context(limits)
        file = filemill_registry.formats.sniff(path, path.name)
        (edge,) = [
            edge
            for edge in CONVERSIONS
            if file.format in edge.sources and target in edge.targets and (file.format != target or edge.compresses)
        ]
        value: object = file if file.format == "gif" else task.open(file, Media)
        result = edge.run(value, target, task)
        assert isinstance(result, edge.shape.returns)
        found: File = result if isinstance(result, File) else result.file
        assert found.format == target
        assert filemill_registry.formats.sniff(found.path, "x").format == target
        return found.path

    return take
