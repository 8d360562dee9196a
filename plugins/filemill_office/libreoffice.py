"""LibreOffice, the program: one instance a task, with a profile of its own, that reads nothing but what it is given."""

from __future__ import annotations

import os
import shutil
import signal
from importlib.resources import files
from pathlib import Path
from urllib.parse import quote

from filemill import Context, ErrorCode, File, FilemillError, Missing, Program, ProgramFailed

_NEEDS_RESTART = 81
_TOO_LARGE = f"Signal {signal.SIGXFSZ:d}"
"""How it says, before it aborts, that it may not write a larger file."""
_LEAST_ALLOWED_BYTES = 1 << 20
_FAMILIES = {"writer": "libswlo.so", "calc": "libsclo.so", "impress": "libsdlo.so"}
"""The library by which each part of LibreOffice is known to be installed."""


class _LibreOffice(Program):
    """The program itself and not the script that is on the path: one process, and no other waits for it."""

    @property
    def path(self) -> str | None:
        found = super().path
        if found is None:
            return None
        program = Path(found).resolve().with_name("soffice.bin")
        return str(program) if program.is_file() else found


LIBREOFFICE = _LibreOffice(
    names=("soffice", "libreoffice"),
    title="LibreOffice",
    install="apt-get install libreoffice-writer-nogui libreoffice-calc-nogui libreoffice-impress-nogui"
    " (libreoffice-writer, … where there is no -nogui)",
    memory_factor=2,  # it maps half a GiB before it has read anything
    reads=(
        *("/usr", "/lib", "/lib64", "/bin", "/opt", "/etc/fonts", "/etc/ld.so.cache", "/etc/libreoffice"),
        *("/var/cache/fontconfig", "/var/lib/libreoffice", "/var/spool/libreoffice"),
        *("/proc/self", "/dev/urandom"),
    ),
)


def missing(part: str) -> Missing | None:
    """Say what is missing for a part of LibreOffice: `writer`, `calc` or `impress`."""
    if (absent := LIBREOFFICE.missing()) is not None:
        return absent
    assert LIBREOFFICE.path is not None
    program = Path(LIBREOFFICE.path)
    if program.suffix == ".bin" and not program.with_name(_FAMILIES[part]).exists():
        return Missing(
            f"LibreOffice is installed on the server without its part {part.capitalize()}.",
            f"Install it: apt-get install libreoffice-{part}-nogui (libreoffice-{part} where there is none).",
        )
    return None


def converted(source: File, target: str, reading: str, writing: str, context: Context) -> File:
    """Let LibreOffice open a file and write it as another format.

    Args:
        source: the file.
        target: name of the format.
        reading: LibreOffice's filter to read it by, with its options; "": the one that it finds.
        writing: its filter to write by, with its options.
        context: of the task.

    Raises:
        FilemillError: `INVALID_FILE` where it can't be read, or the work is beyond the limits.
    """
    profile = prepared_profile(context.folder)
    given = context.path(source.format)
    folder = context.path("office")
    folder.mkdir()
    try:
        os.link(source.path, given)
    except OSError:  # another file system
        shutil.copyfile(source.path, given)
    most = context.limits.max_growth * max(source.size, _LEAST_ALLOWED_BYTES)
    arguments: list[str | Path] = [
        f"-env:UserInstallation={_url(profile)}",
        *("--headless", "--norestore", "--nologo", "--nodefault", "--nolockcheck"),
        *([f"--infilter={reading}"] if reading else []),
        *("--convert-to", f"{target}:{writing}", "--outdir", folder, given),
    ]
    try:
        _run(arguments, context, most)
    except ProgramFailed as error:
        raise _refused(source, target, error, most) from None
    written = [path for path in folder.iterdir() if path.stat().st_size]
    if not written:  # it ends well all the same
        raise FilemillError(
            ErrorCode.INVALID_FILE,
            f"{source.name!r} can't be read as {_title(source, context)}: it is broken or locked.",
        )
    name = f"{Path(source.name).stem}.{target}"
    return File(written[0], name, target, written[0].stat().st_size)


def prepared_profile(folder: Path) -> Path:
    """Make the task's profile, in which the settings keep LibreOffice from macros, links and the network.

    With the number of its build in it, LibreOffice need not start twice.
    """
    profile = folder / "libreoffice"
    if profile.exists():
        return profile
    extensions = profile / "user" / "extensions"
    extensions.mkdir(parents=True)
    settings = files("filemill_office").joinpath("registrymodifications.xcu").read_bytes()
    (profile / "user" / "registrymodifications.xcu").write_bytes(settings)
    if (build := _build()) is not None:
        (extensions / "buildid").write_text(build, encoding="utf-8")
    return profile


def _run(arguments: list[str | Path], context: Context, most_bytes: int) -> None:
    try:
        LIBREOFFICE.run(arguments, context, most_bytes=most_bytes)
    except ProgramFailed as error:
        if error.code != _NEEDS_RESTART:
            raise
        LIBREOFFICE.run(arguments, context, most_bytes=most_bytes)  # a profile that another version would have made


def _refused(source: File, target: str, error: ProgramFailed, most: int) -> FilemillError:
    if error.code == -signal.SIGXFSZ or _TOO_LARGE in error.said:
        said = f"as {target} it would take more than {most} bytes"
    elif error.code in (-signal.SIGABRT, -signal.SIGSEGV, -signal.SIGKILL):
        said = "LibreOffice ended while it read it: it is broken, or needs too much memory"
    else:
        said = f"LibreOffice ended with exit code {error.code}"
    return FilemillError(ErrorCode.INVALID_FILE, f"{source.name!r} can't be converted: {said}.")


def _title(source: File, context: Context) -> str:
    return context.formats[source.format].title


def _build() -> str | None:
    """Return what this LibreOffice calls its build, from the file beside the program."""
    assert LIBREOFFICE.path is not None
    try:
        lines = Path(LIBREOFFICE.path).with_name("versionrc").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    return next((line.removeprefix("buildid=") for line in lines if line.startswith("buildid=")), None)


def _url(path: Path) -> str:
    return "file://" + quote(str(path.resolve()))
