"""What `filemill doctor` finds of what the server keeps: data folder, database, storage, packs."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from importlib.resources import files
from pathlib import Path

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import SQLAlchemyError

from filemill.errors import FilemillError
from filemill_server.cli.findings import Finding, fails, works
from filemill_server.cli.installation import Installation, read_packs
from filemill_server.database import Database
from filemill_server.database_url import database_url
from filemill_server.settings import Settings
from filemill_server.storage import Storage

_LATER = "is made at the first start"


async def look_at_upkeep(installation: Installation) -> AsyncIterator[Finding]:
    """Look at everything that is kept; nothing is made that is not there yet."""
    settings = installation.settings
    yield _data_folder(settings.data_dir)
    yield await _database(settings)
    yield await _storage(settings)
    if settings.source_storage_url is not None:
        yield _source_storage(settings.source_storage_url)
    for finding in _packs(installation):
        yield finding


def _data_folder(folder: Path) -> Finding:
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    told = str(folder.absolute())
    try:
        with tempfile.NamedTemporaryFile(dir=there, prefix=".filemill-doctor-"):
            pass
    except OSError as error:
        return fails(
            "data folder", f"{told}: {error.strerror}", f"let this user write to {there}, or set FILEMILL_DATA_DIR"
        )
    space = os.statvfs(there)
    free = f"{space.f_bavail * space.f_frsize / 1e9:.1f} GB free"
    return works("data folder", f"{told}, {free}" if there == folder.absolute() else f"{told} {_LATER}, {free}")


async def _database(settings: Settings) -> Finding:
    url = database_url(settings.database)
    told = url.render_as_string(hide_password=True)
    if url.drivername == "sqlite" and not Path(str(url.database)).exists():
        return works("database", f"{told} {_LATER}")
    try:
        database = Database(settings.database)
        try:
            revision = await database.read(
                lambda connection: MigrationContext.configure(connection).get_current_revision()
            )
        finally:
            database.close()
    except (SQLAlchemyError, OSError, FilemillError) as error:
        reason = str(error.__cause__ or error).partition("\n")[0]
        return fails("database", f"{told}: {reason}", "see FILEMILL_DATABASE_URL")
    known = [script.revision for script in ScriptDirectory(str(files("filemill_server.migrations"))).walk_revisions()]
    if revision is None:
        return works("database", f"{told}; its tables are made at the first start")
    if revision not in known:
        return fails("database", f"{told} is of a newer filemill (schema {revision})", "install that version")
    ahead = known.index(revision)
    return works("database", f"{told}, " + (f"{ahead} migrations run at the next start" if ahead else "up to date"))


async def _storage(settings: Settings) -> Finding:
    told = settings.storage_url or str(settings.storage_folder.absolute())
    if settings.storage_url is None and not settings.storage_folder.exists():
        return works("storage", f"{told} {_LATER}")
    try:
        await Storage.open(settings.storage_url, settings.storage_folder).check()
    except (OSError, ValueError) as error:
        return fails("storage", f"{told}: {error}", "see FILEMILL_STORAGE_URL and the cloud's own variables")
    return works("storage", f"{told}: a file was written, read and deleted")


def _source_storage(url: str) -> Finding:
    try:
        Storage.open_sources(url)
    except (OSError, ValueError) as error:
        return fails("source storage", f"{url}: {error}", "see FILEMILL_SOURCE_STORAGE_URL")
    return works("source storage", url)


def _packs(installation: Installation) -> Iterator[Finding]:
    packs = read_packs(installation)
    yield works("packs", f"{len(packs.packs)} packs")
    for fault in packs.faults:
        yield fails("pack", str(fault), "filemill presets check")
