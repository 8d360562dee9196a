"""`filemill run`: pipelines on local files, without a server."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from itertools import count
from pathlib import Path

import click
from rich.console import Console

from filemill.convert import Convert
from filemill.errors import ErrorCode, FilemillError, invalid
from filemill.faults import unknown
from filemill.kinds import Data, Text
from filemill.operation import Operation
from filemill.pipeline import check_steps
from filemill.pool import Pool
from filemill.registry import Registry, tag_of
from filemill.task import Input, Outcome, Output
from filemill_server.cli.batch import Piece, run_batch
from filemill_server.cli.installation import Installation, installed, read_packs
from filemill_server.cli.refusals import lines_of, refusing
from filemill_server.cli.results import STDOUT, Target, Where, stem_of, target_of
from filemill_server.cli.steps import is_unicode, local_sources, looks_like_step, read_command_steps, wish_format

STDIN = "-"


@click.command()
@click.argument("arguments", metavar="IN... STEP...", nargs=-1, required=True)
@click.option(
    "-o",
    "--out",
    metavar="OUT",
    help="A file (its extension chooses the format), a folder, or - for standard output.",
)
@click.option("--pack", "pack_ids", metavar="ID", multiple=True, help="A pack instead of steps; repeatable.")
@click.option("--force", is_flag=True, help="Replace files that exist.")
@click.pass_context
def run(
    context: click.Context, arguments: tuple[str, ...], out: str | None, pack_ids: tuple[str, ...], force: bool
) -> None:
    r"""Run a pipeline on local files, without a server.

    \b
    filemill run photo.jpg resize:width=800 convert:format=webp -o small.webp
    filemill run *.jpg resize:width=800,height=600,fit=cover -o thumbnails/
    filemill run photo.jpg --pack instagram-feed --pack tiktok -o posts/
    filemill run photo.jpg picture-info
    filemill run letter.docx -o letter.pdf
    filemill run - resize:width=800 -o - < photo.jpg > small.jpg

    A step is OPERATION:NAME=VALUE,NAME=VALUE; a value with a comma is quoted inside the argument:
    'watermark:text="one, two"'. A parameter that is a file takes its path: watermark:image=logo.png.
    Several inputs are worked on one by one, or go together into an operation that joins them. Without
    -o a result goes beside its input with the steps' names added; text and data go to standard output.
    """
    installation = installed()
    pack_ids = tuple(dict.fromkeys(pack_ids))
    inputs, steps = _sorted(arguments, installation.registry)
    with refusing(steps):
        folder = Path(context.with_resource(tempfile.TemporaryDirectory(prefix="filemill-in-")))
        paths = _paths(inputs, folder, installation.registry)
        pipelines = _pipelines(installation, steps, pack_ids, out)
        folds = any(installation.registry.entry(step).shape.many_in for steps in pipelines for step in steps)
        many = len(pipelines) > 1 or (len(paths) > 1 and not folds) or _fans_out(pipelines[0], installation.registry)
        shown = all(installation.registry.entry(steps[-1]).shape.returns in (Data, Text) for steps in pipelines)
        out = STDOUT if out is None and STDIN in inputs else out
        target = target_of(out, installation.registry, many=many, shown=shown, force=force)
        pipelines = [wish_format(installation.registry, steps, target.name) for steps in pipelines]
        for pipeline in pipelines:
            check_steps(installation.registry, pipeline, installation.limits)
        pieces = _pieces(paths, pipelines, target, folds=folds)
    suffixes = list(pack_ids) or [_suffix(pipelines[0]) if target.where is Where.BESIDE else ""]
    report = _Report(target, suffixes, pieces, Console(stderr=True, highlight=False, soft_wrap=True))
    asyncio.run(_work(pieces, installation, report))
    report.close()


class _Report:
    """Brings results to their places and tells of them; standard output has them in the order of inputs."""

    def __init__(self, target: Target, suffixes: Sequence[str], pieces: Sequence[Piece], console: Console) -> None:
        self.target = target
        self.suffixes = suffixes
        self.pieces = pieces
        self.console = console
        self.shown: dict[int, list[str]] = {}
        self.failures: dict[int, list[str]] = {}

    def done(self, piece: Piece, outcome: Outcome) -> None:
        count = sum(len(made.outputs) for made in outcome.made)
        if count > 1 and self.target.where is Where.FILE:
            self.failed(piece, invalid("/out", f"There are {count} results. Give a folder: {self.target.path.stem}/."))
            return
        for suffix, made in zip(self.suffixes, outcome.made, strict=True):
            for output in made.outputs:
                if self.target.where is Where.STDOUT and len(self.pieces) > 1:
                    self.shown.setdefault(piece.number, []).append(_line(piece, output))
                    continue
                path = self.target.put(output, stem_of(piece.inputs[0].name), suffix, Path(piece.label))
                if path is not None:
                    self.console.print(f"{piece.label} → {path}  {_facts(output)}", markup=False)

    def failed(self, piece: Piece, error: Exception) -> None:
        lines = lines_of(error) if isinstance(error, FilemillError) else [str(error)]
        self.failures[piece.number] = lines

    def close(self) -> None:
        """Tell what is left to tell, and end with exit code 1 where a piece failed."""
        for piece in self.pieces:
            for line in self.shown.get(piece.number, ()):
                click.echo(line)
        for piece in self.pieces:
            for line in self.failures.get(piece.number, ()):
                self.console.print(f"{piece.label}: {line}", style="red", markup=False)
        if self.failures:
            if len(self.pieces) > 1:
                self.console.print(f"{len(self.failures)} of {len(self.pieces)} failed.")
            sys.exit(1)


async def _work(pieces: Sequence[Piece], installation: Installation, report: _Report) -> None:
    settings = installation.settings
    pool = Pool(
        workers=min(settings.workers, len(pieces)),
        queue=len(pieces),
        limits=installation.limits,
        blocked=settings.blocked_plugins,
    )
    await run_batch(pieces, pool, installation.limits, report.console, report.done, report.failed)


def _sorted(arguments: Sequence[str], registry: Registry) -> tuple[list[str], list[str]]:
    """Tell inputs from steps: a step begins with an operation's name, or looks like one and is no file."""
    inputs: list[str] = []
    steps: list[str] = []
    for argument in arguments:
        named = argument.partition(":")[0] in registry.operations
        is_step = looks_like_step(argument) and (named or (":" in argument and not Path(argument).exists()))
        (steps if is_step else inputs).append(argument)
    if not inputs:
        raise click.UsageError("No input is given: filemill run IN... STEP...")
    return inputs, steps


