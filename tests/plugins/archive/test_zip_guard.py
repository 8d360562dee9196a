"""ZIP files that slip: names, links and headers that lead elsewhere are refused, whichever header tells of them."""

from __future__ import annotations

import stat
import warnings
import zipfile
from pathlib import Path

import pytest

from filemill import ErrorCode, FilemillError
from filemill.testing.runner import Runner

from .conftest import Convert

SECRET = "root:x:0:0"


def zip_of(path: Path, *entries: tuple[str, int, bytes]) -> Path:
    """Write a ZIP of entries: name, mode, content; names stand in it as they are given."""
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w") as archive:
        warnings.simplefilter("ignore", UserWarning)  # of a name that is there twice
        for name, mode, content in entries:
            info = zipfile.ZipInfo("x")
            info.filename, info.create_system, info.external_attr = name, 3, mode << 16
            archive.writestr(info, content)
    return path


FILE, LINK = stat.S_IFREG | 0o644, stat.S_IFLNK | 0o777
REFUSED: dict[str, tuple[list[tuple[str, int, bytes]], str]] = {
    "up": ([("../evil", FILE, b"x")], "has '..' in its path"),
    "up, backslashes": ([("a\\..\\..\\evil", FILE, b"x")], "has '..' in its path"),
    "absolute": ([("/tmp/evil", FILE, b"x")], "has an absolute path"),
    "drive": ([("C:/evil", FILE, b"x")], "has an absolute path"),
    "drive, relative": ([("c:evil", FILE, b"x")], "has an absolute path"),
    "share": ([("\\\\server\\evil", FILE, b"x")], "has an absolute path"),
    "link outside": ([("a", LINK, b"../../etc/passwd")], "is a link to '../../etc/passwd'"),
    "link, absolute": ([("a", LINK, b"/etc/passwd")], "is a link to '/etc/passwd'"),
    "through a link": ([("d", LINK, b"sub"), ("d/evil", FILE, b"x")], "lies under 'd', which is no folder"),
    "twice": ([("a", FILE, b"x"), ("a", FILE, b"y")], "is there twice"),
    "link, then file": ([("a", LINK, b"b"), ("a", FILE, b"y")], "is there twice"),
    "under a file": ([("f", FILE, b"x"), ("f/g", FILE, b"y")], "lies under 'f'"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_slips(case: str, convert: Convert, filemill_run: Runner, tmp_path: Path) -> None:
    """Neither packed anew nor taken apart; the entry is named."""
    entries, reason = REFUSED[case]
    path = zip_of(tmp_path / "bad.zip", *entries)
    for work in (lambda: convert(path, "tar"), lambda: filemill_run(path, {"op": "extract"})):
        with pytest.raises(FilemillError) as refused:
            work()
        assert refused.value.code is ErrorCode.INVALID_FILE
        assert reason in refused.value.detail
    assert not Path("/tmp/evil").exists()
    assert not list(tmp_path.parent.rglob("evil"))


@pytest.mark.parametrize("which", ["local", "central"])
def test_headers_that_disagree(which: str, filemill_run: Runner, tmp_path: Path) -> None:
    """Where the two headers of an entry name it differently, nothing is written by the bad name."""
    path = zip_of(tmp_path / "two.zip", ("aa/good.txt", FILE, b"content"))
    data = path.read_bytes()
    at = data.index(b"aa/good.txt") if which == "local" else data.rindex(b"aa/good.txt")
    path.write_bytes(data[:at] + b"../evil.txt" + data[at + 11 :])
    try:
        made = filemill_run(path, {"op": "extract"})
    except FilemillError as error:
        assert error.code is ErrorCode.INVALID_FILE
    else:
        assert all(Path(output.path).is_relative_to(tmp_path) and ".." not in output.path for output in made.outputs)
    assert not list(tmp_path.parent.glob("evil*"))
    assert not list(tmp_path.glob("evil*"))


def test_a_link_gives_no_content(filemill_run: Runner, convert: Convert, tmp_path: Path) -> None:
    """A link that stays inside is no file to take out, and is packed as a link: nobody reads what it names."""
    path = zip_of(tmp_path / "links.zip", ("file", FILE, b"content"), ("link", LINK, b"etc/passwd"))
    outputs = filemill_run(path, {"op": "extract"}).outputs
    assert [Path(output.path).read_bytes() for output in outputs] == [b"content"]
    packed = convert(path, "zip").file.path
    with zipfile.ZipFile(packed) as archive:
        assert archive.read("link") == b"etc/passwd"
    assert SECRET.encode() not in packed.read_bytes()
