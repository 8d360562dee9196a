"""Times as they are written."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filemill_media.times import Time, seconds


@given(st.integers(0, 99), st.integers(0, 59), st.integers(0, 59), st.integers(0, 999_999))
def test_clock(hours: int, minutes: int, whole: int, micros: int) -> None:
    """Hours, minutes and seconds add up, with and without leading zeros."""
    wanted = hours * 3600 + minutes * 60 + whole + micros / 1_000_000
    for text in (f"{hours}:{minutes:02}:{whole:02}.{micros:06}", f"{hours}:{minutes}:{whole}.{micros:06}"):
        assert seconds(msgspec.convert(text, Time), None) == pytest.approx(wanted, abs=1e-6)


@given(st.floats(0, 360_000, allow_nan=False))
def test_numbers(number: float) -> None:
    """A number is seconds, also where it comes as text, to a microsecond."""
    assert seconds(msgspec.convert(number, Time), None) == number
    assert seconds(msgspec.convert(f"{number:.6f}", Time), None) == pytest.approx(number, abs=1e-6)


@given(st.integers(0, 10_000), st.floats(0.01, 1e5))
def test_shares(hundredths: int, whole: float) -> None:
    """A share is of the whole, never more than it."""
    found = seconds(msgspec.convert(f"{hundredths // 100}.{hundredths % 100:02}%", Time), whole)
    assert found == pytest.approx(whole * hundredths / 10_000)
    assert found <= whole * (1 + 1e-12)
    assert seconds("100%\n", whole) == whole


@given(st.text("0123456789:.%- e\n", max_size=12))
def test_anything_else_is_refused(text: str) -> None:
    """What passes is a time of at least zero that is finite; nothing else passes."""
    try:
        time = msgspec.convert(text, Time)
    except msgspec.ValidationError:
        return
    assert 0 <= seconds(time, 10.0) < 1e6


@pytest.mark.parametrize("text", ["", "-1", "1e3", "1:60", "1:2:3:4", "101%", "100.5%", "5 %", "nan", "1:", "٣"])
def test_examples_that_are_none(text: str) -> None:
    """The usual slips."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(text, Time)


def test_a_share_of_nothing() -> None:
    """A file that does not say how long it is has no middle."""
    with pytest.raises(ValueError, match="50%"):
        seconds("50%", None)
