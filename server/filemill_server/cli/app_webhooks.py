"""`filemill keys webhooks`: which URLs are told of the files of Filestack apps."""

from __future__ import annotations

import sys

import click

from filemill_server.cli.stored import with_database
from filemill_server.cli.tables import show_table
from filemill_server.database import Database
from filemill_server.settings import Settings, server_secret
from filemill_server.webhooks.app_webhooks import AppWebhooks
from filemill_server.webhooks.delivery import DeliveryPolicy, target
from filemill_server.webhooks.sealing import Sealer

_tenant = click.option("--tenant", required=True, help="Whose files: the name of their keys.")


@click.group()
def webhooks() -> None:
    """List, add and remove the URLs that are told when a tenant's Filestack files come, change and go."""


@webhooks.command("list")
@_tenant
def list_webhooks(tenant: str) -> None:
    """Show a tenant's webhooks."""
    found = with_database(lambda database, settings: _webhooks(database, settings).of(tenant))
    show_table(["id", "url", "created"], [[one.id, one.url, f"{one.created_at:%Y-%m-%d}"] for one in found])


@webhooks.command("add")
@_tenant
@click.argument("url")
def add_webhook(tenant: str, url: str) -> None:
    """Tell a URL of all that happens from now on; print its secret, which can't be shown again."""

    async def add(database: Database, settings: Settings) -> tuple[str, str]:
        target(url, DeliveryPolicy.of(settings))
        return await _webhooks(database, settings).add(tenant, url)

    made, secret = with_database(add)
    click.echo(f"Webhook {made} of {tenant!r}. Its secret signs what it is sent:", err=True)
    click.echo(secret)


@webhooks.command("remove")
@_tenant
@click.argument("webhook")
def remove_webhook(tenant: str, webhook: str) -> None:
    """Tell a webhook, by its id, nothing more."""
    if not with_database(lambda database, settings: _webhooks(database, settings).remove(tenant, webhook)):
        click.echo(f"Error: {tenant!r} has no such webhook.", err=True)
        sys.exit(1)


def _webhooks(database: Database, settings: Settings) -> AppWebhooks:
    secret = server_secret(settings)
    return AppWebhooks(database, Sealer(secret.current, previous=secret.previous))
