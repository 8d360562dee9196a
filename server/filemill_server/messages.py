"""The bodies of the native API: what requests carry and what answers say. JSON is camelCase."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Annotated, Any, TypeVar, cast

from msgspec import NODEFAULT, UNSET, Meta, Struct, UnsetType, defstruct, field, to_builtins
from msgspec.structs import FieldInfo, fields

from filemill.choices import Choice
from filemill.errors import invalid
from filemill.kinds import Facts, Json
from filemill.registry import Entry, Registry
from filemill.sources import Source

R = TypeVar("R", bound=Struct)

MAX_SOURCES = 1000
"""Inputs of one request."""
MIN_TTL_SECONDS = 60
MAX_TTL_SECONDS = 30 * 24 * 3600
DEFAULT_TTL_SECONDS = 24 * 3600

AssetId = Annotated[str, Meta(description="Id of a stored result.", max_length=200)]
UploadId = Annotated[str, Meta(description="Id of an upload.", max_length=200)]
PackName = Annotated[str, Meta(description="Id of a pack.", max_length=64, examples=["instagram-feed"])]
Metadata = Annotated[
    dict[str, Any],
    Meta(max_length=64, description="The caller's own values, at most 64; they come back unchanged."),
]
Packs = Annotated[list[PackName], Meta(min_length=1, max_length=100, description="Packs to make, by id.")]
SourceList = Annotated[list[Source], Meta(min_length=1, max_length=MAX_SOURCES, description="Several inputs.")]


class Archive(Choice):
    """What becomes of many results: one ZIP file, or a list of assets."""

    ZIP = "zip"
    NONE = "none"


class OutputOptions(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What becomes of a result: how long it is kept, who may fetch it, its name."""

    ttl_seconds: (
        Annotated[
            int,
            Meta(
                ge=MIN_TTL_SECONDS,
                le=MAX_TTL_SECONDS,
                description="How long the result is kept, seconds; `null` keeps it until it is deleted.",
            ),
        ]
        | None
    ) = DEFAULT_TTL_SECONDS
    public: Annotated[bool, Meta(description="True: `url` works for everybody, without a signature.")] = False
    filename: Annotated[str, Meta(min_length=1, max_length=255, description="Name of the result.")] | None = None
    archive: Annotated[Archive, Meta(description="Many results: one `zip`, or `none`: a list.")] = Archive.ZIP
    idempotency_key: (
        Annotated[str, Meta(min_length=1, max_length=255, description="As the header `Idempotency-Key`.")] | None
    ) = None
    webhook: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=2048,
                description="https URL that is told of the end; the request becomes a job.",
            ),
        ]
        | None
    ) = None


