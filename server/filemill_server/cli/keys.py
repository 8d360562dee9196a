"""`filemill keys`: make, list and revoke keys of the API (NA-60)."""

from __future__ import annotations

import sys
from datetime import datetime

import click

from filemill_server.cli.app_webhooks import webhooks
from filemill_server.cli.moments import Moment
from filemill_server.cli.stored import with_database
from filemill_server.cli.tables import show_table
from filemill_server.cli.tenants import domains, tenant_credits
from filemill_server.database import Database
from filemill_server.keys import Key, Keys
from filemill_server.plans.declared import load_plans
from filemill_server.settings import Settings, server_secret
from filemill_server.webhooks.sealing import Purpose, Sealer
from filemill_server.webhooks.tenant_secrets import TenantSecret, TenantSecrets


@click.group()
def keys() -> None:
    """Make, list and revoke keys of the API. Works beside a running server."""


keys.add_command(domains)
keys.add_command(tenant_credits)
keys.add_command(webhooks)


@keys.command("create")
@click.option("--name", required=True, help="Who it is for; keys of one name share what they own.")
@click.option("--plan", help="Its plan; default: its dialect's own, else enterprise.")
@click.option("--dialect", help="The dialect it is for; default: the native API.")
@click.option("--prefix", help="How the key begins, where its dialect leaves that open; default: fm.")
@click.option("--expires", "expires_at", type=Moment(), help="When it ends: 2030-01-31, 12h, 90d, 4w.")
@click.option("--test", is_flag=True, help="A test key, with counters of its own.")
@click.option("--admin", is_flag=True, help="It may make, list and revoke keys by /v1/keys.")
@click.option("--signed", is_flag=True, help="Every call with it needs a policy and its signature (Filestack).")
def create_key(
    name: str,
    plan: str | None,
    dialect: str | None,
    prefix: str,
    expires_at: datetime | None,
    test: bool,
    admin: bool,
    signed: bool,
) -> None:
    """Make a key and print it on standard output. It can't be shown again."""

    async def create(database: Database, settings: Settings) -> tuple[Key, str, str | None]:
        own = server_secret(settings)
        sealer = Sealer(own.current, Purpose.APP, own.previous)
        kept = Keys(database, load_plans(settings.plans_file), sealer)
        key, secret = await kept.create(
            name=name,
            plan=plan,
            dialect=dialect,
            prefix=prefix,
            expires_at=expires_at,
            test=test,
            admin=admin,
            signed=signed,
        )
        return key, secret, kept.app_secret(key)

    key, secret, app_secret = with_database(create)
    click.echo(f"Key {key.id} for {key.name!r}, plan {key.plan}; it is shown only now:", err=True)
    click.echo(secret)
    if app_secret is not None:
        click.echo("Its app secret, which signs policies; it is shown only now as well:", err=True)
        click.echo(app_secret)


@keys.command("list")
def list_keys() -> None:
    """List all keys, without their secrets."""
    rows = [
        [
            key.id,
            f"{key.hint}…",
            key.name,
            key.plan,
            key.dialect or "native",
            _state(key),
            f"{key.created_at:%Y-%m-%d}",
            f"{key.expires_at:%Y-%m-%d %H:%M}" if key.expires_at else "never",
        ]
        for key in with_database(lambda database, _: Keys(database).list())
    ]
    show_table(["Id", "Key", "Name", "Plan", "Dialect", "State", "Made", "Expires"], rows)


@keys.command("revoke")
@click.argument("key_id", metavar="ID")
def revoke_key(key_id: str) -> None:
    """End a key: a running server refuses it within a second."""
    key = with_database(lambda database, _: Keys(database).revoke(key_id))
    if key is None:
        click.echo(f"Error: There is no key {key_id!r}; `filemill keys list` shows all.", err=True)
        sys.exit(1)
    click.echo(f"Key {key.id} of {key.name!r} is revoked.", err=True)


@keys.command("webhook-secret")
@click.option("--name", required=True, help="Whose: the name of their keys.")
@click.option("--rotate", is_flag=True, help="Make a new one; the one before signs beside it for 24 hours.")
def webhook_secret(name: str, rotate: bool) -> None:
    """Print what signs the webhooks of a key's owner on standard output; the first time it is made."""

    async def secret(database: Database, settings: Settings) -> TenantSecret | None:
        tenant = next((key.tenant for key in await Keys(database).list() if key.name == name), None)
        if tenant is None:
            return None
        own = server_secret(settings)
        secrets = TenantSecrets(database, Sealer(own.current, previous=own.previous))
        return await (secrets.rotate(tenant) if rotate else secrets.get(tenant))

    found = with_database(secret)
    if found is None:
        click.echo(f"Error: There is no key of {name!r}; `filemill keys list` shows all.", err=True)
        sys.exit(1)
    click.echo(found.secret)


def _state(key: Key) -> str:
    state = "revoked" if key.revoked_at else "works" if key.works else "expired"
    return ", ".join([state, *(["test"] if key.test else []), *(["admin"] if key.admin else [])])
