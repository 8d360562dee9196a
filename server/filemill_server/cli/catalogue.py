"""`filemill operations` and `filemill formats`: what this installation can do."""

from __future__ import annotations

import click

from filemill_server.cli.installation import installed
from filemill_server.cli.refusals import refusing
from filemill_server.cli.tables import show_json, show_table
from filemill_server.discovery import (
    Conversion,
    MissingConversion,
    OperationBody,
    conversions_of,
    format_named,
    formats_body,
    operation_body,
    operations_body,
)
from filemill_server.parameter_rows import parameter_rows


@click.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print what GET /v1/operations answers.")
def operations(name: str | None, as_json: bool) -> None:
    """List all operations with what they take and give, or describe one with its parameters."""
    registry = installed().registry
    if name is None:
        body = operations_body(registry)
        if as_json:
            show_json(body)
        else:
            show_table(
                ["Operation", "Takes → gives", "Plugin", "What it does"],
                [[one.name, _shape(one), one.plugin.name, _summary(one)] for one in body.operations],
            )
        return
    with refusing():
        one = operation_body(registry, name)
    if as_json:
        show_json(one)
    else:
        _describe(one)


@click.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print what GET /v1/formats answers.")
def formats(name: str | None, as_json: bool) -> None:
    """List all formats and whether they are read and written; of one, what it becomes and what becomes it."""
    registry = installed().registry
    body = formats_body(registry)
    if name is not None:
        with refusing():
            _show_conversions(conversions_of(body, format_named(registry, name)), as_json=as_json)
        return
    if as_json:
        show_json(body)
        return
    show_table(
        ["Format", "Title", "Kind", "Read", "Written", "Extensions", "Plugin"],
        [
            [
                form.name,
                form.title,
                form.kind,
                "read" if form.reads else "-",
                "written" if form.writes else "-",
                " ".join(form.extensions),
                form.plugin,
            ]
            for form in body.formats
        ],
    )


def _show_conversions(found: tuple[list[Conversion], list[Conversion]], *, as_json: bool) -> None:
    becomes, comes_of = found
    if as_json:
        show_json({"becomes": becomes, "comesOf": comes_of})
        return
    for title, ways in (("It becomes", becomes), ("It comes of", comes_of)):
        click.echo(f"{title}:" if ways else f"{title}: nothing.")
        if ways:
            show_table(["From", "To", "By way of", "By", "Loses", ""], [_way_row(way) for way in ways])


def _way_row(way: Conversion) -> list[str]:
    needs = f"unavailable: {way.reason} {way.hint}" if isinstance(way, MissingConversion) else ""
    by_way_of = " → ".join(way.path[1:-1])
    return [way.from_, way.to, by_way_of, ", ".join(dict.fromkeys(way.engines)), "yes" if way.lossy else "", needs]


def _shape(one: OperationBody) -> str:
    takes = "|".join(one.accepts)
    return f"{f'[{takes}]' if one.many_in else takes} → {f'[{one.returns}]' if one.many_out else one.returns}"


def _summary(one: OperationBody) -> str:
    return one.summary if one.available else f"{one.summary} (unavailable: {one.reason})"


def _describe(one: OperationBody) -> None:
    click.echo(f"{one.name} ({one.plugin.name} {one.plugin.version}): {one.summary}")
    if one.description:
        click.echo(f"\n{one.description}")
    click.echo(f"\nTakes → gives: {_shape(one)}")
    if not one.available:
        click.echo(f"Unavailable: {one.reason} {one.hint}")
    click.echo("")
    show_table(
        ["Parameter", "Takes", "Default", "Meaning"],
        [
            [row.name, row.type, "required" if row.required else row.default, row.meaning]
            for row in parameter_rows(one.schema)
        ],
    )
