"""The Dockerfile and compose.yaml, read as what they are: nothing here starts a container.

The set-up that they describe is tried as processes in tests/server/live/test_nodes.py.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pytest
import yaml
from click.testing import CliRunner
from msgspec.structs import fields

from documentation import ROOT
from filemill_server.cli import main
from filemill_server.settings import Settings
from live import LiveServer

SETTINGS = {f"FILEMILL_{info.name.upper()}" for info in fields(Settings)}
OPERATIONS = "docs/operators/operations.md"
FILES = ["Dockerfile", "compose.yaml", "deploy/example.env", OPERATIONS]


class Instruction(NamedTuple):
    """One instruction of a Dockerfile, its lines joined."""

    name: str
    text: str

    @property
    def words(self) -> list[str]:
        """Its words, of the exec form or else as they stand."""
        return list(json.loads(self.text)) if self.text.startswith("[") else self.text.split()


def read(name: str) -> str:
    """Return the text of a file."""
    return (ROOT / name).read_text(encoding="utf-8")


def instructions() -> list[Instruction]:
    """Return the instructions of the Dockerfile."""
    lines = [line for line in read("Dockerfile").splitlines() if not line.startswith("#")]
    joined = re.sub(r"\s*\\\n\s*", " ", "\n".join(lines))
    return [Instruction(*line.split(maxsplit=1)) for line in joined.splitlines() if line]


def last(name: str) -> str:
    """Return the text of the last instruction of a name: the one that the image ends with."""
    return [made.text for made in instructions() if made.name == name][-1]


COMPOSE: dict[str, Any] = yaml.safe_load(read("compose.yaml"))
SERVICES: dict[str, Any] = COMPOSE["services"]
NODES = {name: service for name, service in SERVICES.items() if "build" in service}


def given(service: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the environment of a service."""
    environment: Mapping[str, str] = service.get("environment", {})
    return environment


@pytest.mark.parametrize("name", FILES)
def test_every_setting_is_one(name: str) -> None:
    """What is named FILEMILL_ is a setting of this version."""
    assert set(re.findall(r"FILEMILL_[A-Z_]+", read(name))) <= SETTINGS


def test_image_is_what_operators_expect() -> None:
    """An ordinary user, exec forms, SIGTERM, a volume for the data, jemalloc, and a server that others reach."""
    made = instructions()
    assert last("USER") == "filemill"
    assert "useradd --uid 10001" in " ".join(one.text for one in made if one.name == "RUN")
    assert last("STOPSIGNAL") == "SIGTERM"
    assert json.loads(last("ENTRYPOINT")) == ["filemill"]
    assert json.loads(last("CMD")) == ["serve"]
    environment = dict(re.findall(r"(\w+)=(\S+)", last("ENV")))
    assert environment["FILEMILL_DATA_DIR"] == last("VOLUME")
    assert environment["FILEMILL_HOST"] == "0.0.0.0"
    assert environment["LD_PRELOAD"] == "libjemalloc.so.2"
    installed = next(one.text for one in made if "apt-get install" in one.text)
    assert {"libjemalloc2", "tesseract-ocr", "fonts-dejavu-core", "fontconfig"} <= set(installed.split())


def test_packages_are_checked_by_hash() -> None:
    """Whatever pip takes from an index is in a lock, and no index is named."""
    taken = [one for one in instructions() if one.name == "RUN" and re.search(r"\bpip\b", one.text)]
    from_index = [one for one in taken if "--no-deps" not in one.text]
    assert len(from_index) == 2
    for one in from_index:
        assert "--require-hashes" in one.words
        assert one.words[-1] in ("requirements.lock", "requirements-build.lock")
    assert not re.search(r"--(extra-)?index|https?://(?!127\.0\.0\.1)", read("Dockerfile"))


def test_context_holds_what_is_copied() -> None:
    """Everything that is copied exists and is not left out, and nothing else goes into the image."""
    copied = {
        name
        for one in instructions()
        if one.name == "COPY" and "--from=" not in one.text
        for name in one.text.split()[:-1]
    }
    assert [name for name in copied if not (ROOT / name).exists()] == []
    lines = read(".dockerignore").splitlines()
    assert "*" in lines
    assert {line.removeprefix("!") for line in lines if line.startswith("!")} == copied


def health_check() -> Sequence[str]:
    """Return the command of the image's health check, by this Python."""
    words = json.loads(last("HEALTHCHECK").partition("CMD ")[2])
    assert words[0] == "python"
    return [sys.executable, *words[1:]]


def test_health_check(server: LiveServer) -> None:
    """The image's own health check passes where a server lives, and fails where none does."""
    assert subprocess.run(health_check(), env={"FILEMILL_PORT": str(server.port)}, timeout=60).returncode == 0
    dead = subprocess.run(health_check(), env={"FILEMILL_PORT": "1"}, capture_output=True, timeout=60)
    assert dead.returncode != 0


