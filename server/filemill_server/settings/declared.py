"""The settings of a server. The struct is their only source: names, types, defaults, meanings."""

from __future__ import annotations

import os
import secrets
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct, field

from filemill.choices import Choice
from filemill.limits import Limits
from filemill_server.fetch.addresses import Network
from filemill_server.fetch.policy import WEB_PORTS

_DEFAULTS = Limits()
_MAX_UPLOAD = 2 << 30


class LogLevel(Choice):
    """How much is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def cpu_quota() -> int:
    """Return how many CPUs this process may use: by affinity and by the control group's quota, at least 1."""
    cpus = len(os.sched_getaffinity(0))
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
        return max(1, cpus if quota == "max" else min(cpus, round(int(quota) / int(period))))
    except (OSError, ValueError):  # no control group of version 2
        return cpus


class Settings(Struct, frozen=True, kw_only=True):
    """What an operator can set, by environment as `FILEMILL_` and the name in capitals, or in `filemill.toml`."""

    data_dir: Annotated[Path, Meta(description="Folder of everything the server keeps.")] = Path("filemill-data")
    host: Annotated[str, Meta(min_length=1, description="Address to listen on; `0.0.0.0` for all of IPv4.")] = (
        "127.0.0.1"
    )
    port: Annotated[int, Meta(ge=0, le=65535, description="Port to listen on; 0 takes a free one.")] = 8000
    public_url: (
        Annotated[
            str,
            Meta(
                pattern=r"^https?://[^/?#\s@]+(/[^?#\s]*)?$",
                description="Where callers reach the server, for URLs in answers; default: as the request says.",
                examples=["https://files.example.com"],
            ),
        ]
        | None
    ) = None
    dialect_hosts: Annotated[
        tuple[str, ...],
        Meta(
            description="Host names under which the server speaks a dialect; each is at its prefix all the same. "
            "A name may begin with `*.`, for any one label.",
            examples=["shop=api.example.com,filestack=*.files.example.com"],
        ),
    ] = ()
    browser_dialects: Annotated[
        tuple[str, ...],
        Meta(
            description="Dialects that pages of any origin may use (CORS), beside those that are made for it.",
            examples=["filagram"],
        ),
    ] = ()
    delivery_urls: Annotated[
        tuple[str, ...],
        Meta(
            description="Where callers of a dialect fetch results; default: where they send their requests. It is an"
            " address of this server, with a host name of the dialect or with its prefix.",
            examples=["filagram=https://files.example.com"],
        ),
    ] = ()
    root_dialects: Annotated[
        tuple[str, ...],
        Meta(
            description="Dialects whose paths stand at the root; the native API is then below `/native` as well.",
            examples=["shop,gallery"],
        ),
    ] = ()
    filagram_result_seconds: Annotated[
        int, Meta(ge=1, le=315360000, description="How long results of the dialect Filagram are kept, seconds.")
    ] = 86400
    database_url: (
        Annotated[
            str,
            Meta(
                description="Database; default: SQLite in the data folder.",
                examples=["postgresql://user:password@host/filemill"],
            ),
        ]
        | None
    ) = None
    storage_url: (
        Annotated[
            str,
            Meta(
                description="Where results and uploads are kept; default: a folder in the data folder.",
                examples=["s3://bucket/prefix", "file:///srv/files"],
            ),
        ]
        | None
    ) = None
    source_storage_url: (
        Annotated[
            str,
            Meta(
                description="Where sources by `storageKey` are read; default: they are refused.",
                examples=["s3://bucket/originals", "file:///srv/originals"],
            ),
        ]
        | None
    ) = None
    presets_dir: (
        Annotated[Path, Meta(description="Folder of the operator's own packs, read again when it changes.")] | None
    ) = None
    plans_file: (
        Annotated[
            Path,
            Meta(
                description="YAML file of the operator's own plans; they replace shipped ones of their names.",
                examples=["/etc/filemill/plans.yaml"],
            ),
        ]
        | None
    ) = None
    workers: Annotated[
        int, Meta(ge=1, le=1024, description="Worker processes; default: the CPUs this machine gives the server.")
    ] = field(default_factory=cpu_quota)
    queue: Annotated[int, Meta(ge=0, description="Requests that may wait for a worker; one more is answered 503.")] = (
        100
    )
    max_connections: Annotated[
        int,
        Meta(ge=1, description="Open connections; a further one is answered 503, but for questions about health."),
    ] = 4096
    stall_seconds: Annotated[
        float,
        Meta(
            gt=0,
            description="A head has to be complete, and a body or an answer to get on by 1 KiB a second, within this"
            " time and at most 2.1 times of it.",
        ),
    ] = 30.0
    deadline_seconds: Annotated[float, Meta(gt=0, description="Longest time of one piece of work, seconds.")] = (
        _DEFAULTS.deadline_seconds
    )
    job_deadline_seconds: Annotated[
        float, Meta(gt=0, description="Longest time of one job, from its start in a process, seconds.")
    ] = 3600.0
    job_places: (
        Annotated[int, Meta(ge=1, le=1024, description="Most jobs that a process has in hand; default: 16 a worker.")]
        | None
    ) = None
    jobs_per_key: (
        Annotated[int, Meta(ge=1, description="Jobs of one tenant that run at once, on all nodes together.")] | None
    ) = None
    wait_seconds: (
        Annotated[
            float,
            Meta(
                gt=0,
                description="How long a request waits for its result before it becomes a job (202); "
                "default: it doesn't.",
            ),
        ]
        | None
    ) = None
    max_upload_bytes: Annotated[int, Meta(ge=1, description="Largest body, upload or fetched file, bytes.")] = (
        _MAX_UPLOAD
    )
    max_pixels: Annotated[int, Meta(ge=1, description="Most pixels of a picture, all frames together.")] = (
        _DEFAULTS.max_pixels
    )
    max_frames: Annotated[int, Meta(ge=1, description="Most frames or pages of a picture.")] = _DEFAULTS.max_frames
    memory_bytes: Annotated[
        int, Meta(ge=64 << 20, description="Memory one piece of work may use on top of an idle worker, bytes.")
    ] = _DEFAULTS.memory_bytes
    max_outputs: Annotated[int, Meta(ge=1, description="Most files that one piece of work may give.")] = (
        _DEFAULTS.max_outputs
    )
    max_growth: Annotated[
        int,
        Meta(
            ge=1,
            description="How many times the bytes of its inputs (at least 1 MiB) work on documents, archives or media"
            " may give.",
        ),
    ] = _DEFAULTS.max_growth
    honour_restrictions: Annotated[
        bool,
        Meta(description="Refuse to change a document that opens without a password and whose owner forbids changes."),
    ] = _DEFAULTS.honour_restrictions
    fetch_allow_networks: Annotated[
        tuple[str, ...],
        Meta(
            description="Networks that are not public: sources may come from them, webhooks go to them all the same.",
            examples=["10.1.0.0/16,192.168.7.20/32"],
        ),
    ] = ()
    fetch_allow_ports: Annotated[
        tuple[Annotated[int, Meta(ge=1, le=65535)], ...],
        Meta(
            description="Ports of public addresses beside 80 and 443: sources may come from them, webhooks go to them.",
            examples=["8080,8443"],
        ),
    ] = ()
    fetch_timeout_seconds: Annotated[float, Meta(gt=0, description="Longest time of one fetch, seconds.")] = 20.0
    webhook_allow_http: Annotated[
        bool, Meta(description="Send webhooks to http URLs too, which everybody on the way can read; meant for tests.")
    ] = False
    imgsmaller_keep_seconds: Annotated[
        int,
        Meta(ge=60, le=86400, description="How long the dialect ImgSmaller keeps a result, seconds; at most a day."),
    ] = 86400
    blocked_plugins: Annotated[tuple[str, ...], Meta(description="Plugins that are not loaded, by name.")] = ()
    secret: (
        Annotated[
            str,
            Meta(
                min_length=32,
                description="Signs the URLs of assets and encrypts what signs webhooks; default: made once and kept in"
                " the data folder.",
            ),
        ]
        | None
    ) = None
    secret_previous: (
        Annotated[
            str,
            Meta(
                min_length=32,
                description="The secret before, while it is changed: what it signed holds, and what it encrypted is"
                " read, and encrypted anew at the start.",
            ),
        ]
        | None
    ) = None
    log_level: Annotated[LogLevel, Meta(description="How much is logged.")] = LogLevel.INFO

    @property
    def database(self) -> str:
        """The URL of the database, the default filled in."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'filemill.db').absolute()}"

    @property
    def engine_database(self) -> str:
        """The URL of the database of the engine that runs jobs: a file of its own, or the same PostgreSQL."""
        if self.database.startswith("sqlite"):
            return f"sqlite:///{(self.data_dir / 'jobs.db').absolute()}"
        return self.database

    @property
    def storage_folder(self) -> Path:
        """The folder where bytes are kept if no other storage is set."""
        return self.data_dir / "files"

    @property
    def networks(self) -> tuple[Network, ...]:
        """The networks of `fetch_allow_networks`."""
        return tuple(map(ip_network, self.fetch_allow_networks))

    @property
    def ports(self) -> frozenset[int]:
        """The ports of public addresses that may be connected to: the web's, and those of `fetch_allow_ports`."""
        return WEB_PORTS.union(self.fetch_allow_ports)


