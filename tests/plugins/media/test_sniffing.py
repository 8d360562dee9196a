"""What is taken for video and sound, and what is not."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from filemill import ErrorCode, FilemillError
from filemill.formats import FormatTable
from filemill.registry import Registry
from filemill_media.formats import FORMATS
from filemill_media.mpeg_audio import is_adts, is_mp3
from media_files import ffmpeg

OURS = {form.name for form in FORMATS}
ID3 = b"ID3\x04\0\0\0\0\x0f\x76"  # of 2038 bytes


@pytest.fixture
def formats(filemill_registry: Registry) -> FormatTable:
    """All that are installed."""
    return filemill_registry.formats


def taken_for(formats: FormatTable, path: Path, data: bytes) -> str | None:
    """Return the format that some bytes are taken for."""
    path.write_bytes(data)
    try:
        return formats.sniff(path, "file").format
    except FilemillError as error:
        assert error.code is ErrorCode.UNSUPPORTED_MEDIA
        return None


def box(brand: bytes, *others: bytes) -> bytes:
    """Return the first box of an ISO base media file."""
    content = brand + b"\0\0\2\0" + b"".join(others)
    return (8 + len(content)).to_bytes(4, "big") + b"ftyp" + content


def test_every_format(made: dict[str, Path], formats: FormatTable) -> None:
    """What FFmpeg writes is known by its content; the file's name says nothing."""
    assert {form: formats.sniff(path, "file.txt").format for form, path in made.items()} == {
        form: form for form in made
    }
    assert made.keys() >= OURS


@pytest.mark.parametrize(
    ("head", "form"),
    [
        (box(b"isom", b"iso2", b"mp41"), "mp4"),
        (box(b"3gp4", b"isom"), "mp4"),
        (box(b"M4V ", b"mp42"), "mp4"),
        (box(b"M4A ", b"isom"), "m4a"),
        (box(b"qt  "), "mov"),
        (b"\0\0\0\x08wide\0\0\x10\0mdat" + bytes(40), "mov"),
        (b"\0\0\x10\0moov\0\0\0\x6cmvhd" + bytes(40), "mov"),
        (b"RF64\xff\xff\xff\xffWAVEds64" + bytes(40), "wav"),
        (box(b"avif", b"mif1", b"isom"), "avif"),
        (box(b"mif1", b"avif", b"mp42"), "avif"),
        (box(b"heic", b"mif1", b"isom"), "heic"),
        (b"RIFF\x10\0\0\0WEBPVP8 " + bytes(40), "webp"),
        (b"GIF89a" + bytes(40), "gif"),
        (b"The wide world has a text in it.", "text"),
        (b"The moov atom comes first.", "text"),
        (b"ID3 is a tag", "text"),
        (b"OggS is a page", "text"),
        (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "text"),
        (b"ffconcat version 1.0\nfile '/etc/passwd'\n", "text"),
    ],
)
def test_neighbours(head: bytes, form: str, formats: FormatTable, tmp_path: Path) -> None:
    """Brands and containers that differ by a word; playlists are text and nothing else."""
    assert taken_for(formats, tmp_path / "file", head) == form


@pytest.mark.parametrize(
    "head",
    [
        box(b"crx ", b"isom"),  # a photograph of a camera
        b"\xff\xfb\x90\x64" + bytes(500),
        b"\xff\xf1\x50\x80\x02\x1f\xfc" + bytes(500),
        b"\xff\xfb\x90\x64" * 200,
        "\ufeffUTF-16, with a mark".encode("utf-16-le"),
        ID3 + bytes(2038) + b"no sound",
        b"ID3\x04\0\0\x7f\x7f\x7f\x7f",
        b"RIFF\x10\0\0\0CDR8" + bytes(40),
        b"\x1aE\xdf\xa3\x8fB\x82\x84doc " + bytes(40),
        b"OggS\0\x02" + bytes(20) + b"\x01\x1e\x80theora" + bytes(40),
        b"OggS" + b"\xff" * 23,
    ],
)
def test_what_only_looks_like_it(head: bytes, formats: FormatTable, tmp_path: Path) -> None:
    """A sync word alone, a tag alone, an unknown brand: no video and no sound."""
    assert taken_for(formats, tmp_path / "file", head) not in OURS


@pytest.mark.parametrize("form", ["mp3", "aac", "flac"])
def test_behind_tags(form: str, made: dict[str, Path], formats: FormatTable, tmp_path: Path) -> None:
    """Tags of some kilobytes, two of them, with padding behind: the frames tell which format it is."""
    data = made[form].read_bytes()
    if data[:3] == b"ID3":
        data = data[10 + (data[8] << 7 | data[9]) :]
    assert taken_for(formats, tmp_path / "file", (ID3 + bytes(2038)) * 2 + data) == form
    if form != "flac":
        assert taken_for(formats, tmp_path / "file", ID3 + bytes(2038 + 300) + data) == form


def test_a_cover_does_not_hide_the_sound(made: dict[str, Path], formats: FormatTable, tmp_path: Path) -> None:
    """A tag with a picture in it is longer than what a format sees first."""
    picture = ffmpeg("-i", made["mp4"], "-frames:v", "1", "-vf", "scale=400:300", output=tmp_path / "cover.png")
    arguments = ("-i", made["mp3"], "-i", picture, "-map", "0:a", "-map", "1:v", "-c", "copy")
    tagged = ffmpeg(*arguments, "-disposition:v", "attached_pic", output=tmp_path / "tagged.mp3")
    assert tagged.stat().st_size > made["mp3"].stat().st_size + 10_000
    assert formats.sniff(tagged, "file").format == "mp3"


@pytest.mark.parametrize(("start", "look"), [(b"\xff\xfb", is_mp3), (b"\xff\xf1", is_adts)])
def test_noise_is_never_sound(start: bytes, look: Callable[[Path], bool], tmp_path: Path) -> None:
    """Of hundreds of files of noise that start with a sync word none is taken for sound."""
    chance = random.Random(7)
    path = tmp_path / "noise"
    for _ in range(400):
        path.write_bytes(start + chance.randbytes(600))
        assert not look(path)
