"""The console page and the reference: whole, and with nothing from another host (NA-02, NA-13)."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from filemill_server.reference import reference_assets, reference_routes

TEXTS = {name: asset.body.decode() for name, asset in reference_assets().items()}


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient[Litestar]]:
    """A client of an application that has these pages only."""
    with TestClient(Litestar(reference_routes(), openapi_config=None)) as client:
        yield client


@pytest.mark.parametrize(("path", "title"), [("/", "filemill console"), ("/docs", "filemill API reference")])
def test_pages_are_open_and_strict(client: TestClient[Litestar], path: str, title: str) -> None:
    """NA-02, NA-13: without a key; the policy allows this server's own files and nothing inline."""
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert f"<title>{title}</title>" in answer.text
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert client.head(path).content == b""


def test_every_file_that_is_named_is_served(client: TestClient[Litestar]) -> None:
    """NA-13: what the pages and the modules name is there, with its media type."""
    named = {name for text in TEXTS.values() for name in re.findall(r'(?:href|src)="docs/([^"#]+)"', text)}
    imported = {name for text in TEXTS.values() for name in re.findall(r'from "\./([^"]+)"', text)}
    assert {"style.css", "mark.svg", "docs.js", "console.js"} <= named
    assert "dom.js" in imported
    for name in named | imported:
        answer = client.get(f"/docs/{name}")
        assert answer.status_code == 200, name
        assert answer.headers["content-type"].split(";")[0] in {"text/css", "text/javascript", "image/svg+xml"}


def test_modules_import_only_what_is_exported() -> None:
    """A name that a module does not export would leave the page empty."""
    exports = {
        name: set(re.findall(r"^export (?:async )?(?:function|class|const) (\w+)", text, re.MULTILINE))
        for name, text in TEXTS.items()
    }
    for text in TEXTS.values():
        for names, module in re.findall(r'^import \{ ([^}]+) \} from "\./([^"]+)"', text, re.MULTILINE):
            assert set(names.split(", ")) <= exports[module]


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_nothing_comes_from_another_host(name: str) -> None:
    """NA-13: no address of another host is loaded; examples and the SVG namespace are not loaded."""
    addresses = set(re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}", TEXTS[name]))
    assert addresses <= {"https://example.com", "http://www.w3.org"}


@pytest.mark.parametrize("name", [name for name in sorted(TEXTS) if name.endswith(".html")])
def test_no_script_or_style_is_inline(name: str) -> None:
    """The policy forbids it, so the page would not work."""
    assert not re.search(r"<style|style=|\son\w+=", TEXTS[name])
    assert all(body == "" for body in re.findall(r"<script[^>]*>([^<]*)</script>", TEXTS[name]))


@pytest.mark.parametrize("name", [name for name in sorted(TEXTS) if name.endswith(".js")])
def test_what_the_server_says_goes_in_as_text(name: str) -> None:
    """Names and texts of files come from strangers: no markup is ever made of them."""
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b", TEXTS[name])


def test_files_are_kept_by_their_validator(client: TestClient[Litestar]) -> None:
    """A second look costs a 304."""
    first = client.get("/docs/style.css")
    again = client.get("/docs/style.css", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_slash_at_the_end_leads_to_the_page(client: TestClient[Litestar]) -> None:
    """The page names its files relative to `/docs`, so `/docs/` must not be it."""
    answer = client.get("/docs/", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (308, "../docs")


@pytest.mark.parametrize("name", ["absent.js", "..%2f__init__.py", "__init__.py", "style.css%00"])
def test_other_files_are_not_served(client: TestClient[Litestar], name: str) -> None:
    """Only the files of the pages can be had."""
    assert client.get(f"/docs/{name}").status_code != 200
