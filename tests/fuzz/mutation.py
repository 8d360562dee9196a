"""Changes bytes as a fuzzer does: flips, cuts, copies, splices, and numbers that parsers trip over."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

_NUMBERS = (0, 1, 2, 7, 8, 15, 16, 127, 128, 255, 256, 4095, 4096, 32767, 32768, 65535, 65536)
_WIDE = ((1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 32, (1 << 53) + 1, (1 << 63) - 1, 1 << 63, (1 << 64) - 1)
_DIGITS = re.compile(rb"[0-9]+")
_LONG_NUMBER = b"9" * 5000
"""More digits than Python makes a number of by default."""
_MOST_CHANGES = 6
_LONGEST_RUN = 200


class Mutator:
    """Makes new inputs of old ones; the same ones for the same seed.

    Args:
        chance: decides.
        tokens: what the format is made of, put in as a whole.
        longest: bytes of an input.
    """

    def __init__(self, chance: random.Random, tokens: Sequence[bytes], longest: int) -> None:
        self._chance = chance
        self._tokens = tokens
        self._longest = longest
        self._changes = [
            self._flip,
            self._byte,
            self._insert,
            self._remove,
            self._repeat,
            self._cut,
            self._binary_number,
            self._written_number,
            self._swap,
            *([self._token] * 3 if tokens else []),
        ]

    def changed(self, data: bytes, other: bytes) -> bytes:
        """Return `data` with a few changes, or with a part of `other`."""
        work = bytearray(data)
        if self._chance.random() < 0.15:
            self._splice(work, other)
        for _ in range(self._chance.randint(1, self._chance.choice((1, 2, _MOST_CHANGES)))):
            self._chance.choice(self._changes)(work)
        return bytes(work[: self._longest])

    def _place(self, work: bytearray) -> int:
        return self._chance.randrange(len(work) + 1)

    def _span(self, work: bytearray) -> tuple[int, int]:
        start = self._place(work)
        return start, min(len(work), start + self._chance.randint(1, self._chance.choice((4, 32, _LONGEST_RUN))))

    def _flip(self, work: bytearray) -> None:
        if work:
            work[self._chance.randrange(len(work))] ^= 1 << self._chance.randrange(8)

    def _byte(self, work: bytearray) -> None:
        if work:
            work[self._chance.randrange(len(work))] = self._chance.randrange(256)

    def _insert(self, work: bytearray) -> None:
        at = self._place(work)
        count = self._chance.choice((1, 1, 2, 8, _LONGEST_RUN))
        work[at:at] = bytes([self._chance.randrange(256)]) * count

    def _remove(self, work: bytearray) -> None:
        start, end = self._span(work)
        del work[start:end]

    def _repeat(self, work: bytearray) -> None:
        start, end = self._span(work)
        at = self._place(work)
        work[at:at] = work[start:end] * self._chance.choice((1, 1, 2, 16, _LONGEST_RUN))
        del work[self._longest :]

    def _cut(self, work: bytearray) -> None:
        del work[self._place(work) :]

    def _swap(self, work: bytearray) -> None:
        start, end = self._span(work)
        part = work[start:end]
        del work[start:end]
        at = self._place(work)
        work[at:at] = part

    def _token(self, work: bytearray) -> None:
        token = self._chance.choice(self._tokens)
        start, end = self._span(work)
        work[start : end if self._chance.random() < 0.5 else start] = token

    def _binary_number(self, work: bytearray) -> None:
        """Write over what may be a length."""
        width = self._chance.choice((1, 2, 4, 8))
        if len(work) < width:
            return
        at = self._chance.randrange(len(work) - width + 1)
        number = self._chance.choice((*_NUMBERS, *_WIDE, len(work), len(work) - at)) % (1 << (8 * width))
        work[at : at + width] = number.to_bytes(width, self._chance.choice(("big", "little")))

    def _written_number(self, work: bytearray) -> None:
        """Write another number in place of one in digits."""
        found = list(_DIGITS.finditer(work))
        if not found:
            return
        chosen = self._chance.choice(found)
        number = self._chance.choice((*_NUMBERS, *_WIDE))
        written = self._chance.choice(
            (b"%d" % number, b"-%d" % number, b"%d.5" % number, b"00%d" % number, _LONG_NUMBER)
        )
        work[chosen.start() : chosen.end()] = written

    def _splice(self, work: bytearray, other: bytes) -> None:
        """Go on with the end of another input."""
        del work[self._place(work) :]
        work += other[self._chance.randrange(len(other) + 1) :]
        del work[self._longest :]
