"""The unit of systemd: what it declares, and a server that lives under what it takes away."""

from __future__ import annotations

import configparser
import errno
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from call_filter import calls, write_filter
from documentation import ROOT
from filemill_server.cli import main
from filemill_server.settings import Settings
from forked import FILEMILL
from live import LiveServer, children
from media_files import sound
from ports import free_port

UNIT = ROOT / "deploy" / "filemill.service"
NOBODY = 65534
DATA = "/mnt"
"""Where the data folder is for a confined server."""
START_SECONDS = 60.0
WORST_EXPOSURE = 3.0
"""Of `systemd-analyze security`, from 0 to 10; a service without any confinement has 9.6."""
_ISOLATION = "from filemill.program import _isolation; print(*_isolation())"
_TMP = "import os; from filemill.confine import hide_tmp; print(hide_tmp(os.getcwd()))"


@pytest.fixture(scope="module")
def service() -> dict[str, list[str]]:
    """What the unit says of the service, by its names; a name may stand more than once."""
    said: dict[str, list[str]] = {}
    section = UNIT.read_text(encoding="utf-8").partition("[Service]")[2].partition("[Install]")[0]
    for line in section.splitlines():
        if line and not line.startswith("#"):
            name, _, value = line.partition("=")
            said.setdefault(name, []).append(value)
    return said


def test_it_runs_what_there_is(service: dict[str, list[str]]) -> None:
    """It runs a command that there is, with settings that there are, and waits as a node needs it."""
    program, *words = service["ExecStart"][0].split()
    assert program.endswith("/bin/filemill")
    assert CliRunner().invoke(main, [*words, "--help"]).exit_code == 0
    assert service["KillMode"] == ["mixed"]
    assert int(service["TimeoutStopSec"][0]) >= 2 * Settings().deadline_seconds + 30
    folder = f"/var/lib/{service['StateDirectory'][0]}"
    assert f"FILEMILL_DATA_DIR={folder}" in service["Environment"]
    assert set(re.findall(r"FILEMILL_[A-Z_]+", UNIT.read_text())) == {"FILEMILL_DATA_DIR", "FILEMILL_SECRET"}
    parser = configparser.ConfigParser(strict=False)
    parser.read(UNIT)
    assert parser["Install"]["WantedBy"] == "multi-user.target"


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("User", ["filemill"]),
        ("UMask", ["0077"]),
        ("NoNewPrivileges", ["true"]),
        ("CapabilityBoundingSet", [""]),
        ("AmbientCapabilities", [""]),
        ("ProtectSystem", ["strict"]),
        ("ProtectHome", ["true"]),
        ("PrivateTmp", ["true"]),
        ("PrivateDevices", ["true"]),
        ("RestrictSUIDSGID", ["true"]),
        ("LimitCORE", ["0"]),
        ("OOMPolicy", ["continue"]),
        # A worker's programs are confined by these; see filemill.program and filemill.confine.
        ("RestrictNamespaces", ["user net mnt"]),
        (
            "SystemCallFilter",
            ["@system-service", "mount landlock_create_ruleset landlock_add_rule landlock_restrict_self"],
        ),
    ],
)
def test_what_it_takes_away(service: dict[str, list[str]], name: str, values: list[str]) -> None:
    """It takes away what a server has no need of, and leaves what confines the programs that workers start."""
    assert service[name] == values
    assert "MemoryMax" in service
    assert "ReadWritePaths" not in service  # nothing but the folders that systemd makes for it


needs_analyze = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


