"""The form of a storage URL; apart from the stores, so that settings are read before anything long is imported."""

from __future__ import annotations

from urllib.parse import urlsplit

SCHEMES = ("file", "s3", "gs", "az", "memory")


def check_url(url: str) -> None:
    """Check the form of a storage URL, without opening it.

    Raises:
        ValueError: it is of no known store.
    """
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES:
        raise ValueError(f"a storage URL starts with one of {', '.join(f'{scheme}://' for scheme in SCHEMES)}")
    if parts.scheme == "file" and (parts.netloc or not parts.path.startswith("/")):
        raise ValueError("a file URL has three slashes and an absolute path: file:///srv/files")
    if parts.scheme in ("s3", "gs", "az") and not parts.netloc:
        raise ValueError(f"the bucket is missing: {parts.scheme}://BUCKET/PREFIX")
