"""SVG that reaches for what is not its own: rendered in a worker, it opens no connection and shows no file."""

from __future__ import annotations

import base64
import gzip
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import pyvips

import bombs
from filemill import ErrorCode, FilemillError
from filemill.testing.runner import Runner

PINK = [255, 0, 255]
RECT = '<rect id="a" width="200" height="100" fill="#ff00ff"/>'
SPOT = '<path d="M0 0H20V20H0z" fill="#00ff00"/>'
"""Something that is drawn in any case."""


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Somebody on 127.0.0.1 who waits to be called."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


@pytest.fixture
def places(listener: socket.socket, tmp_path: Path) -> list[str]:
    """Where a pink picture is, as a drawing may spell it, and the listener."""
    (tmp_path / "pink.svg").write_bytes(bombs.svg(RECT))
    pink = pyvips.Image.black(200, 100).new_from_image(PINK).cast("uchar").copy(interpretation="srgb")
    pink.pngsave(str(tmp_path / "pink.png"))
    host = "{}:{}".format(*listener.getsockname())
    return [
        f"http://{host}/pink.png",
        f"//{host}/pink.png",
        f"HTTP://{host}/pink.png",
        f" \thttp://{host}/pink.png",
        f"ftp://{host}/pink.png",
        (tmp_path / "pink.png").as_uri(),
        (tmp_path / "pink.svg").as_uri(),
        str(tmp_path / "pink.png"),
        "pink.png",
        "./pink.svg#a",
        "../pink.svg",
    ]


def _data(document: bytes, media_type: str) -> str:
    return f"data:{media_type};base64,{base64.b64encode(document).decode()}"


def _nested(url: str) -> list[str]:
    """A drawing in a data URL that names the place, under the names that a renderer may take for one."""
    inner = bombs.svg(f'<image xlink:href="{url}" width="200" height="100"/>{RECT}')
    kinds = ("image/svg+xml", "image/svg+xml;charset=utf-8", "image/png", "text/xml", "", "IMAGE/SVG+XML")
    found = [_data(inner, kind) for kind in kinds]
    return [*found, _data(gzip.compress(inner), "image/svg+xml"), f"data:image/svg+xml;utf8,{inner.decode()}"]


Way = Callable[[str], str]
_FILTER = '<filter id="f" x="0" y="0" width="1" height="1">{}</filter><rect width="200" height="100" filter="url(#f)"/>'
WAYS: dict[str, Way] = {
    "image": lambda url: f'<image href="{url}" xlink:href="{url}" width="200" height="100"/>',
    "image, another prefix": lambda url: (
        f'<image xmlns:y="http://www.w3.org/1999/xlink" y:href="{url}" width="200" height="100"/>'
    ),
    "use": lambda url: f'<use href="{url}#a" xlink:href="{url}#a"/>',
    "tref": lambda url: f'<text y="50" font-size="50"><tref xlink:href="{url}#a"/></text>',
    "text on a path": lambda url: f'<text><textPath xlink:href="{url}#a">words</textPath></text>',
    "feImage": lambda url: _FILTER.format(f'<feImage href="{url}" xlink:href="{url}"/>'),
    "gradient": lambda url: (
        f'<linearGradient id="g" xlink:href="{url}#a"/><rect width="200" height="100" fill="url(#g)"/>'
    ),
    "pattern": lambda url: f'<pattern id="p" xlink:href="{url}#a"/><rect width="200" height="100" fill="url(#p)"/>',
    "fill": lambda url: f'<rect width="200" height="100" fill="url({url}#a)"/>',
    "fill, quoted": lambda url: f"<rect width='200' height='100' fill='url( \"{url}#a\" )'/>",
    "filter": lambda url: f'<rect width="200" height="100" style="filter:url({url}#a);mask:url({url}#b)"/>',
    "marker": lambda url: f'<path d="M0 0L99 99" marker-start="url({url}#a)" clip-path="url({url}#a)"/>',
    "cursor": lambda url: f'<rect width="200" height="100" style="cursor:url({url}),auto"/>',
    "import": lambda url: f"<style>@import url({url});</style>",
    "import, a string": lambda url: f'<style>@import "{url}";</style>',
    "import, escaped": lambda url: rf'<style>@\69mport "{url}"; rect{{fill:u\72l({url}#a)}}</style>',
    "import, commented": lambda url: f'<style>@im/**/port "{url}"; rect{{fill:ur/**/l({url}#a)}}</style>',
    "import, in CDATA": lambda url: f'<style><![CDATA[@import "{url}";]]></style>',
    "font": lambda url: f"<style>@font-face{{font-family:f;src:url({url})}}text{{font-family:f}}</style><text>a</text>",
    "image set": lambda url: f"<style>rect{{fill:image-set('{url}' 1x)}}</style>",
    "foreign object": lambda url: (
        '<foreignObject width="200" height="100">'
        f'<img xmlns="http://www.w3.org/1999/xhtml" src="{url}"/></foreignObject>'
    ),
    "script": lambda url: f'<script href="{url}" xlink:href="{url}">fetch("{url}")</script>',
    "events": lambda url: f"<rect width='200' height='100' onload='fetch(\"{url}\")' onclick='x'/>",
    "animation": lambda url: (
        f'<image width="200" height="100"><set attributeName="href" to="{url}"/>'
        f'<animate attributeName="href" values="{url}" dur="1s"/></image>'
    ),
    "base": lambda url: f'<g xml:base="{url}"><image href="pink.png" width="200" height="100"/></g>',
    "include": lambda url: f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{url}" parse="text"/>',
    "link": lambda url: f'<a href="{url}"><rect width="200" height="100" fill="none"/></a>',
    "html link": lambda url: f'<link xmlns="http://www.w3.org/1999/xhtml" rel="stylesheet" href="{url}"/>',
}
HEADS: dict[str, Way] = {
    "style sheet": lambda url: f'<?xml-stylesheet href="{url}" type="text/css"?>',
    "transformation": lambda url: f'<?xml-stylesheet href="{url}" type="text/xsl"?>',
    "document type": lambda url: f'<!DOCTYPE svg SYSTEM "{url}">',
    "public document type": lambda url: f'<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "{url}">',
    "entity": lambda url: f'<!DOCTYPE svg [<!ENTITY e SYSTEM "{url}">]>',
    "parameter entity": lambda url: f'<!DOCTYPE svg [<!ENTITY % e SYSTEM "{url}"> %e;]>',
    "notation": lambda url: f'<!DOCTYPE svg [<!NOTATION n SYSTEM "{url}"><!ENTITY e SYSTEM "{url}" NDATA n>]>',
    "attribute list": lambda url: (
        f'<!DOCTYPE svg [<!ATTLIST image href CDATA "{url}" width CDATA "200" height CDATA "100">]>'
    ),
}


