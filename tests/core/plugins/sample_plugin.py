"""A small plugin of the tests: two picture formats that count their work, and an operation of every shape."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import pyvips
from msgspec import Meta

from filemill import (
    Context,
    Data,
    Encoding,
    File,
    Format,
    Missing,
    Operation,
    Picture,
    PictureOperation,
    Source,
    Text,
    check_size,
    hookimpl,
)

decoded: list[float] = []
"""The factor of every decode."""
encoded: list[str] = []
"""The format of every encode."""


class Invert(PictureOperation, tag="invert"):
    """Turn every colour into its opposite."""

    def run(self, picture: Picture, context: Context) -> Picture:
        """Invert the bands."""
        context.report(inverted=True)
        return picture.map(lambda page: page.invert())


class Shrink(PictureOperation, tag="shrink"):
    """Make a picture smaller by a whole factor."""

    by: Annotated[int, Meta(ge=1, le=16, description="The factor.")] = 2

    def reduction(self, picture: Picture) -> float:
        """Allow the decoder the whole factor."""
        return float(self.by)

    def run(self, picture: Picture, context: Context) -> Picture:
        """Shrink what the decoder left."""
        image = picture.reduced(self.by)
        return picture.with_image(image.resize(picture.width / self.by / image.width))


class Enlarge(PictureOperation, tag="enlarge"):
    """Make a picture larger without looking at any limit."""

    by: Annotated[int, Meta(ge=1, description="The factor.")] = 2

    def run(self, picture: Picture, context: Context) -> Picture:
        """Repeat the pixels."""
        return picture.map(lambda page: page.zoom(self.by, self.by))


class Same(PictureOperation, tag="same"):
    """Change nothing."""

    def run(self, picture: Picture, context: Context) -> Picture:
        """Return the very picture."""
        return picture


class Halves(PictureOperation, tag="halves"):
    """Cut a picture into its left and right half."""

    def run(self, picture: Picture, context: Context) -> list[Picture]:
        """Crop twice."""
        image, width = picture.settled, picture.width // 2
        return [picture.with_image(image.crop(left, 0, width, picture.height)) for left in (0, width)]


class Stack(PictureOperation, tag="stack"):
    """Put pictures below each other."""

    def run(self, pictures: list[Picture], context: Context) -> Picture:
        """Join them."""
        return pictures[0].with_image(pyvips.Image.arrayjoin([one.image for one in pictures], across=1))


class Over(PictureOperation, tag="over"):
    """Put another picture into the corner."""

    other: Annotated[Source, Meta(description="The other picture.")]

    def run(self, picture: Picture, context: Context) -> Picture:
        """Insert it."""
        other = context.source(self.other, Picture)
        return picture.with_image(picture.image.insert(other.settled, 0, 0))


class Weigh(Operation, tag="weigh"):
    """Tell a file's size."""

    def run(self, file: File, context: Context) -> Data:
        """Look at the disk."""
        return Data({"bytes": file.path.stat().st_size, "format": file.format, "name": file.name})


class Shout(Operation, tag="shout"):
    """Write a text in capitals."""

    def run(self, text: Text, context: Context) -> Text:
        """Fold the letters."""
        return Text(text.text.upper())


class Lines(Operation, tag="lines"):
    """Give every line of a text as a text of its own."""

    def run(self, text: Text, context: Context) -> list[Text]:
        """Split at the ends of lines."""
        return [Text(line) for line in text.text.splitlines()]


class Copies(Operation, tag="copies"):
    """Fold texts into one, then give it many times."""

    times: Annotated[int, Meta(ge=1, description="How many.")] = 2

    def run(self, texts: list[Text], context: Context) -> list[Text]:
        """Join and repeat."""
        return [Text(" ".join(text.text for text in texts))] * self.times


class Describe(Operation, tag="describe"):
    """Tell the size of a picture or the length of a text."""

    def run(self, value: Picture | Text, context: Context) -> Data:
        """Take either kind."""
        return Data({"length": len(value.text)} if isinstance(value, Text) else {"width": value.width})


class Absent(Operation, tag="absent"):
    """Need a program that no machine has."""

    @classmethod
    def missing(cls) -> Missing:
        """Name it."""
        return Missing("The program no-such-program is not installed.", "Install no-such-program.")

    def run(self, text: Text, context: Context) -> Text:
        """Never runs."""
        return text


def _jpeg(file: File, context: Context) -> Picture:
    header = pyvips.Image.jpegload(str(file.path))
    check_size(header.width, header.height, 1, context.limits, file.name)

    def load(factor: float) -> pyvips.Image:
        shrink = max(size for size in (1, 2, 4, 8) if size <= factor)
        decoded.append(shrink)
        return pyvips.Image.jpegload(str(file.path), shrink=shrink, access="sequential", fail_on="truncated")

    return Picture(load, width=header.width, height=header.height, format="jpeg", source=file)


def _save_jpeg(value: Picture, path: Path, encoding: Encoding, context: Context) -> None:
    encoded.append("jpeg")
    quality = encoding.quality or 80
    context.report(quality=quality)
    value.image.jpegsave(str(path), Q=quality)


def _save_png(value: Picture, path: Path, encoding: Encoding, context: Context) -> None:
    encoded.append("png")
    value.image.pngsave(str(path), compression=1)


@hookimpl
def filemill_operations() -> Sequence[type[Operation]]:
    """Register all of them."""
    return [Invert, Shrink, Enlarge, Same, Halves, Stack, Over, Weigh, Shout, Lines, Copies, Describe, Absent]


@hookimpl
def filemill_formats() -> Sequence[Format]:
    """JPEG is read and written, PNG is only written, BMP is only read."""
    return [
        Format(
            name="jpeg",
            title="JPEG",
            media_types=("image/jpeg",),
            extensions=("jpg", "jpeg"),
            kind=Picture,
            sniff=lambda head: head.startswith(b"\xff\xd8\xff"),
            open=_jpeg,
            save=_save_jpeg,
            transparent=False,
        ),
        Format(
            name="png",
            title="PNG",
            media_types=("image/png",),
            extensions=("png",),
            kind=Picture,
            sniff=lambda head: head.startswith(b"\x89PNG"),
            save=_save_png,
        ),
        Format(
            name="bmp",
            title="BMP",
            media_types=("image/bmp",),
            extensions=("bmp",),
            kind=Picture,
            sniff=lambda head: head.startswith(b"BM"),
            open=_jpeg,
        ),
    ]
