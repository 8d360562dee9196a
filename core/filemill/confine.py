"""Runs a program that may use no other files than it is told of. Run as a program; it imports nothing of filemill.

    python -I -S confine.py READ:READ:… FOLDER PROGRAM ARGUMENT…

Landlock needs no rights of its own, works in containers, and holds for whatever the program starts. Where the kernel
has none (before Linux 5.13), or it is switched off, the program is not confined.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION = 1
_PATH_BENEATH = 1
_NO_NEW_PRIVILEGES = 38
_PIPE, _FILE_SIZE = 13, 25
"""Signals that Python ignores, and what it starts would."""

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _REMOVE_FILE, _MAKE_SOCKET = 1, 1 << 1, 1 << 2, 1 << 3, 1 << 5, 1 << 9
_TRUNCATE, _IOCTL = 1 << 14, 1 << 15
_READ = _EXECUTE | _READ_FILE | _READ_DIR
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL
_FILE_RIGHTS = (13, 14, 15, 15, 16)
"""How many rights over files a version knows, from version 1 on; later ones know as many as the last."""
_WITH_NETWORK, _WITH_SCOPES = 4, 6
_BOTH = 0b11

_NEW_USER, _NEW_MOUNTS = 0x10000000, 0x00020000
_BIND, _PRIVATE = 0x1000, 0x4000 | 1 << 18
_TMP = "/tmp"  # noqa: S108 - hidden, not used

_libc = ctypes.CDLL(None, use_errno=True)


def version() -> int:
    """Return the version of Landlock that the kernel has; 0: none."""
    return max(0, int(_libc.syscall(_CREATE_RULESET, None, 0, _VERSION)))


def hide_tmp(folder: str) -> bool:
    """Put an empty /tmp in place of the one that all share, as far as this process and what it starts can see.

    Programs put sockets there, which would stay when they are killed.

    Args:
        folder: stays where it is, also if that is in /tmp.

    Returns:
        Whether the kernel lets a process have mounts of its own.
    """
    user, group = os.getuid(), os.getgid()
    try:
        _checked(_libc.unshare(_NEW_USER | _NEW_MOUNTS))
        for name, content in (
            ("setgroups", "deny"),
            ("uid_map", f"{user} {user} 1"),
            ("gid_map", f"{group} {group} 1"),
        ):
            with open(f"/proc/self/{name}", "w") as file:  # noqa: PTH123 - pathlib takes longer than all else here
                file.write(content)
        kept = os.open(folder, os.O_PATH | os.O_CLOEXEC)
        _checked(_libc.mount(None, b"/", None, _PRIVATE, None))
        _checked(_libc.mount(b"tmpfs", _TMP.encode(), b"tmpfs", 0, b"size=16m"))
    except OSError:
        return False
    if folder.startswith(_TMP + "/"):
        os.makedirs(folder)  # noqa: PTH103 - as above
        _checked(_libc.mount(f"/proc/self/fd/{kept}".encode(), folder.encode(), None, _BIND, None))
    os.close(kept)
    os.chdir(folder)
    return True


def confine(reads: list[str], folder: str, landlock: int) -> None:
    """Let this process, and all it starts, use no other files, and connect to nothing by TCP.

    Args:
        reads: files and folders that may be read, and programs in them run; those that are absent don't matter.
        folder: all may be done with what is in it.
        landlock: the kernel's version of it.
    """
    everything = (1 << _FILE_RIGHTS[min(landlock, len(_FILE_RIGHTS)) - 1]) - 1
    handled = struct.pack("=Q", everything)
    handled += struct.pack("=Q", _BOTH) if landlock >= _WITH_NETWORK else b""  # to listen and to connect
    handled += struct.pack("=Q", _BOTH) if landlock >= _WITH_SCOPES else b""  # abstract sockets and signals
    rules = _checked(_libc.syscall(_CREATE_RULESET, handled, len(handled), 0))
    in_tmp = everything if hide_tmp(folder) else _MAKE_SOCKET | _REMOVE_FILE
    places = [(path, _READ) for path in reads]
    for path, rights in [*places, (folder, everything), (_TMP, in_tmp), ("/dev/null", _OF_FILES)]:
        try:
            place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue
        possible = everything if os.path.isdir(path) else everything & _OF_FILES  # noqa: PTH112 - as above
        rule = struct.pack("=Qi", rights & possible, place)
        _checked(_libc.syscall(_ADD_RULE, rules, _PATH_BENEATH, rule, 0))
        os.close(place)
    _checked(_libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0))
    _checked(_libc.syscall(_RESTRICT_SELF, rules, 0))
    os.close(rules)


def _checked(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def main() -> None:
    """Confine this process and become the program."""
    reads, folder, *command = sys.argv[1:]
    if landlock := version():
        confine(reads.split(os.pathsep), os.path.realpath(folder), landlock)
    for number in (_PIPE, _FILE_SIZE):
        _libc.signal(number, None)
    os.execv(command[0], command)  # noqa: S606 - the caller names it


if __name__ == "__main__":
    main()
