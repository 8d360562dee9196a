"""Enumerated parameters."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filemill import Choice


class Corner(Choice):
    TOP_LEFT = "top-left"
    BOTTOM = "bottom"


@given(st.sampled_from(Corner), st.data())
def test_any_case_is_the_same_choice(corner: Corner, data: st.DataObject) -> None:
    """Every letter may be large or small."""
    letters = [data.draw(st.sampled_from([letter.lower(), letter.upper()])) for letter in corner.value]
    assert msgspec.convert("".join(letters), Corner) is corner


def test_an_underscore_is_a_hyphen() -> None:
    """`TOP_LEFT` is what programmers write."""
    assert Corner("Top_Left") is Corner.TOP_LEFT


@pytest.mark.parametrize("value", ["", "left", "topleft", 3, None])
def test_anything_else_is_refused(value: object) -> None:
    """A choice is one of its names."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(value, Corner)
