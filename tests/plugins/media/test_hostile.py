"""Broken and hostile files: typed errors, nothing opened that they name, nothing written elsewhere."""

from __future__ import annotations

import socket
import struct
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from filemill import ErrorCode, FilemillError, Limits, ProgramFailed
from filemill.program import _isolation
from filemill.testing.runner import Runner
from filemill_media.programs import FFPROBE
from hostile_media import avi, elsewhere, long_samples, many_streams
from media_files import ffmpeg

from .conftest import Contexts

TYPED = {ErrorCode.INVALID_FILE, ErrorCode.UNSUPPORTED_MEDIA}
THUMBNAIL: dict[str, object] = {"op": "video-thumbnail", "time": 0}
SMALLER: dict[str, object] = {"op": "compress-media"}
INFO: dict[str, object] = {"op": "media-info"}


@dataclass
class Listener:
    """Someone on 127.0.0.1 who waits to be called."""

    server: socket.socket

    @property
    def address(self) -> str:
        """Where it listens."""
        return "{}:{}".format(*self.server.getsockname())

    @property
    def called(self) -> bool:
        """Whether anybody has connected."""
        try:
            self.server.accept()[0].close()
        except BlockingIOError:
            return False
        return True


@pytest.fixture
def listener() -> Iterator[Listener]:
    """Listen for connections that nobody may make."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield Listener(server)


def error_of(run: Runner, path: Path, step: dict[str, object], limits: Limits | None = None) -> FilemillError:
    """Run a step that is refused for the file's fault."""
    with pytest.raises(FilemillError) as refused:
        run(path, step, limits=limits)
    assert refused.value.code in TYPED
    assert str(path.parent) not in refused.value.detail
    return refused.value


def test_the_listener_hears(listener: Listener) -> None:
    """A program that is left free does connect: the tests below would see it."""
    assert not listener.called
    command = ["ffprobe", "-v", "quiet", "-rw_timeout", "500000", f"http://{listener.address}/x.mp4"]
    with suppress(subprocess.TimeoutExpired):
        subprocess.run(command, timeout=3)
    assert listener.called


def test_no_network_at_all(listener: Listener, context: Contexts) -> None:
    """Without any of the restrictions on protocols the program still reaches nobody."""
    if "unshare" not in _isolation():
        pytest.skip("the kernel gives processes no network of their own here")
    with pytest.raises(ProgramFailed):
        FFPROBE.run(["-v", "quiet", "-rw_timeout", "500000", f"http://{listener.address}/x.mp4"], context())
    assert not listener.called


PLAYLISTS: dict[str, str] = {
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{url}\n#EXT-X-ENDLIST\n",
    "hls of a file": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile://{secret}\n#EXT-X-ENDLIST\n",
    "concat": "ffconcat version 1.0\nfile '{secret}'\nfile '{url}'\n",
    "dash": '<?xml version="1.0"?><MPD><Period><AdaptationSet><BaseURL>{url}</BaseURL></AdaptationSet></Period></MPD>',
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n",
    "asx": '<asx version="3.0"><entry><ref href="{url}"/></entry></asx>',
    "subtitles": "[Script Info]\nScriptType: v4.00+\n[Fonts]\nfontname: {secret}\n[Events]\nDialogue: 0,0,0,{url}\n",
}


@pytest.mark.parametrize("name", PLAYLISTS)
def test_playlists(name: str, listener: Listener, made: dict[str, Path], tmp_path: Path, filemill_run: Runner) -> None:
    """A file that only names others is no video, whatever its name ends in; FFmpeg never sees it."""
    path = tmp_path / "film.mp4"
    path.write_text(PLAYLISTS[name].format(url=f"http://{listener.address}/x.ts", secret=made["mp4"]))
    assert error_of(filemill_run, path, THUMBNAIL).code is ErrorCode.UNSUPPORTED_MEDIA
    assert not listener.called


def test_a_playlist_as_subtitles(
    listener: Listener, made: dict[str, Path], tmp_path: Path, filemill_run: Runner
) -> None:
    """Subtitles inside an AVI are a file of any format: a playlist there is not followed."""
    path = tmp_path / "film.avi"
    for url in (f"http://{listener.address}/x.ts", f"file://{made['mp4']}", f"concat:{made['mp4']}"):
        path.write_bytes(avi(subtitles=f"#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:9,\n{url}\n".encode()))
        (found,) = filemill_run(path, THUMBNAIL).outputs
        assert (found.facts["width"], found.facts["height"]) == (64, 48)
        with suppress(FilemillError):
            filemill_run(path, SMALLER)
    assert not listener.called


def test_samples_in_another_file(
    listener: Listener, made: dict[str, Path], tmp_path: Path, filemill_run: Runner
) -> None:
    """An MP4 whose samples are said to be elsewhere has none, though there is such a file."""
    (tmp_path / "secret.mp4").write_bytes(made["mp4"].read_bytes())
    path = tmp_path / "film.mp4"
    for place in (f"{tmp_path}/secret.mp4", f"http://{listener.address}/secret.mp4"):
        path.write_bytes(elsewhere(made["mp4"].read_bytes(), place))
        error_of(filemill_run, path, THUMBNAIL)
        error_of(filemill_run, path, SMALLER)
    assert not listener.called


