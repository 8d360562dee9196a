"""The names that fetched files get."""

from __future__ import annotations

import pytest

from filemill_server.names import file_name


@pytest.mark.parametrize(
    ("disposition", "path", "name"),
    [
        (None, "/", None),
        (None, "/..%2f..%2fetc%2fpasswd", "passwd"),
        (None, "/a/%E2%80%AEgpj.exe", "gpj.exe"),
        ('attachment; filename="a \\"b\\".pdf"', "/x", "a b.pdf"),
        ("inline; FileName = plain.png ; size=3", "/x", "plain.png"),
        ("attachment; filename=fall.txt; filename*=UTF-8''%E2%82%AC%20.txt", "/x", "€ .txt"),
        ("attachment; filename*=iso-8859-1'en'%A3.txt; filename=a", "/x", "£.txt"),
        ("attachment; filename*=idna''%ff.txt", "/x", "\ufffd.txt"),
        ("attachment; filename*0=a; filename*=b; filename*1=c", "/x", "x"),
        ('attachment; filename="C:\\dir\\a.png"', "/x", "a.png"),
        ('attachment; filename="../../a.png"', "/x", "a.png"),
        ("attachment; filename*=UTF-8''%2e%2e%2fa%00%0d%0ab.png", "/x", "ab.png"),
        ('attachment; filename=".."', "/x.png", "x.png"),
        ('attachment; filename="ünï.png"', "/x", "ünï.png"),
        (f"attachment; filename={'é' * 300}.jpeg", "/x", "é" * 117 + ".jpeg"),
        (f"attachment; filename={'n' * 300}", "/x", "n" * 200),
        (f"attachment; {'filename=;' * 1000}", "/x", "x"),
    ],
)
def test_name(disposition: str | None, path: str, name: str | None) -> None:
    """The name comes from the header or else the path, without folders and deceiving characters."""
    assert file_name(disposition, path) == name
