"""Opening: what every picture format does around its own loader."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyvips

from filemill import Context, ErrorCode, File, FilemillError, Picture, check_size
from filemill_image.formats.colourspace import to_srgb
from filemill_image.formats.header_facts import facts_of
from filemill_image.formats.orientation import orientation_of, turns, upright

Decode = Callable[[float], pyvips.Image]
"""Decodes pixels as they lie in the file, reduced by at most the factor given."""

ORIGIN = "filemill-origin"
"""Field of every loaded image: the file's format and path, where its metadata can be read again."""

_BYTES_A_PIXEL = 16
"""What libjxl and OpenJPEG take for each pixel while they decode."""

_DROPPED = ("icc-profile-data", "exif-ifd0-Orientation", "jpeg-thumbnail-data", "gainmap-data", "photoshop-data")


def load(loader: str, file: File, **options: Any) -> pyvips.Image:
    """Call one libvips loader by its name; only the header is read until pixels are asked for.

    Raises:
        FilemillError: `INVALID_FILE` where the header can't be read.
    """
    try:
        return pyvips.Operation.call(loader, str(file.path), **options)
    except pyvips.Error as error:
        raise broken(file, error) from error


def broken(file: File, error: Exception) -> FilemillError:
    """Make the error for a file that a library can't read."""
    lines = [line.strip() for line in str(error).replace("\\n", "\n").splitlines() if line.strip()]
    reason = lines[-1].rstrip(".") if lines else type(error).__name__
    return FilemillError(ErrorCode.INVALID_FILE, f"{file.name!r} is broken or cut short: {reason}.")


def check_memory(pixels: int, context: Context) -> None:
    """Refuse to decode what libjxl and OpenJPEG have no room for: they would say that it is broken, or end the worker.

    Raises:
        MemoryError: it needs more than a task has.
    """
    if pixels * _BYTES_A_PIXEL > context.limits.memory_bytes:
        raise MemoryError


def opened(
    file: File,
    context: Context,
    header: pyvips.Image,
    decode: Decode,
    *,
    size: tuple[int, int] | None = None,
    frames: int = 1,
    orientation: int | None = None,
    known: dict[str, Any] | None = None,
) -> Picture:
    """Check a header and make the picture whose pixels are decoded when they are asked for.

    Args:
        file: what is opened.
        context: holds the limits.
        header: an image of which nothing but fields is read.
        decode: gives the pixels of all frames, stacked; called at any time, any number of times.
        size: of one frame as it lies in the file; default: the header's.
        frames: how many.
        orientation: EXIF orientation still to be applied; default: the header's.
        known: facts that the header's fields do not tell.

    Raises:
        FilemillError: `INVALID_FILE` where the picture is over the limits.
    """
    orientation = orientation_of(header) if orientation is None else orientation
    width, height = size or (header.width, header.height // frames)
    if turns(orientation):
        width, height = height, width
    check_size(width, height, frames, context.limits, file.name)

    def pixels(factor: float) -> pyvips.Image:
        return _clean(upright(to_srgb(decode(factor)), orientation, frames), file)

    return Picture(
        pixels,
        width=width,
        height=height,
        frames=frames,
        transparent=bool(header.hasalpha()),
        format=file.format,
        source=file,
        known=lambda: facts_of(header, orientation) | (known or {}),
    )


def _clean(image: pyvips.Image, file: File) -> pyvips.Image:
    """Drop fields that the pixels no longer agree with, and note where the rest can be read again."""
    image = image.copy()
    present = set(image.get_fields())
    for name in _DROPPED:
        if name in present:
            image.remove(name)
    if "orientation" in present:
        image.set_type(pyvips.GValue.gint_type, "orientation", 1)
    image.set_type(pyvips.GValue.gstr_type, ORIGIN, f"{file.format}:{file.path}")
    return image