@needs_analyze
def test_systemd_reads_it(tmp_path: Path) -> None:
    """It is read without a complaint: systemd knows every line of it, and finds little that is exposed."""
    installed = tmp_path / UNIT.name
    installed.write_text(UNIT.read_text().replace("/opt/filemill/bin/filemill", FILEMILL))
    read = subprocess.run(["systemd-analyze", "verify", installed], capture_output=True, text=True, timeout=60)
    assert [line for line in read.stderr.splitlines() if UNIT.name in line] == []
    words = ["systemd-analyze", "security", "--offline=true", installed]
    told = subprocess.run(words, capture_output=True, text=True, timeout=60)
    exposure = re.search(r"exposure level for \S+: ([0-9.]+)", told.stdout)
    if exposure is None:
        pytest.skip(f"this systemd does not analyse files: {told.stderr.strip()}")
    assert float(exposure[1]) <= WORST_EXPOSURE, told.stdout


@dataclass
class Confined:
    """A server as an ordinary user without any capability, whose root can't be written to, with few system calls."""

    data: Path
    port: int
    process: subprocess.Popen[bytes]
    before: Sequence[str]

    @property
    def log(self) -> str:
        """All that it has said."""
        return (self.data.parent / "log").read_text()

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def post(self, work: str, name: str, content: bytes, **fields: str) -> httpx.Response:
        """Have it do something to a file."""
        key = re.search(r"fm_live_[A-Za-z0-9]{43}", self.log)
        assert key is not None
        url, headers = f"{self.address}/v1/{work}", {"X-API-Key": key[0]}
        made = httpx.post(url, files={"file": (name, content)}, data=fields, headers=headers, timeout=60)
        assert made.status_code == 200, made.text
        return made

    def run(self, code: str) -> str:
        """Run Python under the same confinement, and return what it prints."""
        words = [*self.before, sys.executable, "-c", code]
        return subprocess.run(words, capture_output=True, text=True, timeout=60).stdout.strip()


