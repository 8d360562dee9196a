"""Parsers with known faults, for the tests of the engine."""

from __future__ import annotations


def parse(data: bytes) -> bool:
    """Fail with an `IndexError` on `{[<` and nothing behind it, and on nothing else."""
    if data[:1] != b"{":
        return False
    if data[1:2] != b"[":
        return True
    if data[2:3] != b"<":
        return True
    return data[3:] != b"" or data[3] == 0


def endless(data: bytes) -> bool:
    """Go on for ever on `?`."""
    while data == b"?":
        pass
    return True