def shown(run: Runner, path: Path, document: bytes) -> pyvips.Image | None:
    """Render a drawing beside the pink picture, in a worker; None where it is refused."""
    path.write_bytes(document)
    try:
        made = run(path, {"op": "convert", "format": "png"}, in_worker=True)
    except FilemillError as error:
        assert error.code is ErrorCode.INVALID_FILE
        return None
    return pyvips.Image.new_from_file(made.outputs[0].path).copy_memory()


def pinks(image: pyvips.Image) -> int:
    """Count the pixels that are pink, or nearly."""
    near = (image.extract_band(0) > 200) & (image.extract_band(1) < 60) & (image.extract_band(2) > 200)
    share: float = near.avg() / 255
    return round(share * image.width * image.height)


def test_the_pink_would_be_seen(filemill_run: Runner, tmp_path: Path, places: list[str]) -> None:
    """A picture that the drawing itself holds is shown: the tests below would see the one that lies beside it."""
    inside = _data((tmp_path / "pink.png").read_bytes(), "image/png")
    drawing = bombs.svg(WAYS["image"](inside))
    image = shown(filemill_run, tmp_path / "drawing.svg", drawing)
    assert image is not None
    assert pinks(image) > 10_000


@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_reached(
    way: str, filemill_run: Runner, tmp_path: Path, places: list[str], listener: socket.socket
) -> None:
    """However it is asked for, and in data URLs as well, a drawing shows only itself."""
    nested = _nested(places[0]) if way in ("image", "feImage", "use", "fill", "import") else []
    urls = [url.replace('"', "&quot;").replace("<", "&lt;") for url in [*places, *nested]]
    drawn = [WAYS[way](url).replace('id="f"', f'id="f{n}"').replace("#f)", f"#f{n})") for n, url in enumerate(urls)]
    body = "".join(f"<g>{one}</g>" for one in drawn)
    _check(shown(filemill_run, tmp_path / "drawing.svg", bombs.svg(body + SPOT)), listener)


@pytest.mark.parametrize("head", HEADS)
def test_no_declaration_reaches_out(
    head: str, filemill_run: Runner, tmp_path: Path, places: list[str], listener: socket.socket
) -> None:
    """Style sheets, document types and entities: left out, or the drawing is refused."""
    reference = "<text y='20'>&e;</text>" if head == "entity" else ""
    for url in (places[0], places[5], places[7]):
        _check(
            shown(
                filemill_run, tmp_path / "drawing.svg", bombs.svg(reference + "<image/>" + SPOT, head=HEADS[head](url))
            ),
            listener,
            refused=True,
        )


def _check(image: pyvips.Image | None, listener: socket.socket, *, refused: bool = False) -> None:
    """Check that what was drawn is the drawing, without pink, and that nobody has called."""
    assert image is not None or refused
    if image is not None:
        assert image(5, 5)[:3] == [0, 255, 0]
        assert pinks(image) == 0
    with pytest.raises(BlockingIOError):
        listener.accept()


SECRET = "<!DOCTYPE svg [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7", "cp037", "utf-8-sig"])
def test_no_encoding_hides_a_declaration(encoding: str, filemill_run: Runner, tmp_path: Path) -> None:
    """What the drawing is written in changes nothing: an entity is refused, or it is no drawing at all."""
    text = bombs.svg("<text y='20'>&e;</text>", head=SECRET).decode()
    declared = text.replace('version="1.0"', f'version="1.0" encoding="{encoding.removesuffix("-sig")}"')
    path = tmp_path / "drawing.svg"
    for document in (text, declared):
        path.write_bytes(document.encode(encoding))
        with pytest.raises(FilemillError) as refused:
            filemill_run(path, {"op": "convert", "format": "png"}, in_worker=True)
        assert refused.value.code in (ErrorCode.INVALID_FILE, ErrorCode.UNSUPPORTED_MEDIA)


def test_a_packed_drawing_is_not_unpacked(filemill_run: Runner, tmp_path: Path) -> None:
    """SVGZ is no format here: neither a bomb nor a drawing is unpacked, by whatever name it comes."""
    for name, document in (("bomb.svgz", bombs.svg(" " * (50 << 20))), ("drawing.svg", bombs.svg(SPOT))):
        path = tmp_path / name
        path.write_bytes(gzip.compress(document, 1))
        with pytest.raises(FilemillError) as refused:
            filemill_run(path, {"op": "convert", "format": "png"}, in_worker=True)
        assert refused.value.code in (ErrorCode.INVALID_FILE, ErrorCode.UNSUPPORTED_MEDIA)
