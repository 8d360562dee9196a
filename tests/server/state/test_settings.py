"""Settings from the environment and from filemill.toml."""

from __future__ import annotations

import os
import stat
from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import fields

from filemill_server.settings import (
    LogLevel,
    ServerSecret,
    Settings,
    SettingsError,
    cpu_quota,
    described,
    limits,
    load_settings,
    server_secret,
)

WRONG = {
    "FILEMILL_WORKERS": ("0", "a whole number, at least 1"),
    "FILEMILL_PORT": ("eighty", "a whole number, at least 0, at most 65535"),
    "FILEMILL_DEADLINE_SECONDS": ("0", "a number, more than 0"),
    "FILEMILL_HONOUR_RESTRICTIONS": ("perhaps", "true or false"),
    "FILEMILL_LOG_LEVEL": ("loud", "one of debug, info, warning, error"),
    "FILEMILL_DATABASE_URL": ("mysql://u@h/d", "postgresql://"),
    "FILEMILL_STORAGE_URL": ("ftp://h", "s3://"),
    "FILEMILL_SOURCE_STORAGE_URL": ("file://srv", "file:///srv/files"),
    "FILEMILL_FETCH_ALLOW_NETWORKS": ("10.0.0.1/8", "did you mean 10.0.0.0/8"),
    "FILEMILL_FETCH_ALLOW_PORTS": ("8080,70000", "a list, each a whole number, at least 1, at most 65535"),
    "FILEMILL_PUBLIC_URL": ("files.example.com", "such as https://files.example.com"),
    "FILEMILL_WORKER": ("2", "Did you mean FILEMILL_WORKERS?"),
    "FILEMILL_XYZZY": ("2", "no such setting"),
}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run in an empty folder: filemill.toml is read where one is."""
    monkeypatch.chdir(tmp_path)


def test_defaults_need_nothing() -> None:
    """NA-81: without any setting the server has all it needs, in one folder."""
    settings = load_settings({"PATH": "/bin", "HOME": "/root"})
    assert settings == Settings(data_dir=Path.cwd() / "filemill-data")
    assert settings.database == f"sqlite:///{Path.cwd()}/filemill-data/filemill.db"
    assert settings.storage_folder == Path.cwd() / "filemill-data/files"
    assert 1 <= settings.workers == cpu_quota() <= (os.cpu_count() or 1)


def test_environment_is_over_the_file() -> None:
    """NA-81: the environment wins over filemill.toml, which wins over defaults; the list says which it was."""
    file = Path("filemill.toml")
    file.write_text('workers = 3\nport = 9000\nfetch_allow_networks = ["10.0.0.0/8"]\nlog_level = "debug"\n')
    environ = {"FILEMILL_PORT": "9001", "FILEMILL_QUEUE": " "}
    settings = load_settings(environ)
    assert (settings.workers, settings.port, settings.queue) == (3, 9001, 100)
    assert settings.networks == (ip_network("10.0.0.0/8"),)
    assert settings.log_level is LogLevel.DEBUG
    origins = {row.name: row.origin for row in described(settings, environ)}
    assert origins["FILEMILL_WORKERS"] == "file"
    assert origins["FILEMILL_PORT"] == "environment"
    assert origins["FILEMILL_QUEUE"] == "default"


def test_all_wrong_settings_are_reported_at_once() -> None:
    """NA-81: each wrong setting is named with its value and with what would be right, all in one error."""
    with pytest.raises(SettingsError) as caught:
        load_settings({name: value for name, (value, _) in WRONG.items()})
    found = {fault.name: fault for fault in caught.value.faults}
    assert found.keys() == WRONG.keys()
    for name, (value, right) in WRONG.items():
        assert right in found[name].detail, name
        assert found[name].value == value or "no such setting" in found[name].detail, name
        assert str(found[name]) in str(caught.value)


def test_faults_in_the_file_are_reported_too() -> None:
    """Wrong values, wrong types and unknown names in the file are reported by their name there."""
    file = Path("own.toml")
    file.write_text('workers = "3"\nprot = 9000\n')
    with pytest.raises(SettingsError) as caught:
        load_settings({"FILEMILL_QUEUE": "-1"}, file)
    assert [fault.name for fault in caught.value.faults] == ["workers", "prot", "FILEMILL_QUEUE"]
    assert "port" in caught.value.faults[1].detail


@pytest.mark.parametrize(("text", "said"), [(None, "no such file"), ("workers = ", "TOML"), ("\xff", "TOML")])
def test_unreadable_file_is_reported(text: str | None, said: str) -> None:
    """A file that was named and is missing or broken is an error that names it."""
    file = Path("own.toml")
    if text is not None:
        file.write_bytes(text.encode("latin-1"))
    with pytest.raises(SettingsError, match=said) as caught:
        load_settings({}, file)
    assert caught.value.faults[0].name == "own.toml"


def test_paths_in_the_file_start_at_its_folder(tmp_path: Path) -> None:
    """A relative path means the folder of the file that says it; of the environment, the working folder."""
    folder = tmp_path / "etc"
    folder.mkdir()
    (folder / "filemill.toml").write_text('data_dir = "data"\npresets_dir = "/srv/packs"\n')
    settings = load_settings({}, folder / "filemill.toml")
    assert (settings.data_dir, settings.presets_dir) == (folder / "data", Path("/srv/packs"))
    assert load_settings({"FILEMILL_DATA_DIR": "data"}, folder / "filemill.toml").data_dir == Path.cwd() / "data"


def test_secrets_are_masked(tmp_path: Path) -> None:
    """Neither the list of settings nor an error shows a secret or a password."""
    environ = {
        "FILEMILL_SECRET": "correct horse battery staple correct horse",
        "FILEMILL_DATABASE_URL": "postgresql://user:hunter2@host/filemill",
    }
    rows = {row.name: row for row in described(load_settings(environ), environ)}
    assert rows["FILEMILL_SECRET"].value == "***"
    assert rows["FILEMILL_DATABASE_URL"].value == "postgresql://user:***@host/filemill"
    with pytest.raises(SettingsError) as caught:
        load_settings({"FILEMILL_SECRET": "hunter2", "FILEMILL_DATABASE_URL": "mysql://u:hunter2@h/d"})
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FILEMILL_SECRET_PREVIOUS", "hunter2 hunter2 hunter2 hunter2 hunter2"),
        ("FILEMILL_DATABASE_URL", "postgresql://user:/hunter2@host/filemill"),
        ("FILEMILL_DATABASE_URL", "postgresql://user:hun@hunter2@host/filemill"),
        ("FILEMILL_DATABASE_URL", "postgresql://host/filemill?user=u&password=hunter2&sslmode=require"),
        ("FILEMILL_DATABASE_URL", "postgresql:///filemill?sslPassword=hunter2"),
        ("FILEMILL_STORAGE_URL", "s3://id:hunter2@bucket/files"),
        ("FILEMILL_STORAGE_URL", "s3://bucket/files?aws_secret_access_key=hunter2"),
    ],
)
def test_no_spelling_of_a_secret_is_shown(name: str, value: str) -> None:
    """A password is masked wherever in a URL it stands and whatever it holds."""
    (row,) = (row for row in described(load_settings({name: value}), {name: value}) if row.name == name)
    assert "***" in row.value
    assert "hunter2" not in row.value


def test_every_setting_is_described() -> None:
    """NA-81: each setting has a meaning that is a sentence."""
    rows = described(Settings(), {})
    assert len(rows) == len(fields(Settings))
    assert all(row.meaning.endswith(".") and row.name.startswith("FILEMILL_") for row in rows)


def test_names_that_kubernetes_sets_are_no_settings() -> None:
    """A service named "filemill" in the same namespace neither sets the port nor stops the start."""
    links = {
        "FILEMILL_PORT": "tcp://10.0.0.7:8000",
        "FILEMILL_SERVICE_HOST": "10.0.0.7",
        "FILEMILL_PORT_8000_TCP_ADDR": "10.0.0.7",
    }
    assert load_settings(links).port == 8000


@given(
    environ=st.dictionaries(
        st.sampled_from([f"FILEMILL_{info.name.upper()}" for info in fields(Settings)]), st.text(max_size=30)
    )
)
def test_any_text_is_taken_or_refused(environ: dict[str, str]) -> None:
    """Whatever stands in the environment gives settings or the one typed error."""
    try:
        settings = load_settings(environ)
    except SettingsError as error:
        wrong = {fault.name for fault in error.faults}
    else:
        wrong = set()
        described(settings, environ)
    assert wrong <= environ.keys()


def test_limits_come_from_the_settings() -> None:
    """The limits of a task are those that were set."""
    environ = {"FILEMILL_MAX_PIXELS": "1000", "FILEMILL_DEADLINE_SECONDS": "2.5", "FILEMILL_MAX_FRAMES": "7"}
    found = limits(load_settings(environ))
    assert (found.max_pixels, found.deadline_seconds, found.max_frames) == (1000, 2.5, 7)


def test_limits_of_documents_come_from_the_settings() -> None:
    """How many files, how much larger, and whether an owner's restrictions count."""
    environ = {"FILEMILL_MAX_OUTPUTS": "9", "FILEMILL_MAX_GROWTH": "3", "FILEMILL_HONOUR_RESTRICTIONS": "true"}
    found = limits(load_settings(environ))
    assert (found.max_outputs, found.max_growth, found.honour_restrictions) == (9, 3, True)
    assert not limits(load_settings({"FILEMILL_HONOUR_RESTRICTIONS": "false"})).honour_restrictions
    with pytest.raises(SettingsError, match="true or false"):
        load_settings({"FILEMILL_HONOUR_RESTRICTIONS": "perhaps"})


def test_secret_is_made_once(tmp_path: Path) -> None:
    """Without a secret in the settings one is made, kept for the owner only, and the same ever after."""
    settings = Settings(data_dir=tmp_path / "new")
    first = server_secret(settings).current
    assert len(first) >= 32
    assert server_secret(settings).current == first
    assert server_secret(Settings(data_dir=tmp_path / "other")).current != first
    assert stat.S_IMODE((tmp_path / "new" / "secret").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["secret"]
    own = server_secret(Settings(data_dir=tmp_path, secret="s" * 32, secret_previous="p" * 32))
    assert own == ServerSecret(b"s" * 32, b"p" * 32)
    assert "sss" not in repr(own)
    assert "ppp" not in repr(own)
