"""`filemill sign`: URLs that work without a key until a moment."""

from __future__ import annotations

import sys
from datetime import datetime
from math import ceil

import click

from filemill_server.assets import Asset, Assets
from filemill_server.cli.moments import Moment
from filemill_server.cli.stored import with_database
from filemill_server.database import Database
from filemill_server.keys import Key, Keys
from filemill_server.links import signed_asset_url, signed_upload_url
from filemill_server.settings import Settings, server_secret
from filemill_server.signing import Signer
from filemill_server.storage import Storage

_expires = click.option(
    "--expires", type=Moment(), default="1h", show_default=True, help="When it ends: 2030-01-31, 12h, 90d, 4w."
)


@click.group()
def sign() -> None:
    """Sign URLs that work without a key until a moment.

    Their origin is FILEMILL_PUBLIC_URL, else the address that the server listens on. Who has the URL may do what it is
    for. It ends before its time where the asset is deleted, the key is revoked, or the server's secret changes twice.
    """


@sign.command("asset")
@click.argument("asset_id", metavar="ID")
@_expires
def sign_asset(asset_id: str, expires: datetime) -> None:
    """Print a URL that gives the bytes of an asset."""

    async def signed(database: Database, settings: Settings) -> tuple[Asset | None, str]:
        storage = Storage.open(settings.storage_url, settings.storage_folder)
        asset = await Assets(database, storage).get(asset_id)
        return asset, signed_asset_url(_signer(settings), _base(settings), asset_id, _seconds(expires))

    asset, url = with_database(signed)
    if asset is None:
        click.echo(f"Error: There is no asset {asset_id!r}, or it has expired.", err=True)
        sys.exit(1)
    if asset.expires_at is not None and asset.expires_at < expires:
        click.echo(f"The asset itself ends at {asset.expires_at:%Y-%m-%d %H:%M} UTC, and the URL with it.", err=True)
    click.echo(url)


@sign.command("upload")
@click.argument("key_id", metavar="KEY_ID")
@_expires
def sign_upload(key_id: str, expires: datetime) -> None:
    """Print a URL to which files are sent on behalf of a key: its tenant's uploads, within its plan."""

    async def signed(database: Database, settings: Settings) -> tuple[Key | None, str]:
        key = await Keys(database).get(key_id)
        return key, signed_upload_url(_signer(settings), _base(settings), key_id, _seconds(expires))

    key, url = with_database(signed)
    if key is None or key.dialect is not None:
        click.echo(f"Error: No key {key_id!r} of the native API works; `filemill keys list` shows all.", err=True)
        sys.exit(1)
    if key.expires_at is not None and key.expires_at < expires:
        click.echo(f"The key itself ends at {key.expires_at:%Y-%m-%d %H:%M} UTC, and the URL with it.", err=True)
    click.echo(url)


def _signer(settings: Settings) -> Signer:
    secret = server_secret(settings)
    return Signer(secret.current, secret.previous)


def _seconds(expires: datetime) -> int:
    """Return a moment to come as Unix seconds: a part of a second counts, for what is left of it would be nothing."""
    return ceil(expires.timestamp())


def _base(settings: Settings) -> str:
    """Return what paths of the native API are put after; beside dialects at the root it always answers there."""
    origin = settings.public_url or f"http://{settings.host}:{settings.port}"
    return origin.rstrip("/") + ("/native" if settings.root_dialects else "")