def limits(settings: Settings) -> Limits:
    """Return what one task may use."""
    return Limits(
        max_pixels=settings.max_pixels,
        max_frames=settings.max_frames,
        max_outputs=settings.max_outputs,
        max_growth=settings.max_growth,
        honour_restrictions=settings.honour_restrictions,
        memory_bytes=settings.memory_bytes,
        deadline_seconds=settings.deadline_seconds,
    )


class ServerSecret(Struct, frozen=True):
    """What signs and encrypts, and the one before, which still opens what it closed."""

    current: bytes
    previous: bytes | None = None

    def __repr__(self) -> str:
        # It would end in logs and in tracebacks.
        return f"ServerSecret(rotating={self.previous is not None})"


def server_secret(settings: Settings) -> ServerSecret:
    """Return what signs and encrypts: what is set, else what was made once in the data folder."""
    previous = None if settings.secret_previous is None else settings.secret_previous.encode()
    return ServerSecret(_current_secret(settings), previous)


def _current_secret(settings: Settings) -> bytes:
    if settings.secret is not None:
        return settings.secret.encode()
    path = settings.data_dir / "secret"
    if not path.exists():
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".secret-{secrets.token_hex(8)}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(32))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(fresh, path)  # whole or not at all; of several processes the first one's stays
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_bytes()
