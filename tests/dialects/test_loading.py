"""The settings of dialects: what is wrong with them is said before the server starts."""

from __future__ import annotations

import pytest

from filemill.registry import load_registry
from filemill_server.dialects.filagram import FILAGRAM
from filemill_server.dialects.loading import Spoken, delivery_urls, load_dialects
from filemill_server.settings import Settings, SettingsError


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("filagram", "It is not like filagram=https://files.example.com."),
        ("filagram=files.example.com", "It is not like filagram=https://files.example.com."),
        ("filagram=https://files.example.com/?a", "It is not like filagram=https://files.example.com."),
        ("filagrom=https://files.example.com", "Did you mean 'filagram'?"),
    ],
)
def test_wrong_delivery_urls(entry: str, said: str) -> None:
    """FG-08: an address that is none, and one of a dialect that is not there."""
    dialects = {"filagram": Spoken(FILAGRAM, FILAGRAM.application())}
    with pytest.raises(SettingsError) as caught:
        delivery_urls(Settings(delivery_urls=(entry,)), dialects)
    assert said in str(caught.value)
    assert "FILEMILL_DELIVERY_URLS" in str(caught.value)


def test_delivery_urls() -> None:
    """FG-08: the address is taken without a slash at its end, with a path that it may have."""
    dialects = {"filagram": Spoken(FILAGRAM, FILAGRAM.application())}
    urls = delivery_urls(Settings(delivery_urls=("filagram = https://files.example.com/filagram/",)), dialects)
    assert urls == {"filagram": "https://files.example.com/filagram"}


@pytest.mark.filterwarnings("ignore:.*deprecated inferred style")  # handlers as those of the native routes
def test_unknown_dialect_for_browsers() -> None:
    """DX-14: a dialect that is not there can't be switched on."""
    with pytest.raises(SettingsError, match="FILEMILL_BROWSER_DIALECTS"):
        load_dialects(load_registry(entries=[]), ["filagrom"])
