"""Formats: recognised by content, found by names."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from filemill import Context, Data, ErrorCode, FilemillError, Limits, Picture, Text
from filemill.encoding import NO_WISH
from filemill.formats import JSON, SNIFF_BYTES, TEXT, FormatTable
from filemill.registry import Registry

in_one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)


@in_one_folder
@given(st.binary(max_size=60) | st.sampled_from([b"\xff\xd8\xff", b"\x89PNG", b"BM", b"{", b"[", b"\xef\xbb\xbf"]))
def test_any_bytes_have_a_format_or_a_typed_error(registry: Registry, tmp_path: Path, data: bytes) -> None:
    """NA-71: no content whatever makes sniffing fail in another way."""
    path = tmp_path / "any"
    path.write_bytes(data)
    try:
        assert registry.formats.sniff(path, "any").size == len(data)
    except FilemillError as error:
        assert error.code is (ErrorCode.UNSUPPORTED_MEDIA if data else ErrorCode.INVALID_FILE)


@in_one_folder
@given(st.text("aß語🦊\r\n", min_size=1, max_size=40), st.integers(0, 3))
def test_any_text_is_text_however_long(tmp_path: Path, text: str, shift: int) -> None:
    """A character that is cut at the end of what is looked at does no harm; line ends stay as they are."""
    path = tmp_path / "text"
    whole = "a" * shift + text * (SNIFF_BYTES // len(text.encode()) + 2)
    path.write_bytes(whole.encode())
    table = FormatTable([TEXT, JSON])
    file = table.sniff(path, "text")
    assert file.format == "text"
    context = Context(limits=Limits(), folder=tmp_path, formats=table)
    opened = context.open(file, Text)
    assert opened.text == whole
    assert TEXT.save is not None
    TEXT.save(opened, tmp_path / "saved", NO_WISH, context)
    assert (tmp_path / "saved").read_bytes() == whole.encode()


@pytest.mark.parametrize(
    ("data", "name"),
    [(b'{"a": 1}', "json"), (b"\n [1]", "json"), (b"hello", "text"), (b"a,b\n1,2", "text"), (b"\xff\xd8\xffx", "jpeg")],
)
def test_content_decides(registry: Registry, tmp_path: Path, data: bytes, name: str) -> None:
    """The name a file was sent under is not believed."""
    path = tmp_path / "file"
    path.write_bytes(data)
    assert registry.formats.sniff(path, "lie.gif").format == name


@pytest.mark.parametrize("data", [b"\x00\x01\x02", b"\xc3\x28 not UTF-8", b"text\x00", b"cut \xc3"])
def test_content_of_no_format_is_refused_with_those_that_are_read(
    registry: Registry, tmp_path: Path, data: bytes
) -> None:
    """NA-70: 415, and what would be right."""
    path = tmp_path / "file"
    path.write_bytes(data)
    with pytest.raises(FilemillError, match=r"'x\.txt'.*Known: bmp, jpeg, text") as error:
        registry.formats.sniff(path, "x.txt")
    assert error.value.code is ErrorCode.UNSUPPORTED_MEDIA


def test_text_that_ends_badly_is_refused_when_it_is_opened(registry: Registry, tmp_path: Path) -> None:
    """Only the beginning is sniffed: what is wrong later is `INVALID_FILE`."""
    path = tmp_path / "file"
    path.write_bytes(b"a" * SNIFF_BYTES + b"\xff")
    context = Context(limits=Limits(), folder=tmp_path, formats=registry.formats)
    with pytest.raises(FilemillError) as error:
        context.open(registry.formats.sniff(path, "x"), Text)
    assert error.value.code is ErrorCode.INVALID_FILE


def test_a_file_of_another_kind_is_refused(registry: Registry, jpeg: Path, tmp_path: Path) -> None:
    """NA-70: both the format and the kind that was needed are named."""
    context = Context(limits=Limits(), folder=tmp_path, formats=registry.formats)
    with pytest.raises(FilemillError, match=r"JPEG file \(Picture\); a Text is needed"):
        context.open(registry.formats.sniff(jpeg, "x.jpg"), Text)


def test_data_is_written_as_json(tmp_path: Path) -> None:
    """A measurement is a readable JSON file."""
    context = Context(limits=Limits(), folder=tmp_path, formats=FormatTable([TEXT, JSON]))
    assert JSON.save is not None
    JSON.save(Data({"a": [1, None]}), tmp_path / "out.json", NO_WISH, context)
    assert (tmp_path / "out.json").read_text() == '{\n  "a": [\n    1,\n    null\n  ]\n}\n'


def test_formats_are_found_by_name_extension_and_media_type(registry: Registry) -> None:
    """NA-11: in any case, with or without a dot."""
    table = registry.formats
    assert {found.name for name in ("jpeg", "JPG", ".jpeg") if (found := table.find(name))} == {"jpeg"}
    assert table.find("nope") is None
    assert (media := table.of_media_type("Image/JPEG")) is not None
    assert media.media_type == "image/jpeg"
    assert [form.name for form in table.written(Picture)] == ["jpeg", "png"]
