"""`filemill doctor`: what works here, and what would make the rest work (NA-82)."""

from __future__ import annotations

import asyncio
import sys

import click

from filemill_server.cli.findings import Finding, State
from filemill_server.cli.installation import installed
from filemill_server.cli.machine import look_at_machine
from filemill_server.cli.trials import look_at_plugins, try_formats
from filemill_server.cli.upkeep import look_at_upkeep

_MARKS = {State.WORKS: ("ok    ", "green"), State.ABSENT: ("absent", "yellow"), State.FAILS: ("FAILS ", "red")}


@click.command()
def doctor() -> None:
    """Tell what is installed, what works, and what would make the rest work.

    Tries every format in a worker process, the data folder, the database and the storage. Changes
    nothing. Ends with exit code 1 where something fails that should work, 2 where settings are wrong.
    """
    installation = installed()
    findings: list[Finding] = []

    def tell(finding: Finding) -> None:
        findings.append(finding)
        mark, colour = _MARKS[finding.state]
        click.echo(f"{click.style(mark, fg=colour)}  {finding.subject:<24} {finding.detail}")
        if finding.hint:
            click.echo(f"{'':34}→ {finding.hint}")

    async def look() -> None:
        for finding in look_at_plugins(installation.registry):
            tell(finding)
        async for finding in try_formats(installation):
            tell(finding)
        async for finding in look_at_upkeep(installation):
            tell(finding)

    for finding in look_at_machine():
        tell(finding)
    asyncio.run(look())
    failed = sum(finding.state is State.FAILS for finding in findings)
    click.echo(f"\n{failed} failing." if failed else "\nEverything that is installed works.")
    sys.exit(1 if failed else 0)