@pytest.mark.parametrize("name", NODES)
def test_nodes_run_commands_that_there_are(name: str) -> None:
    """The command line knows the command of each node, with its options."""
    words = NODES[name]["command"]
    told = CliRunner().invoke(main, [words[0], "--help"])
    assert told.exit_code == 0, told.output
    assert [word for word in words[1:] if f"{word}  " not in told.output] == []


def test_roles() -> None:
    """Two nodes answer requests and run no jobs, two run jobs; each has files of its own and shares all else."""
    commands = [service["command"] for service in NODES.values()]
    assert commands.count(["serve", "--no-jobs"]) == 2
    assert commands.count(["worker"]) == 2
    assert len(commands) == 4
    mounted = [volume for service in NODES.values() for volume in service["volumes"]]
    assert len(set(mounted)) == 4
    assert {volume.partition(":")[2] for volume in mounted} == {last("VOLUME")}
    shared = [given(service) for service in NODES.values()]
    assert all(environment == shared[0] for environment in shared)
    assert {"FILEMILL_SECRET", "FILEMILL_DATABASE_URL", "FILEMILL_STORAGE_URL"} <= shared[0].keys()
    parts = {"database": {"condition": "service_healthy"}, "store": {"condition": "service_healthy"}}
    assert all(service["depends_on"] == parts for service in NODES.values())
    webs = {name for name, service in NODES.items() if service["command"][0] == "serve"}
    assert SERVICES["balancer"]["depends_on"] == {name: {"condition": "service_healthy"} for name in webs}
    upstreams = re.search(r"reverse_proxy ([^{]+)\{", read("deploy/Caddyfile"))
    assert upstreams is not None
    assert set(upstreams[1].split()) == {f"{name}:{last('EXPOSE')}" for name in webs}


def test_nodes_end_in_their_time() -> None:
    """A node has longer to end than its work may take."""
    for service in NODES.values():
        assert int(service["stop_grace_period"].removesuffix("s")) > Settings().deadline_seconds + 10


def test_nodes_can_change_nothing_but_their_volume() -> None:
    """A node has a root that it can't write to, no capability, and the engine's own confinement, unweakened."""
    for service in NODES.values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert [place.partition(":")[0] for place in service["tmpfs"]] == ["/tmp"]
        assert [volume.partition(":")[2] for volume in service["volumes"]] == [last("VOLUME")]
        assert service["ulimits"] == {"core": 0}
        weakens = {"privileged", "cap_add", "devices", "network_mode", "pid", "ipc", "userns_mode", "user"}
        assert not weakens & service.keys()
    cache = dict(re.findall(r"(\w+)=(\S+)", last("ENV")))["XDG_CACHE_HOME"]
    assert cache.startswith("/tmp/")  # what programs keep for themselves has a place


def test_image_has_no_program_that_gives_rights() -> None:
    """Nothing in the image that others start runs as root."""
    installed = next(one.text for one in instructions() if "apt-get install" in one.text)
    assert "find / -xdev -type f -perm /6000 -exec chmod a-s {} +" in installed


def test_images_are_pinned() -> None:
    """Every image has a tag with a whole version; ours is the version that is built."""
    version = tomllib.loads(read("pyproject.toml"))["project"]["version"]
    images = [one.words[0] for one in instructions() if one.name == "FROM"]
    images += [service["image"] for service in SERVICES.values()]
    assert [image for image in images if not re.search(r":v?\d+\.\d+(\.\d+)?(-[a-z]+)*$", image)] == []
    assert {service["image"] for service in NODES.values()} == {f"filemill:{version}"}


def test_mounts_and_volumes_exist() -> None:
    """Every file that is mounted is here, and every volume is declared and used."""
    used = set()
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            if source.startswith("."):
                assert (ROOT / source).is_file()
            else:
                used.add(source)
    assert used == set(COMPOSE["volumes"])


def test_secrets_come_from_a_file_that_is_not_kept() -> None:
    """Compose asks for its variables from .env, the example names each, and neither git nor the image takes .env."""
    asked = set(re.findall(r"\$\{(\w+)", read("compose.yaml")))
    example = dict(re.findall(r"^(\w+)=(.*)$", read("deploy/example.env"), re.MULTILINE))
    assert asked == set(example)
    assert {name for name, value in example.items() if not value} == {
        name for name in example if "SECRET" in name or "KEY" in name or "PASSWORD" in name
    }
    assert "/.env" in read(".gitignore").splitlines()
    literal = [value for service in SERVICES.values() for name, value in given(service).items() if "SECRET" in name]
    assert all(value.startswith("${") for value in literal)
