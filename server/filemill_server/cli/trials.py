"""What `filemill doctor` finds by trying: plugins, operations, and every format in a worker process."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from filemill.errors import FilemillError
from filemill.formats import Format
from filemill.picture import Picture
from filemill.pipeline import read_steps
from filemill.pool import Pool
from filemill.registry import Registry
from filemill.task import Input, Output, Task, encode_steps
from filemill_server.canary import png
from filemill_server.cli.findings import Finding, absent, fails, works
from filemill_server.cli.installation import Installation

_SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16"><rect width="16" height="16"/></svg>'


def look_at_plugins(registry: Registry) -> Iterator[Finding]:
    """Look at the plugins, and at operations that miss a program."""
    for plugin in registry.plugins:
        yield works(f"plugin {plugin.name}", f"{plugin.distribution} {plugin.version}")
    for failure in registry.failures:
        yield fails(
            f"plugin {failure.plugin.name}",
            failure.reason,
            f"mend {failure.plugin.distribution}, or FILEMILL_BLOCKED_PLUGINS={failure.plugin.name}",
        )
    available = [entry for entry in registry.operations.values() if entry.missing is None]
    yield works("operations", f"{len(available)} of {len(registry.operations)} are available")
    for entry in registry.operations.values():
        if entry.missing is not None:
            yield absent(f"operation {entry.name}", entry.missing.reason, entry.missing.hint)
    yield from _look_at_conversions(registry)


def _look_at_conversions(registry: Registry) -> Iterator[Finding]:
    paths = [path for paths in registry.conversions.all_paths.values() for path in paths.values()]
    there = sum(not path.missing for path in paths)
    yield works("conversions", f"{there} of {len(paths)} pairs of formats are available")
    needed = {edge.engine: edge.missing for path in paths for edge in path.edges if edge.missing is not None}
    for engine, missing in sorted(needed.items()):
        yield absent(f"conversions by {engine}", missing.reason, missing.hint)


async def try_formats(installation: Installation) -> AsyncIterator[Finding]:
    """Write and read a small picture in every format, in a worker process as the server does."""
    pool = Pool(workers=1, queue=0, limits=installation.limits, blocked=installation.settings.blocked_plugins)
    try:
        await pool.start()
    except RuntimeError as error:
        yield fails("workers", str(error))
        return
    try:
        yield works("workers", "a worker process starts")
        with tempfile.TemporaryDirectory(prefix="filemill-doctor-") as folder:
            for form in sorted(installation.registry.formats, key=lambda form: form.name):
                yield await _try_format(form, installation, pool, Path(folder))
    finally:
        await pool.stop()


async def _try_format(form: Format, installation: Installation, pool: Pool, folder: Path) -> Finding:
    """Try one format: write a picture in it, and read that back."""
    can = " and ".join(word for word, able in (("read", form.open), ("written", form.save)) if able) or "recognised"
    subject = f"format {form.name}"
    if form.kind is not Picture or "resize" not in installation.registry.operations:
        return works(subject, f"{can}; not tried")
    work = folder / form.name
    work.mkdir()
    try:
        sample = work / "sample"
        sample.write_bytes(_SVG if form.name == "svg" else png())
        if form.save is not None:
            written = await _resize(sample, form.name, installation, pool, work)
            sample = Path(written.path)
        if form.open is None or (form.save is None and form.name != "svg"):
            return works(subject, f"{can}; reading was not tried" if form.open else can)
        read = work / "read"
        read.mkdir()
        await _resize(sample, "png", installation, pool, read)
    except FilemillError as error:
        return fails(subject, error.detail)
    return works(subject, can)


async def _resize(path: Path, name: str, installation: Installation, pool: Pool, folder: Path) -> Output:
    steps = read_steps(installation.registry, [{"op": "resize", "width": 8, "format": name}])
    task = Task(
        inputs=[Input(str(path), path.name)],
        pipelines=[encode_steps(steps)],
        folder=str(folder),
        limits=installation.limits,
    )
    outcome = await pool.run(task)
    return outcome.made[0].outputs[0]
