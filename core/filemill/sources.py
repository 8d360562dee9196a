"""Where an input comes from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import msgspec
from msgspec import Meta, Struct


class Source(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True, omit_defaults=True):
    """Where an input comes from: exactly one of the fields (`headers` goes with `url`)."""

    url: Annotated[str, Meta(max_length=8192, description="An http or https URL to fetch.")] | None = None
    upload_id: Annotated[str, Meta(max_length=200, description="An earlier upload.")] | None = None
    asset_id: Annotated[str, Meta(max_length=200, description="An earlier result.")] | None = None
    storage_key: Annotated[str, Meta(max_length=1024, description="A file in the server's source storage.")] | None = (
        None
    )
    base64: Annotated[str, Meta(description="The file itself, in base64 or as a data URL.")] | None = None
    headers: (
        Annotated[
            dict[str, Annotated[str, Meta(max_length=8192)]],
            Meta(max_length=32, description="Headers to send with the fetch of `url`."),
        ]
        | None
    ) = None

    def __post_init__(self) -> None:
        given = [name for name in SOURCE_FIELDS if getattr(self, name) is not None]
        if len(given) != 1:
            said = " and ".join(given) if given else "none"
            raise ValueError(
                f"a source has exactly one of url, uploadId, assetId, storageKey and base64; given: {said}"
            )
        if self.headers is not None and self.url is None:
            raise ValueError("headers go with a url source only")

    @property
    def key(self) -> str:
        """What tells this source from every other in a task."""
        return msgspec.json.encode(self).decode()


SOURCE_FIELDS = ("url", "upload_id", "asset_id", "storage_key", "base64")


def sources_in(value: object, pointer: str = "") -> Iterator[tuple[str, Source]]:
    """Walk a struct, list or dict and give every source in it with its JSON pointer."""
    if isinstance(value, Source):
        yield pointer, value
    elif isinstance(value, Struct):
        for name, wire in zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True):
            yield from sources_in(getattr(value, name), f"{pointer}/{wire}")
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from sources_in(item, f"{pointer}/{index}")
