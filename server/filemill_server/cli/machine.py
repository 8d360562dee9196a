"""What `filemill doctor` finds on the machine: Python, libraries, programs, fonts."""

from __future__ import annotations

import platform
import shutil
import subprocess
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pyvips

from filemill_server.cli.findings import Finding, absent, fails, works

_LIBRARIES = ("Pillow", "pillow-heif", "pypdfium2", "obstore", "SQLAlchemy", "litestar", "uvicorn")
_FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.fonts", "~/.local/share/fonts")
_FONT_EXTENSIONS = {".ttf", ".otf", ".ttc"}
_SECONDS = 10


def look_at_machine() -> Iterator[Finding]:
    """Look at what is installed."""
    yield works("python", f"{platform.python_version()} on {platform.platform(terse=True)}")
    yield works("filemill", version("filemill"))
    yield works("libvips", ".".join(str(pyvips.version(part)) for part in range(3)))
    for name in _LIBRARIES:
        try:
            yield works(name, version(name))
        except PackageNotFoundError:
            yield fails(name, "is not installed", f"pip install {name}")
    yield _program("tesseract", "text recognition", "apt-get install tesseract-ocr")
    yield _fonts()


def _program(name: str, purpose: str, hint: str) -> Finding:
    path = shutil.which(name)
    if path is None:
        return absent(name, f"is not installed; {purpose} needs it", hint)
    try:
        told = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=_SECONDS, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        return fails(name, f"{path}: {error}")
    first = (told.stdout or told.stderr).partition("\n")[0]
    return works(name, f"{first} ({path})")


def _fonts() -> Finding:
    count = sum(
        file.suffix.lower() in _FONT_EXTENSIONS
        for folder in _FONT_FOLDERS
        for file in Path(folder).expanduser().rglob("*")
    )
    if not count:
        return absent(
            "fonts", "there is none; text in watermarks and SVG needs one", "apt-get install fonts-dejavu-core"
        )
    return works("fonts", f"{count} font files")
