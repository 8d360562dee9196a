"""`filemill keys webhooks`."""

from __future__ import annotations

from .conftest import Invoke


def test_webhooks(invoke: Invoke) -> None:
    """FS-143: webhooks are set by who runs the server; a secret is shown once; what is no URL is told at once."""
    added = invoke("keys", "webhooks", "add", "--tenant", "t", "https://example.com/hook")
    secret = added.stdout.strip()
    assert (len(secret), secret.isalnum()) == (32, True)
    listed = invoke("keys", "webhooks", "list", "--tenant", "t").stdout
    name, url, _ = listed.strip().split("\t")
    assert url == "https://example.com/hook"
    assert secret not in listed
    assert invoke("keys", "webhooks", "remove", "--tenant", "u", name).exit_code == 1
    assert invoke("keys", "webhooks", "remove", "--tenant", "t", name).exit_code == 0
    assert not invoke("keys", "webhooks", "list", "--tenant", "t").stdout
    refused = invoke("keys", "webhooks", "add", "--tenant", "t", "http://example.com/hook")
    assert refused.exit_code == 1
    assert "https://" in refused.stderr
