"""Colours of parameters, and the nine points of gravity."""

from __future__ import annotations

import re
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ImageColor

from filemill import Colour as ColourText
from filemill import ErrorCode, FilemillError
from filemill_image import colour
from filemill_image.colour import Colour
from filemill_image.gravity import Gravity, Position, offset

HEX = "0123456789abcdefABCDEF"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("red", (255, 0, 0, 255)),
        ("RebeccaPurple", (102, 51, 153, 255)),
        ("grey", (128, 128, 128, 255)),
        ("transparent", (0, 0, 0, 0)),
        ("#fff", (255, 255, 255, 255)),
        ("F80", (255, 136, 0, 255)),
        ("#0f08", (0, 255, 0, 136)),
        ("336699", (51, 102, 153, 255)),
        ("#33669980", (51, 102, 153, 128)),
    ],
)
def test_names_and_hex_digits_are_read(text: str, expected: tuple[int, ...]) -> None:
    """A name or hex digits, with or without `#`, in any case, become red, green, blue and alpha."""
    assert colour.parse(text) == expected
    assert colour.parse(text.upper()) == expected


def test_every_css_name_is_known() -> None:
    """Each name of CSS Color 4 (148 and `transparent`) is read, also after Pillow has cached its own reading."""
    for name in ImageColor.colormap:
        assert colour.parse(name) == (*ImageColor.getrgb(name), 255)
        assert colour.parse(name).opaque
    assert len(ImageColor.colormap) == 148


@given(st.tuples(*[st.integers(0, 255)] * 4), st.booleans())
def test_hex_is_read_back(parts: tuple[int, int, int, int], sharp: bool) -> None:
    """Eight hex digits give exactly the four parts they were written from."""
    assert colour.parse("#" * sharp + bytes(parts).hex()) == Colour(*parts)


@given(st.text(max_size=12) | st.text(HEX + "#", max_size=10) | st.sampled_from(sorted(ImageColor.colormap)))
def test_any_other_text_is_a_typed_error(text: str) -> None:
    """What is neither a name nor 3, 4, 6 or 8 digits is `INVALID_PARAMETER`; what is fits the schema's pattern."""
    pattern = next(meta.pattern for meta in get_args(ColourText) if hasattr(meta, "pattern"))
    digits = re.fullmatch("#?(?:[0-9a-fA-F]{3,4}|(?:[0-9a-fA-F]{2}){3,4})", text)
    if digits or text in ImageColor.colormap:
        assert colour.parse(text).alpha in range(256)
        assert re.search(pattern, text)
        return
    with pytest.raises(FilemillError) as caught:
        colour.parse(text)
    assert caught.value.code is ErrorCode.INVALID_PARAMETER


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    """NA-71: the error names the parameter and the nearest colour."""
    with pytest.raises(FilemillError, match="Did you mean 'turquoise'") as caught:
        colour.parse("turqoise", "/color")
    assert caught.value.faults[0].pointer == "/color"


@pytest.mark.parametrize("kind", [Position, Gravity])
def test_the_nine_points_place_a_box(kind: type[Position | Gravity]) -> None:
    """Every point gives the left and top edge of a box with 10 pixels of room across and 7 down."""
    places = {
        "top-left": (0, 0), "top": (5, 0), "top-right": (10, 0),
        "left": (0, 3), "center": (5, 3), "right": (10, 3),
        "bottom-left": (0, 7), "bottom": (5, 7), "bottom-right": (10, 7),
    }  # fmt: skip
    assert {name: offset(kind(name), 10, 7) for name in places} == places


def test_points_are_spelled_in_any_case() -> None:
    """Names of points take any case, and `_` for `-`."""
    assert Position("TOP_LEFT") is Position.TOP_LEFT
    assert Gravity("Attention").searches
    assert not Gravity("center").searches