def test_too_many_streams(made: dict[str, Path], tmp_path: Path, filemill_run: Runner) -> None:
    """Ten thousand streams are refused before any is looked at."""
    path = tmp_path / "streams.mp4"
    path.write_bytes(many_streams(made["mp4"].read_bytes(), 10_000))
    assert "more than 100 streams" in error_of(filemill_run, path, INFO).detail
    path.write_bytes(many_streams(made["mp4"].read_bytes(), 20))
    (found,) = filemill_run(path, INFO).outputs
    assert isinstance(found.facts["data"], dict)
    assert len(found.facts["data"]["streams"]) == 22


def test_huge_frames(made: dict[str, Path], tmp_path: Path, filemill_run: Runner) -> None:
    """A size beyond the limits is refused from the header; so is one that pixels of another shape make."""
    path = tmp_path / "huge.avi"
    path.write_bytes(avi(size=(60_000, 60_000)))
    error_of(filemill_run, path, THUMBNAIL)
    path.write_bytes(avi(size=(20_000, 100)))
    assert "20000x100 pixels, no side may have" in error_of(filemill_run, path, THUMBNAIL).detail
    assert "no side may have" in error_of(filemill_run, made["mp4"], THUMBNAIL, Limits(max_dimension=100)).detail
    assert "9000" in error_of(filemill_run, made["mp4"], THUMBNAIL, Limits(max_pixels=9000)).detail
    wide = ffmpeg("-i", made["mp4"], "-c", "copy", "-aspect", "900:1", output=tmp_path / "wide.mp4")
    assert "no side may have" in error_of(filemill_run, wide, THUMBNAIL).detail


def _streamed(wav: bytes) -> bytes:
    at = wav.index(b"data") + 4
    return wav[:4] + b"\xff" * 4 + wav[8:at] + b"\xff" * 4 + wav[at + 4 :]


def _for_days(flac: bytes) -> bytes:
    (word,) = struct.unpack_from(">Q", flac, 18)
    return flac[:18] + struct.pack(">Q", word | (1 << 36) - 1) + flac[26:]


@pytest.mark.parametrize(
    ("form", "change", "fine"),
    [
        ("mp4", long_samples, True),
        ("wav", _streamed, True),
        ("flac", _for_days, False),
        ("webm", lambda data: data[: len(data) // 3], False),
        ("mp3", lambda data: data[: len(data) // 4], False),
        ("mp4", lambda data: data[: len(data) // 2], False),
        ("avi", lambda data: data[:1000], False),
        ("gif", lambda data: data[:20], False),
    ],
)
def test_claims(
    form: str, change: Callable[[bytes], bytes], fine: bool, made: dict[str, Path], tmp_path: Path, filemill_run: Runner
) -> None:
    """Of hours that are claimed what is there is taken; a file that lost most of what it says it has is refused."""
    path = tmp_path / "claims"
    path.write_bytes(change(made[form].read_bytes()))
    step = {"op": "trim-media", "start": 0} if form != "gif" else THUMBNAIL
    if fine:
        assert filemill_run(path, step, limits=Limits(deadline_seconds=20)).outputs[0].size < 1_000_000
    else:
        error_of(filemill_run, path, step)


def test_results_of_any_size(made: dict[str, Path], context: Contexts) -> None:
    """A result of more bytes than the limits allow for its source ends the program."""
    from filemill_media.conversions import convert_media
    from filemill_media.media import Media

    task = context(Limits(max_growth=1))
    long = ffmpeg("-f", "lavfi", "-i", "anullsrc=d=60", "-c:a", "flac", output=task.folder / "silence.flac")
    media = task.open(task.formats.sniff(long, "silence.flac"), Media)
    with pytest.raises(FilemillError, match="would have more than 1048576 bytes") as refused:
        convert_media(media, "wav", task)
    assert refused.value.code is ErrorCode.INVALID_FILE


@pytest.mark.parametrize("name", ["concat:a|b.mp4", "-frame-%03d.mp4", "a'b\n.mp4"])
def test_names_that_are_arguments(name: str, made: dict[str, Path], tmp_path: Path, filemill_run: Runner) -> None:
    """A file is read by its path, whatever words of FFmpeg's its name has."""
    path = tmp_path / name
    path.write_bytes(made["mp4"].read_bytes())
    assert filemill_run(path, THUMBNAIL).outputs[0].facts["width"] == 128


def test_nothing_is_written_elsewhere(
    made: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, filemill_run: Runner
) -> None:
    """Two passes and tiles leave nothing beside the task's folder: not where the server runs, not at the source."""
    (here := tmp_path / "here").mkdir()
    monkeypatch.chdir(here)
    (there := tmp_path / "there").mkdir()
    (there / "film.mp4").write_bytes(made["mp4"].read_bytes())
    filemill_run(there / "film.mp4", {"op": "compress-media", "maxSizeBytes": 30_000})
    filemill_run(there / "film.mp4", {"op": "video-thumbnail", "count": 2})
    assert not list(here.iterdir())
    assert [path.name for path in there.iterdir()] == ["film.mp4"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["here", "run-1", "run-2", "there"]
