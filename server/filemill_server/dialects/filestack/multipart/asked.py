"""What the calls of a multipart upload say, as JSON or as a form with flat names (FS-101)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from filemill.faults import unknown
from filemill_server.bodies.body import media_type
from filemill_server.dialects.bodies import read_multipart, read_object
from filemill_server.dialects.filestack.base64_text import decode_base64
from filemill_server.dialects.filestack.request import Security, unreadable
from filemill_server.dialects.filestack.tasks.endings import LOCATIONS
from filemill_server.doing import working_folder
from filemill_server.services import services_of
from filemill_server.wire import HttpRequest

MAX_PARTS = 10_000
MAX_PART_BYTES = 5 << 30
_MAX_JSON_BYTES = 4 << 20
"""Of a body that names ten thousand parts, with room for what else it says."""
_MAX_DUMMY_BYTES = 64 << 10
"""Of the part `files`, which some clients send along (FS-101)."""
_STORE = "store_"
_MAX_TAGS, _MAX_TAG, _MAX_TAG_TEXT = 10, 128, 256

_PLAIN = r"\A[^\x00-\x1f\x7f]*\Z"
_Name = Annotated[str, Meta(max_length=1024, pattern=_PLAIN)]
_Word = Annotated[str, Meta(max_length=256, pattern=_PLAIN)]


class StoreAsked(Struct, frozen=True, omit_defaults=True):
    """Where a file is to be kept, as the service has it."""

    location: _Word | None = None
    path: _Name | None = None
    region: _Word | None = None
    container: _Word | None = None
    access: _Word | None = None

    def __post_init__(self) -> None:
        """Refuse a location that is none."""
        if self.location is not None and self.location.lower() not in LOCATIONS:
            raise ValueError(unknown(self.location, LOCATIONS, "location"))


class PartNamed(Struct, frozen=True):
    """A part that the client says it has sent; the ETag may stand in its quotes."""

    part_number: Annotated[int, Meta(ge=1, le=MAX_PARTS)]
    etag: _Word


class Asked(Struct, frozen=True, kw_only=True):
    """One call. What its client did not send, or sent empty, is None.

    Fields:
        apikey: who uploads.
        filename, mimetype, size: of the whole file, at the start and at the end; of the part in between.
        store: where it is to be kept.
        policy, signature: what permits the start.
        fii: whether parts come in chunks; `multipart` is what forms call it.
        upload_id: what the start gave.
        part, offset: what is sent next.
        md5: of that, base64.
        parts: what was sent; a form has it as `1:etag;2:etag`.
        upload_tags: the client's own; they come back.
    """

    apikey: _Word | None = None
    filename: _Name | None = None
    mimetype: _Word | None = None
    size: Annotated[int, Meta(ge=0)] | None = None
    store: StoreAsked = StoreAsked()
    policy: str | None = None
    signature: str | None = None
    fii: bool | None = None
    multipart: bool | None = None
    upload_id: str | None = None
    part: Annotated[int, Meta(ge=1, le=MAX_PARTS)] | None = None
    offset: Annotated[int, Meta(ge=0)] | None = None
    md5: _Word | None = None
    parts: str | Annotated[list[PartNamed], Meta(max_length=MAX_PARTS)] | None = None
    upload_tags: Any = None

    @property
    def intelligent(self) -> bool:
        """Whether parts come in chunks."""
        return bool(self.fii or self.multipart)

    @property
    def security(self) -> Security | None:
        """The policy and its signature, where either was sent."""
        if self.policy is None and self.signature is None:
            return None
        return Security(self.policy or "", self.signature or "")

    @property
    def digest(self) -> str | None:
        """The MD5, hexadecimal.

        Raises:
            FilemillError: `BAD_REQUEST` where it is none.
        """
        return None if self.md5 is None else read_md5(self.md5, "'md5'")

    def named(self) -> Mapping[int, str] | None:
        """Return the ETags of the parts that the client names, without quotes; None where it names none.

        Raises:
            FilemillError: `BAD_REQUEST` where they can't be read.
        """
        if self.parts is None:
            return None
        parts = _parts_of(self.parts) if isinstance(self.parts, str) else self.parts
        return {part.part_number: part.etag.strip().strip('"') for part in parts}

    def tags(self) -> Any:
        """Return the client's own words, as they were sent (FS-113).

        Raises:
            FilemillError: `BAD_REQUEST` for too many or too long ones.
        """
        tags = self.upload_tags
        if tags is None:
            return None
        if not isinstance(tags, dict | list):
            raise unreadable("'upload_tags' is an object, or a list.")
        pairs = tags.items() if isinstance(tags, dict) else [("", tag) for tag in tags]
        if len(tags) > _MAX_TAGS:
            raise unreadable(f"'upload_tags' has {len(tags)} members; {_MAX_TAGS} are allowed.")
        if any(len(name) > _MAX_TAG or not isinstance(tag, str) or len(tag) > _MAX_TAG_TEXT for name, tag in pairs):
            raise unreadable(
                f"A name in 'upload_tags' has {_MAX_TAG} characters at most, and a value is a text of {_MAX_TAG_TEXT}"
                " at most."
            )
        return tags


async def read_asked(request: HttpRequest) -> Asked:
    """Read the body of a call.

    Raises:
        FilemillError: `BAD_REQUEST` where it can't be read, `FILE_TOO_LARGE`.
    """
    if media_type(request) == "multipart/form-data":
        async with working_folder(services_of(request).work_folder) as folder:
            plain: Mapping[str, Any] = (await read_multipart(request, folder, _MAX_DUMMY_BYTES)).texts
    else:
        plain = await read_object(request, _MAX_JSON_BYTES)
    try:
        return msgspec.convert(_nested(plain), Asked, strict=False)
    except msgspec.ValidationError as error:
        raise unreadable(f"The body is not right: {error}.") from None


def read_md5(text: str, what: str) -> str:
    """Read the base64 of an MD5, and return it in hexadecimal.

    Raises:
        FilemillError: `BAD_REQUEST`.
    """
    raw = decode_base64(text, what)
    if len(raw) != 16:
        raise unreadable(f"{what} is the base64 of 16 bytes, an MD5; this one is of {len(raw)}.")
    return raw.hex()


def _nested(plain: Mapping[str, Any]) -> dict[str, Any]:
    """Bring the names of forms under `store`, and leave out what is empty."""
    found: dict[str, Any] = {}
    store: dict[str, Any] = {}
    for name, value in plain.items():
        if value is None or value == "":
            continue
        lower = name.lower()
        if lower == "store" and isinstance(value, dict):
            store |= {key.lower(): item for key, item in value.items() if item not in (None, "")}
        elif lower.startswith(_STORE):
            store[lower.removeprefix(_STORE)] = value
        else:
            found[lower] = value
    if isinstance(tags := found.get("upload_tags"), str):
        try:
            found["upload_tags"] = msgspec.json.decode(tags)
        except (msgspec.DecodeError, RecursionError):
            raise unreadable("'upload_tags' in a form is JSON.") from None
    return found | {"store": store} if store else found


def _parts_of(text: str) -> list[PartNamed]:
    pairs = [pair.partition(":") for pair in text.split(";") if pair]
    if len(pairs) > MAX_PARTS:
        raise unreadable(f"'parts' names {len(pairs)} parts; {MAX_PARTS} are allowed.")
    try:
        plain = [{"part_number": number, "etag": etag} for number, _, etag in pairs]
        return msgspec.convert(plain, list[PartNamed], strict=False)
    except msgspec.ValidationError as error:
        raise unreadable(f"'parts' in a form is like 1:etag;2:etag: {error}.") from None
