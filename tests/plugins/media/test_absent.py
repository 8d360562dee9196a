"""A machine without FFmpeg: what needs it says what to install, and everything else works."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import NoReturn

import pytest

from filemill import ErrorCode, FilemillError, Limits
from filemill.registry import load_registry
from filemill.testing.runner import Runner, WorkerThread
from filemill_media import encoders
from filemill_media.conversions import CONVERSIONS
from filemill_media.operations import OPERATIONS


def test_without_the_program(made: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All operations and edges say what to install; the formats are known; pictures are worked on as ever."""
    (empty := tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(empty))
    registry = load_registry()
    registry.startup(Limits())
    assert not [failure for failure in registry.failures if failure.plugin.distribution == "filemill"]
    answers = [registry.operations[str(operation.__struct_config__.tag)].missing for operation in OPERATIONS]
    answers += [edge.missing() for edge in CONVERSIONS]
    for missing in answers:
        assert missing is not None
        assert missing.reason == "The program FFmpeg is not installed on the server."
        assert missing.hint == "Install it: apt-get install ffmpeg."
    run = Runner(registry, tmp_path, WorkerThread())
    for step in ({"op": "media-info"}, {"op": "video-thumbnail"}):
        with pytest.raises(FilemillError, match="apt-get install ffmpeg") as refused:
            run(made["mp4"], step)
        assert refused.value.code is ErrorCode.OPERATION_UNAVAILABLE
    assert registry.formats.sniff(made["mp4"], "x").format == "mp4"
    assert run(made["gif"], {"op": "resize", "width": 20}).outputs[0].facts["width"] == 20


def test_a_build_without_an_encoder(made: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What this FFmpeg was not built with is named."""
    monkeypatch.setitem(encoders._ENCODERS, "h264", ("libnone",))
    run = Runner(load_registry(), tmp_path, WorkerThread())
    with pytest.raises(FilemillError, match="built without the encoder libnone") as refused:
        run(made["mp4"], {"op": "compress-media"})
    assert refused.value.code is ErrorCode.OPERATION_UNAVAILABLE


def test_nothing_is_run_to_be_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry is made, and a worker made ready, without starting a program of this plugin's."""

    def refuse(command: list[str], *arguments: object, **settings: object) -> NoReturn:
        raise AssertionError(command)

    monkeypatch.setattr(subprocess, "Popen", refuse)
    registry = load_registry(["archive", "image", "ocr", "office", "pdf", "presets"])
    registry.startup(Limits())
    assert [plugin.name for plugin in registry.plugins if plugin.distribution == "filemill"] == ["media"]
    assert not registry.failures
