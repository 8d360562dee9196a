"""The commands that list, check and manage."""

from __future__ import annotations

import json
import re
import sqlite3
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from filemill.registry import load_registry
from filemill_server.cli.root import _COMMANDS
from filemill_server.migrations import HEAD

from .conftest import Invoke, Program

GOOD = "id: mine\ntitle: Mine\nsteps:\n  - {op: resize, width: 80}\n"


def test_version_and_help(invoke: Invoke) -> None:
    """`--version` tells the version, and the help every command."""
    assert version("filemill") in invoke("--version").output
    told = invoke("--help").output
    assert [name for name in _COMMANDS if f"\n  {name} " not in told] == []


@pytest.mark.parametrize("name", _COMMANDS)
def test_every_command_has_help(invoke: Invoke, name: str) -> None:
    """Every command says what it does."""
    result = invoke(name, "--help")
    assert result.exit_code == 0
    assert len(result.output.splitlines()) > 4


def test_operations(invoke: Invoke) -> None:
    """NA-82: all operations are listed; one is told with its parameters; an unknown one with the nearest."""
    listed = [line.split("\t")[0] for line in invoke("operations").output.splitlines()]
    assert listed == sorted(load_registry().operations)
    one = invoke("operations", "resize").output
    assert re.search(r"^width\tinteger 1…16384\t", one, re.MULTILINE)
    assert json.loads(invoke("operations", "resize", "--json").output)["schema"]["properties"]["width"]
    wrong = invoke("operations", "resise")
    assert wrong.exit_code == 1
    assert "'resize'" in wrong.stderr


def test_formats(invoke: Invoke) -> None:
    """NA-82: all formats are listed with what can be done."""
    rows = [line.split("\t") for line in invoke("formats").output.splitlines()]
    assert ["heic", "picture", "read", "-"] in [[row[0], row[2], row[3], row[4]] for row in rows]
    assert json.loads(invoke("formats", "--json").output)["formats"]


def test_plugins(invoke: Invoke) -> None:
    """NA-82: plugins are listed with what they bring."""
    told = invoke("plugins").output
    assert re.search(rf"^image\tfilemill {re.escape(version('filemill'))}\tloaded\t\d+ operations", told, re.MULTILINE)


def test_config(invoke: Invoke) -> None:
    """NA-81: every setting is told with its value, where that is from, default and meaning; secrets are masked."""
    Path("filemill.toml").write_text('queue = 7\nsecret = "0123456789012345678901234567890123456789"\n')
    rows = {row["name"]: row for row in json.loads(invoke("config", "--json", FILEMILL_PORT="81").output)}
    assert (rows["FILEMILL_PORT"]["value"], rows["FILEMILL_PORT"]["origin"]) == ("81", "environment")
    assert (rows["FILEMILL_QUEUE"]["value"], rows["FILEMILL_QUEUE"]["origin"]) == ("7", "file")
    assert (rows["FILEMILL_HOST"]["value"], rows["FILEMILL_HOST"]["origin"]) == ("127.0.0.1", "default")
    assert all(row["meaning"] for row in rows.values())
    told = invoke("config").output
    assert len(told.splitlines()) == len(rows)
    assert "0123456789" not in told
    wrong = invoke("config", FILEMILL_PORT="x", FILEMILL_QUEUE="-1")
    assert (wrong.exit_code, wrong.stderr.count("Error: ")) == (2, 2)


def test_presets_list(invoke: Invoke) -> None:
    """NA-82: the packs of plugins and of the operator's folder are listed."""
    Path("own").mkdir()
    Path("own/mine.yaml").write_text(GOOD)
    told = invoke("presets", "list", FILEMILL_PRESETS_DIR="own").output
    assert "instagram-feed\t" in told
    assert "mine\tMine\t-\t" in told
    assert len(json.loads(invoke("presets", "list", "--json").output)["packs"]) == 7


def test_presets_check(invoke: Invoke) -> None:
    """NA-82: faults are told with file, line and column, and end with exit code 1."""
    assert invoke("presets", "check").output == "7 packs are in order.\n"
    Path("own").mkdir()
    Path("own/mine.yaml").write_text(GOOD)
    assert invoke("presets", "check", "own").output == "1 pack is in order.\n"
    Path("own/other.yaml").write_text(GOOD.replace("width: 80", "width: wide, hieght: 3"))
    Path("own/twin.yaml").write_text(GOOD)
    result = invoke("presets", "check", "own")
    assert result.exit_code == 1
    lines = result.output.splitlines()
    assert lines[0].startswith("own/other.yaml:4:25: ")
    assert "'height'" in lines[1]
    assert lines[2] == "own/twin.yaml:1:1: The pack 'mine' is already in own/mine.yaml."
    assert invoke("presets", "check", "own/mine.yaml").exit_code == 0
    assert invoke("presets", "check", FILEMILL_PRESETS_DIR="own").exit_code == 1