class Request(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What every processing request may say beside its parameters."""

    output: OutputOptions = OutputOptions()
    metadata: Metadata | None = None


class InputRequest(Request, frozen=True, kw_only=True):
    """A request on one input or on many."""

    source: Source | None = None
    sources: SourceList | None = None

    @property
    def inputs(self) -> list[Source]:
        """The inputs, of `source` or of `sources`.

        Raises:
            FilemillError: `INVALID_PARAMETER` where none or both are given.
        """
        if self.source is not None and self.sources is not None:
            raise invalid("/sources", "Give 'source' or 'sources', not both.")
        if self.source is None and self.sources is None:
            raise invalid("/source", "'source' or 'sources' is missing. It says where the input comes from.")
        return self.sources if self.source is None else [self.source]  # type: ignore[return-value]


class ProcessRequest(InputRequest, frozen=True, kw_only=True):
    """`POST /v1/process`: a pipeline on one input or on many."""

    steps: Annotated[list[dict[str, Any]], Meta(min_length=1, description="The pipeline: steps in order.")]


class PackRequest(InputRequest, frozen=True, kw_only=True):
    """`POST /v1/packs/{packId}`: a pack on one input or on many."""


class PacksRequest(Request, frozen=True, kw_only=True):
    """`POST /v1/packs`: many packs made from one decode of one input."""

    source: Source | None = None
    packs: Packs

    @property
    def inputs(self) -> list[Source]:
        """The one input.

        Raises:
            FilemillError: `INVALID_PARAMETER` where it is missing.
        """
        if self.source is None:
            raise invalid("/source", "'source' is missing. It says where the input comes from.")
        return [self.source]


class BatchRequest(Request, frozen=True, kw_only=True):
    """`POST /v1/batches`: one pipeline, or many packs, on each of many inputs."""

    sources: SourceList | None = None
    steps: Annotated[list[dict[str, Any]], Meta(min_length=1, description="The pipeline: steps in order.")] | None = (
        None
    )
    packs: Packs | None = None


class CopyRequest(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """`POST /v1/assets/{assetId}/copy`."""

    output: OutputOptions = OutputOptions()


def process_request(registry: Registry) -> type[ProcessRequest]:
    """Return `ProcessRequest` with steps of the registered operations: all faults are found at once."""
    return _process_request(registry.step_type)


@cache
def _process_request(step_type: Any) -> type[ProcessRequest]:
    steps = Annotated[list[step_type], Meta(min_length=1, description="The pipeline: steps in order.")]
    return _request("ProcessRequest", ProcessRequest, [("steps", steps, NODEFAULT)])


def batch_request(registry: Registry) -> type[BatchRequest]:
    """Return `BatchRequest` with steps of the registered operations: all faults are found at once."""
    return _batch_request(registry.step_type)


@cache
def _batch_request(step_type: Any) -> type[BatchRequest]:
    steps = Annotated[list[step_type], Meta(min_length=1, description="The pipeline: steps in order.")]
    return _request("BatchRequest", BatchRequest, [("steps", steps | None, None)])


@cache
def operation_request(entry: Entry) -> type[InputRequest]:
    """Return the request of `POST /v1/{operation}`: its parameters beside the names of the envelope."""
    parameters = [(info.name, info.type, _default(info)) for info in fields(entry.operation)]
    return _request(f"{entry.operation.__name__}Request", InputRequest, parameters)


def _default(info: FieldInfo) -> Any:
    if info.default_factory is not NODEFAULT:
        return field(default_factory=info.default_factory, name=info.encode_name)
    return field(default=info.default, name=info.encode_name)


def _request(name: str, base: type[R], parameters: list[tuple[str, Any, Any]]) -> type[R]:
    made = defstruct(name, parameters, bases=(base,), frozen=True, kw_only=True)
    return cast("type[R]", made)


class SourceFacts(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What is known of an input: its format as found in its content, and what its kind knows."""

    filename: str
    format: str
    size_bytes: int
    width: int | None = None
    height: int | None = None
    frames: int | None = None
    pages: int | None = None


class StepReport(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a step (or the `encode` at the end) decided, and its time; steps add members of their own."""

    op: str
    milliseconds: float


class OutputBody(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A stored result and what its kind knows."""

    asset_id: AssetId
    url: Annotated[str, Meta(description="Where its bytes are; signed, unless it is public.")]
    expires_at: Annotated[datetime, Meta(tz=True, description="When it goes; `null`: when deleted.")] | None
    filename: str
    format: str
    mime_type: str
    size_bytes: int
    width: int | None = None
    height: int | None = None
    frames: int | None = None
    pages: int | None = None
    text: str | None = None
    confidence: float | None = None
    data: dict[str, Any] | None = None
    files: Annotated[list[str], Meta(description="Names in a ZIP.")] | None = None


class Result(OutputBody, frozen=True, kw_only=True):
    """The answer of every processing request that made one file (or one ZIP of many)."""

    source: SourceFacts
    sources: Annotated[list[SourceFacts], Meta(description="All inputs, where several.")] | None = None
    report: list[StepReport]
    metadata: dict[str, Any] | None = None


class ManyResult(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The answer where many files were made and `output.archive` is `none`."""

    outputs: list[OutputBody]
    source: SourceFacts
    sources: list[SourceFacts] | None = None
    report: list[StepReport]
    metadata: dict[str, Any] | None = None


class PackOutput(OutputBody, frozen=True, kw_only=True):
    """What one pack made."""

    pack_id: PackName
    report: list[StepReport]


class PacksResult(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The answer of `POST /v1/packs`: one result a pack, in the order asked for."""

    results: list[PackOutput]
    source: SourceFacts
    metadata: dict[str, Any] | None = None


class BatchSource(Struct, frozen=True, kw_only=True, rename="camel"):
    """What became of one input of a batch: its result, the names of its files in the ZIP, or the error."""

    source: Annotated[int, Meta(ge=0, description="Its place in `sources`, or among the files; from 0.")]
    files: Annotated[list[str], Meta(description="Where there is a ZIP: names of its results in it.")] | UnsetType = (
        UNSET
    )
    result: Annotated[dict[str, Any], Meta(description="Where there is none: its result.")] | UnsetType = UNSET
    error: Annotated[dict[str, Any], Meta(description="Why it has no result.")] | UnsetType = UNSET


class BatchResult(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The result of a batch: each input in order. A ZIP of all is described beside, as any result is."""

    outputs: list[BatchSource]
    succeeded: Annotated[int, Meta(ge=1)]
    failed: Annotated[int, Meta(ge=0)]
    metadata: dict[str, Any] | None = None


def with_facts(body: Struct, facts: Facts) -> dict[str, Json]:
    """Return a body as plain data with what the kind knows laid beside; the body's own members win."""
    plain: dict[str, Json] = to_builtins(body)
    return {**plain, **{name: value for name, value in facts.items() if name not in plain}}


class UploadBody(Struct, frozen=True, kw_only=True, rename="camel"):
    """An input that is kept for later."""

    upload_id: UploadId
    filename: str
    mime_type: str
    size_bytes: int
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    expires_at: Annotated[datetime, Meta(tz=True)]


class AssetBody(Struct, frozen=True, kw_only=True, rename="camel"):
    """A stored result, as it is listed."""

    asset_id: AssetId
    url: str
    filename: str
    format: str
    mime_type: str
    size_bytes: int
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    public: bool
    created_at: Annotated[datetime, Meta(tz=True)]
    expires_at: Annotated[datetime, Meta(tz=True)] | None


class AssetList(Struct, frozen=True, kw_only=True, rename="camel"):
    """A page of own assets, the newest first; `nextCursor` is null on the last page."""

    assets: list[AssetBody]
    next_cursor: str | None


class ProblemFault(Struct, frozen=True):
    """One wrong thing in a request; `pointer` is a JSON pointer as a URI fragment: `#/steps/2/width`."""

    pointer: str
    detail: str


class ProblemBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Problem details (RFC 9457) with a stable `code`; some codes add members, such as `smallestBytes`."""

    type: Annotated[str, Meta(description="A stable URI of the kind of problem.")]
    title: str
    status: Annotated[int, Meta(ge=400, le=599)]
    detail: str
    instance: str
    code: str
    request_id: str
    errors: list[ProblemFault] = []


class HealthBody(Struct, frozen=True, kw_only=True):
    """Whether the server works: `ok` or `failing`, and each check with `ok` or what is wrong."""

    status: str
    checks: dict[str, str] = {}
