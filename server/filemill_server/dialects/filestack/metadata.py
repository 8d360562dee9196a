"""What is known of a stored file: `…/metadata`, in the File API and on the delivery host (FS-23…FS-27)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from filemill.errors import ErrorCode, FilemillError
from filemill.sources import Source
from filemill_server.assets import Asset
from filemill_server.dialects import work
from filemill_server.dialects.filestack.policies import Action, Use
from filemill_server.dialects.filestack.storing import Stored, stored_of, use_of
from filemill_server.doing import working_folder
from filemill_server.services import services_of
from filemill_server.wire import HttpRequest

_HASHES = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")
_SIDES = ("width", "height")
_PLAIN = ("filename", "mimetype", "size", "uploaded", "writeable")
_PLACE = ("location", "path", "container", "key")
_SELECTORS = (*_PLAIN, *_PLACE, *_SIDES, *_HASHES, "cloud", "source_url", "exif")
_NOT_PICTURES = (ErrorCode.INVALID_FILE, ErrorCode.UNSUPPORTED_MEDIA, ErrorCode.INVALID_PARAMETER)

Query = Iterable[tuple[str, str]]
"""The pairs of a query."""


def metadata_uses(asset: Asset, query: Query) -> Sequence[tuple[Use, bool]]:
    """Return what a request for metadata does to a file, and whether it needs a signature whatever its app says."""
    selected = _selected(query)
    exif = [(use_of(asset, Action.EXIF), True)]  # no policy covers it that does not name it (FS-26)
    stat = [(use_of(asset, Action.STAT), not asset.public)]
    return exif if selected == ["exif"] else stat + exif if "exif" in selected else stat


async def metadata_body(request: HttpRequest, asset: Asset, query: Query) -> dict[str, Any]:
    """Return what is known of a file: of what the query selects, or all that needs no look at its bytes.

    Args:
        request: who asks, and may.
        asset: the file.
        query: the pairs of the query; what is no selector is passed over.
    """
    stored = stored_of(asset)
    selected = _selected(query)
    known = {
        "filename": asset.filename,
        "mimetype": asset.media_type,
        "size": asset.size,
        "uploaded": _milliseconds(asset.created_at),
        "writeable": stored is not None,
    } | (_placed(stored) if stored else {})
    if not selected:
        return {name: known[name] for name in (*_PLAIN, *_PLACE) if name in known}
    if any(name in selected for name in ("exif", *_SIDES)):
        known |= await _picture(request, asset, exif="exif" in selected)
    known |= await _digests(request, asset, [name for name in _HASHES if name in selected])
    return {name: known.get(name) for name in selected}


def _selected(query: Query) -> Sequence[str]:
    asked = {name for name, value in query if value == "true"}
    return [name for name in _SELECTORS if name in asked]


def _placed(stored: Stored) -> dict[str, Any]:
    return {
        "location": stored.location,
        "cloud": stored.location,
        "path": stored.path,
        "container": stored.container,
        "key": stored.key,
        "source_url": stored.source_url,
    }


def _milliseconds(moment: datetime) -> float:
    return moment.timestamp() * 1000


async def _picture(request: HttpRequest, asset: Asset, *, exif: bool) -> Mapping[str, Any]:
    """Return width, height and EXIF of a picture; all null where the file is none."""
    if not exif and all(side in asset.facts for side in _SIDES):
        return asset.facts
    unknown = {"width": None, "height": None, "exif": None}
    if request.scope["state"].get("key") is None:  # a public asset of a tenant who has no app: nobody pays for a look
        return unknown
    step = {"op": "picture-info", "exif": exif, "gps": exif, "colours": 0, "hashes": False}
    try:
        look = work.steps(request, step)
        async with working_folder(services_of(request).work_folder) as folder:
            made = await work.run(request, folder, look, sources=[Source(asset_id=asset.id)])
    except FilemillError as error:
        if error.code in _NOT_PICTURES:
            return unknown
        raise
    found: Any = made.outputs[0].facts["data"]
    if found.get("gps"):
        found["exif"] = {**found["exif"], "gps": found["gps"]}
    return unknown | {name: found[name] for name in unknown if name in found}


async def _digests(request: HttpRequest, asset: Asset, names: Sequence[str]) -> Mapping[str, str]:
    """Return digests of a file's bytes, which are read where it is not the one that is known."""
    running = {name: hashlib.new(name, usedforsecurity=False) for name in names if name != "sha256"}
    if running:
        async for piece in services_of(request).storage.stream(asset.storage_name):
            for digest in running.values():
                digest.update(piece)
    known = {"sha256": asset.sha256} if "sha256" in names else {}
    return known | {name: digest.hexdigest() for name, digest in running.items()}
