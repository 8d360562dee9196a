"""The formats of archives, and that of files of any other content."""

from __future__ import annotations

from filemill import Context, File, Format
from filemill_archive import sniffing
from filemill_archive.kind import Archive


def _open(file: File, context: Context) -> Archive:
    from filemill_archive.opening import opened  # noqa: PLC0415 - libarchive only where work is done

    return opened(file, context)


BINARY = Format(
    name="binary",
    title="Any other file",
    media_types=("application/octet-stream",),
    extensions=("bin",),
    kind=File,
    sniff=lambda head: False,  # a file that is given stays refused where no format knows it
)
FORMATS = [
    Format(
        name="zip",
        title="ZIP",
        media_types=("application/zip", "application/x-zip-compressed"),
        extensions=("zip",),
        kind=Archive,
        sniff=sniffing.is_zip,
        open=_open,
        order=600,  # office documents are ZIPs
    ),
    Format(
        name="tar",
        title="tar",
        media_types=("application/x-tar",),
        extensions=("tar",),
        kind=Archive,
        sniff=sniffing.may_be_tar,
        look=sniffing.is_tar,
        open=_open,
    ),
    Format(
        name="tar-gz",
        title="tar, gzip",
        media_types=("application/gzip", "application/x-gzip", "application/x-gtar-compressed"),
        extensions=("tar.gz", "tgz"),
        kind=Archive,
        sniff=lambda head: head.startswith(b"\x1f\x8b\x08"),
        look=sniffing.holds_tar(sniffing.gzip),
        open=_open,
    ),
    Format(
        name="tar-bz2",
        title="tar, bzip2",
        media_types=("application/x-bzip2", "application/x-bzip"),
        extensions=("tar.bz2", "tbz2"),
        kind=Archive,
        sniff=lambda head: head.startswith(b"BZh") and head[4:10] == b"1AY&SY",
        look=sniffing.holds_tar(sniffing.bzip2),
        open=_open,
    ),
    Format(
        name="tar-xz",
        title="tar, xz",
        media_types=("application/x-xz",),
        extensions=("tar.xz", "txz"),
        kind=Archive,
        sniff=lambda head: head.startswith(b"\xfd7zXZ\0"),
        look=sniffing.holds_tar(sniffing.xz),
        open=_open,
    ),
    Format(
        name="tar-zst",
        title="tar, Zstandard",
        media_types=("application/zstd",),
        extensions=("tar.zst", "tzst"),
        kind=Archive,
        sniff=lambda head: head.startswith(b"\x28\xb5\x2f\xfd"),  # what it holds is seen when it is opened
        open=_open,
    ),
    Format(
        name="7z",
        title="7z",
        media_types=("application/x-7z-compressed",),
        extensions=("7z",),
        kind=Archive,
        sniff=sniffing.is_seven_zip,
        open=_open,
    ),
    BINARY,
]
