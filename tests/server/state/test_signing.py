"""Signatures of asset URLs."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filemill_server.signing import Signer

SIGNER = Signer(b"0123456789abcdef0123456789abcdef")
LATER = 4_000_000_000


@given(asset_id=st.text(), expires=st.integers(LATER, LATER + 10**9))
def test_right_signatures_hold(asset_id: str, expires: int) -> None:
    """What was signed is verified, whatever the id is."""
    assert SIGNER.verify(asset_id, expires, SIGNER.sign(asset_id, expires))


@given(one=st.tuples(st.text(), st.integers()), other=st.tuples(st.text(), st.integers()))
def test_signature_is_for_one_asset_and_moment(one: tuple[str, int], other: tuple[str, int]) -> None:
    """No two pairs of id and moment share a signature: nothing can be moved from one to the other."""
    assert (SIGNER.sign(*one) == SIGNER.sign(*other)) == (one == other)


@pytest.mark.parametrize("wrong", ["", "é", "A" * 43, "\udc80"])
def test_wrong_signatures_are_refused(wrong: str) -> None:
    """Anything else than the signature is refused, also what is no ASCII."""
    assert not SIGNER.verify("id", LATER, wrong)


def test_signature_ends() -> None:
    """A signature that was right is refused from its moment on."""
    now = int(time.time())
    assert not SIGNER.verify("id", now, SIGNER.sign("id", now))
    assert SIGNER.verify("id", now + 60, SIGNER.sign("id", now + 60))


def test_signature_needs_the_secret() -> None:
    """Another secret signs otherwise; one that could be guessed is refused."""
    assert Signer(b"another secret of 32 bytes......").sign("id", LATER) != SIGNER.sign("id", LATER)
    with pytest.raises(ValueError, match="16 bytes"):
        Signer(b"short")


def test_signature_is_short_and_fits_a_url() -> None:
    """A signature is 43 characters that need no escaping in a URL."""
    signature = SIGNER.sign("id", LATER)
    assert len(signature) == 43
    assert signature.replace("-", "").replace("_", "").isalnum()
