"""What every request may say beside its endpoint's own: source, output and metadata."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from filemill.errors import invalid
from filemill.sources import Source
from filemill_server.dialects.imgstax.fields import Fields
from filemill_server.messages import DEFAULT_TTL_SECONDS, MAX_TTL_SECONDS, MIN_TTL_SECONDS, OutputOptions

MAX_METADATA_BYTES = 4096
_SOURCES = ("url", "uploadId", "storageKey")


class Envelope(Struct, frozen=True, kw_only=True):
    """The input, what becomes of the result, and the caller's own values, which come back."""

    source: Source
    options: OutputOptions
    idempotency_key: str | None
    metadata: dict[str, object] | None


def read_envelope(fields: Fields) -> Envelope:
    """Read source, output and metadata.

    Raises:
        FilemillError: `INVALID_PARAMETER`.
    """
    output = fields.under("output") or Fields({})
    public = output.flag("public")
    return Envelope(
        source=_source(fields),
        options=OutputOptions(
            ttl_seconds=output.whole("ttlSeconds", MIN_TTL_SECONDS, MAX_TTL_SECONDS) or DEFAULT_TTL_SECONDS,
            public=True if public is None else public,
        ),
        idempotency_key=output.text("idempotencyKey", 255),
        metadata=_metadata(fields),
    )


def _source(fields: Fields) -> Source:
    given = fields.under("source")
    if given is None:
        raise invalid("/source", "source is missing; it holds one of url, uploadId and storageKey.")
    named = [name for name in _SOURCES if given.value(name) is not None]
    if len(named) != 1:
        said = " and ".join(named) if named else "none"
        raise invalid("/source", f"source must hold exactly one of url, uploadId and storageKey, not {said}.")
    return Source(
        url=given.text("url", 8192),
        upload_id=given.text("uploadId", 200),
        storage_key=given.text("storageKey", 1024),
    )


def _metadata(fields: Fields) -> dict[str, object] | None:
    given = fields.value("metadata")
    if given is None:
        return None
    if not isinstance(given, dict) or any(isinstance(value, (dict, list)) for value in given.values()):
        raise fields.wrong("metadata", "an object of strings, numbers, booleans and nulls")
    if (size := len(msgspec.json.encode(given))) > MAX_METADATA_BYTES:
        raise fields.wrong("metadata", f"at most {MAX_METADATA_BYTES} bytes of JSON, not {size}")
    return given
