"""Where an input comes from."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from filemill import Encoding, Source
from filemill.sources import SOURCE_FIELDS, sources_in

WIRE = ("url", "uploadId", "assetId", "storageKey", "base64")


@given(st.sets(st.sampled_from(WIRE)))
def test_a_source_is_exactly_one_of_five(fields: set[str]) -> None:
    """NA-24: one is a source; none or two are refused, naming what was given."""
    given = dict.fromkeys(fields, "x")
    if len(fields) == 1:
        assert msgspec.to_builtins(msgspec.convert(given, Source)) == given
        return
    with pytest.raises(msgspec.ValidationError, match="exactly one of url, uploadId, assetId, storageKey and base64"):
        msgspec.convert(given, Source)


@pytest.mark.parametrize("field", [field for field in SOURCE_FIELDS if field != "url"])
def test_headers_go_with_a_url_only(field: str) -> None:
    """NA-24: only a fetch has headers."""
    with pytest.raises(ValueError, match="headers go with a url"):
        Source(**{field: "x"}, headers={"Accept": "*/*"})  # type: ignore[arg-type]
    assert Source(url="https://a.test/", headers={"Accept": "*/*"}).headers


def test_a_key_tells_sources_apart() -> None:
    """Two sources have one key only where they are equal."""
    keys = {Source(url="u").key, Source(asset_id="u").key, Source(url="u", headers={"A": "b"}).key, Source(url="u").key}
    assert len(keys) == 3


class Nested(Struct, rename="camel"):
    first_one: Source
    rest: list[dict[str, Encoding] | Source]


def test_every_source_is_found_with_its_pointer() -> None:
    """A step's own sources are fetched wherever they stand in it."""
    first, second = Source(url="a"), Source(url="b")
    found = list(sources_in([Nested(first_one=first, rest=[{}, second])], "/steps"))
    assert found == [("/steps/0/firstOne", first), ("/steps/0/rest/1", second)]
