"""The slowest work that can be asked of each operation, into each format that is written, and of what reads files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from filemill.registry import Registry

Step = Mapping[str, object]

SIDE = 16_384
"""Pixels a side of what pictures are enlarged to; a server has to be told that it may (`MAX_PIXELS`)."""
MAX_PIXELS = SIDE * SIDE

_LARGE: Step = {"op": "resize", "width": SIDE, "height": SIDE, "fit": "fill", "enlarge": True}
_ALMOST: Step = {**_LARGE, "width": SIDE - 1, "height": SIDE - 1}
_ROOMY: Step = {**_LARGE, "width": SIDE * 2 // 3, "height": SIDE * 2 // 3}
_THIRD: Step = {**_LARGE, "width": SIDE // 3, "height": SIDE // 3}
_AVIF: Step = {"op": "convert", "format": {"type": "avif", "priority": "quality"}}


@dataclass(frozen=True)
class Slow:
    """Work for one request.

    Fields:
        files: names in `slow_files.FILES`.
        steps: of the pipeline.
        bounded: whether it may end before a deadline of half a second: we have no input within the limits that
            takes it longer.
    """

    files: Sequence[str]
    steps: Sequence[Step]
    bounded: bool = False


def _picture(op: str, *, large: Step = _LARGE, then: Sequence[Step] = (_AVIF,), **more: object) -> Slow:
    """An operation on as many pixels of noise as it takes, and the slowest encode after it."""
    return Slow(["noise.png"], [large, {"op": op, **more}, *then])


def _work(op: str, *files: str, bounded: bool = False, **more: object) -> Slow:
    return Slow(files, [{"op": op, **more}], bounded)


_SIZE = {"width": SIDE, "height": SIDE}
OPERATIONS: Mapping[str, Slow] = {
    "adjust": _picture("adjust", brightness=1.5, contrast=1.5, saturation=1.5, hue=90),
    "animate": Slow(["noise.png"] * 8, [{"op": "animate", "width": 5000, "height": 5000, "format": "gif"}]),
    "auto-levels": _picture("auto-levels", channels=True),
    "blur": _picture("blur", sigma=250),
    "border": _picture("border", width=500, inside=True),
    "collage": Slow(["noise.png"] * 9, [{"op": "collage", **_SIZE}, _AVIF]),
    "compress": _picture("compress", large=_ROOMY, then=(), priority="quality"),
    "compress-media": _work("compress-media", "film.webm"),
    "compress-pdf": _work("compress-pdf", "pictures.pdf", quality=30, dpi=72),
    "compress-to-size": _picture("compress-to-size", then=(), format="avif", maxSizeBytes=20_000),
    "convert": _picture("convert", then=(), format={"type": "avif", "priority": "quality", "lossless": True}),
    "create-archive": _work("create-archive", "noise.tar", "noise.png", format="7z"),
    "crop": _picture("crop", width=SIDE - 2, height=SIDE - 2),
    "decrypt-pdf": _work("decrypt-pdf", "pages.pdf", bounded=True),
    "downsize": _picture("downsize", then=(), maxWidth=SIDE - 9, maxSizeBytes=20_000, onUnreachable="downscale"),
    "drop-shadow": _picture("drop-shadow", large=_ROOMY, sigma=100),
    "encrypt-pdf": _work("encrypt-pdf", "pages.pdf", bounded=True, password="x"),
    "extract": _work("extract", "zeros.tar.xz", bounded=True),
    "extract-audio": _work("extract-audio", "film.webm", format="mp3"),
    "extract-pages": _work("extract-pages", "pages.pdf", bounded=True, pages="1-1000"),
    "extract-text": _work("extract-text", "forms.pdf"),
    "flatten": _picture("flatten"),
    "flip": _picture("flip"),
    "flop": _picture("flop"),
    "grayscale": _picture("grayscale"),
    "images-to-pdf": Slow(["flat.png"] * 6, [{"op": "images-to-pdf", "dpi": 600, "quality": 90}]),
    "list-archive": _work("list-archive", "entries.tar.xz", bounded=True, limit=1000),
    "media-info": _work("media-info", "streams.mp4", bounded=True),
    "merge-pdf": _work("merge-pdf", *["pages.pdf"] * 6),
    "negate": _picture("negate"),
    "ocr": _work("ocr", "grey.png", bounded=True),
    "oil-paint": _picture("oil-paint", radius=3),
    "pad": _picture("pad", large=_ROOMY, all=1),
    "pdf-info": _work("pdf-info", "forms.pdf"),
    "pdf-metadata": _work("pdf-metadata", "pages.pdf", bounded=True, title="x"),
    "picture-info": _picture("picture-info", then=(), colours=10, hashes=True),
    "pixelate": _picture("pixelate", size=2),
    "polaroid": _picture("polaroid", large=_ROOMY, rotate=7),
    "rasterize": _work("rasterize", "forms.pdf", dpi=300),
    "remove-pages": _work("remove-pages", "pages.pdf", pages="1-3"),
    "reorder-pages": _work("reorder-pages", "pages.pdf", bounded=True, pages="700-1500,1-699"),
    "resize": Slow(["noise.png"], [_LARGE, _AVIF]),
    "resize-video": _work("resize-video", "film.webm", width=1920),
    "rotate": _picture("rotate", large=_ROOMY, angle=33),
    "rotate-pages": _work("rotate-pages", "pages.pdf", bounded=True, angle=90),
    "rounded-corners": _picture("rounded-corners", radius=4000),
    "searchable-pdf": _work("searchable-pdf", "grey.png"),
    "sepia": _picture("sepia"),
    "set-density": _picture("set-density", dpi=300),
    "sharpen": _picture("sharpen", sigma=10, amount=5),
    "smart-crop": _picture("smart-crop", width=SIDE - 1, height=SIDE - 1),
    "split-pdf": _work("split-pdf", "pages.pdf", every=2),
    "strip-metadata": _picture("strip-metadata"),
    "torn-edges": _picture("torn-edges", large=_ROOMY, least=5, most=100),
    "trim": _picture("trim"),
    "trim-media": _work("trim-media", "film.webm", start=1, duration=500),
    "vignette": _picture("vignette"),
    "video-thumbnail": _work("video-thumbnail", "film.webm", count=100, columns=10, width=1280),
    "watermark": _picture("watermark", text="words", tile=True, rotate=31),
    "watermark-pdf": _work("watermark-pdf", "pages.pdf", text="words", rotate=31),
}
"""By operation."""


def _encode(type_: str, large: Step = _LARGE) -> Slow:
    return Slow(["noise.png"], [large, {"op": "convert", "format": {"type": type_, "priority": "quality"}}])


def _to(format_: str, *files: str, bounded: bool = False) -> Slow:
    return Slow(files, [{"op": "convert", "format": format_}], bounded)


_ENCODED = {name: _encode(name) for name in ("png", "avif", "tiff", "jxl", "jp2")}
_FILMS = {
    **{name: _to(name, "film.webm") for name in ("mp4", "mov", "avi")},
    **{name: _to(name, "frames.gif") for name in ("webm", "mkv")},  # a film could be copied as it is
}
_SONGS = {name: _to(name, "song.opus") for name in ("mp3", "m4a", "aac", "ogg", "flac", "wav")}
_ARCHIVES = {name: _to(name, "noise.tar") for name in ("zip", "tar-gz", "tar-xz", "7z")}
_LETTERS = {name: _to(name, "tables.docx") for name in ("doc", "odt", "rtf", "html")}
_SHEETS = {name: _to(name, "cells.csv") for name in ("xls", "xlsx", "ods")}
FORMATS: Mapping[str, Slow] = {
    **_ENCODED,
    "webp": _encode("webp", _ALMOST),
    "jpeg": _encode("jpeg", _ROOMY),
    "gif": _encode("gif", _THIRD),  # on more it has no memory
    **_FILMS,
    **_SONGS,
    "opus": _to("opus", "song.mp3"),
    **_ARCHIVES,
    "tar-zst": _to("tar-zst", "noise.tar", bounded=True),
    "tar": _to("tar", "zeros.tar.xz", bounded=True),
    **_LETTERS,
    "docx": _to("docx", "words.txt"),
    **_SHEETS,
    "csv": _to("csv", "cells.xlsx"),
    **{name: _to(name, "slides.odp") for name in ("ppt", "pptx")},
    "odp": Slow(["slides.odp"], [{"op": "convert", "format": "ppt"}, {"op": "convert", "format": "odp"}]),
    "text": _to("text", "tables.docx"),
    "hocr": _to("hocr", "grey.png", bounded=True),
    "tsv": _to("tsv", "grey.png", bounded=True),
    "pdf": _to("pdf", "tables.docx"),
    "json": _work("pdf-info", "forms.pdf"),
}
"""By the format that is written."""

_SMALL: Step = {"op": "resize", "width": 64}
READERS: Mapping[str, Slow] = {
    "scans.jpg": Slow(["scans.jpg"], [_SMALL]),
    "flat.png": Slow(["flat.png"], [_SMALL]),
    "flat.jp2": Slow(["flat.jp2"], [{"op": "flip", "format": "jp2"}]),
    "flat.jxl": Slow(["flat.jxl"], [{"op": "flip", "format": "jxl"}]),
    "flat.tif": Slow(["flat.tif"], [_SMALL], bounded=True),
    "flat.avif": Slow(["flat.avif"], [{"op": "flip", "format": "avif"}]),
    "noise.webp": Slow(["noise.webp"], [_ALMOST, {"op": "flip", "format": {"type": "webp", "lossless": True}}]),
    "frames.gif": Slow(["frames.gif"], [{"op": "resize", "width": 1200, "enlarge": True}]),
    "frames.gif as a film": _to("mp4", "frames.gif"),
    "uses.svg": Slow(["uses.svg"], [_SMALL]),
    "blurs.svg": Slow(["blurs.svg"], [_SMALL], bounded=True),
    "forms.pdf": Slow(["forms.pdf"], [{"op": "convert", "format": "png"}]),
    "pictures.pdf": Slow(["pictures.pdf"], [{"op": "ocr"}]),
    "entries.tar.xz": _to("tar-zst", "entries.tar.xz"),
    "quotes.md": _to("pdf", "quotes.md"),
    "cells.xlsx": _to("pdf", "cells.xlsx"),
    "slides.odp": _to("pdf", "slides.odp"),
}
"""By the file that is slow to read."""

EVERY: Mapping[str, Slow] = {
    **{f"operation {name}": case for name, case in OPERATIONS.items()},
    **{f"format {name}": case for name, case in FORMATS.items()},
    **{f"file {name}": case for name, case in READERS.items()},
}
"""All of them, by what they are."""


def written(registry: Registry) -> set[str]:
    """Return the names of the formats that something can be written as: saved, or converted to."""
    saved = {form.name for form in registry.formats if form.save is not None}
    return saved | {target for edge in registry.edges for target in edge.targets}
