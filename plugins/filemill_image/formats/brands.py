"""ISO base media files: brands, which tell AVIF from HEIC (ISO/IEC 14496-12, 23008-12, AV1 image), and boxes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

AVIF_BRANDS = frozenset({b"avif", b"avis"})
HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
GENERAL_BRANDS = frozenset({b"mif1", b"mif2", b"msf1"})


def is_avif(head: bytes) -> bool:
    """Whether a file that starts so is AVIF: by its major brand, or by a compatible one where that is general."""
    brands = brands_of(head)
    if not brands:
        return False
    if brands[0] in GENERAL_BRANDS:
        return _any(brands, AVIF_BRANDS) and not _any(brands, HEIF_BRANDS)
    return brands[0] in AVIF_BRANDS


def is_heif(head: bytes) -> bool:
    """Whether a file that starts so is HEIF other than AVIF."""
    brands = brands_of(head)
    return bool(brands) and brands[0] in HEIF_BRANDS | GENERAL_BRANDS and not is_avif(head)


def brands_of(head: bytes) -> list[bytes]:
    """Return the major brand and the compatible ones, or nothing where the file does not start with `ftyp`."""
    if head[4:8] != b"ftyp":
        return []
    end = min(int.from_bytes(head[:4], "big"), len(head))
    return [head[8:12], *(head[at : at + 4] for at in range(16, end - 3, 4))]


def _any(brands: Iterable[bytes], wanted: frozenset[bytes]) -> bool:
    return any(brand in wanted for brand in brands)


def boxes(path: Path, start: int = 0, end: int | None = None) -> Iterator[tuple[bytes, int, int]]:
    """Give kind, start and end of the content of each box in a part of a file; the last may go on after its end."""
    end = path.stat().st_size if end is None else end
    with path.open("rb") as stream:
        while start + 8 <= end:
            stream.seek(start)
            head = stream.read(16)
            size, content = int.from_bytes(head[:4], "big"), 8
            if size == 1:
                size, content = int.from_bytes(head[8:16], "big"), 16
            if size == 0:  # the box goes on to the end of the file
                size = end - start
            if size < content:
                return
            yield head[4:8], start + content, start + size
            start += size


def is_whole(path: Path) -> bool:
    """Whether a file's outermost boxes end where the file does: libheif fills in what is cut off."""
    size = path.stat().st_size
    at = 0
    with path.open("rb") as stream:
        while at < size:
            stream.seek(at)
            head = stream.read(16)
            length = int.from_bytes(head[:4], "big")
            if length == 1:
                length = int.from_bytes(head[8:16], "big")
            if length == 0:  # the box goes on to the end of the file
                return True
            if length < 8 or at + length > size:
                return False
            at += length
    return True
