"""What is asked of every format and preset of a plugin."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from filemill.context import Context
from filemill.encoding import NO_WISH
from filemill.errors import FilemillError
from filemill.formats import SNIFF_BYTES, Format
from filemill.limits import Limits
from filemill.picture import Picture
from filemill.presets import preset_files, read_pack
from filemill.registry import Plugin, Registry
from filemill.testing.samples import HEIGHT, WIDTH, drawing

_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
_EXTENSION = re.compile(r"[a-z0-9][a-z0-9-]*(?:\.[a-z0-9]+)?")
_MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9][a-z0-9.+-]*")


def well_named(form: Format, registry: Registry, folder: Path) -> None:
    """Its name, media types and extensions are in the form that the wire has."""
    assert _NAME.fullmatch(form.name), f"{form.name!r} has to be lower-case"
    assert form.title, "a title for people is missing"
    assert form.media_types, "a media type is missing"
    assert form.extensions, "an extension is missing"
    for media_type in form.media_types:
        assert _MEDIA_TYPE.fullmatch(media_type), f"{media_type!r} is no media type in lower case"
    for extension in form.extensions:
        assert _EXTENSION.fullmatch(extension), f"extension {extension!r} has to be lower-case, without a dot"


def sniffs_anything(form: Format, registry: Registry, folder: Path) -> None:
    """Looking at any bytes whatever gives yes or no."""

    @settings(max_examples=100, derandomize=True, database=None, deadline=None)
    @given(st.binary(max_size=40), st.sampled_from([b"", b"\0" * SNIFF_BYTES, b"\xff" * SNIFF_BYTES]))
    def check(head: bytes, rest: bytes) -> None:
        assert form.sniff((head + rest)[:SNIFF_BYTES]) in (True, False)

    check()


def reads_what_it_writes(form: Format, registry: Registry, folder: Path) -> None:
    """A picture that was saved is recognised by its content, and opens with the size it had."""
    if form.open is None or form.save is None or form.kind is not Picture:
        return
    path = folder / f"saved.{form.extensions[0]}"
    context = Context(limits=Limits(), folder=folder, formats=registry.formats)
    form.save(Picture.of(drawing(transparent=form.transparent)), path, NO_WISH, context)
    file = registry.formats.sniff(path, path.name)
    assert file.format == form.name, f"what {form.name!r} wrote is taken for {file.format!r}"
    picture = context.open(file, Picture)
    assert (picture.width, picture.height) == (WIDTH, HEIGHT)
    assert picture.settled.width >= WIDTH


def refuses_anything_else(form: Format, registry: Registry, folder: Path) -> None:
    """Opening a file that has its beginning and then anything gives its kind or a typed error."""
    if form.open is None:
        return
    context = Context(limits=Limits(), folder=folder, formats=registry.formats)
    path = folder / "anything"
    beginnings = [b""]
    if form.save is not None and form.kind is Picture:
        saved = folder / f"saved.{form.extensions[0]}"
        form.save(Picture.of(drawing(transparent=form.transparent)), saved, NO_WISH, context)
        beginnings += [saved.read_bytes()[:length] for length in (16, 64, 200)]

    @settings(max_examples=30, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(beginnings), st.binary(min_size=1, max_size=200))
    def check(beginning: bytes, rest: bytes) -> None:
        path.write_bytes(beginning + rest)
        try:
            file = registry.formats.sniff(path, path.name)
            if file.format == form.name:
                assert isinstance(context.open(file, form.kind), form.kind)
        except FilemillError:
            pass

    check()


def presets_are_good(plugin: Plugin, registry: Registry) -> None:
    """Every preset file of the plugin can be used with what is installed."""
    for owner, preset_folder in registry.preset_folders:
        if owner == plugin:
            for file in preset_files(preset_folder):
                pack = read_pack(file.read_text(encoding="utf-8"), file.name, registry, Limits())
                assert Path(file.name).stem == pack.id, f"{file.name} holds the pack {pack.id!r}: name it so"


CHECKS: tuple[Callable[[Format, Registry, Path], None], ...] = (
    well_named,
    sniffs_anything,
    reads_what_it_writes,
    refuses_anything_else,
)
