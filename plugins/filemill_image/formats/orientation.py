"""EXIF orientation: pixels are turned upright while they are loaded."""

from __future__ import annotations

import pyvips

UPRIGHT = 1


def orientation_of(header: pyvips.Image) -> int:
    """Return the EXIF orientation of a header, 1 to 8; what is absent or senseless is 1."""
    value = header.get("orientation") if "orientation" in header.get_fields() else UPRIGHT
    return value if value in range(1, 9) else UPRIGHT


def turns(orientation: int) -> bool:
    """Whether width and height change places."""
    return orientation >= 5


def upright(image: pyvips.Image, orientation: int, frames: int = 1) -> pyvips.Image:
    """Turn stacked frames upright. Only a mirrored picture (2) can still be read line by line."""
    if orientation == UPRIGHT:
        return image
    if orientation != 2:
        image = image.copy_memory()
    if frames == 1:
        return _turned(image, orientation)
    height = image.height // frames
    pages = [_turned(image.crop(0, index * height, image.width, height), orientation) for index in range(frames)]
    stacked = pyvips.Image.arrayjoin(pages, across=1).copy()
    stacked.set_type(pyvips.GValue.gint_type, "page-height", pages[0].height)
    return stacked


def _turned(image: pyvips.Image, orientation: int) -> pyvips.Image:
    match orientation:
        case 2:
            return image.fliphor()
        case 3:
            return image.rot180()
        case 4:
            return image.flipver()
        case 5:
            return image.rot90().fliphor()
        case 6:
            return image.rot90()
        case 7:
            return image.rot270().fliphor()
        case _:
            return image.rot270()
