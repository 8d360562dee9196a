"""Camera RAW, by LibRaw: what a sensor saw, developed with the white balance of the camera."""

from __future__ import annotations

from typing import Any

import pyvips

from filemill import Context, File, FilemillError, Format, Picture
from filemill_image.formats.opening import broken, opened
from filemill_image.formats.raw_pixels import blank, wrapped
from filemill_image.formats.raw_sniffing import is_raw, may_be_raw

_FLIPS = {0: 1, 1: 2, 3: 3, 2: 4, 4: 5, 6: 6, 7: 7, 5: 8}
"""EXIF orientation by LibRaw's: bits for across, down and diagonal."""
_SRGB_CURVE = (2.4, 12.92)


def _open(file: File, context: Context) -> Picture:
    """Open the picture of the sensor, not the preview that cameras put beside it."""
    import rawpy  # noqa: PLC0415 - brings NumPy, which only workers have to load

    try:
        with rawpy.imread(str(file.path)) as raw:
            sizes, bits = raw.sizes, raw.white_level.bit_length()
    except rawpy.LibRawError as error:
        raise _broken(file, error) from error
    size = _shown(sizes)
    return opened(
        file,
        context,
        blank(1, 1, 3),
        lambda factor: _developed(file, size, factor),
        size=size,
        orientation=_FLIPS.get(sizes.flip, 1),
        known={"bitDepth": bits, "compression": "raw"},
    )


def _shown(sizes: Any) -> tuple[int, int]:
    """Return width and height of the developed picture as it lies: pixels of some sensors are not square."""
    width, height, aspect = sizes.iwidth, sizes.iheight, sizes.pixel_aspect
    if aspect < 1:
        return width, int(height / aspect + 0.5)
    return int(width * aspect + 0.5), height


def _developed(file: File, size: tuple[int, int], factor: float) -> pyvips.Image:
    import rawpy  # noqa: PLC0415 - as above

    try:
        with rawpy.imread(str(file.path)) as raw:
            pixels = raw.postprocess(
                # Of 24 megapixels 1.8 s of CPU; AHD, LibRaw's own choice, takes 3.7 s, half of the size 0.8 s.
                demosaic_algorithm=rawpy.DemosaicAlgorithm.PPG,
                half_size=factor >= 2,
                use_camera_wb=True,
                output_color=rawpy.ColorSpace.sRGB,
                gamma=_SRGB_CURVE,
                output_bps=8,
                user_flip=0,
            )
    except rawpy.LibRawUnsufficientMemoryError as error:
        raise MemoryError from error
    except rawpy.LibRawError as error:
        raise _broken(file, error) from error
    height, width, bands = pixels.shape
    if not _fits((width, height), size) and not (factor >= 2 and _fits((2 * width, 2 * height), size)):
        raise broken(file, ValueError("its sensor is of a kind that is not read here"))
    return wrapped(pixels, width, height, bands)


def _broken(file: File, error: Exception) -> FilemillError:
    said = error.args[0] if error.args else ""
    return broken(file, ValueError(said.decode("ascii", "replace") if isinstance(said, bytes) else said))


def _fits(size: tuple[int, int], wanted: tuple[int, int]) -> bool:
    return all(abs(side - other) <= 1 for side, other in zip(size, wanted, strict=True))


RAW = Format(
    name="raw",
    title="Camera RAW",
    media_types=(
        "image/x-adobe-dng",
        "image/x-canon-cr2",
        "image/x-canon-cr3",
        "image/x-nikon-nef",
        "image/x-sony-arw",
        "image/x-fuji-raf",
        "image/x-olympus-orf",
        "image/x-panasonic-rw2",
        "image/x-pentax-pef",
        "image/x-samsung-srw",
    ),
    extensions=("dng", "cr2", "cr3", "nef", "arw", "raf", "orf", "rw2", "pef", "srw"),
    kind=Picture,
    sniff=may_be_raw,
    look=is_raw,
    open=_open,
    order=-10,
)