def _pipelines(
    installation: Installation, steps: list[str], pack_ids: Sequence[str], out: str | None
) -> list[list[Operation]]:
    """Return the pipelines; where nothing but the result's name says what is wanted, it is a conversion."""
    if not steps and not pack_ids and (form := installation.registry.formats.of_name(out or "")) is not None:
        return [[Convert(format=form.name)]]
    if bool(steps) == bool(pack_ids):
        raise click.UsageError("Give steps (such as resize:width=800) or --pack, one of them; or -o NAME.FORMAT.")
    if steps:
        return [read_command_steps(installation.registry, steps)]
    packs = read_packs(installation)
    return [list(packs[pack_id].steps) for pack_id in pack_ids]


def _paths(inputs: Sequence[str], folder: Path, registry: Registry) -> list[Path]:
    """Return the input files; standard input is written into the folder.

    Raises:
        FilemillError: with every path that is no file.
    """
    wrong = [reason for name in inputs if name != STDIN and (reason := _wrong_path(name, registry))]
    if wrong:
        raise FilemillError(ErrorCode.NOT_FOUND, " ".join(wrong))
    stdin = folder / "stdin"
    if STDIN in inputs:
        with stdin.open("wb") as stream:
            shutil.copyfileobj(sys.stdin.buffer, stream)
    return [stdin if name == STDIN else Path(name) for name in inputs]


def _wrong_path(name: str, registry: Registry) -> str:
    """Say why a path is no input; "" where it is one."""
    if not is_unicode(name):
        return f"The name {name!r} is not UTF-8; rename the file."
    if Path(name).is_dir():
        return f"{name!r} is a folder; name its files: {name.rstrip('/')}/*."
    if Path(name).exists():
        return ""
    hint = f" {unknown(name, registry.operations, 'operation')}" if looks_like_step(name) else ""
    return f"There is no file {name!r}.{hint}"


def _fans_out(steps: Sequence[Operation], registry: Registry) -> bool:
    """Whether one input may give several results."""
    many = False
    for step in steps:
        shape = registry.entry(step).shape
        many = shape.many_out or (many and not shape.many_in)
    return many


def _pieces(paths: Sequence[Path], pipelines: list[list[Operation]], target: Target, *, folds: bool) -> list[Piece]:
    extras = local_sources([step for steps in pipelines for step in steps])
    taken: set[tuple[Path, str]] = set()
    inputs = [_input(path, target.folder(path), taken) for path in paths]
    groups = [list(zip(paths, inputs, strict=True))] if folds else [[pair] for pair in zip(paths, inputs, strict=True)]
    return [
        Piece(
            number=number,
            label=str(group[0][0]),
            inputs=[given for _, given in group],
            pipelines=pipelines,
            extras=extras,
        )
        for number, group in enumerate(groups)
    ]


def _input(path: Path, folder: Path, taken: set[tuple[Path, str]]) -> Input:
    """Name an input so that no other's results in the same folder have the same names."""
    stem = stem_of(path.name)
    names = (stem if number == 1 else f"{stem}-{number}" for number in count(1))
    name = next(name for name in names if (folder, name) not in taken)
    taken.add((folder, name))
    return Input(str(path.absolute()), name + path.suffix)


def _suffix(steps: Sequence[Operation]) -> str:
    return "-".join(tag_of(type(step)) for step in steps)[:100]


def _line(piece: Piece, output: Output) -> str:
    """Return a shown result of many as one line of JSON, or its text."""
    if "data" in output.facts:
        return json.dumps({"file": piece.label, **output.facts}, ensure_ascii=False)
    return str(output.facts.get("text", ""))


def _facts(output: Output) -> str:
    size = f"{output.size:,} bytes"
    if "width" in output.facts:
        return f"{output.facts['width']}x{output.facts['height']} {output.format}, {size}"
    return f"{output.format}, {size}"
