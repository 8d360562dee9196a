"""The OpenAPI document: valid, complete, and made of what is registered (NA-13)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, find, settings
from openapi_spec_validator import OpenAPIV31SpecValidator

from filemill.errors import ErrorCode
from filemill.limits import Limits
from filemill.registry import Registry, load_registry
from filemill_server.openapi import document, document_bytes
from filemill_server.packs import Packs

Document = dict[str, Any]


@pytest.fixture
def packs(registry: Registry, preset: Callable[..., str], tmp_path: Path) -> Packs:
    """Two packs in a folder of the operator's."""
    for name in ("feed", "story"):
        (tmp_path / f"{name}.yaml").write_text(preset(name))
    packs = Packs(registry, Limits(), tmp_path)
    packs.load()
    return packs


@pytest.fixture
def made(registry: Registry, packs: Packs) -> Document:
    """The document."""
    return document(registry, packs, version="1.2.3")


def operations(made: Document) -> Iterator[tuple[str, str, Document]]:
    """Give path, method and operation of every operation in a document."""
    for path, item in made["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                yield path, method, operation


def validator(made: Document, schema: Document) -> jsonschema_rs.Validator:
    """Return a validator of a schema in the document."""
    return jsonschema_rs.validator_for({**schema, "components": made["components"]})


def body_of(made: Document, path: str, media_type: str) -> Document:
    """Return the schema of a request body."""
    schema: Document = made["paths"][path]["post"]["requestBody"]["content"][media_type]["schema"]
    return schema


def test_the_document_is_valid(made: Document) -> None:
    """NA-13: by the schema and the rules of OpenAPI 3.1; every reference leads somewhere."""
    assert made["openapi"] == "3.1.0"
    assert [str(error) for error in OpenAPIV31SpecValidator(made).iter_errors()] == []


def test_the_document_of_the_installed_plugins_is_valid() -> None:
    """NA-13: the same with what is installed here."""
    registry = load_registry()
    packs = Packs(registry, Limits())
    packs.load()
    made = document(registry, packs, version="1.2.3")
    assert [str(error) for error in OpenAPIV31SpecValidator(made).iter_errors()] == []


def test_the_document_is_valid_with_nothing_registered(registry_of: Callable[..., Registry]) -> None:
    """NA-13: a server without plugins still has a document."""
    registry = load_registry(entries=[])
    made = document(registry, Packs(registry, Limits()), version="1.2.3")
    assert [str(error) for error in OpenAPIV31SpecValidator(made).iter_errors()] == []


def test_every_registered_operation_has_a_path(registry: Registry, made: Document) -> None:
    """NA-13, NA-20: one path an operation, with its documentation, under its plugin's tag."""
    for entry in registry.operations.values():
        operation = made["paths"][f"/v1/{entry.name}"]["post"]
        assert operation["summary"] == entry.summary
        assert operation["tags"] == [f"Operations: {entry.plugin.name}"]
    assert "Install the reader." in made["paths"]["/v1/read"]["post"]["description"]


def test_the_rest_of_the_api_is_there(made: Document) -> None:
    """NA-10…NA-13, NA-21, NA-22, NA-40, NA-41, NA-50, NA-83: all paths and methods."""
    found = {f"{method} {path}" for path, method, _ in operations(made)}
    assert {
        "post /v1/process",
        "get /v1/packs",
        "post /v1/packs",
        "get /v1/packs/{packId}",
        "post /v1/packs/{packId}",
        "get /v1/operations",
        "get /v1/operations/{name}",
        "get /v1/formats",
        "post /v1/uploads",
        "post /v1/batches",
        "get /v1/jobs/{jobId}/parts",
        "get /v1/uploads/{uploadId}",
        "delete /v1/uploads/{uploadId}",
        "head /v1/uploads/{uploadId}",
        "patch /v1/uploads/{uploadId}",
        "post /v1/uploads/tus",
        "head /v1/uploads/tus/{uploadId}",
        "patch /v1/uploads/tus/{uploadId}",
        "delete /v1/uploads/tus/{uploadId}",
        "get /v1/assets",
        "get /v1/assets/{assetId}",
        "head /v1/assets/{assetId}",
        "put /v1/assets/{assetId}",
        "delete /v1/assets/{assetId}",
        "post /v1/assets/{assetId}/copy",
        "get /v1/usage",
        "get /v1/keys",
        "post /v1/keys",
        "delete /v1/keys/{keyId}",
        "get /v1/domains",
        "put /v1/domains/{domain}",
        "delete /v1/domains/{domain}",
        "get /v1/jobs",
        "get /v1/jobs/{jobId}",
        "delete /v1/jobs/{jobId}",
        "get /v1/jobs/{jobId}/events",
        "get /health/live",
        "get /health/ready",
        "get /metrics",
        "get /openapi.json",
    } <= found


def test_limits_are_told(made: Document) -> None:
    """NC-02: what costs units says so in the headers of its answers, and has 429 with the time to wait."""
    for path in ("/v1/process", "/v1/packs", "/v1/packs/{packId}", "/v1/batches"):
        responses = made["paths"][path]["post"]["responses"]
        assert {"RateLimit", "RateLimit-Policy"} <= responses["200"]["headers"].keys() & responses["202"][
            "headers"
        ].keys()
        name = responses["429"]["$ref"].removeprefix("#/components/responses/")
        assert {"Retry-After", "RateLimit", "RateLimit-Policy"} <= made["components"]["responses"][name][
            "headers"
        ].keys()


def test_what_needs_no_key_says_so(made: Document) -> None:
    """NA-02: the open paths, and nothing else, have no security."""
    opened = {f"{method} {path}" for path, method, operation in operations(made) if operation.get("security") == []}
    assert opened == {
        "get /v1/operations",
        "get /v1/operations/{name}",
        "get /v1/formats",
        "get /v1/packs",
        "get /v1/packs/{packId}",
        "get /health/live",
        "get /health/ready",
        "get /openapi.json",
    }
    assert made["paths"]["/v1/assets/{assetId}"]["get"]["security"][0] == {}
    assert made["security"] == [{"bearer": []}, {"apiKey": []}]


def test_steps_are_one_of_with_a_discriminator(made: Document) -> None:
    """NA-13: `oneOf` with the discriminator `op`, every operation in its mapping."""
    step = made["components"]["schemas"]["Step"]
    assert step["discriminator"]["propertyName"] == "op"
    assert set(step["discriminator"]["mapping"]) == {"convert", "join", "measure", "read", "shrink", "split", "stamp"}
    assert len(step["oneOf"]) == 7
    body = validator(made, body_of(made, "/v1/process", "application/json"))
    source = {"url": "https://example.com/a.jpg"}
    assert body.is_valid({"source": source, "steps": [{"op": "shrink", "width": 5}, {"op": "measure"}]})
    assert not body.is_valid({"source": source, "steps": [{"op": "shrunk", "width": 5}]})
    assert not body.is_valid({"source": source, "steps": [{"op": "shrink", "width": 0}]})
    assert not body.is_valid({"source": source, "steps": []})


@pytest.mark.parametrize(
    ("source", "good"),
    [
        ({"source": {"url": "https://example.com"}}, True),
        ({"source": {"url": "https://example.com", "headers": {"A": "b"}}}, True),
        ({"sources": [{"base64": "AAAA"}, {"uploadId": "u"}]}, True),
        ({"source": {"assetId": "a"}, "sources": None}, True),
        ({}, False),
        ({"source": None}, False),
        ({"source": {}}, False),
        ({"source": {"url": "https://example.com", "base64": "AAAA"}}, False),
        ({"source": {"base64": "AAAA", "headers": {"A": "b"}}}, False),
        ({"source": {"url": "https://example.com"}, "sources": [{"base64": "AAAA"}]}, False),
        ({"sources": []}, False),
    ],
)
def test_a_json_body_has_exactly_one_way_to_its_input(made: Document, source: Document, good: bool) -> None:
    """NA-24: the schema allows what the server takes, and nothing else."""
    body = validator(made, body_of(made, "/v1/shrink", "application/json"))
    assert body.is_valid({"width": 800, **source}) is good


@pytest.mark.parametrize(
    ("body", "good"),
    [
        ({"steps": [{"op": "measure"}]}, True),
        ({"packs": ["feed"]}, True),
        ({"packs": ["feed"], "steps": None}, True),
        ({"steps": [{"op": "measure"}], "packs": ["feed"]}, False),
        ({"packs": ["feet"]}, False),
        ({"steps": [{"op": "shrunk"}]}, False),
        ({"steps": []}, False),
        ({}, False),
    ],
)
def test_a_batch_has_steps_or_packs(made: Document, body: Document, good: bool) -> None:
    """The schema allows what the server takes, and nothing else."""
    schema = validator(made, body_of(made, "/v1/batches", "application/json"))
    sources = [{"url": "https://example.com"}]
    assert schema.is_valid({"sources": sources, **body}) is good
    assert not schema.is_valid(body)
    assert not schema.is_valid({"sources": sources * 1001, **body})


def test_a_raw_body_has_its_parameters_in_the_query(made: Document) -> None:
    """NA-23: media types of readable formats of the kind that is taken; parameters by name."""
    operation = made["paths"]["/v1/shrink"]["post"]
    media_types = set(operation["requestBody"]["content"])
    assert media_types == {
        "application/json",
        "multipart/form-data",
        "image/jpeg",
        "image/heic",
        "application/octet-stream",
    }
    query = {part["name"]: part for part in operation["parameters"] if part.get("in") == "query"}
    assert set(query) == {"width", "fit", "background", "format", "quality", "output", "metadata"}
    assert query["width"]["schema"]["maximum"] == 16384
    assert set(query["output"]["content"]) == {"application/json"}
    assert "null" not in json.dumps(query["quality"])


def test_a_form_has_files_and_parameters(made: Document) -> None:
    """NA-23: `file` or `files`, parameters beside them, structured ones as JSON, a source as a file."""
    form = body_of(made, "/v1/shrink", "multipart/form-data")
    assert form["required"] == ["width"]
    assert form["anyOf"] == [{"required": ["file"]}, {"required": ["files"]}]
    assert "source" not in form["properties"]
    stamp = made["paths"]["/v1/stamp"]["post"]["requestBody"]["content"]["multipart/form-data"]
    assert stamp["schema"]["properties"]["overlay"]["format"] == "binary"
    assert stamp["encoding"]["output"] == {"contentType": "application/json"}
    assert "overlay" not in stamp["encoding"]
    assert "files" not in body_of(made, "/v1/packs", "multipart/form-data")["properties"]


def test_answers_are_json_or_bytes(made: Document) -> None:
    """NA-27, NA-28: the result's JSON, or the types its kind can be written as."""
    content = made["paths"]["/v1/shrink"]["post"]["responses"]["200"]["content"]
    assert set(content) == {
        "application/json",
        "image/jpeg",
        "image/avif",
        "application/zip",
        "application/octet-stream",
    }
    report = {"op": "shrink", "milliseconds": 1.5, "scale": 0.5}
    result = {
        "assetId": "a",
        "url": "https://example.com/a",
        "expiresAt": None,
        "filename": "a.jpg",
        "format": "jpeg",
        "mimeType": "image/jpeg",
        "sizeBytes": 5,
        "width": 3,
        "source": {"filename": "in.jpg", "format": "jpeg", "sizeBytes": 9, "frames": 1},
        "report": [report],
    }
    assert validator(made, content["application/json"]["schema"]).is_valid(result)


@pytest.mark.parametrize("path", ["/v1/shrink", "/v1/process", "/v1/packs", "/v1/packs/{packId}"])
def test_work_can_become_a_job(made: Document, path: str) -> None:
    """NA-30, NC-05: how to ask for a job, and the answer that has it."""
    operation = made["paths"][path]["post"]
    assert {"#/components/parameters/Prefer", "#/components/parameters/Priority"} <= {
        part.get("$ref") for part in operation["parameters"]
    }
    answer = operation["responses"]["202"]
    assert {"Location", "Retry-After", "Preference-Applied", "Vary"} <= answer["headers"].keys()
    body = validator(made, answer["content"]["application/json"]["schema"])
    waiting = {"jobId": "j", "status": "queued", "progress": 0, "step": None, "createdAt": "2026-01-01T00:00:00Z"}
    waiting |= {"startedAt": None, "finishedAt": None}
    assert body.is_valid(waiting)
    assert not body.is_valid(waiting | {"status": "waiting"})
    assert not body.is_valid(waiting | {"result": "text"})
    assert not body.is_valid(waiting | {"error": {"code": "INVALID_FILE"}})


def test_problems_are_typed(made: Document) -> None:
    """NA-70, NC-01: each status with its codes and the one schema of problems; 401 says what is wanted."""
    responses = made["paths"]["/v1/shrink"]["post"]["responses"]
    assert set(responses) == {
        *("200", "202", "400", "401", "403", "404", "409", "413", "415", "422"),
        *("429", "500", "501", "503", "504"),
    }
    shared = {
        status: made["components"]["responses"][ref["$ref"].rpartition("/")[2]]
        for status, ref in responses.items()
        if status not in ("200", "202")
    }
    for response in shared.values():
        assert set(response["content"]) == {"application/problem+json"}
        content = response["content"]["application/problem+json"]
        assert validator(made, content["schema"]).is_valid(content["example"])
    for code in ("INVALID_PARAMETER", "INVALID_FILE", "SOURCE_UNREACHABLE", "TARGET_UNREACHABLE"):
        assert code in shared["422"]["description"]
        assert ErrorCode[code].status == 422
    assert "WWW-Authenticate" in shared["401"]["headers"]
    assert "Retry-After" in shared["503"]["headers"]


def test_every_answer_has_a_request_id(made: Document) -> None:
    """NC-16: `X-Request-Id` everywhere."""
    for _, _, operation in operations(made):
        for response in operation["responses"].values():
            found = response
            if "$ref" in response:
                found = made["components"]["responses"][response["$ref"].rpartition("/")[2]]
            assert "X-Request-Id" in found["headers"]


def test_examples_are_good(made: Document) -> None:
    """Every example of a JSON body is one that its schema allows; fields' own examples are in it."""
    seen = 0
    for path, _, operation in operations(made):
        content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        if "example" in content:
            seen += 1
            assert validator(made, content["schema"]).is_valid(content["example"]), path
    assert seen >= 9
    example = made["paths"]["/v1/shrink"]["post"]["requestBody"]["content"]["application/json"]["example"]
    assert (example["width"], example["background"]) == (800, "#ffffff")


def test_packs_are_named(made: Document) -> None:
    """NA-12, NA-22: the ids there are now stand in the document."""
    path_id = made["paths"]["/v1/packs/{packId}"]["post"]["parameters"][0]
    assert path_id["schema"]["enum"] == ["feed", "story"]
    assert made["components"]["schemas"]["PacksRequest"]["properties"]["packs"]["items"]["enum"] == ["feed", "story"]


def test_the_bytes_are_kept_until_the_packs_change(
    registry: Registry, packs: Packs, preset: Callable[..., str], tmp_path: Path
) -> None:
    """NA-13: made once per state."""
    first = document_bytes(registry, packs)
    assert document_bytes(registry, packs) is first
    (tmp_path / "third.yaml").write_text(preset("third"))
    packs.load()
    assert b'"third"' in document_bytes(registry, packs)
    assert b"https://files.example.com" in document_bytes(registry, packs, public_url="https://files.example.com")


def test_schemathesis_makes_requests_of_all_of_it(made: Document) -> None:
    """NA-13: the document is good enough for a machine to call every path."""
    for media_type in ("application/offset+octet-stream", "application/partial-upload"):
        schemathesis.serializer.alias(media_type, "application/octet-stream")
    operations_found = [
        result.ok()
        for result in schemathesis.openapi.from_dict(made, config=schemathesis.Config()).get_all_operations()
    ]
    assert len(operations_found) == len(list(operations(made)))
    quick = settings(
        max_examples=1,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    for operation in operations_found:
        case = find(operation.as_strategy(), lambda _: True, settings=quick)
        assert case.method.lower() in made["paths"][operation.path]
