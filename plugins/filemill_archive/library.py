"""libarchive: whether it is on this machine, and how a worker process gets ready for it."""

from __future__ import annotations

import locale
import logging
import os
from ctypes.util import find_library
from functools import cache
from pathlib import Path

from filemill import Missing


@cache
def missing() -> Missing | None:
    """Say that libarchive is missing, and how it is installed; None: it is there.

    It is not loaded for that: only worker processes load it. The environment may name another one, as the
    binding has it.
    """
    named = os.environ.get("LIBARCHIVE")
    if Path(named).is_file() if named else find_library("archive"):
        return None
    return Missing(
        "The library libarchive is not installed on the server.", "Install it: apt-get install libarchive13."
    )


def prepare() -> None:
    """Load the library for a worker process, where it is there.

    It reads and writes names by the locale of the process: in one that is not UTF-8 most would be lost.
    """
    if missing() is not None:
        return
    if locale.nl_langinfo(locale.CODESET) != "UTF-8":
        locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
    logging.getLogger("libarchive").setLevel(logging.ERROR)  # its warnings are our answers
    import libarchive  # noqa: F401, PLC0415 - the library only where work is done