def test_keys(invoke: Invoke) -> None:
    """NA-60: the key is all that stands on standard output, once; the list shows no secret; revoking ends it."""
    made = invoke("keys", "create", "--name", "shop", "--plan", "pro", "--prefix", "sk", "--expires", "90d", "--test")
    assert re.fullmatch(r"sk_test_\w{43}\n", made.stdout)
    secret = made.stdout.strip()
    assert secret not in made.stderr
    listed = invoke("keys", "list").output
    assert secret not in listed
    key_id, _, name, plan, dialect, state = listed.split("\t")[:6]
    assert (name, plan, dialect, state) == ("shop", "pro", "native", "works, test")
    assert invoke("keys", "revoke", key_id).exit_code == 0
    assert "\trevoked, test\t" in invoke("keys", "list").output
    unknown = invoke("keys", "revoke", "nothing")
    assert (unknown.exit_code, "There is no key" in unknown.stderr) == (1, True)


@pytest.mark.parametrize("moment", ["2001-01-01", "soon", "0d", "9999999w"])
def test_keys_expire_in_the_future(invoke: Invoke, moment: str) -> None:
    """NA-60: `--expires` takes a moment to come, and says which forms it has."""
    result = invoke("keys", "create", "--name", "n", "--expires", moment)
    assert result.exit_code == 2
    assert result.stdout == ""


@pytest.mark.parametrize(("option", "value"), [("--name", " "), ("--prefix", "UP_")])
def test_keys_refuse_what_is_no_name_or_prefix(invoke: Invoke, option: str, value: str) -> None:
    """NA-60: a wrong name or prefix is one line, and no key."""
    result = invoke("keys", "create", "--name", "n", option, value)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: ")


def test_keys_without_a_database(invoke: Invoke) -> None:
    """NA-60: a database that can't be opened is one line."""
    Path("filemill-data").write_text("in the way")
    result = invoke("keys", "list")
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1


def test_plugin_new(invoke: Invoke) -> None:
    """NA-82: a new plugin project is written once; a name that is none is refused."""
    result = invoke("plugin", "new", "film-grain")
    assert "filemill-film-grain/pyproject.toml" in result.output.splitlines()
    assert Path("filemill-film-grain/pyproject.toml").is_file()
    again = invoke("plugin", "new", "film-grain")
    assert (again.exit_code, "is there already" in again.stderr) == (1, True)
    assert invoke("plugin", "new", "Film Grain").exit_code == 1


def test_doctor(program: Program, folder: Path) -> None:
    """NA-82: the doctor tries every format, finds the machine in order, and makes nothing."""
    done = program("doctor")
    told = done.stdout.encode("latin-1").decode()
    assert done.returncode == 0, told
    for name in ("avif", "gif", "jpeg", "png", "tiff", "webp"):
        assert re.search(rf"^ok\s+format {name}\s+read and written$", told, re.MULTILINE)
    assert re.search(r"^ok\s+database .* is made at the first start$", told, re.MULTILINE)
    assert list(folder.iterdir()) == []


def test_doctor_finds_what_fails(invoke: Invoke, folder: Path) -> None:
    """NA-82: what should work and doesn't is told with what would help, and ends with exit code 1."""
    (folder / "filemill-data").mkdir()
    (folder / "filemill-data" / "filemill.db").write_bytes(b"this is no database" * 100)
    (folder / "own").mkdir()
    (folder / "own" / "mine.yaml").write_text("id: mine\n")
    done = invoke("doctor", FILEMILL_PRESETS_DIR="own", FILEMILL_SOURCE_STORAGE_URL=f"file://{folder}/absent")
    assert done.exit_code == 1
    for subject in ("database", "pack", "source storage"):
        assert re.search(rf"^FAILS\s+{subject}\s", done.stdout, re.MULTILINE)


def test_doctor_finds_a_newer_database(invoke: Invoke, folder: Path) -> None:
    """NA-82: a database of a newer version is told as such."""
    assert invoke("keys", "list").exit_code == 0
    with sqlite3.connect(folder / "filemill-data" / "filemill.db") as database:
        database.execute("UPDATE alembic_version SET version_num = 'from-the-future'")
    database.close()
    done = invoke("doctor")
    assert done.exit_code == 1
    assert "newer filemill" in done.stdout


def test_the_newest_migration_is_known() -> None:
    """A start compares the database's version with one that is written down: it is that of the newest migration."""
    assert ScriptDirectory(str(files("filemill_server.migrations"))).get_current_head() == HEAD
