"""Files that mean harm, made here: small on the wire, enormous or endless for whoever believes them."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib

import pyvips

MEBIBYTE = 1 << 20


def zeros(mebibytes: int) -> bytes:
    """Return a zlib stream of so many MiB of zeros, made in no time: one deflated block, repeated."""
    packer = zlib.compressobj(9, wbits=-15)
    block = packer.compress(bytes(MEBIBYTE)) + packer.flush(zlib.Z_FULL_FLUSH)
    # Adler-32 of n zeros: its first half stays 1, the second is n modulo 65521 (RFC 1950, section 8.2).
    check = struct.pack(">HH", mebibytes * MEBIBYTE % 65521, 1)
    return b"\x78\x01" + block * mebibytes + packer.flush() + check


def chunk(name: bytes, data: bytes) -> bytes:
    """Return one chunk of a PNG."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int, height: int, data: bytes, *, bits: int = 8, colour: int = 0, extra: bytes = b"") -> bytes:
    """Return a PNG of a size with given compressed rows and further chunks before them."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + extra + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def small_png(extra: bytes = b"") -> bytes:
    """Return a good PNG of 16x16 with further chunks."""
    return png(16, 16, zlib.compress((b"\x00" + b"\x80" * 16) * 16), extra=extra)


def photo(suffix: str = ".jpg", **options: object) -> bytes:
    """Return a picture of 320x240 with some texture."""
    bands = [pyvips.Image.gaussnoise(320, 240, mean=mean, sigma=9) for mean in (180, 120, 60)]
    image = bands[0].bandjoin(bands[1:]).cast("uchar").copy(interpretation="srgb")
    return bytes(image.write_to_buffer(suffix, **options))


def with_segment(jpeg: bytes, marker: int, payload: bytes) -> bytes:
    """Return a JPEG with one more segment after its start."""
    return jpeg[:2] + struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload + jpeg[2:]


def sized(jpeg: bytes, width: int, height: int) -> bytes:
    """Return a JPEG whose frame header claims another size."""
    at = next(i for i in range(2, len(jpeg)) if jpeg[i] == 0xFF and jpeg[i + 1] in (0xC0, 0xC2))
    return jpeg[: at + 5] + struct.pack(">HH", height, width) + jpeg[at + 9 :]


def many_scans(scans: int, width: int, height: int) -> bytes:
    """Return a progressive JPEG that goes over its picture again and again."""
    jpeg = photo(interlace=True)
    last = jpeg.rindex(b"\xff\xda")
    end = jpeg.rindex(b"\xff\xd9")
    return sized(jpeg[:last] + jpeg[last:end] * scans + b"\xff\xd9", width, height)


def gif(width: int, height: int, frames: int) -> bytes:
    """Return a GIF of a canvas with many frames of one pixel each."""
    head = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\x00\x00\x00\xff\xff\xff"
    place = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0)
    frame = b"\x21\xf9\x04\x00\x01\x00\x00\x00" + place + b"\x02\x02\x44\x01\x00"
    return head + frame * frames + b"\x3b"


def _riff(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + b"\x00" * (len(data) % 2)


def webp(width: int, height: int, frames: int) -> bytes:
    """Return a WebP animation of a canvas with many frames of two pixels each."""
    pixel = pyvips.Image.black(2, 2, bands=3).copy(interpretation="srgb")
    inner = bytes(pixel.webpsave_buffer(lossless=True, keep="none"))[12:]
    frame = _riff(b"ANMF", bytes(6) + b"\x01\x00\x00\x01\x00\x00\x0a\x00\x00\x00" + inner)
    canvas = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    body = b"WEBP" + _riff(b"VP8X", b"\x02\x00\x00\x00" + canvas) + _riff(b"ANIM", bytes(6)) + frame * frames
    return b"RIFF" + struct.pack("<I", len(body)) + body


def tiff(tags: dict[int, tuple[int, int, int]], *, following: int = 0, data: bytes = b"\x80" * 64) -> bytes:
    """Return a little-endian TIFF of one directory: tag to type, count and value; its data starts at 8."""
    offset = 8 + len(data)
    entries = b"".join(struct.pack("<HHII", tag, *tags[tag]) for tag in sorted(tags))
    directory = struct.pack("<H", len(tags)) + entries + struct.pack("<I", following)
    return b"II*\x00" + struct.pack("<I", offset) + data + directory


def plain_tiff(width: int, height: int, **changed: tuple[int, int, int]) -> bytes:
    """Return a grey TIFF of a size, its tags overridden by `tN=(type, count, value)`."""
    tags = {
        256: (4, 1, width),
        257: (4, 1, height),
        258: (3, 1, 8),
        259: (3, 1, 1),
        262: (3, 1, 1),
        273: (4, 1, 8),
        277: (3, 1, 1),
        278: (4, 1, height),
        279: (4, 1, 64),
    }
    return tiff(tags | {int(name[1:]): value for name, value in changed.items()})


def svg(body: str, *, head: str = "", size: str = 'width="200" height="100"') -> bytes:
    """Return an SVG document."""
    space = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    return f'<?xml version="1.0"?>{head}<svg {space} {size}>{body}</svg>'.encode()


def laughs() -> bytes:
    """Return the billion laughs."""
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    return svg("<text y='20'>&l11;</text>", head=f'<!DOCTYPE svg [<!ENTITY l0 "lol">{entities}]>')


def svg_of_uses(depth: int) -> bytes:
    """Return an SVG in which every group shows the one before it ten times."""
    groups = "".join(
        f'<g id="g{n}">{f"<use xlink:href={chr(34)}#g{n - 1}{chr(34)}/>" * 10}</g>' for n in range(1, depth)
    )
    return svg(f'<defs><rect id="g0" width="9" height="9"/>{groups}</defs><use xlink:href="#g{depth - 1}"/>')


def archive_bomb(mebibytes: int) -> bytes:
    """Return a ZIP of zeros."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("picture.jpg", bytes(mebibytes * MEBIBYTE))
    return target.getvalue()


