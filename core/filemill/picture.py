"""The picture that flows through a pipeline: a lazy libvips graph over a source that is read at most once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pyvips

from filemill.errors import ErrorCode, FilemillError
from filemill.kinds import Facts, File
from filemill.limits import Limits

Load = Callable[[float], pyvips.Image]
"""Loads pixels reduced by at most the factor given (1.0: every pixel), upright, in sRGB, 8 bits a
band, with or without alpha; the frames of an animation stand below each other, `page-height` rows each."""


class Picture:
    """One or many frames of the same size in sRGB.

    A picture that was just opened knows only its header. Pixels are read when `image` or `reduced` is
    asked for, so that a first `resize` decodes at reduced size. Pictures are immutable: an operation
    returns a new one made by `with_image` or `map`, or the same one where it changes nothing.

    Attributes:
        width, height: pixels of one frame, upright.
        frames: number of frames (an animation) or pages (a TIFF).
        transparent: whether there is an alpha band.
        source: the file it was opened from, while nothing has changed it; else None.
        format: name of the format it came from, or "" for a picture made from nothing.
    """

    def __init__(
        self,
        load: Load,
        *,
        width: int,
        height: int,
        frames: int = 1,
        transparent: bool = False,
        format: str = "",
        source: File | None = None,
        known: Callable[[], Facts] = dict,
    ) -> None:
        self._load = load
        self._loaded: pyvips.Image | None = None
        self._factor = 1.0
        self.width = width
        self.height = height
        self.frames = frames
        self.transparent = transparent
        self.format = format
        self.source = source
        self._known = known

    @property
    def facts(self) -> Facts:
        """Width, height and frames."""
        return {"width": self.width, "height": self.height, "frames": self.frames}

    @property
    def known(self) -> Facts:
        """What its format tells of it beyond size and frames, for `picture-info`; read when it is asked for."""
        return self._known()

    @property
    def image(self) -> pyvips.Image:
        """All pixels. The graph may be readable only once, from top to bottom: see `settled`."""
        return self.reduced(1.0)

    def reduced(self, factor: float) -> pyvips.Image:
        """Return the pixels, already reduced by some factor between 1 and `factor` where that saves work.

        The caller computes the remaining factor from the sizes. As with `image`, they may be readable
        only once.
        """
        if self._loaded is not None and self._factor <= max(factor, 1.0):
            return self._loaded
        return self._load(max(factor, 1.0))

    def settle(self, factor: float = 1.0) -> None:
        """Decode into memory now, reduced by at most `factor`, so that the pixels can be read many times."""
        if self._loaded is None or self._factor > max(factor, 1.0):
            self._loaded = self._load(max(factor, 1.0)).copy_memory()
            self._factor = max(factor, 1.0)

    @property
    def settled(self) -> pyvips.Image:
        """All pixels, in memory: any part can be read any number of times."""
        self.settle()
        return self.image

    def pages(self, factor: float = 1.0) -> list[pyvips.Image]:
        """Return the frames one by one, reduced by at most `factor`.

        A single frame is lazy; the frames of an animation are in memory.
        """
        if self.frames == 1:
            return [self.reduced(factor)]
        self.settle(factor)
        image = self.reduced(factor)
        height = image.height // self.frames
        return [image.crop(0, index * height, image.width, height) for index in range(self.frames)]

    def map(self, change: Callable[[pyvips.Image], pyvips.Image], factor: float = 1.0) -> Picture:
        """Return a picture whose every frame went through `change`, which must give equal sizes."""
        return self.with_pages([change(page) for page in self.pages(factor)])

    def with_pages(self, pages: Sequence[pyvips.Image]) -> Picture:
        """Return a picture of these frames with everything else (timing, format) as it is here."""
        if len(pages) == 1:
            return self.with_image(pages[0])
        image = pyvips.Image.arrayjoin(list(pages), across=1).copy()
        image.set_type(pyvips.GValue.gint_type, "page-height", pages[0].height)
        image.set_type(pyvips.GValue.gint_type, "n-pages", len(pages))
        return self.with_image(image, frames=len(pages))

    def with_image(self, image: pyvips.Image, frames: int = 1) -> Picture:
        """Return a picture of these pixels (frames stacked) with the format as it is here."""
        return Picture(
            lambda factor: image,
            width=image.width,
            height=image.height // frames,
            frames=frames,
            transparent=image.hasalpha(),
            format=self.format,
        )

    @classmethod
    def of(cls, image: pyvips.Image, format: str = "") -> Picture:
        """Return a picture of one frame of sRGB pixels."""
        return cls(
            lambda factor: image,
            width=image.width,
            height=image.height,
            transparent=image.hasalpha(),
            format=format,
        )


def check_size(width: int, height: int, frames: int, limits: Limits, name: str) -> None:
    """Refuse a picture from its header.

    Raises:
        FilemillError: `INVALID_FILE` where a side, the frames or all pixels together are over the limits.
    """
    if width < 1 or height < 1:
        raise FilemillError(ErrorCode.INVALID_FILE, f"{name!r} has no pixels ({width}x{height}).")
    if max(width, height) > limits.max_dimension:
        detail = f"{name!r} is {width}x{height}; no side may have more than {limits.max_dimension} pixels."
    elif frames > limits.max_frames:
        detail = f"{name!r} has {frames} frames; {limits.max_frames} are allowed."
    elif width * height * frames > limits.max_pixels:
        detail = f"{name!r} has {width * height * frames} pixels in all; {limits.pixels} are allowed."
    else:
        return
    raise FilemillError(ErrorCode.INVALID_FILE, detail)
