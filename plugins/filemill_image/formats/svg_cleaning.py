"""Cleaning of SVG: what is not known to be harmless is left out, and the rest is written anew.

An untrusted SVG may hold scripts, entities that grow, style sheets and pictures on other hosts or on this
machine. The document is parsed without external entities, copied element by element from lists of what
draws (SVG 1.1 and 2), and only the copy reaches the renderer.
"""

from __future__ import annotations

import base64
import binascii
import io
import re
from xml.etree.ElementTree import Element, ParseError, SubElement, register_namespace, tostring

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from PIL import Image

from filemill import ErrorCode, FilemillError, Limits, check_size

SVG_NAMESPACE = "http://www.w3.org/2000/svg"
XLINK_NAMESPACE = "http://www.w3.org/1999/xlink"
XML_NAMESPACE = "http://www.w3.org/XML/1998/namespace"
MAX_ELEMENTS = 100_000
MAX_DEPTH = 200

_ELEMENT_NAMES = """
svg g defs symbol use switch a path rect circle ellipse line polyline polygon text tspan textPath
tref image style linearGradient radialGradient stop pattern clipPath mask marker filter feBlend
feColorMatrix feComponentTransfer feComposite feConvolveMatrix feDiffuseLighting feDisplacementMap
feDistantLight feDropShadow feFlood feFuncA feFuncB feFuncG feFuncR feGaussianBlur feImage feMerge
feMergeNode feMorphology feOffset fePointLight feSpecularLighting feSpotLight feTile feTurbulence
"""
ELEMENTS = frozenset(_ELEMENT_NAMES.split())
_PICTURES = {"image", "feImage"}
# Each of these takes a text in linear time: what is not closed goes to the end, as in CSS.
_URL = re.compile(r"url\([^)]*+\)?", re.IGNORECASE)
_INSIDE = re.compile(r"""url\([ \t\r\n\f]*+(["']?)#[^\s"'()]++\1[ \t\r\n\f]*+\)""", re.IGNORECASE)
"""A `url(…)` that points into the document itself, and is one by the grammar of CSS."""
_AT_RULE = re.compile(r"@\s*+(?:import|charset|namespace|font-face)\b[^;{]*+(?:;|\{[^}]*+\}?)?", re.IGNORECASE)
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_LOOSE = re.compile(r"url\s*\(|@\s*import|image-set\s*\(|javascript:", re.IGNORECASE)
_DATA_URL = re.compile(r"data:image/(?:png|jpe?g|gif|webp)\s*;\s*base64\s*,(.*)", re.IGNORECASE | re.DOTALL)

register_namespace("", SVG_NAMESPACE)
register_namespace("xlink", XLINK_NAMESPACE)


def cleaned(data: bytes, name: str, limits: Limits) -> bytes:
    """Return the harmless part of an SVG document, as XML in UTF-8.

    Left out are: scripts, event attributes, animation, `foreignObject`, elements and attributes of other
    namespaces, processing instructions, references to anything outside the document, embedded pictures
    that are not PNG, JPEG, GIF or WebP, style rules that import.

    Raises:
        FilemillError: `INVALID_FILE` where the document is not well-formed, declares entities, is nested too
            deep, has too many elements, or embeds a picture over the limits.
    """
    try:
        root = fromstring(data, forbid_dtd=False, forbid_entities=True, forbid_external=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise _refused(name, str(error) or type(error).__name__) from error
    if _local(root.tag) != "svg":
        raise _refused(name, "its root element is not svg")
    return _Cleaner(name, limits).document(root)


class _Cleaner:
    def __init__(self, name: str, limits: Limits) -> None:
        self.name = name
        self.limits = limits
        self.count = 0

    def document(self, root: Element) -> bytes:
        clean = Element(f"{{{SVG_NAMESPACE}}}svg", self.attributes(root, "svg"))
        self.children(root, clean)
        written: bytes = tostring(clean, encoding="utf-8", xml_declaration=True)
        return written

    def children(self, root: Element, clean_root: Element) -> None:
        open_elements = [(root, clean_root, 1)]
        while open_elements:
            source, clean, depth = open_elements.pop()
            if depth > MAX_DEPTH:
                raise _refused(self.name, f"its elements are nested more than {MAX_DEPTH} deep")
            clean.text = source.text
            if _local(source.tag) == "style":
                clean.text = safe_style("".join(source.itertext()))
                continue
            for child in source:
                self.count += 1
                if self.count > MAX_ELEMENTS:
                    raise _refused(self.name, f"it has more than {MAX_ELEMENTS} elements")
                kind = _local(child.tag)
                if kind not in ELEMENTS:
                    _append_text(clean, child.tail)
                    continue
                copy = SubElement(clean, f"{{{SVG_NAMESPACE}}}{kind}", self.attributes(child, kind))
                copy.tail = child.tail
                open_elements.append((child, copy, depth + 1))

    def attributes(self, element: Element, kind: str) -> dict[str, str]:
        kept: dict[str, str] = {}
        for name, value in element.attrib.items():
            namespace, local = _split(name)
            if local == "href" and namespace in ("", XLINK_NAMESPACE):
                if kind != "a" and (target := self.reference(value, kind)) is not None:
                    kept[name] = target
            elif namespace == XML_NAMESPACE and local in ("space", "lang"):
                kept[name] = value
            elif not namespace and not local.lower().startswith("on"):
                kept[name] = safe_style(value)
        return kept

    def reference(self, value: str, kind: str) -> str | None:
        value = value.strip()
        if value.startswith("#"):
            return value
        found = _DATA_URL.fullmatch(value)
        if kind not in _PICTURES or found is None:
            return None
        try:
            data = base64.b64decode("".join(found[1].split()), validate=True)
            with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "GIF", "WEBP")) as picture:
                check_size(*picture.size, 1, self.limits, self.name)
                kind = (picture.format or "").lower()
        except (binascii.Error, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            return None
        return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def safe_style(style: str) -> str:
    """Return style text (or any attribute) without imports and without references out of the document.

    Text with backslashes could spell either in another way and is left out.
    """
    if "\\" in style:
        return ""
    style = _COMMENT.sub("", style)
    if "/*" in style:
        return ""
    style = _AT_RULE.sub("", style)
    style = _URL.sub(lambda found: found[0] if _INSIDE.fullmatch(found[0]) else "none", style)
    return "" if _LOOSE.search(_URL.sub("", style)) else style


def _append_text(clean: Element, text: str | None) -> None:
    if not text:
        return
    if len(clean):
        clean[-1].tail = (clean[-1].tail or "") + text
    else:
        clean.text = (clean.text or "") + text


def _split(name: str) -> tuple[str, str]:
    namespace, _, local = name[1:].partition("}") if name.startswith("{") else ("", "", name)
    return namespace, local


def _local(tag: object) -> str:
    """Return the name of an SVG element (or of one without a namespace), else "": comments and foreign ones."""
    if not isinstance(tag, str):
        return ""
    namespace, local = _split(tag)
    return local if namespace in ("", SVG_NAMESPACE) else ""


def _refused(name: str, reason: str) -> FilemillError:
    return FilemillError(ErrorCode.INVALID_FILE, f"{name!r} is no SVG that can be rendered: {reason}.")
