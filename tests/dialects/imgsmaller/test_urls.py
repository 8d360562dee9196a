"""ImgSmaller: pictures that are fetched, from the domains of the account (IS-30…IS-33, IS-51, DX-07)."""

from __future__ import annotations

from collections.abc import Iterator
from subprocess import CalledProcessError
from typing import Any

import httpx
import pytest
import pyvips

from filemill_server.fetch.urls import is_below, parse
from origin import serving

NOT_SET = "No allowed domain set. Please set your allowed domain in dashboard."


@pytest.fixture(scope="module")
def origin(pictures: dict[str, bytes]) -> Iterator[int]:
    """The port of a web server with pictures."""
    files = {f"a.{name}": data for name, data in pictures.items()}
    files |= {"a.gif": pyvips.Image.black(20, 20).gifsave_buffer(), "a.txt": b"text", "big": bytes(30000)}
    with serving(files) as port:
        yield port


@pytest.fixture(scope="module")
def allowed(caller: Any) -> Any:
    """A caller whose account allows `localhost`."""
    made = caller.with_key("fetching")
    caller.server.command("keys", "domains", "add", "--tenant", "fetching", "B\u00fccher.example")
    # A name of 127.0.0.1, which can't be set: a domain has a dot.
    made.change("UPDATE domains SET domain = 'localhost' WHERE tenant = 'fetching'")
    return made


def test_as_many_as_the_plan_allows(allowed: Any) -> None:
    """IS-30, IS-33: the dialect's plan allows one domain; a second one is refused."""
    with pytest.raises(CalledProcessError) as caught:
        allowed.server.command("keys", "domains", "add", "--tenant", "fetching", "example.com")
    assert "allows 1 source domains" in caught.value.stderr


@pytest.mark.parametrize("name", ["a.jpeg", "a.png", "a.webp", "a.avif"])
def test_fetched(allowed: Any, origin: int, pictures: dict[str, bytes], name: str) -> None:
    """IS-20, IS-30, IS-46, IS-48: a picture of each format, whose name is told by its content."""
    done, data = allowed.picture(json={"file_url": f"http://LOCALHOST:{origin}/x/{name}"})
    assert done["format"] == name.removeprefix("a.")
    assert len(data) < len(pictures[done["format"]])
    disposition = httpx.head(done["download"]).headers["content-disposition"]
    assert disposition.startswith('attachment; filename="a.')


def test_target_of_a_fetched_picture(allowed: Any, origin: int) -> None:
    """IS-47: sizes and formats are wished for as with files."""
    wished = {"file_url": f"http://localhost:{origin}/a.png", "target_size": "20KB", "output": "jpg"}
    done, data = allowed.picture(json=wished)
    assert done["format"] == "jpg"
    assert data[:3] == b"\xff\xd8\xff"
    assert len(data) <= 20480


def test_no_domain(caller: Any) -> None:
    """IS-30, IS-31: 403 with the document's text."""
    assert caller.refused(403, json={"file_url": "https://example.com/a.png"}) == {"message": NOT_SET}


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/a.png",
        "http://notlocalhost/a.png",
        "http://localhost.example.com/a.png",
        "http://127.0.0.1/a.png",
        "http://[::1]/a.png",
    ],
)
def test_other_domains(allowed: Any, url: str) -> None:
    """IS-31, IS-32: 403 for a host that is not covered, and for an address."""
    assert "allowed domain" in allowed.refused(403, json={"file_url": url})["message"]


@pytest.mark.parametrize(
    "url", ["ftp://localhost/a", "localhost/a.png", "http://", "http://a b/", "file:///etc/passwd", 5, "http://\x00/"]
)
def test_no_urls(allowed: Any, url: object) -> None:
    """IS-52, DX-07: what is no http URL is 422 with the field."""
    assert list(allowed.refused(422, json={"file_url": url})["errors"]) == ["file_url"]


@pytest.mark.parametrize("path", ["a.gif", "a.txt", "missing.png"])
def test_fetched_what_is_no_picture(allowed: Any, origin: int, path: str) -> None:
    """IS-42, IS-51: what the fetch shows ends the job in `error`."""
    ended = allowed.ended(json={"file_url": f"http://localhost:{origin}/{path}"})
    assert set(ended) == {"status", "message"}
    assert ended["status"] == "error"


def test_fetched_too_large(allowed: Any, origin: int) -> None:
    """IS-51: a file above the limit ends the job in `error`."""
    tiny = allowed.with_key("fetching", plan="tiny")
    ended = tiny.ended(json={"file_url": f"http://localhost:{origin}/big"})
    assert (ended["status"], "20000" in ended["message"]) == ("error", True)


def test_redirects(allowed: Any, origin: int) -> None:
    """IS-32: each hop is checked: within the domain it is followed, out of it the job ends in `error`."""
    inside = f"http://localhost:{origin}/x?to=http://localhost:{origin}/a.png"
    assert allowed.ended(json={"file_url": inside})["status"] == "done"
    for to in (f"http://127.0.0.1:{origin}/a.png", "http://example.com/a.png", "file:///etc/passwd"):
        ended = allowed.ended(json={"file_url": f"http://localhost:{origin}/x?to={to}"})
        assert ended["status"] == "error"


@pytest.mark.parametrize(
    ("url", "covered"),
    [
        ("http://example.com/", True),
        ("http://EXAMPLE.com:8080/", True),
        ("http://example.com./", True),
        ("http://cdn.example.com/", True),
        ("http://a.b.example.com/", True),
        ("http://badexample.com/", False),
        ("http://example.com.evil.net/", False),
        ("http://b\u00fccher.example/", True),
        ("http://www.xn--bcher-kva.example/", True),
        ("http://10.0.0.1/", False),
        ("http://[2001:db8::1]/", False),
    ],
)
def test_label_boundaries(url: str, covered: bool) -> None:
    """IS-32: whole labels, any case, IDN in ASCII, any port; addresses never."""
    assert is_below(parse(url), ["example.com", "xn--bcher-kva.example", "0.0.1"]) is covered
