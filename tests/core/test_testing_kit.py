"""The kit for plugin authors finds what it is there to find."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from filemill import testing
from filemill.registry import Registry, load_registry
from filemill.testing import checks, conformance_tests, format_checks
from filemill.testing.runner import Runner, WorkerThread
from filemill.testing.samples import Samples, drawing

from .conftest import Install

GOOD = """
    from typing import Annotated
    from msgspec import Meta
    import random

    class Count(Operation, tag="count"):
        '''Count the letters of a text.'''
        extra: Annotated[int, Meta(ge=0, le=9, description="Added to the count.")] = 0
        word: Annotated[str, Meta(max_length=5, description="A word.")] = ""

        def run(self, text: Text, context: Context) -> Data:
            return Data({"letters": len(text.text) + self.extra})

    @hookimpl
    def filemill_operations(): return [Count]
"""
RESULT = 'Data({"letters": len(text.text) + self.extra})'

Make = Callable[[str], checks.Subject]


@pytest.fixture
def subject(install: Install, foreign: list[str], tmp_path: Path) -> Make:
    """Install a plugin with one operation and make it the subject of the checks."""

    def make(source: str) -> checks.Subject:
        install("kit", source)
        registry = load_registry([*foreign, "sample", "hostile"])
        assert not registry.failures, registry.failures
        return checks.Subject(
            entry=registry.operations["count"],
            registry=registry,
            run=Runner(registry, tmp_path, WorkerThread()),
            samples=Samples(registry, tmp_path),
            folder=tmp_path,
            examples=30,
            known=(),
        )

    return make


@pytest.mark.parametrize("check", [one for one in checks.CHECKS if one is not checks.works_in_a_worker])
def test_a_good_operation_passes(check: Callable[[checks.Subject], None], subject: Make) -> None:
    """What keeps all demands is not bothered."""
    check(subject(GOOD))


BAD = {
    "no description": ('description="A word."', "", checks.documented, "'word' has no description"),
    "long summary": ("Count the", "Count " + "and count " * 20 + "the", checks.documented, "summary"),
    "wrong schema": ("max_length=5,", 'extra_json_schema={"minimum": "x"},', checks.documented, "is not of type"),
    "open to anything": ('tag="count"', 'tag="count", forbid_unknown_fields=False', checks.refuses_unknown, "RAISE"),
    "other kind": (RESULT, 'Text("x")', checks.gives_its_kind, "gave Text; Data is promised"),
    "untyped error": (RESULT, "Data({'x': 1 // self.extra})", checks.gives_its_kind, "ZeroDivisionError"),
    "refuses everything": (
        f"return {RESULT}",
        "raise FilemillError(ErrorCode.INVALID_FILE, 'no')",
        checks.gives_its_kind,
        "refused everything",
    ),
    "chance": (RESULT, 'Data({"x": random.random()})', checks.repeats_itself, "first"),
    "breaks on a broken file": (
        RESULT,
        'Data({"x": text.text.index("quick brown")})',
        checks.refuses_broken_files,
        "ValueError",
    ),
}


@pytest.mark.parametrize(("old", "new", "check", "word"), BAD.values(), ids=BAD)
def test_a_bad_operation_is_found(
    old: str, new: str, check: Callable[[checks.Subject], None], word: str, subject: Make
) -> None:
    """Each demand finds what goes against it, and says so."""
    assert old in GOOD
    with pytest.raises(BaseException) as found:  # noqa: PT011 - hypothesis wraps them
        check(subject(GOOD.replace(old, new)))
    assert word in _whole(found.value)


def _whole(error: BaseException) -> str:
    """The texts of an error and of all it is made of."""
    parts = [*getattr(error, "exceptions", ()), *filter(None, [error.__cause__])]
    return "\n".join([f"{type(error).__name__}: {error}".replace("DID NOT ", ""), *map(_whole, parts)])


def test_what_differs_between_processes_is_found(
    site: Path, sample: object, monkeypatch: pytest.MonkeyPatch, subject: Make, tmp_path: Path
) -> None:
    """A result that depends on the process is not the same in a worker."""
    made = subject(GOOD.replace(RESULT, 'Data({"x": __import__("os").getpid()})'))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "plugins"))
    worker = WorkerThread()
    made = checks.Subject(
        entry=made.entry,
        registry=made.registry,
        run=Runner(made.registry, tmp_path, worker),
        samples=made.samples,
        folder=tmp_path,
        examples=3,
        known=(),
    )
    try:
        with pytest.raises(AssertionError, match=r"in a worker process .*here"):
            checks.works_in_a_worker(made)
    finally:
        worker.stop()


FORMAT = """
    import pyvips

    def read(file, context):
        image = pyvips.Image.new_from_memory(file.path.read_bytes()[4:], 64, 48, 3, "uchar")
        return Picture.of(image.copy(interpretation="srgb"), "kit")

    def write(picture, path, encoding, context):
        path.write_bytes(b"KIT!" + picture.image.write_to_memory())

    @hookimpl
    def filemill_formats():
        return [Format(name="kit", title="Kit", media_types=("image/x-kit",), extensions=("kit",), kind=Picture,
                       sniff=lambda head: head.startswith(b"KIT!"), open=read, save=write, transparent=False)]
