"""The seven shipped packs: sizes and settings (IX-86)."""

from __future__ import annotations

from importlib.resources import files

import pytest
import yaml

from filemill.limits import Limits
from filemill.presets import preset_files, read_pack
from filemill.registry import load_registry

SIZES = {
    "instagram-feed": (1080, 1080),
    "instagram-story": (1080, 1920),
    "tiktok": (1080, 1920),
    "youtube-thumbnail": (1280, 720),
    "twitter-post": (1600, 900),
    "linkedin-post": (1200, 627),
    "pinterest-pin": (1000, 1500),
}
FILES = {file.name: file for file in preset_files(files("filemill_presets"))}


def test_there_are_seven_packs_each_in_a_file_of_its_name() -> None:
    """IX-85: these seven and no others."""
    assert set(FILES) == {f"{name}.yaml" for name in SIZES}


@pytest.mark.parametrize("name", SIZES)
def test_a_pack_covers_its_size_as_jpeg_of_quality_90(name: str) -> None:
    """IX-86: exact pixels, cover, centre, JPEG 90; the pack's size is that of its picture."""
    pack = yaml.safe_load(FILES[f"{name}.yaml"].read_text())
    width, height = SIZES[name]
    assert (pack["id"], pack["width"], pack["height"]) == (name, width, height)
    assert pack["steps"] == [
        {
            "op": "resize",
            "width": width,
            "height": height,
            "fit": "cover",
            "gravity": "center",
            "format": {"type": "jpeg", "quality": 90},
        }
    ]


@pytest.mark.parametrize("name", SIZES)
def test_a_pack_is_good_for_the_installed_operations(name: str) -> None:
    """NA-12: the shipped files pass the check every operator's file must pass."""
    pack = read_pack(FILES[f"{name}.yaml"].read_text(), f"{name}.yaml", load_registry(), Limits())
    assert (pack.id, len(pack.steps)) == (name, 1)


def test_each_platform_is_named() -> None:
    """NA-12: a pack tells the platform it is for."""
    platforms = {yaml.safe_load(file.read_text())["platform"] for file in FILES.values()}
    assert platforms == {"instagram", "tiktok", "youtube", "twitter", "linkedin", "pinterest"}
