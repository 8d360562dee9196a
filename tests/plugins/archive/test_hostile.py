"""Archives that are meant to harm: refused by name of the entry, and nothing is written outside the task's folder."""

from __future__ import annotations

import io
import lzma
import os
import struct
import subprocess
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from archives import run
from filemill import Context, ErrorCode, FilemillError, Limits
from filemill.testing.runner import Runner
from filemill_archive.kind import Archive

from .conftest import Convert

_BOMB_BYTES = 60 << 20
BIDI = "photo\u202egpj.exe"


def entry(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    """An entry of a tar; a file has three bytes."""
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, link
    made.size = 3 if kind == tarfile.REGTYPE else 0
    return made


def tar(path: Path, *entries: tarfile.TarInfo) -> Path:
    """Write a tar as it is told."""
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
        for one in entries:
            archive.addfile(one, io.BytesIO(b"bad"))
    return path


LINK, HARD = tarfile.SYMTYPE, tarfile.LNKTYPE
REFUSED = {
    "up": ([entry("../evil")], "'../evil' has '..' in its path"),
    "up from inside": ([entry("a/../../evil")], "'a/../../evil' has '..'"),
    "absolute": ([entry("/tmp/evil")], "'/tmp/evil' has an absolute path"),
    "drive": ([entry("C:\\evil")], "has an absolute path"),
    "drive, relative": ([entry("c:evil")], "'c:evil' has an absolute path"),
    "backslashes": ([entry("..\\..\\evil")], "has '..' in its path"),
    "share": ([entry("\\\\server\\evil")], "has an absolute path"),
    "link outside": ([entry("a", LINK, "../b")], "'a' is a link to '../b', which leads out"),
    "link, absolute": ([entry("a", LINK, "/etc/passwd")], "is a link to '/etc/passwd'"),
    "link, backslashes": ([entry("a", LINK, "..\\b")], "which leads out"),
    "link over a link": (
        [entry("p/q/l", LINK, "../.."), entry("p/q/a", LINK, "l/../etc")],
        "'p/q/a' is a link to 'l/../etc'",
    ),
    "through a link": ([entry("d", LINK, "sub"), entry("d/evil")], "'d/evil' lies under 'd', which is no folder"),
    "a link where a folder was": ([entry("d/file"), entry("d", LINK, "sub")], "'d' is there twice"),
    "a folder where a link was": ([entry("d", LINK, "sub"), entry("d", tarfile.DIRTYPE)], "'d' is there twice"),
    "under a file": ([entry("f"), entry("f/g")], "'f/g' lies under 'f'"),
    "hard link outside": ([entry("h", HARD, "/etc/passwd")], "'h' is a hard link to '/etc/passwd', which is no file"),
    "hard link up": ([entry("h", HARD, "../x")], "is a hard link to '../x'"),
    "hard link to itself": ([entry("h", HARD, "h")], "is a hard link to 'h'"),
    "hard link to a link": ([entry("l", LINK, "x"), entry("h", HARD, "l")], "is a hard link to 'l'"),
    "hard link before its file": ([entry("h", HARD, "f"), entry("f")], "is a hard link to 'f'"),
    "device": ([entry("null", tarfile.CHRTYPE)], "'null' is a device"),
    "disk": ([entry("sda", tarfile.BLKTYPE)], "'sda' is a device"),
    "pipe": ([entry("pipe", tarfile.FIFOTYPE)], "'pipe' is a named pipe"),
    "twice": ([entry("a"), entry("./a")], "'a' is there twice"),
    "long": ([entry("x/" * 2200 + "y")], "has a path of more than 4096 bytes"),
    "no name": ([entry(".")], "'' has no name"),
}


@pytest.fixture(autouse=True)
def outside(tmp_path: Path) -> Iterator[Path]:
    """What lies around the tasks' folders is the same before and after, and no task's folder has a folder or a link."""
    guarded = tmp_path / "outside"
    guarded.mkdir()
    (guarded / "file").write_text("as it was")
    before = {*Path("/").iterdir(), *tmp_path.parent.iterdir()}
    yield guarded
    assert [(path.name, path.read_text()) for path in guarded.iterdir()] == [("file", "as it was")]
    assert {*Path("/").iterdir(), *tmp_path.parent.iterdir()} == before
    for made in [*tmp_path.glob("task-*/*"), *tmp_path.glob("run-*/*")]:
        assert made.lstat().st_mode & 0o170000 == 0o100000, made
    assert not list(tmp_path.rglob("evil*"))
    assert not Path("/tmp/evil").exists()


@pytest.mark.parametrize("case", REFUSED)
def test_entries_that_no_archive_should_have(case: str, convert: Convert, filemill_run: Runner, tmp_path: Path) -> None:
    """`convert` and `extract` refuse the archive and name the entry; `list-archive` says why."""
    entries, reason = REFUSED[case]
    path = tar(tmp_path / "bad.tar", *entries)
    for work in (lambda: convert(path, "zip"), lambda: filemill_run(path, {"op": "extract"})):
        with pytest.raises(FilemillError) as refused:
            work()
        assert refused.value.code is ErrorCode.INVALID_FILE
        assert refused.value.detail.startswith("'bad.tar' is refused: its entry ")
        assert reason in refused.value.detail
        assert len(refused.value.detail) < 300
    (listed,) = filemill_run(path, {"op": "list-archive"}).outputs
    data = listed.facts["data"]
    assert isinstance(data, dict)
    assert data["count"] == len(entries)
    told = [one["refused"] for one in data["entries"] if "refused" in one]
    assert told
    assert reason.rpartition("' ")[2].partition(",")[0] in told[0]


def test_links_that_stay_inside_are_kept(convert: Convert, tmp_path: Path) -> None:
    """Up and down within the archive, to nothing and in a circle: nobody follows them here."""
    links = {"a/b/up": "../../c", "round": "trip", "trip": "round", "here": "./a/b", "self": "."}
    path = tar(tmp_path / "links.tar", *(entry(name, LINK, target) for name, target in links.items()))
    with tarfile.open(convert(path, "tar-gz").file.path) as archive:
        assert {one.name: one.linkname for one in archive} == links


def test_names_that_deceive(convert: Convert, filemill_run: Runner, tmp_path: Path) -> None:
    """Control characters and marks that turn the direction of writing are `_`, everywhere."""
    path = tar(tmp_path / "names.tar", entry(BIDI), entry("line\nbreak\x1b[2J"), entry("a" * 255), entry("dir/\\x"))
    expected = ["photo_gpj.exe", "line_break_[2J", "a" * 255, "dir/\\x"]
    with tarfile.open(convert(path, "tar-gz").file.path) as archive:
        assert archive.getnames() == expected
    names = [output.name for output in filemill_run(path, {"op": "extract"}).outputs]
    assert names == ["photo_gpj.exe", "line_break_[2J", "a" * 200, "x"]


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
    path = tar(tmp_path / "many.tar", *(entry(f"{number}") for number in range(201)))
    with pytest.raises(FilemillError, match=r"'many.tar' has more than 200 entries"):
        convert(path, "zip", max_outputs=2)
    assert convert(path, "zip", max_outputs=3).entries == 201
    with pytest.raises(FilemillError, match="More than 3 files") as refused:
        filemill_run(path, {"op": "extract"}, limits=Limits(max_outputs=3))
    assert refused.value.code is ErrorCode.INVALID_PARAMETER


@pytest.mark.parametrize(
    ("name", "switches"),
    [
        ("zip.zip", ["-tzip"]),
        ("aes.zip", ["-tzip", "-mem=AES256"]),
        ("content.7z", ["-t7z"]),
        ("headers.7z", ["-t7z", "-mhe=on"]),
    ],
)
def test_encrypted(name: str, switches: list[str], convert: Convert, filemill_run: Runner, tmp_path: Path) -> None:
    """The error says so; what has open headers can be listed."""
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "other.txt").write_text("other")
    run("7z", "a", *switches, "-psecret", "-bso0", name, "secret.txt", "other.txt", cwd=tmp_path)
    for work in (
        lambda: convert(tmp_path / name, "tar"),
        lambda: filemill_run(tmp_path / name, {"op": "extract"}),
    ):
        with pytest.raises(FilemillError) as refused:
            work()
        assert refused.value.code is ErrorCode.INVALID_FILE
        assert f"'{name}' is encrypted" in refused.value.detail
    if name == "headers.7z":
        with pytest.raises(FilemillError, match="is encrypted"):
            filemill_run(tmp_path / name, {"op": "list-archive"})
        return
    data = filemill_run(tmp_path / name, {"op": "list-archive"}).outputs[0].facts["data"]
    assert isinstance(data, dict)
    assert [(one["name"], one["encrypted"]) for one in data["entries"]] == [("other.txt", True), ("secret.txt", True)]


