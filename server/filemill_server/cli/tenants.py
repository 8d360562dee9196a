"""`filemill keys domains` and `filemill keys credits`: what belongs to all keys of a tenant."""

from __future__ import annotations

import sys

import click

from filemill_server.cli.stored import with_database
from filemill_server.database import Database
from filemill_server.keys import Keys
from filemill_server.plans.declared import load_plans
from filemill_server.plans.domains import Domains
from filemill_server.plans.plan import Plan
from filemill_server.plans.usage import Usage
from filemill_server.settings import Settings

_tenant = click.option("--tenant", required=True, help="Whose: the name of their keys.")
_domain = click.argument("domain")


@click.group()
def domains() -> None:
    """List, allow and remove the source domains of a tenant."""


@domains.command("list")
@_tenant
def list_domains(tenant: str) -> None:
    """Print the domains that a tenant's sources may come from."""
    for name in with_database(lambda database, _: Domains(database).of(tenant)):
        click.echo(name)


@domains.command("add")
@_tenant
@_domain
def add_domain(tenant: str, domain: str) -> None:
    """Allow a domain and its subdomains."""

    async def add(database: Database, settings: Settings) -> str:
        return await Domains(database).add(tenant, domain, await _plan(database, settings, tenant))

    click.echo(f"Sources of {tenant!r} may come from {with_database(add)}.", err=True)


@domains.command("remove")
@_tenant
@_domain
def remove_domain(tenant: str, domain: str) -> None:
    """Allow a domain no more."""
    if not with_database(lambda database, _: Domains(database).remove(tenant, domain)):
        click.echo(f"Error: {tenant!r} has no such domain.", err=True)
        sys.exit(1)


@click.command("credits")
@_tenant
@click.option(
    "--add", "units", type=click.IntRange(-(10**12), 10**12), required=True, help="How many; negative: fewer."
)
def tenant_credits(tenant: str, units: int) -> None:
    """Give a tenant credits, and print how many it has. They pay where the month's allowance is used up."""

    async def add(database: Database, settings: Settings) -> int:
        await _plan(database, settings, tenant)
        return await Usage(database, load_plans(settings.plans_file)).add_credits(tenant, units)

    click.echo(with_database(add))


async def _plan(database: Database, settings: Settings, tenant: str) -> Plan:
    """Return the plan of a tenant's keys that allows most domains.

    Raises:
        ValueError: the tenant has no key that works.
    """
    plans = load_plans(settings.plans_file).by_name
    found = [
        plans[key.plan]
        for key in await Keys(database).list()
        if key.tenant == tenant and key.works and key.plan in plans
    ]
    if not found:
        raise ValueError(f"{tenant!r} has no key that works; `filemill keys list` shows all")
    return max(found, key=lambda plan: plan.allowed_domains)
