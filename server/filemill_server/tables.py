"""The tables of the database. Times are whole microseconds since 1970 in UTC, the same in every database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    false,
    text,
)

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
    Column("app_secret", Text, doc="Of a Filestack key: what signs its policies, sealed."),
    Column("signed", Boolean, nullable=False, server_default=false(), doc="Every call with it needs a signature."),
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
    Column("parent", String(64), doc="The batch it is a part of."),
    Column("position", Integer, nullable=False, doc="Among the parts of its batch, from 0."),
    Column("parts", Integer, nullable=False, doc="Of a batch: how many jobs it consists of."),
    Column("parts_left", Integer, nullable=False, doc="Of those, how many have not ended; it starts at 0."),
    Column("state", String(16), nullable=False, doc="queued, running, succeeded, failed or cancelled"),
    Column("urgency", Integer, nullable=False, doc="From 0, the first, to 7, the last (RFC 9218)."),
    Column("progress", Float, nullable=False, doc="From 0 to 1."),
    Column("step", Text, doc="What is being done, for people."),
    Column("request", Text, doc="JSON: what to do; gone with all it may hold when the job ends."),
    Column("result", Text, doc="JSON; only of a job that succeeded."),
    Column("error", Text, doc="JSON; only of a job that failed."),
    Column("webhook", Text, doc="URL that is told of the end."),
    Column("plan", String(64), doc="Of the key that asked for it; null: no plan limits it."),
    Column("announced", Boolean, nullable=False, doc="Whether its end is being told to the webhook."),
    Column("node", String(64), doc="The process that runs it, or ran it last."),
    Column("attempts", Integer, nullable=False, doc="How often a process began to run it."),
    Column("created_at", BigInteger, nullable=False),
    Column("started_at", BigInteger),
    Column("finished_at", BigInteger),
    Column("expires_at", BigInteger, doc="Null until it ends."),
    Index(None, "tenant", "created_at", "id"),
    Index(None, "tenant", "state", "created_at", "id"),
    Index(None, "tenant", "started_at"),
    Index(None, "parent", "position"),
    Index(None, "expires_at"),
)
# What waits and what runs is little beside what has ended, and is looked at all the time.
Index(
    "ix_jobs_waiting",
    jobs.c.tenant,
    jobs.c.urgency,
    jobs.c.created_at,
    sqlite_where=text("state = 'queued' AND parts_left = 0"),
    postgresql_where=text("state = 'queued' AND parts_left = 0"),
)
Index(
    "ix_jobs_running",
    jobs.c.tenant,
    jobs.c.node,
    sqlite_where=text("state = 'running'"),
    postgresql_where=text("state = 'running'"),
)

Index(
    "ix_jobs_unannounced",
    jobs.c.finished_at,
    sqlite_where=text("webhook IS NOT NULL AND announced = false AND finished_at IS NOT NULL"),
    postgresql_where=text("webhook IS NOT NULL AND announced = false AND finished_at IS NOT NULL"),
)

nodes: Final = Table(
    "nodes",
    metadata,
    Column("id", String(64), primary_key=True, doc="A process that runs jobs."),
    Column("seen_at", BigInteger, nullable=False, doc="By the clock of the database; 0: it said that it ends."),
)

webhook_secrets: Final = Table(
    "webhook_secrets",
    metadata,
    Column("tenant", String(200), primary_key=True),
    Column("secret", Text, nullable=False, doc="Sealed with the server's own secret."),
    Column("previous", Text, doc="The one before, sealed."),
    Column("previous_until", BigInteger, doc="Until when the one before signs too."),
    Column("created_at", BigInteger, nullable=False),
)

webhook_endpoints_disabled: Final = Table(
    "webhook_endpoints_disabled",
    metadata,
    Column("id", String(64), primary_key=True, doc="SHA-256 of tenant and URL, hexadecimal."),
    Column("tenant", String(200), nullable=False),
    Column("url", Text, nullable=False),
    Column("reason", Text, nullable=False, doc="For people."),
    Column("since", BigInteger, nullable=False),
    Index(None, "tenant", "since", "id"),
)

webhook_deliveries: Final = Table(
    "webhook_deliveries",
    metadata,
    Column("job_id", String(64), primary_key=True),
    Column("tenant", String(200), nullable=False),
    Column("url", Text, nullable=False),
    Column("body", LargeBinary, doc="As it is signed and sent; null when no attempt follows."),
    Column("status", String(16), nullable=False, doc="pending, delivered, exhausted, disabled or refused"),
    Column("detail", Text, nullable=False, doc="What came of the last attempt, for people."),
    Column("attempts", Integer, nullable=False),
    Column("last_attempt_at", BigInteger, nullable=False, doc="Before the first attempt: when it was written."),
    Column("next_attempt_at", BigInteger, doc="Null when no attempt follows."),
    Index(None, "last_attempt_at"),
)

app_webhooks: Final = Table(
    "app_webhooks",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("tenant", String(200), nullable=False),
    Column("url", Text, nullable=False),
    Column("secret", Text, nullable=False, doc="What signs its messages, sealed."),
    Column("created_at", BigInteger, nullable=False),
    Index(None, "tenant"),
)

app_events: Final = Table(
    "app_events",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False, doc="Of the event, for all who are told of it."),
    Column("webhook", String(32), primary_key=True),
    Column("tenant", String(200), nullable=False),
    Column("body", LargeBinary, doc="As it is signed and sent; null when no attempt follows."),
    Column("status", String(16), nullable=False, doc="pending, delivered, exhausted or refused"),
    Column("detail", Text, nullable=False, doc="What came of the last attempt, for people."),
    Column("attempts", Integer, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("due_at", BigInteger, doc="Of the next attempt; while one is made, when it counts as lost."),
    Index(None, "due_at"),
    Index(None, "changed_at"),
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

usage: Final = Table(
    "usage",
    metadata,
    Column("tenant", String(200), primary_key=True),
    Column("test", Boolean, primary_key=True, doc="Test keys have counts of their own."),
    Column("month", BigInteger, nullable=False, doc="When the month began that is counted."),
    Column("month_used", BigInteger, nullable=False),
    Column("day", BigInteger, nullable=False, doc="When the day began that is counted."),
    Column("day_used", BigInteger, nullable=False),
)

usage_minute: Final = Table(
    "usage_minute",
    metadata,
    Column("tenant", String(200), primary_key=True),
    Column("test", Boolean, primary_key=True),
    Column("at", BigInteger, primary_key=True, doc="Tenths of a second gather, so that a minute has 600 rows."),
    Column("units", BigInteger, nullable=False),
)

credit_balances: Final = Table(
    "credits",
    metadata,
    Column("tenant", String(200), primary_key=True),
    Column("balance", BigInteger, nullable=False),
)

domains: Final = Table(
    "domains",
    metadata,
    Column("tenant", String(200), primary_key=True),
    Column("domain", String(253), primary_key=True, doc="In ASCII, small letters; its subdomains are meant too."),
    Column("created_at", BigInteger, nullable=False),
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