def test_a_huge_header(convert: Convert, tmp_path: Path) -> None:
    """A tar whose extended header takes megabytes is refused, not read into memory."""
    large = entry("file")
    large.pax_headers = {"comment": "x" * 3_000_000}
    with pytest.raises(FilemillError) as refused:
        convert(tar(tmp_path / "header.tar", large), "zip")
    assert refused.value.code is ErrorCode.INVALID_FILE


def test_an_archive_in_an_archive_is_a_file(filemill_run: Runner, tmp_path: Path) -> None:
    """A ZIP that holds a ZIP gives that one, unopened."""
    with zipfile.ZipFile(inner := tmp_path / "inner.zip", "w") as archive:
        archive.writestr("a", "x")
    with zipfile.ZipFile(path := tmp_path / "outer.zip", "w") as archive:
        archive.write(inner, "inner.zip")
    (output,) = filemill_run(path, {"op": "extract"}).outputs
    assert (output.name, output.format) == ("inner.zip", "zip")
    assert Path(output.path).read_bytes() == inner.read_bytes()


def test_what_no_tar_holds_is_refused_when_it_is_opened(make_context: Callable[..., Context], tmp_path: Path) -> None:
    """Zstandard tells what is in it to libarchive alone."""
    (tmp_path / "text").write_text("no tar")
    run("zstd", "-q", "text", cwd=tmp_path)
    context = make_context()
    with pytest.raises(FilemillError, match=r"'text.zst' is broken: Unrecognized archive format") as refused:
        context.open(context.formats.sniff(tmp_path / "text.zst", "text.zst"), Archive)
    assert refused.value.code is ErrorCode.INVALID_FILE


def test_a_window_that_takes_more_memory_than_there_is(filemill_run: Runner, tmp_path: Path) -> None:
    """An xz whose dictionary is larger than the task's memory is refused in a worker."""
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 29}]
    plain = tar(tmp_path / "plain.tar", entry("a")).read_bytes()
    (path := tmp_path / "wide.tar.xz").write_bytes(lzma.compress(plain, filters=filters))
    with pytest.raises(FilemillError) as refused:
        filemill_run(path, {"op": "extract"}, limits=Limits(memory_bytes=128 << 20), in_worker=True)
    assert refused.value.code in (ErrorCode.INVALID_FILE, ErrorCode.UNSUPPORTED_MEDIA)


def test_a_wrong_sum_is_an_error(convert: Convert, tmp_path: Path) -> None:
    """A stored file of which one bit fell over is not given on."""
    with zipfile.ZipFile(path := tmp_path / "flipped.zip", "w") as archive:
        archive.writestr("a", b"content" * 100)
    path.write_bytes(path.read_bytes().replace(b"contentcontent", b"contentcontenu", 1))
    with pytest.raises(FilemillError, match=r"'flipped.zip' is broken: ZIP bad CRC"):
        convert(path, "tar")
