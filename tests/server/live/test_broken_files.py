"""Files that are broken, cut off or hostile: a typed refusal or the whole picture, never half of it (NA-71)."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import httpx
import pytest
import pyvips

import bombs
from watched import Watch, Watched

SHARES = (0.01, 0.1, 0.35, 0.7, 0.97)
PATHS = ("/v1/resize?width=64", "/v1/picture-info")
REFUSED = {"INVALID_FILE", "UNSUPPORTED_MEDIA"}


@pytest.fixture(scope="module")
def watched(watch: Watch) -> Watched:
    """A server of two workers with a deadline that none of these files should need."""
    return watch(workers="2", deadline_seconds="20")


@pytest.fixture(scope="module")
def hurried(watch: Watch) -> Watched:
    """A server of one worker that stops work after two seconds."""
    return watch(workers="1", deadline_seconds="2")


@pytest.fixture(scope="module")
def good(request: pytest.FixtureRequest) -> dict[str, bytes]:
    """Good pictures: one of every format that can be made here, and those of the corpus where it is there."""
    samples = bombs.samples()
    try:
        corpus: Path = request.getfixturevalue("corpus")
    except pytest.skip.Exception:
        return samples
    folders = ("photos", "formats", "orientation", "scans")
    files = [path for folder in folders for path in sorted((corpus / folder).iterdir())]
    return samples | {path.name: path.read_bytes() for path in files if path.suffix not in (".txt", ".pdf")}


@contextmanager
def unharmed(watched: Watched) -> Iterator[None]:
    """Check that the workers before are the workers after."""
    before = watched.workers()
    yield
    assert watched.workers() == before


def refusal(response: httpx.Response) -> str | None:
    """Return the code of a refused file, None where it was accepted; anything else is a failure."""
    if response.status_code == 200:
        return None
    body = response.json()
    assert (response.status_code, body["code"]) in ((422, "INVALID_FILE"), (415, "UNSUPPORTED_MEDIA")), body
    return str(body["code"])


def resized(client: httpx.Client, data: bytes) -> bytes | None:
    """Return a picture made small, or None where it is refused."""
    response = client.post(PATHS[0], content=data, headers={"Accept": "image/*"})
    return None if refusal(response) else response.content


def frames_of(data: bytes) -> list[pyvips.Image]:
    """Return the frames of a picture as RGBA."""
    animated = {"n": -1} if data[:3] == b"GIF" or data[8:12] == b"WEBP" else {}
    image = pyvips.Image.new_from_buffer(data, "", **animated).colourspace("srgb")
    image = image if image.hasalpha() else image.addalpha()
    height = image.get_page_height()
    return [image.crop(0, top, image.width, height) for top in range(0, image.height, height)]


def is_beginning_of(part: bytes, whole: bytes) -> bool:
    """Whether every frame of a result looks, down to its last rows, like that of the whole file's result."""
    given, expected = frames_of(part), frames_of(whole)
    if not 1 <= len(given) <= len(expected):
        return False
    for one, other in zip(given, expected, strict=False):
        if (one.width, one.height) != (other.width, other.height):
            return False
        tenth = max(one.height // 10, 1)
        for top in (0, one.height - tenth):
            difference = (one - other).abs().crop(0, top, one.width, tenth)
            if difference.avg() > 3:
                return False
    return True


def test_half_a_picture_would_be_seen() -> None:
    """The comparison of these tests tells a half-grey picture from the whole one."""
    image = pyvips.Image.new_from_buffer(bombs.photo(".png"), "")
    grey = image.draw_rect(128, 0, 120, 320, 120, fill=True)
    assert is_beginning_of(image.pngsave_buffer(), image.pngsave_buffer())
    assert not is_beginning_of(grey.pngsave_buffer(), image.pngsave_buffer())


@pytest.mark.parametrize("share", SHARES)
def test_a_picture_cut_off_is_refused(watched: Watched, good: dict[str, bytes], share: float) -> None:
    """A cut through the pixels is INVALID_FILE; one behind them gives the whole picture, not a half-grey one."""
    whole = cache(lambda name: resized(watched.client, good[name]))

    def look(name: str) -> str | None:
        cut = good[name][: int(len(good[name]) * share)]
        told = refusal(watched.client.post(PATHS[1], content=cut))
        made = resized(watched.client, cut)
        if told is None:
            assert made is not None, "what can be measured can be resized"
        return None if made is None or is_beginning_of(made, whole(name)) else name

    with unharmed(watched), ThreadPoolExecutor(2) as threads:
        halves = [name for name in threads.map(look, good) if name is not None]
    assert halves == []


def test_broken_files_of_the_corpus(watched: Watched, corpus: Path) -> None:
    """Truncated, corrupt and enormous files that others met: refused with a type, no worker dies."""
    files = {path.name: path.read_bytes() for path in (corpus / "broken").iterdir() if path.suffix != ".pdf"}
    with unharmed(watched):
        found = _all(watched, files, PATHS)
    accepted = {asked.split()[0] for asked, code in found.items() if code is None}
    assert accepted <= {"crash-test.gif"}  # strange, but whole


def _all(watched: Watched, files: dict[str, bytes], paths: Sequence[str]) -> dict[str, str | None]:
    """Post every file to every path, and return the codes of the refusals."""
    asked = [(name, path) for name in files for path in paths]
    with ThreadPoolExecutor(2) as threads:
        answers = threads.map(lambda pair: watched.client.post(pair[1], content=files[pair[0]]), asked)
        return {f"{name} {path}": refusal(answer) for (name, path), answer in zip(asked, answers, strict=True)}


@pytest.mark.parametrize("make", [bombs.pictures, bombs.drawings])
def test_bombs(watched: Watched, make: Callable[[], dict[str, bytes]]) -> None:
    """Bombs are refused or come to nothing: no worker dies, and a second round takes no more memory."""
    files = make()
    with unharmed(watched):
        first = _all(watched, files, PATHS)
        before = watched.memory()
        again = _all(watched, files, PATHS[:1])
    assert again.items() <= first.items()
    assert watched.memory() < before * 1.1 + (8 << 20)
    for name in ("png of 65536x65536", "zip of zeros", "tiff of 2^32-1", "billion laughs", "million pixels wide"):
        assert all(code in REFUSED for asked, code in first.items() if asked.startswith(name))


@pytest.mark.parametrize("name", sorted(bombs.endless()))
def test_endless_work_ends_at_the_deadline(hurried: Watched, name: str) -> None:
    """What is small to say and endless to do is stopped: 504 or refused, and the next one is served."""
    response = hurried.client.post(PATHS[0], content=bombs.endless()[name])
    assert response.status_code in (422, 504), response.text
    assert response.elapsed.total_seconds() < 4
    assert hurried.client.post(PATHS[0], content=bombs.photo()).status_code == 200


class Listener:
    """Counts who connects to a port of this machine."""

    def __init__(self) -> None:
        self.connections = 0
        self.socket = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._count, daemon=True).start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.socket.getsockname()[1]}/x"

    def _count(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.connections += 1
            connection.close()


def outward(url: str) -> dict[str, bytes]:
    """Return SVG documents that would fetch an address, each in another way."""
    style = f"<style>@import '{url}'; rect {{ fill: url({url}#a) }}</style>"
    return {
        "entity": bombs.svg("<text y='20'>&e;</text>", head=f'<!DOCTYPE svg [<!ENTITY e SYSTEM "{url}">]>'),
        "parameter entity": bombs.svg("<rect/>", head=f'<!DOCTYPE svg [<!ENTITY % e SYSTEM "{url}"> %e;]>'),
        "doctype": bombs.svg("<rect/>", head=f'<!DOCTYPE svg SYSTEM "{url}">'),
        "stylesheet": bombs.svg("<rect/>", head=f'<?xml-stylesheet href="{url}" type="text/css"?>'),
        "image": bombs.svg(f'<image xlink:href="{url}" href="{url}" width="200" height="100"/>'),
        "use": bombs.svg(f'<use xlink:href="{url}#a"/>'),
        "style": bombs.svg(f'{style}<rect width="9" height="9" style="fill:url({url}#a);filter:url({url}#b)"/>'),
        "filter": bombs.svg(
            f'<filter id="f"><feImage xlink:href="{url}"/></filter><rect width="9" height="9" filter="url(#f)"/>'
        ),
        "include": bombs.svg(f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{url}" parse="text"/>'),
        "base": bombs.svg(f'<g xml:base="{url}"><image href="a.png" width="9" height="9"/></g>'),
    }


def test_drawings_reach_nothing(watched: Watched, tmp_path: Path) -> None:
    """An SVG reads no file of this machine and connects to nobody, in whatever way it asks."""
    listener = Listener()
    secret = tmp_path / "secret.svg"
    secret.write_bytes(bombs.svg('<rect id="a" width="200" height="100" fill="#ff00ff"/>'))
    empty = resized(watched.client, bombs.svg(""))
    assert empty is not None
    for url in (listener.url, secret.as_uri(), str(secret), "file:///etc/passwd", "/etc/passwd"):
        for way, document in outward(url).items():
            made = resized(watched.client, document)
            if made is not None:
                image = frames_of(made)[0]
                assert not any(image(x, 9)[:3] == [255, 0, 255] for x in range(image.width)), (way, url)
    assert listener.connections == 0
    listener.socket.close()
