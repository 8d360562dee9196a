"""What callers send and are shown of keys, plans and domains. JSON is camelCase."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from filemill_server.keys import Key
from filemill_server.plans.plan import Plan
from filemill_server.plans.standing import PolicyStanding, Standing

Moment = Annotated[datetime, Meta(tz=True)]


class LimitBody(Struct, frozen=True, kw_only=True, rename="camel"):
    """One limit of a plan: `limit` and `remaining` are null where there is none."""

    limit: Annotated[int, Meta(ge=0)] | None
    used: Annotated[int, Meta(ge=0, description="Null where it is not counted, since nothing limits it.")] | None
    remaining: Annotated[int, Meta(ge=0)] | None
    window_seconds: Annotated[int, Meta(ge=1)]
    resets_at: Annotated[Moment, Meta(description="Of the minute: when the oldest request leaves the last 60 seconds.")]

    @classmethod
    def of(cls, policy: PolicyStanding) -> LimitBody:
        """Show a limit."""
        return cls(
            limit=policy.limit,
            used=policy.used,
            remaining=policy.remaining,
            window_seconds=policy.window,
            resets_at=policy.resets_at,
        )


class UsageBody(Struct, frozen=True, kw_only=True, rename="camel"):
    """What is used of a key's plan, by all keys of its tenant together, and what the plan allows."""

    plan: str
    test: Annotated[bool, Meta(description="Test keys have counts of their own.")]
    minute: LimitBody
    day: LimitBody
    month: LimitBody
    credits: Annotated[int, Meta(ge=0)]
    concurrent_jobs: int | None
    max_file_bytes: int
    max_pixels: int
    allowed_domains: int

    @classmethod
    def of(cls, key: Key, plan: Plan, standing: Standing, *, max_file_bytes: int, max_pixels: int) -> UsageBody:
        """Show what is used and allowed."""
        return cls(
            plan=plan.name,
            test=key.test,
            minute=LimitBody.of(standing.minute),
            day=LimitBody.of(standing.day),
            month=LimitBody.of(standing.month),
            credits=standing.credits,
            concurrent_jobs=plan.concurrent_jobs,
            max_file_bytes=max_file_bytes,
            max_pixels=max_pixels,
            allowed_domains=plan.allowed_domains,
        )


class KeyRequest(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A key that is to be made."""

    name: Annotated[
        str, Meta(min_length=1, max_length=200, description="Who it is for; keys of one name share what they own.")
    ]
    plan: Annotated[str, Meta(max_length=64, description="Default: its dialect's own, else `enterprise`.")] | None = (
        None
    )
    dialect: Annotated[str, Meta(max_length=64, description="Default: the native API.")] | None = None
    prefix: Annotated[str, Meta(max_length=16, description="How the key begins, where its form is open.")] | None = None
    expires_at: Annotated[Moment, Meta(description="From when it no longer works.")] | None = None
    test: Annotated[bool, Meta(description="A test key, with counts of its own.")] = False
    signed: Annotated[bool, Meta(description="Every call with it needs a policy and its signature (Filestack).")] = (
        False
    )


class KeyBody(Struct, frozen=True, kw_only=True, rename="camel"):
    """A key without its secret."""

    key_id: str
    hint: Annotated[str, Meta(description="How it begins.")]
    name: str
    plan: str
    dialect: str | None
    test: bool
    admin: bool
    signed: bool
    created_at: Moment
    expires_at: Moment | None
    revoked_at: Moment | None

    @classmethod
    def of(cls, key: Key) -> KeyBody:
        """Show a key."""
        return cls(key_id=key.id, **{name: getattr(key, name) for name in cls.__struct_fields__ if name != "key_id"})


class NewKeyBody(Struct, frozen=True, kw_only=True, rename="camel"):
    """A key that was made. It can't be shown again."""

    key: str
    app_secret: Annotated[str, Meta(description="What signs policies, where the dialect has such.")] | None
    about: KeyBody


class KeyList(Struct, frozen=True, kw_only=True):
    """All keys, the oldest first, also those that no longer work."""

    keys: list[KeyBody]


class DomainList(Struct, frozen=True, kw_only=True, rename="camel"):
    """The source domains of a tenant, each with its subdomains, and how many there may be."""

    domains: list[str]
    allowed_domains: int