def confinement(data: Path, system_calls: Sequence[str]) -> list[str]:
    """Return the command that takes away from another what the unit does, as far as a test can.

    Tests that need it are left out where the machine does not let a process have mounts of its own.
    """
    needed = [name for name in ("bwrap", "setpriv", "systemd-analyze") if shutil.which(name) is None]
    if needed:
        pytest.skip(f"{' and '.join(needed)} must be installed")
    write_filter(calls(system_calls), data.parent / "filter")
    words = ["sh", "-c", 'exec 9<"$0" && exec "$@"', str(data.parent / "filter")]
    words += ["bwrap", "--seccomp", "9", "--die-with-parent", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
    words += ["--perms", "1777", "--tmpfs", "/tmp"]
    replaced = {Path("/tmp")}
    for path in (ROOT, Path(sys.prefix), Path(sys.base_prefix)):
        above = list(reversed(path.parents))
        # A folder that only root can enter is replaced by one that holds nothing but what is needed.
        closed = next((one for one in above if one in replaced or not one.stat().st_mode & 0o001), None)
        if closed is not None:
            words += [] if closed in replaced else ["--perms", "0755", "--tmpfs", str(closed)]
            replaced.add(closed)
            for folder in above[above.index(closed) + 1 :]:
                words += ["--perms", "0755", "--dir", str(folder)]
            words += ["--ro-bind", str(path), str(path)]
    words += ["--bind", str(data), DATA, "--chdir", DATA, "--"]
    words += ["setpriv", "--no-new-privs", "--inh-caps=-all"]
    if os.geteuid() == 0:
        words += ["--bounding-set=-all", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    words += ["--"]
    tried = subprocess.run(
        [*words, sys.executable, "-c", "import filemill"], capture_output=True, text=True, timeout=60
    )
    if tried.returncode != 0:
        pytest.skip(f"an ordinary user can't be confined here, or can't read filemill: {tried.stderr.strip()[-200:]}")
    return words


@pytest.fixture(scope="module")
def confined(tmp_path_factory: pytest.TempPathFactory, service: Mapping[str, list[str]]) -> Iterator[Confined]:
    """Such a server, which answers."""
    data = tmp_path_factory.mktemp("confined") / "data"
    data.mkdir(mode=0o700)
    if os.geteuid() == 0:
        os.chown(data, NOBODY, NOBODY)
    system_calls = [name for line in service["SystemCallFilter"] for name in line.split()]
    before, port = confinement(data, system_calls), free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FILEMILL_")}
    environment |= {"FILEMILL_DATA_DIR": DATA, "FILEMILL_PORT": str(port), "FILEMILL_WORKERS": "1"}
    with (data.parent / "log").open("wb") as log:
        process = subprocess.Popen([*before, FILEMILL, "serve"], env=environment, stdout=log, stderr=log)
    server = Confined(data, port, process, before)
    try:
        end = time.monotonic() + START_SECONDS
        while "is ready" not in server.log:
            assert process.poll() is None, server.log
            assert time.monotonic() < end, server.log
            time.sleep(0.1)
        yield server
    finally:
        for pid in served_by(process.pid):  # what confines it would leave it behind
            os.kill(pid, signal.SIGTERM)
        process.wait(30)


def family(pid: int) -> list[int]:
    """Return a process and all below it."""
    return [pid, *(below for child in children(pid) for below in family(child))]


@pytest.mark.parametrize(
    ("name", "work", "target"),
    [
        ("photo.jpg", "convert", "avif"),
        ("photo.jpg", "convert", "pdf"),
        ("photo.jpg", "create-archive", "7z"),
        ("tone.wav", "convert", "mp3"),
    ],
)
def test_it_works_without_rights(
    confined: Confined, photo: Path, tmp_path: Path, name: str, work: str, target: str
) -> None:
    """An ordinary user with nothing but the data folder gets work of all kinds done."""
    content = photo.read_bytes() if name == "photo.jpg" else sound(tmp_path / name).read_bytes()
    assert httpx.get(f"{confined.address}/health/ready", timeout=60).status_code == 200
    assert httpx.get(confined.post(work, name, content, format=target).json()["url"], timeout=60).status_code == 200
    assert "runs_as_root" not in confined.log


def test_programs_work_without_rights(confined: Confined) -> None:
    """LibreOffice writes what Tesseract reads."""
    page = confined.post("convert", "words.md", b"# Harbour\n", format="png").json()
    picture = httpx.get(page["url"], timeout=60).content
    assert "Harbour" in confined.post("ocr", "words.png", picture).text


def served_by(pid: int) -> list[int]:
    """Return the server and its workers, of a command that confines them."""
    said = {one: Path(f"/proc/{one}/cmdline").read_bytes() for one in family(pid)}
    return [one for one, words in said.items() if b"filemill" in words and not words.startswith((b"bwrap", b"sh"))]


def test_its_processes_have_no_rights(confined: Confined) -> None:
    """Neither the server nor a worker has a capability or another user's rights, or can be given any."""
    ours = served_by(confined.process.pid)
    assert len(ours) >= 2, "the server and a worker"
    user = str(NOBODY if os.geteuid() == 0 else os.geteuid())
    for pid in ours:
        said = dict(
            line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line
        )
        assert set(said["Uid"].split()) == {user}
        assert {said[name] for name in ("CapEff", "CapPrm", "CapInh", "CapAmb")} == {"0" * 16}
        assert (said["NoNewPrivs"], said["Seccomp"]) == ("1", "2")
    refused = "import ctypes; c = ctypes.CDLL(None, use_errno=True); print(c.ptrace(0, 0, 0, 0), ctypes.get_errno())"
    assert confined.run(refused) == f"-1 {errno.EPERM}"


def test_its_programs_are_confined(confined: Confined) -> None:
    """What workers start has a network and a /tmp of its own, where this machine lets an ordinary user have them."""
    plain = subprocess.run(
        [sys.executable, "-c", _ISOLATION], capture_output=True, text=True, timeout=60
    ).stdout.strip()
    assert confined.run(_ISOLATION) == plain
    if "unshare" in plain:
        assert confined.run(_TMP) == "True"


def test_root_is_told(server: LiveServer) -> None:
    """A server that runs as root says so, and runs."""
    assert ("runs_as_root" in Path(server.log.name).read_text()) is (os.geteuid() == 0)
