"""Discovery: operations, formats and packs as bodies (NA-10, NA-11, NA-12)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import jsonschema_rs
import msgspec
import pytest

from filemill.errors import ErrorCode, FilemillError
from filemill.limits import Limits
from filemill.registry import Registry
from filemill_server.discovery import (
    formats_body,
    operation_body,
    operations_body,
    pack_body,
    packs_body,
    parameters_schema,
)
from filemill_server.packs import Packs


def test_every_operation_is_listed_by_name(registry: Registry) -> None:
    """NA-10: all operations, in order of names."""
    names = [operation.name for operation in operations_body(registry).operations]
    assert names == ["convert", "join", "measure", "read", "shrink", "split", "stamp"]


def test_an_operation_tells_its_shape(registry: Registry) -> None:
    """NA-10: kinds by lower-case name, and whether it folds or fans out."""
    shapes = {
        operation.name: (operation.accepts, operation.returns, operation.many_in, operation.many_out)
        for operation in operations_body(registry).operations
    }
    assert shapes["shrink"] == (["picture"], "picture", False, False)
    assert shapes["join"] == (["document"], "document", True, False)
    assert shapes["split"] == (["document"], "document", False, True)
    assert shapes["measure"] == (["picture", "document"], "data", False, False)


def test_an_operation_tells_its_documentation(registry: Registry) -> None:
    """NA-10: title, summary and description come from tag and docstring."""
    body = operation_body(registry, "shrink")
    assert (body.title, body.summary, body.description) == (
        "Shrink",
        "Make a picture smaller.",
        "Keeps the ratio.",
    )


def test_an_unavailable_operation_says_why_and_what_would_help(registry: Registry) -> None:
    """NA-10: `available`, `reason`, `hint`."""
    assert operation_body(registry, "shrink").available
    body = operation_body(registry, "read")
    assert (body.available, body.reason, body.hint) == (
        False,
        "No reader is installed.",
        "Install the reader.",
    )


def test_a_broken_plugin_is_reported(registry: Registry) -> None:
    """NA-10: plugins that were left out are in the list, each with its reason."""
    (failure,) = operations_body(registry).failures
    assert failure.name == "broken"
    assert "absent_module_of_a_plugin" in failure.reason


def test_an_unknown_operation_is_not_found_with_the_nearest_name(registry: Registry) -> None:
    """NA-10: `GET /v1/operations/shrnk` names `shrink`."""
    with pytest.raises(FilemillError, match="shrink") as caught:
        operation_body(registry, "shrnk")
    assert caught.value.code is ErrorCode.NOT_FOUND


def test_the_schema_is_json_schema_of_the_parameters_alone(registry: Registry) -> None:
    """NA-10: a valid, self-contained schema without the tag, required parameters required."""
    for entry in registry.operations.values():
        schema = parameters_schema(entry.operation, registry)
        jsonschema_rs.meta.validate(schema)
        assert "op" not in schema["properties"]
    schema = parameters_schema(registry.operations["shrink"].operation, registry)
    validator = jsonschema_rs.validator_for(schema)
    assert validator.is_valid({"width": 800, "fit": "cover", "format": {"type": "avif", "quality": 50}})
    assert not validator.is_valid({"fit": "cover"})
    assert not validator.is_valid({"width": 0})
    assert not validator.is_valid({"width": 800, "height": 1})


def test_the_schema_names_the_formats_that_are_written(registry: Registry) -> None:
    """NA-10: a `format` parameter lists the formats a picture can be saved as, and no others."""
    schema = parameters_schema(registry.operations["shrink"].operation, registry)
    validator = jsonschema_rs.validator_for(schema)
    assert validator.is_valid({"width": 1, "format": "avif"})
    assert not validator.is_valid({"width": 1, "format": "heic"})
    assert not validator.is_valid({"width": 1, "format": {"type": "heic"}})


def test_a_schema_given_away_is_a_copy(registry: Registry) -> None:
    """A caller that changes the schema it was given changes nobody else's."""
    operation = registry.operations["shrink"].operation
    parameters_schema(operation, registry)["properties"].clear()
    assert "width" in parameters_schema(operation, registry)["properties"]


def test_every_format_is_listed(registry: Registry) -> None:
    """NA-11: names, media types, extensions, what is read and written, core's own formats too."""
    formats = {form.name: form for form in formats_body(registry).formats}
    assert set(formats) == {"avif", "heic", "jpeg", "json", "text"}
    assert formats["jpeg"].media_types == ["image/jpeg", "image/jpg"]
    assert formats["jpeg"].extensions == ["jpg", "jpeg"]
    assert (formats["heic"].reads, formats["heic"].writes) == (True, False)
    assert (formats["avif"].reads, formats["avif"].writes) == (False, True)
    assert (formats["jpeg"].plugin, formats["text"].plugin) == ("small", "filemill")


def test_conversions_are_readable_to_writable_of_a_kind(registry: Registry) -> None:
    """NA-11: `from` → `to` pairs that are possible now."""
    body = msgspec.to_builtins(formats_body(registry))
    pairs = {(pair["from"], pair["to"]) for pair in body["conversions"]}
    assert {pair for pair in pairs if pair[0] != "text"} == {
        ("heic", "avif"),
        ("heic", "jpeg"),
        ("jpeg", "avif"),
        ("jpeg", "jpeg"),
    }


def test_packs_are_listed_with_their_steps(registry: Registry, preset: Callable[..., str], tmp_path: Path) -> None:
    """NA-12: id, title, platform, width, height, steps as they would be sent."""
    (tmp_path / "small.yaml").write_text(preset("small", 64))
    packs = Packs(registry, Limits(), tmp_path)
    packs.load()
    (body,) = packs_body(packs).packs
    assert body == pack_body(packs["small"])
    assert (body.id, body.title, body.platform, body.width) == ("small", "A pack", None, 64)
    assert body.steps == [{"op": "shrink", "width": 64}]


def test_faults_of_presets_do_not_tell_folders(registry: Registry, tmp_path: Path) -> None:
    """NA-02, NA-12: the list is open to everybody, so it names the file but not where it is."""
    (tmp_path / "bad.yaml").write_text("id: bad\n")
    packs = Packs(registry, Limits(), tmp_path)
    packs.load()
    faults = packs_body(packs).faults
    assert {fault.file for fault in faults} == {"bad.yaml"}
    assert str(tmp_path) not in msgspec.json.encode(packs_body(packs)).decode()
