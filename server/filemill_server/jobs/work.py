"""What a job has to do, as it is kept until a process takes it up."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from filemill.sources import Source
from filemill_server.messages import OutputOptions


class SavedPipeline(Struct, frozen=True, omit_defaults=True):
    """Checked steps as JSON, where they stood in the request (a JSON pointer), and the pack they come from."""

    steps: msgspec.Raw
    pointer: str
    pack: str | None = None


class OneInput(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One input whose pipeline depends on what it turns out to be when it has been brought.

    Fields:
        pipelines: by the format of the input; one of another format is refused.
        max_bytes: of a source that is fetched.
        hosts: names that a source is fetched from, and what is below them; None: from anywhere.
    """

    pipelines: dict[str, SavedPipeline]
    max_bytes: int
    hosts: list[str] | None = None


class Work(Struct, frozen=True, kw_only=True, tag="work", omit_defaults=True):
    """A processing request without its connection.

    Fields:
        pipelines: what to do with the inputs.
        sources: inputs that are named in the request, with their JSON pointers.
        files: ids of the uploads that hold the files of the request's body; they come before `sources`.
        parts: the same for files that stand for a parameter, by its name. The uploads of both go with the job.
        output: what becomes of the results.
        metadata: the caller's own values.
        packs: whether the answer is that of `POST /v1/packs`.
        bundle: whether the results of all pipelines become one ZIP.
        base_url: public origin of URLs in the result.
        input: in place of `pipelines`, where they depend on the input.
        asset_id: of the result, where it is chosen before; there is one result then.
        from_end: whether the time that results are kept begins with the end of the job.
        deadline_seconds: longest time from its first start in a process, where that is shorter than the server's.
    """

    pipelines: list[SavedPipeline] = []
    sources: list[tuple[str, Source]] = []
    files: list[str] = []
    parts: dict[str, str] = {}
    output: OutputOptions = OutputOptions()
    metadata: dict[str, Any] | None = None
    packs: bool = False
    bundle: bool = False
    base_url: str
    input: OneInput | None = None
    asset_id: str | None = None
    from_end: bool = False
    deadline_seconds: float | None = None


class Assembly(Struct, frozen=True, kw_only=True, tag="assembly", omit_defaults=True):
    """The last work of a batch, when all its parts have ended: one ZIP of their results, or a list of them.

    Fields:
        output: what becomes of the results.
        metadata: the caller's own values.
        base_url: public origin of URLs in the result.
        uploads: ids of uploads that hold files of the request's body; they go with the batch.
    """

    output: OutputOptions = OutputOptions()
    metadata: dict[str, Any] | None = None
    base_url: str
    uploads: list[str] = []


Order = Work | Assembly

encode_order = msgspec.json.Encoder().encode
decode_order = msgspec.json.Decoder(Order).decode
