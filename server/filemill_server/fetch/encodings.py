"""Content codings of an answer. None is asked for, but some stores keep their files gzipped."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterable, AsyncIterator

from filemill_server.fetch.refusals import unreachable

_PIECE_BYTES = 1 << 16
_GZIP_WINDOW = 31  # zlib's number for "the largest window, with a gzip header"


def decoded(body: AsyncIterable[bytes], coding: str) -> AsyncIterable[bytes]:
    """Undo a content coding piece by piece, so that the reader can stop a bomb at its limit.

    Args:
        body: the body as it arrives.
        coding: the value of the `Content-Encoding` header, or an empty string.

    Raises:
        FilemillError: SOURCE_UNREACHABLE, for codings other than gzip, and for broken gzip.
    """
    match coding.strip().lower():
        case "" | "identity":
            return body
        case "gzip" | "x-gzip":
            return _gunzipped(body)
        case _:
            raise unreachable("The source answered with a content coding that was not asked for.")


async def _gunzipped(body: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    inflate = zlib.decompressobj(_GZIP_WINDOW)
    try:
        async for chunk in body:
            pending = chunk
            while pending and not inflate.unused_data:
                yield inflate.decompress(pending, _PIECE_BYTES)
                pending = inflate.unconsumed_tail
            # A second gzip member would be cut off without a word: what follows the first is refused.
            if inflate.unused_data:
                raise unreachable()
        yield inflate.flush()
    except zlib.error as error:
        raise unreachable() from error
    if not inflate.eof:
        raise unreachable()
