"""The tables of the database. Times are whole microseconds since 1970 in UTC, the same in every database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, LargeBinary, MetaData, String, Table, Text

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

installation: Final = Table(
    "installation",
    metadata,
    Column("id", String(32), primary_key=True, doc="Made once; the folder of this database's bytes in a store."),
)

keys: Final = Table(
    "keys",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("hash", String(64), nullable=False, unique=True, doc="SHA-256 of the secret, hexadecimal."),
    Column("hint", String(64), nullable=False, doc="The secret's beginning, to tell keys apart."),
    Column("name", String(200), nullable=False),
    Column("tenant", String(200), nullable=False),
    Column("plan", String(64), nullable=False),
    Column("dialect", String(64)),
    Column("test", Boolean, nullable=False),
    Column("admin", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Column("revoked_at", BigInteger),
)

files: Final = Table(
    "files",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("kind", String(16), nullable=False, doc="asset or upload"),
    Column("tenant", String(200), nullable=False),
    Column("storage_name", String(200), nullable=False, unique=True),
    Column("filename", Text, nullable=False),
    Column("format", String(64), nullable=False),
    Column("media_type", String(255), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("facts", Text, nullable=False, doc="JSON"),
    Column("public", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("modified_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, doc="Null: kept until deleted."),
    Index(None, "tenant", "kind", "created_at", "id"),
    Index(None, "expires_at"),
)

idempotency: Final = Table(
    "idempotency",
    metadata,
    Column("scope", String(64), primary_key=True, doc="SHA-256 of tenant, method, path and key."),
    Column("fingerprint", String(64), nullable=False),
    Column("holder", String(64), nullable=False, doc="The server process that works on it."),
    Column("status", Integer, doc="Null: still running."),
    Column("headers", Text),
    Column("body", LargeBinary),
    Column("asset_id", String(64)),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index(None, "expires_at"),
)

jobs: Final = Table(
    "jobs",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("tenant", String(200), nullable=False),
    Column("state", String(16), nullable=False, doc="queued, running, succeeded, failed or cancelled"),
    Column("progress", Float, nullable=False, doc="From 0 to 1."),
    Column("step", Text, doc="What is being done, for people."),
    Column("request", Text, nullable=False, doc="JSON: what to do."),
    Column("result", Text, doc="JSON; only of a job that succeeded."),
    Column("error", Text, doc="JSON; only of a job that failed."),
    Column("created_at", BigInteger, nullable=False),
    Column("started_at", BigInteger),
    Column("finished_at", BigInteger),
    Index(None, "tenant", "created_at", "id"),
)

partial_uploads: Final = Table(
    "partial_uploads",
    metadata,
    Column("id", String(64), primary_key=True, doc="Also of the upload that it becomes."),
    Column("tenant", String(200), nullable=False),
    Column("filename", Text, nullable=False),
    Column("metadata", Text, doc="`Upload-Metadata` as it came."),
    Column("length", BigInteger, doc="Null: not yet known."),
    Column("offset", BigInteger, nullable=False),
    Column("complete", Boolean, nullable=False, doc="True: it is an upload now."),
    Column("holder", String(64), doc="The request that works on it: its process, a colon, its own token."),
    Column("held_until", BigInteger, nullable=False, doc="Then a holder counts as dead."),
    Column("wanted", Boolean, nullable=False, doc="True: another request waits for the holder to let go."),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index(None, "expires_at"),
)

upload_pieces: Final = Table(
    "upload_pieces",
    metadata,
    Column("upload_id", String(64), primary_key=True),
    Column("start", BigInteger, primary_key=True, doc="Offset of its first byte."),
    Column("size", BigInteger, nullable=False),
    Column("level", Integer, nullable=False, doc="How many times its bytes were put together from smaller pieces."),
    Column("storage_name", String(200), nullable=False, unique=True),
)

_MICROSECONDS = 1_000_000


def to_stored(moment: datetime) -> int:
    """Return an aware moment as it is stored."""
    # Integers all the way: a float loses microseconds.
    delta = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * _MICROSECONDS + delta.microseconds


def from_stored(stored: int) -> datetime:
    """Return a stored time as a UTC moment, down to the whole second."""
    return datetime.fromtimestamp(stored // _MICROSECONDS, UTC)
