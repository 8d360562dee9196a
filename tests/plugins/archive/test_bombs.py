"""Small archives that unpack to much: what is unpacked is counted, and the headers are not believed."""

from __future__ import annotations

import os
import struct
import subprocess
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from archives import entry, run, tar_of
from filemill import Context, ErrorCode, FilemillError, Limits
from filemill.testing.runner import Runner

from .conftest import Convert

_BOMB_BYTES = 60 << 20


def _zeros_tar(path: Path, program: list[str], size: int) -> Path:
    """A tar of one file of zeros, gone through a program as it is written."""
    with path.open("wb") as target, subprocess.Popen(program, stdin=subprocess.PIPE, stdout=target) as packer:
        assert packer.stdin is not None
        head = entry("zeros")
        head.size = size
        packer.stdin.write(head.tobuf())
        for _ in range(size >> 20):
            packer.stdin.write(bytes(1 << 20))
        packer.stdin.write(bytes(1024))
    return path


@pytest.fixture(scope="module")
def bombs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Small files that unpack to many megabytes: of zeros, of one stream under many names, of lies."""
    folder = tmp_path_factory.mktemp("bombs")
    gz = _zeros_tar(folder / "zeros.tar.gz", ["gzip", "-1"], _BOMB_BYTES)
    zst = _zeros_tar(folder / "zeros.tar.zst", ["zstd", "-q", "-1"], _BOMB_BYTES)
    (plain := folder / "zeros").touch()
    os.truncate(plain, _BOMB_BYTES)
    run("7z", "a", "-mx=1", "-bso0", folder / "zeros.7z", plain)
    run("tar", "--sparse", "-c", "-f", folder / "holes.tar", "-C", folder, "zeros")
    plain.unlink()
    return {
        "zeros.tar.gz": gz,
        "zeros.tar.zst": zst,
        "zeros.7z": folder / "zeros.7z",
        "holes.tar": folder / "holes.tar",
        "overlapping.zip": _overlapping(folder / "overlapping.zip"),
        "lying.zip": _lying(folder / "lying.zip"),
    }


def _overlapping(path: Path) -> Path:
    """A ZIP of thirty entries with the same ten megabytes of zeros: each header hides those after it in a field."""
    packer = zlib.compressobj(9, wbits=-15)
    packed = packer.compress(bytes(10 << 20)) + packer.flush()
    sizes = struct.pack("<III", zlib.crc32(bytes(10 << 20)), len(packed), 10 << 20)
    count, each = 30, 42
    headers = lists = b""
    for number in range(count):
        name, hidden = b"zeros-%02d" % number, each * (count - 1 - number)
        common = struct.pack("<HHHHH", 20, 0, 8, 0, 33) + sizes + struct.pack("<H", len(name))
        headers += b"PK\3\4" + common + struct.pack("<H", hidden + 4) + name + struct.pack("<HH", 0x9999, hidden)
        lists += b"PK\1\2\x14\0" + common + struct.pack("<HHHHII", 0, 0, 0, 0, 0, each * number) + name
    start = len(headers) + len(packed)
    end = b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, count, count, len(lists), start, 0)
    path.write_bytes(headers + packed + lists + end)
    with zipfile.ZipFile(path) as archive:
        assert len(archive.infolist()) == count
    return path


def _lying(path: Path) -> Path:
    """A ZIP that says of megabytes of zeros that they are 100 bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(_BOMB_BYTES))
    path.write_bytes(path.read_bytes().replace(_BOMB_BYTES.to_bytes(4, "little"), (100).to_bytes(4, "little")))
    return path


@pytest.mark.parametrize(
    "name", ["zeros.tar.gz", "zeros.tar.zst", "zeros.7z", "holes.tar", "overlapping.zip", "lying.zip"]
)
def test_bombs(name: str, bombs: dict[str, Path], convert: Convert, filemill_run: Runner) -> None:
    """What is unpacked is counted; no more than the limit is written, whatever the headers say."""
    assert bombs[name].stat().st_size < 2 << 20
    growth = {"max_growth": 20}
    with pytest.raises(FilemillError) as refused:
        convert(bombs[name], "tar-zst", **growth)
    assert refused.value.code is ErrorCode.INVALID_FILE
    with pytest.raises(FilemillError) as extracted:
        filemill_run(bombs[name], {"op": "extract"}, limits=Limits(max_growth=20))
    assert extracted.value.code is ErrorCode.INVALID_FILE
    if name != "lying.zip":
        assert "unpacks to more than 20 times its size" in refused.value.detail


def test_a_bomb_writes_no_more_than_the_limit(
    bombs: dict[str, Path], convert: Convert, make_context: Callable[..., Context]
) -> None:
    """Twenty times the least size of 1 MiB, not sixty."""
    context = make_context(max_growth=20)
    with pytest.raises(FilemillError):
        convert(bombs["zeros.tar.zst"], "tar", context)
    assert sum(path.stat().st_size for path in context.folder.iterdir()) <= 20 << 20


def test_what_is_not_chosen_of_a_zip_is_not_unpacked(filemill_run: Runner, tmp_path: Path) -> None:
    """A file beside a bomb is taken out of it."""
    with zipfile.ZipFile(path := tmp_path / "both.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(_BOMB_BYTES))
        archive.writestr("letter.txt", "Dear all")
    (output,) = filemill_run(path, {"op": "extract", "include": ["*.txt"]}, limits=Limits(max_growth=1)).outputs
    assert Path(output.path).read_text() == "Dear all"


def test_listing_is_bounded_as_well(bombs: dict[str, Path], filemill_run: Runner) -> None:
    """Where headers lie among the files, all has to be unpacked."""
    for name in ("zeros.tar.gz", "zeros.tar.zst", "zeros.7z"):
        with pytest.raises(FilemillError, match="unpacks to more than 20 times"):
            filemill_run(bombs[name], {"op": "list-archive"}, limits=Limits(max_growth=20))


def test_too_many_entries(convert: Convert, filemill_run: Runner, tmp_path: Path) -> None:
    """A hundred entries for each file that a task may give; no more results than that."""
    path = tar_of(tmp_path / "many.tar", *(entry(f"{number}") for number in range(201)))
    with pytest.raises(FilemillError, match=r"'many.tar' has more than 200 entries"):
        convert(path, "zip", max_outputs=2)
    assert convert(path, "zip", max_outputs=3).entries == 201
    with pytest.raises(FilemillError, match="More than 3 files") as refused:
        filemill_run(path, {"op": "extract"}, limits=Limits(max_outputs=3))
    assert refused.value.code is ErrorCode.INVALID_PARAMETER
