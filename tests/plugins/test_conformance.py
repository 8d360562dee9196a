"""Every operation, format and preset of the installed plugins keeps what plugin authors are asked to keep."""

from __future__ import annotations

from pathlib import Path

from archives import grown, packed
from filemill.testing import conformance_tests
from media_files import conformance_samples

test_conformance = conformance_tests(
    "filemill",
    "image",
    "pdf",
    "presets",
    examples=2,
    known={
        "convert": [
            {"format": "png"},
            {"format": {"type": "webp", "quality": 50}},
            {"format": "pdf"},
            {"format": "gif"},
        ],
        "watermark": [{"text": "filemill", "opacity": 0.5}, {"image": {"assetId": "logo"}}],
        "collage": [{"width": 90, "height": 80}, {"width": 90, "height": 40, "margin": 3, "layout": "grid"}],
        "animate": [{}, {"images": [{"assetId": "logo"}], "width": 20, "height": 20, "fit": "cover"}],
        "crop": [{"width": 20, "height": 10}, {"width": 5000, "height": 10, "clip": True}],
        "merge-pdf": [{}, {"bookmarks": "per-file"}],
        "split-pdf": [{"every": 1}, {"pages": "2"}],
        "extract-pages": [{"pages": "2"}, {"pages": "2,1"}],
        "remove-pages": [{"pages": "1"}],
        "reorder-pages": [{"pages": "2,1"}],
        "rotate-pages": [{"angle": 90}, {"angle": 180, "pages": "2"}],
        "rasterize": [{"pages": "1", "dpi": 72}, {"width": 100}],
        "images-to-pdf": [{"pageSize": "a4", "margin": 36, "fit": "cover"}, {"quality": 60}],
        "encrypt-pdf": [{"password": "open"}, {"ownerPassword": "owner", "allow": ["print"]}],
        "watermark-pdf": [{"text": "DRAFT", "rotate": -45}, {"image": {"assetId": "logo"}, "pages": "1"}],
        "pdf-metadata": [{"title": "A title", "language": "en"}, {"clear": True}],
        "extract-text": [{"pages": "1-2"}],
    },
)
test_conformance_of_ocr = conformance_tests(
    "ocr",
    examples=2,  # each reads a page, or several
    known={
        "ocr": [{"format": "hocr", "words": True}, {"format": "tsv"}, {"format": "json", "force": True}],
        "searchable-pdf": [{"mode": "redo"}, {"mode": "force"}],
    },
)
test_conformance_of_media = conformance_tests(
    "media",
    examples=1,  # each starts a program, or several
    samples=conformance_samples,
    known={
        "video-thumbnail": [{"count": 3, "columns": 2}, {"time": "50%", "width": 32}],
        "trim-media": [{"start": "25%", "duration": 0.5}, {"start": 0.2, "end": "0:00.7"}],
        "resize-video": [{"width": 32}, {"width": 32, "height": 32, "fit": "cover"}],
        "compress-media": [{}, {"maxSizeBytes": 4000}],
    },
)


def archives(folder: Path) -> list[Path]:
    """Archives of three formats, packed by other programs."""
    tree = grown(folder / "tree")
    return [packed(tree, form, folder / f"sample.{form}") for form in ("zip", "tar-gz", "7z")]


test_conformance_of_archive = conformance_tests(
    "archive",
    examples=2,
    samples=archives,
    known={
        "extract": [{}, {"include": ["*.txt"]}, {"exclude": ["Fotos/*"]}],
        "create-archive": [{"format": "7z"}, {"format": "tar-gz"}],
    },
)
