"""`filemill presets`: the packs there are, and what is wrong in preset files."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from filemill.limits import Limits
from filemill.presets import PresetError, PresetFault, preset_files, read_pack
from filemill.registry import Registry
from filemill_server.cli.installation import installed, read_packs
from filemill_server.cli.tables import show_json, show_table
from filemill_server.discovery import packs_body


@click.group()
def presets() -> None:
    """List the packs there are, and check preset files."""


@presets.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print what GET /v1/packs answers.")
def list_presets(as_json: bool) -> None:
    """List all packs: those of plugins, and those of the folder FILEMILL_PRESETS_DIR."""
    packs = read_packs(installed())
    if as_json:
        show_json(packs_body(packs))
        return
    show_table(
        ["Pack", "Title", "Size", "File"],
        [[pack.id, pack.title, _size(pack.width, pack.height), pack.origin] for pack in packs.packs.values()],
    )
    for fault in packs.faults:
        click.echo(str(fault), err=True)


@presets.command("check")
@click.argument("paths", metavar="[FOLDER|FILE]...", nargs=-1, type=click.Path(exists=True, path_type=Path))
def check_presets(paths: tuple[Path, ...]) -> None:
    """Check preset files, and print every fault as file:line:column.

    Without an argument all packs are checked that the server would use. Ends with exit code 1 where
    something is wrong.
    """
    installation = installed()
    if paths:
        faults = list(_faults(paths, installation.registry, installation.limits))
        count = len(list(_files(paths)))
    else:
        packs = read_packs(installation)
        faults, count = packs.faults, len(packs.packs)
    for fault in faults:
        click.echo(str(fault))
    if faults:
        sys.exit(1)
    click.echo(f"{count} packs are in order." if count != 1 else "1 pack is in order.")


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from (Path(str(file)) for file in preset_files(path))
        else:
            yield path


def _faults(paths: Sequence[Path], registry: Registry, limits: Limits) -> Iterator[PresetFault]:
    """Read every file; a pack's id may stand in one of them only."""
    holders: dict[str, Path] = {}
    for file in _files(paths):
        try:
            pack = read_pack(file.read_text(encoding="utf-8"), str(file), registry, limits)
        except PresetError as error:
            yield from error.faults
            continue
        except (OSError, UnicodeDecodeError) as error:
            yield PresetFault(str(file), 1, 1, str(error))
            continue
        if (holder := holders.setdefault(pack.id, file)) != file:
            yield PresetFault(str(file), 1, 1, f"The pack {pack.id!r} is already in {holder}.")


def _size(width: int | None, height: int | None) -> str:
    return f"{width}x{height}" if width and height else "-"
