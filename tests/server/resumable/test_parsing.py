"""Headers of resumable uploads: whatever comes, it is read rightly or refused."""

from __future__ import annotations

import base64
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filemill.errors import ErrorCode, FilemillError
from filemill_server.resumable.fields import boolean, read_boolean, read_count
from filemill_server.resumable.metadata import MAX_BYTES, name_in, read_metadata

KEYS = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=","), min_size=1, max_size=20)
PARAMETERS = st.lists(
    st.builds(
        str.__add__,
        st.text(string.ascii_lowercase, min_size=1, max_size=5).map("; {}".format),
        st.sampled_from(["", "=1", "=1.5", '="a;b\\""', "=tok/en", "=?0", "=:YQ==:", "=@5"]),
    ),
    max_size=3,
).map("".join)


@given(st.dictionaries(KEYS, st.binary(max_size=60), max_size=12), st.booleans())
def test_metadata_comes_back(values: dict[str, bytes], spaced: bool) -> None:
    """NC-06: what a client says is read, with and without spaces after commas, empty values with and without text."""
    pairs = [f"{key} {base64.b64encode(value).decode()}" if value else key for key, value in values.items()]
    assert read_metadata((", " if spaced else ",").join(pairs)) == values


@given(st.text(max_size=200))
def test_any_metadata_is_read_or_refused(header: str) -> None:
    """NC-06: no header breaks anything; what is read has keys that are ASCII without spaces and commas."""
    try:
        found = read_metadata(header)
    except FilemillError as error:
        assert error.code is ErrorCode.BAD_REQUEST
        assert error.detail.startswith("Upload-Metadata: ")
    else:
        assert all(key.isascii() and key.isprintable() and not set(key) & set(" ,") and key for key in found)
        assert 1 <= len(name_in(found)) <= 200


def test_long_metadata_is_refused() -> None:
    """NC-06: what is kept with an upload is bounded."""
    assert read_metadata("a" * MAX_BYTES)
    with pytest.raises(FilemillError, match=str(MAX_BYTES)):
        read_metadata("a" * (MAX_BYTES + 1))


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"filename": b"a.txt", "name": b"b.txt"}, "a.txt"),
        ({"name": b"b.txt"}, "b.txt"),
        ({"filename": b"../../etc/passwd"}, "passwd"),
        ({"filename": "Grüße.txt".encode()}, "Grüße.txt"),
        ({"filename": b""}, "file"),
        ({}, "file"),
    ],
)
def test_the_name_is_found_and_cleaned(values: dict[str, bytes], name: str) -> None:
    """NC-06, NC-12: by the key `filename` or `name`, without folders."""
    assert name_in(values) == name


@given(st.integers(0, 10**15 - 1), PARAMETERS, st.booleans())
def test_integers_and_booleans_are_read(number: int, parameters: str, truth: bool) -> None:
    """NC-07: items of structured fields, whatever parameters follow them."""
    assert read_count(f"{number}{parameters}") == number
    assert read_boolean(f" {boolean(truth)}{parameters} ") is truth
    assert read_boolean(f"{number}{parameters}") is None
    assert read_count(f"{boolean(truth)}{parameters}") is None


@pytest.mark.parametrize(
    "value", [None, "", "-1", "1.0", "1e3", "1,2", "1;", "1;A", "1; =2", '"1"', "٣", "+1", "1 2", "1" * 16, "0x1"]
)
def test_what_is_no_count_is_ignored(value: str | None) -> None:
    """NC-07: other values make the whole field as if it were not there."""
    assert read_count(value) is None


@given(st.text(max_size=40))
def test_any_field_is_read_or_ignored(value: str) -> None:
    """NC-07: no header breaks anything."""
    count = read_count(value)
    assert count is None or value.strip(" ").startswith(("-0", str(count)[0], "0"))
    assert read_boolean(value) in (None, value.strip(" ")[:2] == "?1")