def exif_loop() -> bytes:
    """Return EXIF whose directories point at themselves and whose values have four billion entries."""
    entries = [(0x0112, 3, 0xFFFFFFFF, 6), (0x8769, 4, 1, 8), (0x8825, 4, 1, 8), (0x010F, 2, 0x7FFFFFFF, 8)]
    directory = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"Exif\x00\x00II*\x00\x08\x00\x00\x00" + directory + struct.pack("<I", 8)


def icc_header(size: int) -> bytes:
    """Return the start of an ICC profile that claims a size and a hundred thousand tags."""
    return (
        struct.pack(">I", size) + b"lcms\x04\x30\x00\x00mntrRGB XYZ " + bytes(12) + b"acsp" + bytes(88)
        + struct.pack(">I", 100_000) + b"A2B0" + struct.pack(">II", 132, 0xFFFFFFF0)
    )  # fmt: skip


def pictures() -> dict[str, bytes]:
    """Return pictures whose pixels or metadata are far larger than they look, by what is wrong."""
    jpeg = photo()
    return {
        "png of 65536x65536": png(65536, 65536, zeros(513), bits=1),
        "png of 2^31-1": png(2**31 - 1, 2**31 - 1, zeros(1)),
        "png of 0x0": png(0, 0, zeros(1)),
        "png of 16384x16384": png(16384, 16384, zeros(257)),
        "png just within the limit": png(9999, 9999, zeros(96)),
        "png with much more data than pixels": png(16, 16, zeros(256)),
        "png with a 1 GiB profile": small_png(chunk(b"iCCP", b"p\x00\x00" + zeros(1024))),
        "png with 1 GiB of text": small_png(chunk(b"zTXt", b"Comment\x00\x00" + zeros(1024))),
        "png with a million texts": small_png(chunk(b"tEXt", b"a\x00b") * 200_000),
        "gif of ten thousand frames": gif(4000, 4000, 10_000),
        "gif of 65535x65535": gif(65535, 65535, 1),
        "gif of large frames": gif(4000, 4000, 99),
        "webp of ten thousand frames": webp(4000, 4000, 10_000),
        "webp of 16384x16384": webp(16384, 16384, 3),
        "jpeg of 65535x65535": sized(jpeg, 65535, 65535),
        "jpeg of 0x0": sized(jpeg, 0, 0),
        "jpeg with looping exif": with_segment(jpeg, 0xE1, exif_loop()),
        "jpeg with exif garbage": with_segment(jpeg, 0xE1, b"Exif\x00\x00" + bytes(range(256)) * 200),
        "jpeg with lying profile": with_segment(
            jpeg, 0xE2, b"ICC_PROFILE\x00\x01\x01" + icc_header(0xFFFFFFF0)
        ),
        "jpeg with many parts of a profile": _profile_parts(jpeg),
        "tiff of 2^32-1": plain_tiff(2**32 - 1, 2**32 - 1),
        "tiff of 16384x16384 without data": plain_tiff(9999, 9999),
        "tiff of 65535 samples": plain_tiff(1000, 1000, t277=(3, 1, 65535)),
        "tiff of a billion strips": plain_tiff(100, 100, t273=(4, 1_000_000_000, 8), t279=(4, 1_000_000_000, 8)),
        "tiff of huge tiles": plain_tiff(
            100, 100, t322=(4, 1, 2**31 - 16), t323=(4, 1, 2**31 - 16), t324=(4, 1, 8), t325=(4, 1, 64)
        ),
        "tiff that points at itself": tiff(
            {256: (4, 1, 8), 257: (4, 1, 8), 258: (3, 1, 8), 259: (3, 1, 1), 262: (3, 1, 1), 273: (4, 1, 8),
             277: (3, 1, 1), 278: (4, 1, 8), 279: (4, 1, 64)}, following=72
        ),
        "zip of zeros": archive_bomb(64),
        "gzip of 256 MiB": gzip.compress(bytes(256 * MEBIBYTE), 1),
    }  # fmt: skip


