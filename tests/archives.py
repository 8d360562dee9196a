"""Archives made and opened by other programs: zipfile, tarfile, 7z, tar, xz, zstd."""

from __future__ import annotations

import hashlib
import io
import subprocess
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISLNK

MODIFIED = 1_600_000_000
ENDINGS = {
    "zip": "zip",
    "tar": "tar",
    "tar-gz": "tar.gz",
    "tar-bz2": "tar.bz2",
    "tar-xz": "tar.xz",
    "tar-zst": "tar.zst",
    "7z": "7z",
}


@dataclass(frozen=True)
class Found:
    """What stands in an archive under a name: a digest of a file, the target of a link, "" of a folder."""

    kind: str
    content: str
    permissions: int
    modified: int


def entry(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    """An entry of a tar; a file has three bytes."""
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, link
    made.size = 3 if kind == tarfile.REGTYPE else 0
    return made


def tar_of(path: Path, *entries: tarfile.TarInfo) -> Path:
    """Write a tar as it is told."""
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
        for one in entries:
            archive.addfile(one, io.BytesIO(b"bad"))
    return path


def run(*command: str | Path, cwd: Path | None = None) -> None:
    """Run a program that has to end well."""
    done = subprocess.run([str(word) for word in command], cwd=cwd, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"


def grown(folder: Path) -> Path:
    """Make a folder of files with a link, an empty folder, and a name that is not ASCII."""
    (folder / "Fotos" / "leer").mkdir(parents=True)
    (folder / "Fotos" / "größe 五.txt").write_text("zwölf Boxkämpfer\n" * 50, encoding="utf-8")
    (folder / "run.sh").write_bytes(b"#!/bin/sh\nexit 0\n")
    (folder / "empty").touch()
    (folder / "noise.bin").write_bytes(
        b"".join(hashlib.sha256(bytes([n % 256, n // 256])).digest() for n in range(3000))
    )
    (folder / "link").symlink_to("Fotos/größe 五.txt")
    for path in folder.rglob("*"):
        if not path.is_symlink() and path.is_file():
            path.chmod(0o755 if path.suffix == ".sh" else 0o640)
    run("find", folder, "-depth", "-exec", "touch", "-h", "-d", f"@{MODIFIED}", "{}", "+")
    return folder


def packed(folder: Path, form: str, path: Path) -> Path:
    """Pack a folder by a program that is not libarchive."""
    names = sorted(entry.name for entry in folder.iterdir())
    if form == "zip":
        run("7z", "a", "-tzip", "-snl", "-bso0", path, *names, cwd=folder)
    elif form == "7z":
        run("7z", "a", "-snl", "-bso0", path, *names, cwd=folder)
    else:
        switch = {"tar": "-c", "tar-gz": "-cz", "tar-bz2": "-cj", "tar-xz": "-cJ", "tar-zst": "-c"}[form]
        more = ["--zstd"] if form == "tar-zst" else []
        run("tar", *more, switch, "-f", path, *names, cwd=folder)
    return path


def contents(path: Path, form: str, folder: Path) -> dict[str, Found]:
    """Read an archive by a program that is not libarchive."""
    if form == "zip":
        return _of_zip(path)
    if form == "7z":
        run("7z", "x", "-snl", "-bso0", f"-o{folder}", path)
        return of_folder(folder)
    if form == "tar-zst":
        plain = folder.with_suffix(".tar")
        run("zstd", "-q", "-d", "-f", path, "-o", plain)
        path = plain
    return _of_tar(path)


def _of_zip(path: Path) -> dict[str, Found]:
    found = {}
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        for entry in archive.infolist():
            mode = entry.external_attr >> 16
            data = archive.read(entry)
            name = entry.filename.rstrip("/")
            if entry.is_dir():
                found[name] = Found("folder", "", mode & 0o7777, 0)
            elif S_ISLNK(mode):
                found[name] = Found("link", data.decode(), 0, 0)
            else:
                found[name] = Found("file", _digest(data), mode & 0o7777, _unix_time(entry))
    return found


def _unix_time(entry: zipfile.ZipInfo) -> int:
    at = entry.extra.find(b"UT")
    return int.from_bytes(entry.extra[at + 5 : at + 9], "little") if at >= 0 else MODIFIED


def _of_tar(path: Path) -> dict[str, Found]:
    found = {}
    with tarfile.open(path) as archive:
        for entry in archive:
            assert not entry.isdev()
            if entry.isdir():
                found[entry.name] = Found("folder", "", entry.mode, 0)
            elif entry.issym():
                found[entry.name] = Found("link", entry.linkname, 0, 0)
            else:
                stream = archive.extractfile(entry)
                assert stream is not None
                found[entry.name] = Found("file", _digest(stream.read()), entry.mode, int(entry.mtime))
    return found


def of_folder(folder: Path) -> dict[str, Found]:
    """Tell what an archive of a folder has to hold."""
    found = {}
    for path in folder.rglob("*"):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = Found("link", str(path.readlink()), 0, 0)
        elif path.is_dir():
            found[name] = Found("folder", "", path.stat().st_mode & 0o7777, 0)
        else:
            data = path.read_bytes()
            found[name] = Found("file", _digest(data), path.stat().st_mode & 0o7777, int(path.stat().st_mtime))
    return found


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
