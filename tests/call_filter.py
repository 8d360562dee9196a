"""A filter of system calls as systemd makes it of `SystemCallFilter`, for a process that systemd does not start."""

from __future__ import annotations

import ctypes
import errno
import subprocess
from collections.abc import Iterable
from pathlib import Path

_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM


def calls(names: Iterable[str]) -> set[str]:
    """Return names of system calls, groups such as `@system-service` replaced by what is in them."""
    found: set[str] = set()
    for name in names:
        if name.startswith("@"):
            words = ["systemd-analyze", "syscall-filter", name]
            told = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True).stdout
            lines = (line.strip() for line in told.splitlines()[1:])
            found |= calls(line for line in lines if line and not line.startswith("#"))
        else:
            found.add(name)
    return found


def write_filter(allowed: Iterable[str], path: Path) -> None:
    """Write the program that refuses all other system calls with EPERM, as `bwrap --seccomp` takes it.

    Raises:
        OSError: libseccomp is not there, or refuses it.
    """
    library = ctypes.CDLL("libseccomp.so.2")
    library.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.seccomp_init(_REFUSE))
    try:
        for name in allowed:
            number = library.seccomp_syscall_resolve_name(name.encode())
            if number >= 0 and (wrong := library.seccomp_rule_add(context, _ALLOW, number, 0)):
                raise OSError(-wrong, name)
        with path.open("wb") as file:
            if wrong := library.seccomp_export_bpf(context, file.fileno()):
                raise OSError(-wrong, str(path))
    finally:
        library.seccomp_release(context)
