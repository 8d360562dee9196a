"""FileWhirl: a pair of each kind of file, through the whole flow (FW-10, FW-19, FW-30…FW-40)."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docx
import pytest

from origin import serving

_RATE = 8000
WORDS = "The five boxing wizards jump quickly"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A video with sound, speech, a document and an archive, made by other programs."""
    folder = tmp_path_factory.mktemp("kinds")
    video = ["-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25:duration=2"]
    tone = ["-f", "lavfi", "-i", "sine=frequency=440:duration=2"]
    encoded = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac", "-shortest", str(folder / "clip.mp4")]
    subprocess.run(["ffmpeg", "-v", "error", *video, *tone, *encoded], check=True, timeout=60)
    subprocess.run(["espeak-ng", "-w", str(folder / "speech.wav"), WORDS], check=True, timeout=60)
    document = docx.Document()
    document.add_paragraph(WORDS)
    document.save(str(folder / "letter.docx"))
    with zipfile.ZipFile(folder / "bundle.zip", "w") as archive:
        archive.writestr("notes/one.txt", WORDS)
        archive.writestr("zwölf.bin", bytes(range(256)) * 40)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def origin(files: dict[str, bytes]) -> Iterator[str]:
    """A web server that has them."""
    with serving(files) as port:
        yield f"http://127.0.0.1:{port}"


def probed(data: bytes, folder: Path) -> tuple[float, dict[str, str]]:
    """Return how long a medium is, seconds, and its codecs by kind, as ffprobe tells."""
    path = folder / "made"
    path.write_bytes(data)
    said = subprocess.run(
        [
            "ffprobe",
            "-v",
            "error",
            "-show_entries",
            "format=duration:stream=codec_type,codec_name",
            "-of",
            "json",
            path,
        ],
        capture_output=True,
        check=True,
        timeout=30,
    )
    told = json.loads(said.stdout)
    streams = {stream["codec_type"]: stream["codec_name"] for stream in told["streams"]}
    if "video" in streams:
        return float(told["format"]["duration"]), streams
    # What is heard counts: an MP3 also says how many samples its encoder has put around the sound.
    decoded = ["-f", "s16le", "-ac", "1", "-ar", str(_RATE), "-"]
    heard = subprocess.run(["ffmpeg", "-v", "error", "-i", path, *decoded], capture_output=True, check=True, timeout=30)
    return len(heard.stdout) / 2 / _RATE, streams


def sent(files: dict[str, bytes], name: str, to: str) -> dict[str, Any]:
    """Return the form that brings a file."""
    return {"files": {"file": (name, files[name])}, "data": {"to": to}}


def test_video(caller: Any, files: dict[str, bytes], tmp_path: Path) -> None:
    """FW-19: a video in another container and codec is as long, and still has picture and sound."""
    done, answer = caller.converted(**sent(files, "clip.mp4", "webm"))
    seconds, streams = probed(answer.content, tmp_path)
    assert (done["engine"], answer.headers["content-type"]) == ("ffmpeg", "video/webm")
    assert answer.headers["content-disposition"] == 'attachment; filename="clip.webm"'
    assert streams == {"video": "vp9", "audio": "opus"}
    assert seconds == pytest.approx(2.0, abs=0.05)


def test_sound_of_a_video_by_url(caller: Any, origin: str, tmp_path: Path) -> None:
    """FW-19: mp4 to mp3 by URL."""
    done, answer = caller.converted(json={"url": f"{origin}/clip.mp4", "to": "mp3"})
    seconds, streams = probed(answer.content, tmp_path)
    assert (done["engine"], answer.headers["content-type"]) == ("ffmpeg", "audio/mpeg")
    assert streams == {"audio": "mp3"}
    assert seconds == pytest.approx(2.0, abs=0.05)


def test_audio(caller: Any, files: dict[str, bytes], tmp_path: Path) -> None:
    """FW-19: speech as FLAC is as long as it was."""
    done, answer = caller.converted(**sent(files, "speech.wav", "flac"))
    seconds, streams = probed(answer.content, tmp_path)
    assert done["engine"] == "ffmpeg"
    assert streams == {"audio": "flac"}
    assert seconds == pytest.approx(probed(files["speech.wav"], tmp_path)[0], abs=0.05)


def test_document(caller: Any, files: dict[str, bytes], tmp_path: Path) -> None:
    """FW-19: a Word document becomes a PDF with its words."""
    done, answer = caller.converted(**sent(files, "letter.docx", "pdf"))
    (tmp_path / "letter.pdf").write_bytes(answer.content)
    said = subprocess.run(["pdftotext", tmp_path / "letter.pdf", "-"], capture_output=True, text=True, check=True)
    assert (done["engine"], answer.headers["content-type"]) == ("libreoffice", "application/pdf")
    assert WORDS in " ".join(said.stdout.split())


def test_archive(caller: Any, files: dict[str, bytes]) -> None:
    """FW-19: the files of a ZIP are in the tar.gz, byte by byte."""
    done, answer = caller.converted(**sent(files, "bundle.zip", "tar.gz"))
    assert done["engine"] == "libarchive"
    assert answer.headers["content-disposition"] == 'attachment; filename="bundle.tar.gz"'
    with zipfile.ZipFile(io.BytesIO(files["bundle.zip"])) as before:
        wanted = {name: hashlib.sha256(before.read(name)).hexdigest() for name in before.namelist()}
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as after:
        members = {one.name: after.extractfile(one) for one in after.getmembers() if one.isfile()}
        found = {name: hashlib.sha256(data.read()).hexdigest() for name, data in members.items() if data is not None}
    assert found == wanted