"""
BAD_FORMATS = {
    "media type": ('"image/x-kit"', '"Image"', format_checks.well_named, "media type"),
    "dot": ('("kit",)', '(".kit",)', format_checks.well_named, "without a dot"),
    "sniff": ('head.startswith(b"KIT!")', "head[3] == 33", format_checks.sniffs_anything, "IndexError"),
    "magic": ('b"KIT!" +', 'b"TIK!" +', format_checks.reads_what_it_writes, "no format known"),
    "size": ("64, 48, 3", "32, 48, 3", format_checks.reads_what_it_writes, "(32, 48)"),
    "cut": ("as it is", "", format_checks.refuses_anything_else, "Error"),
}


@pytest.mark.parametrize(("old", "new", "check", "word"), BAD_FORMATS.values(), ids=BAD_FORMATS)
def test_a_bad_format_is_found(
    old: str,
    new: str,
    check: Callable[..., None],
    word: str,
    install: Install,
    foreign: list[str],
    tmp_path: Path,
) -> None:
    """Each demand on a format finds what goes against it: here also that any short file ends in pyvips.Error."""
    install("kit", FORMAT.replace(old, new))
    registry = load_registry([*foreign, "sample", "hostile"])
    form = registry.formats["kit"]
    with pytest.raises(BaseException) as found:  # noqa: PT011 - hypothesis wraps them
        check(form, registry, tmp_path)
    assert word in _whole(found.value)


def test_a_good_format_passes(install: Install, foreign: list[str], tmp_path: Path) -> None:
    """Names, sniffing and a round trip."""
    install("kit", FORMAT)
    registry = load_registry([*foreign, "sample", "hostile"])
    for check in (format_checks.well_named, format_checks.sniffs_anything, format_checks.reads_what_it_writes):
        check(registry.formats["kit"], registry, tmp_path)


def test_a_plugin_that_is_absent_is_said_to_be(install: Install) -> None:
    """A slip in the name, or a plugin that was not installed, is no empty test run."""
    with pytest.raises(ValueError, match="no plugin 'vintag' is installed"):
        conformance_tests("vintag")


def test_a_plugin_that_was_left_out_says_why(install: Install) -> None:
    """The reason of the registry stands in the error."""
    install("kit", "import no_such_module")
    with pytest.raises(ValueError, match="'kit' was left out: ModuleNotFoundError: No module named 'no_such_module'"):
        conformance_tests("kit")


def test_samples_are_there_for_every_kind(filemill_registry: Registry, filemill_samples: Samples) -> None:
    """Pictures of three formats, texts, and all of them where any file is taken."""
    from filemill import Data, File, Picture, Text

    sniff = filemill_registry.formats.sniff
    assert [sniff(path, "").format for path in filemill_samples.of(Picture)] == ["jpeg", "png", "gif"]
    assert [sniff(path, "").format for path in filemill_samples.of(Text)] == ["text", "text"]
    assert set(filemill_samples.of(File)) >= {*filemill_samples.pictures, *filemill_samples.texts}
    assert filemill_samples.of(Picture, Text) == [*filemill_samples.pictures, *filemill_samples.texts]
    assert Data not in filemill_samples._made


BOX = """
    class Box:
        def __init__(self, file: File) -> None:
            self.file, self.facts = file, {}

    BOX = Format(
        name="box", title="Box", media_types=("application/x-box",), extensions=("box",), kind=Box,
        sniff=lambda head: head.startswith(b"BOX"), open=lambda file, context: Box(file),
    )

    @hookimpl
    def filemill_formats(): return [BOX]
"""


def test_samples_of_a_plugins_own_kind(install: Install, foreign: list[str], tmp_path: Path) -> None:
    """They are what an operation on that kind is tried on, are made once, and are among those of any file."""
    from filemill import File, Picture

    install("kit", BOX)
    registry = load_registry(foreign)
    asked: list[Path] = []

    def make(folder: Path) -> list[Path]:
        asked.append(folder)
        (folder / "one.box").write_bytes(b"BOX of chocolates")
        return [folder / "one.box"]

    box = registry.formats["box"].kind
    plain = Samples(registry, tmp_path)
    assert plain.extended(make).of(box) == [asked[0] / "one.box"]
    assert plain.extended(make).of(File)[0] == asked[0] / "one.box"
    assert asked[0] / "one.box" not in plain.extended(make).of(Picture)
    assert plain.of(box) == plain.of(File), "without any, all are tried"
    assert len(asked) == 1


def test_a_file_that_changes_under_its_name_is_read_again(
    filemill_run: Runner, filemill_samples: Samples, tmp_path: Path
) -> None:
    """The plugins are started as in a worker: no library remembers a header by the file's name."""
    path = tmp_path / "one.png"
    for width, height in ((64, 48), (40, 16)):
        drawing(width, height).pngsave(str(path))
        (output,) = filemill_run(path, {"op": "picture-info"}).outputs
        told = json.loads(Path(output.path).read_bytes())
        assert (told["width"], told["height"]) == (width, height)


def test_without_hypothesis_the_kit_says_what_to_install() -> None:
    """The extra is named; and the pytest plugin itself loads without it."""
    program = """
        import sys
        sys.modules["hypothesis"] = None
        import filemill.testing.fixtures
        from filemill.testing import conformance_tests
    """
    done = subprocess.run([sys.executable, "-c", dedent(program)], capture_output=True, text=True)
    assert "filemill.testing needs hypothesis" in done.stderr
    assert "pip install 'filemill[testing]'" in done.stderr.splitlines()[-1]


def test_production_does_not_load_the_kit() -> None:
    """Neither pytest nor hypothesis is imported by the core or by a worker."""
    program = "import filemill, filemill.worker, filemill.pool, sys; print({'pytest', 'hypothesis'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_the_face_is_what_it_says() -> None:
    """What is exported exists, and what does not exist is an AttributeError."""
    import filemill

    assert all(hasattr(filemill, name) for name in filemill.__all__)
    assert sorted(filemill.__all__) == filemill.__all__
    with pytest.raises(AttributeError):
        testing.nothing  # noqa: B018
