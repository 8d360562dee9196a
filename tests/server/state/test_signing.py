"""Signatures of URLs."""

from __future__ import annotations

import hmac
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar.datastructures import MultiDict

from filemill_server import signing
from filemill_server.signing import Signer, Use, signature_in

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


def test_a_use_has_signatures_of_its_own() -> None:
    """What was signed for one use is wrong for another, and no token is a signature."""
    assert not SIGNER.verify("id", LATER, SIGNER.sign("id", LATER), Use.UPLOAD)
    assert not SIGNER.verify("id", LATER, SIGNER.sign("id", LATER, Use.UPLOAD))
    assert not SIGNER.verify("id", LATER, SIGNER.token("asset", f"2\nid\n{LATER + 1}"))


def test_the_secret_before_verifies_and_does_not_sign() -> None:
    """Of two secrets the new one signs, both verify, and one that is neither does not."""
    old, new, older = (Signer(letter.encode() * 32) for letter in "onx")
    both = Signer(b"n" * 32, b"o" * 32)
    assert both.sign("id", LATER) == new.sign("id", LATER)
    assert both.token("a", "b") == new.token("a", "b")
    for signer, holds in ((old, True), (new, True), (older, False)):
        assert both.verify("id", LATER, signer.sign("id", LATER)) is holds
        assert both.made_token("a", "b", signer.token("a", "b")) is holds
    assert not both.verify("id", int(time.time()), old.sign("id", int(time.time())))
    with pytest.raises(ValueError, match="16 bytes"):
        Signer(b"n" * 32, b"short")


@pytest.mark.parametrize("given", ["old", "new", "wrong", ""])
def test_each_secret_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    """Every check compares with both secrets by `hmac.compare_digest`, whichever it was that signed."""
    both, old = Signer(b"n" * 32, b"o" * 32), Signer(b"o" * 32)
    sent = {"old": old.sign("id", LATER), "new": both.sign("id", LATER)}.get(given, given)
    compared: list[bytes] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append(other)
        return hmac.compare_digest(one, other)

    monkeypatch.setattr(signing, "hmac", _Watched(compare))
    assert both.verify("id", LATER, sent) is (given in ("old", "new"))
    assert compared == [sent.encode()] * 2


class _Watched:
    """The module `hmac`, whose comparisons are seen."""

    digest = staticmethod(hmac.digest)

    def __init__(self, compare: object) -> None:
        self.compare_digest = compare


@pytest.mark.parametrize(
    ("query", "read"),
    [
        ([("expires", "12"), ("signature", "x")], True),
        ([("signature", "x"), ("more", "y"), ("expires", "12"), ("key", "k")], True),
        ([("expires", "12")], False),
        ([("signature", "x")], False),
        ([("expires", "12"), ("expires", "12"), ("signature", "x")], False),
        ([("expires", "12"), ("signature", "x"), ("signature", "x")], False),
        ([("expires", "12"), ("signature", "x"), ("key", "k"), ("key", "k")], False),
        *(([("expires", text), ("signature", "x")], False) for text in ("", "0", "012", "+12", "-1", "1e3", "1_2")),
        *(
            ([("expires", text), ("signature", "x")], False)
            for text in (" 12", "12\n", "12.0", "\uff11\uff12", "9" * 13)
        ),
    ],
)
def test_a_query_has_one_reading(query: list[tuple[str, str]], read: bool) -> None:
    """What stands twice, and a moment that is spelt in another way, is no signature."""
    found = signature_in(MultiDict(query))
    assert (found is not None) is read
    assert found is None or (found.expires, found.signature) == (12, "x")