def _profile_parts(jpeg: bytes) -> bytes:
    for number in range(60, 0, -1):
        jpeg = with_segment(jpeg, 0xE2, b"ICC_PROFILE\x00" + bytes([number, 60]) + bytes(65000))
    return jpeg


def drawings() -> dict[str, bytes]:
    """Return SVG documents that ask for more than anybody should give, by what is wrong."""
    blur = '<filter id="f" x="-9e9" y="-9e9" width="9e10" height="9e10"><feGaussianBlur stdDeviation="{}"/></filter>'
    shape = '<rect width="200" height="100" filter="url(#f)"/>'
    return {
        "billion laughs": laughs(),
        "quadratic blowup": svg(
            f"<text>{'&a;' * 10_000}</text>", head=f'<!DOCTYPE svg [<!ENTITY a "{"x" * 100_000}">]>'
        ),
        "entity of itself": svg("<text>&a;</text>", head='<!DOCTYPE svg [<!ENTITY a "&b;"><!ENTITY b "&a;">]>'),
        "million pixels wide": svg("<rect/>", size='width="1000000" height="1000000"'),
        "1e30 wide": svg("<rect/>", size='width="1e30" height="1e30"'),
        "nan wide": svg("<rect/>", size='width="nan" height="-5"'),
        "no size at all": svg("<rect/>", size=""),
        "viewbox of 1e30": svg("<rect/>", size='viewBox="0 0 1e30 1e30"'),
        "nested groups": svg("<g>" * 20_000 + "</g>" * 20_000),
        "use of itself": svg('<g id="a"><use xlink:href="#a"/></g>'),
        "huge blur": svg(blur.format("1e9") + shape),
        "noise of many octaves": svg(
            '<filter id="f"><feTurbulence numOctaves="1000000000" baseFrequency="0.9"/></filter>' + shape
        ),
        "huge morphology": svg('<filter id="f"><feMorphology operator="dilate" radius="100000"/></filter>' + shape),
        "many filters": svg('<filter id="f">' + '<feGaussianBlur stdDeviation="90"/>' * 500 + "</filter>" + shape),
        "recursive pattern": svg(
            '<pattern id="p" width="1e-9" height="1e-9"><rect width="9" height="9" fill="url(#p)"/></pattern>'
            '<rect width="200" height="100" fill="url(#p)"/>'
        ),
        "cut off": svg("<g>" * 10)[:-20],
        "svgz bomb": gzip.compress(svg(" " * (200 * MEBIBYTE)), 1),
        "utf-7": svg("<rect/>").replace(b'version="1.0"', b'version="1.0" encoding="UTF-7"'),
        "utf-16": svg("<rect/>").decode().replace('"1.0"', '"1.0" encoding="UTF-16"').encode("utf-16"),
        "many attributes": svg(f"<rect {' '.join(f'a{n}={chr(34)}1{chr(34)}' for n in range(70_000))}/>"),
        "dashes without end": svg('<path d="M0 0 L1e9 1e9" stroke="red" stroke-dasharray="1e-6"/>'),
    }


def endless() -> dict[str, bytes]:
    """Return pictures that are within all limits and take a very long time, by what is wrong."""
    return {
        "jpeg of a thousand scans": many_scans(1000, 9000, 9000),
        "ten billion rectangles": svg_of_uses(11),
        "path of many points": svg(f'<path d="M0 0{" L9 9 L1 5" * 300_000}" stroke="red"/>'),
    }


def samples() -> dict[str, bytes]:
    """Return a good picture of every format that is read and can be made here."""
    return {
        "photo.jpg": photo(),
        "progressive.jpg": photo(interlace=True),
        "photo.png": photo(".png"),
        "interlaced.png": photo(".png", interlace=True),
        "photo.webp": photo(".webp"),
        "lossless.webp": photo(".webp", lossless=True),
        "photo.gif": photo(".gif"),
        "photo.tif": photo(".tif"),
        "deflated.tif": photo(".tif", compression="deflate"),
        "tiled.tif": photo(".tif", tile=True, compression="jpeg"),
        "photo.avif": photo(".avif", effort=1),
        "drawing.svg": svg('<rect width="200" height="100" fill="red"/>'),
    }
