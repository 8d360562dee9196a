"""Archives that are meant to harm: refused by name of the entry, and nothing is written outside the task's folder."""

from __future__ import annotations

import lzma
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from archives import entry, run, tar_of
from filemill import Context, ErrorCode, FilemillError, Limits
from filemill.testing.runner import Runner
from filemill_archive.kind import Archive

from .conftest import Convert

BIDI = "photo\u202egpj.exe"


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
    path = tar_of(tmp_path / "bad.tar", *entries)
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
    path = tar_of(tmp_path / "links.tar", *(entry(name, LINK, target) for name, target in links.items()))
    with tarfile.open(convert(path, "tar-gz").file.path) as archive:
        assert {one.name: one.linkname for one in archive} == links


def test_names_that_deceive(convert: Convert, filemill_run: Runner, tmp_path: Path) -> None:
    """Control characters and marks that turn the direction of writing are `_`, everywhere."""
    path = tar_of(tmp_path / "names.tar", entry(BIDI), entry("line\nbreak\x1b[2J"), entry("a" * 255), entry("dir/\\x"))
    expected = ["photo_gpj.exe", "line_break_[2J", "a" * 255, "dir/\\x"]
    with tarfile.open(convert(path, "tar-gz").file.path) as archive:
        assert archive.getnames() == expected
    names = [output.name for output in filemill_run(path, {"op": "extract"}).outputs]
    assert names == ["photo_gpj.exe", "line_break_[2J", "a" * 200, "x"]


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
        convert(tar_of(tmp_path / "header.tar", large), "zip")
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
    plain = tar_of(tmp_path / "plain.tar", entry("a")).read_bytes()
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
