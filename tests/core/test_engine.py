"""The engine: one decode, one encode, and every way in which results multiply."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import pyvips

from filemill import Context, ErrorCode, File, FilemillError, Limits, Source
from filemill.archive import distinct_files, split_name, under
from filemill.encoding import NO_WISH
from filemill.engine import run
from filemill.formats import FormatTable
from filemill.pipeline import read_steps
from filemill.registry import Registry
from filemill.saving import Saver
from filemill.task import Input, Made, Outcome, Output, Task, encode_steps

from .conftest import MakeTask

Do = Callable[..., Outcome]


@pytest.fixture
def do(registry: Registry, make_task: MakeTask) -> Do:
    """Make a task and do it."""
    return lambda *given, **how: run(make_task(*given, **how), registry, lambda fraction, step, note: None)


@pytest.fixture(autouse=True)
def counters(sample: ModuleType) -> Iterator[ModuleType]:
    """Count decodes and encodes from zero."""
    sample.decoded.clear()
    sample.encoded.clear()
    return sample


@pytest.fixture
def texts(tmp_path: Path) -> list[Path]:
    """Three texts, two of them of the same name."""
    found = []
    for folder, name, text in (("a", "one.txt", "1a\n1b"), ("b", "one.txt", "2"), ("c", "two.txt", "3")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_text(text)
        found.append(tmp_path / folder / name)
    return found


def only(outcome: Outcome) -> Output:
    """The one result."""
    (made,) = outcome.made
    (output,) = made.outputs
    return output


def content(made: Made) -> dict[str, str]:
    """Texts by name."""
    return {output.name: Path(output.path).read_text() for output in made.outputs}


def op(name: str, **parameters: object) -> dict[str, object]:
    """A step as plain data."""
    return {"op": name, **parameters}


def test_a_chain_is_one_decode_and_one_encode(do: Do, jpeg: Path, counters: ModuleType) -> None:
    """Three picture operations read the file once and write once."""
    output = only(do(jpeg, [op("invert"), op("shrink"), op("invert", format="png")]))
    assert (counters.decoded, counters.encoded) == ([1], ["png"])
    assert (output.name, output.format, output.media_type) == ("photo.png", "png", "image/png")
    assert output.facts == {"width": 320, "height": 240, "frames": 1}


def test_a_first_step_may_reduce_the_decode(do: Do, jpeg: Path, counters: ModuleType) -> None:
    """The strongest reduction that leaves a factor of at least one."""
    output = only(do(jpeg, [op("shrink", by=5)]))
    assert counters.decoded == [4]
    assert (output.facts["width"], output.facts["height"]) == (128, 96)


def test_many_pipelines_share_one_decode(do: Do, jpeg: Path, counters: ModuleType) -> None:
    """NA-22: the file is decoded once, no smaller than the most demanding pipeline needs."""
    outcome = do(jpeg, *([op("shrink", by=by)] for by in (8, 2, 4)))
    assert counters.decoded == [2]
    assert [made.outputs[0].facts["width"] for made in outcome.made] == [80, 320, 160]
    assert [len(outcome.sources), outcome.sources[0]["width"]] == [1, 640]


def test_shared_pixels_are_those_of_each_alone(do: Do, jpeg: Path) -> None:
    """What one pipeline does is not seen by another."""
    pipelines = [[op("invert", format="png")], [op("halves"), op("stack", format="png")], [op("same", format="png")]]
    together = do(jpeg, *pipelines)
    for pipeline, made in zip(pipelines, together.made, strict=True):
        here = pyvips.Image.new_from_file(made.outputs[0].path)
        alone = pyvips.Image.new_from_file(only(do(jpeg, pipeline)).path)
        assert (here - alone).abs().max() == 0


def test_the_result_tells_its_bytes(do: Do, jpeg: Path) -> None:
    """NA-27: size and digest are those of the file."""
    output = only(do(jpeg, [op("invert")]))
    data = Path(output.path).read_bytes()
    assert (output.size, output.sha256) == (len(data), hashlib.sha256(data).hexdigest())


def test_the_report_has_every_step_and_the_encode(do: Do, jpeg: Path) -> None:
    """NA-27: per step what was decided and how long it took."""
    (made,) = do(jpeg, [op("invert", quality=61), op("same")]).made
    assert [entry["op"] for entry in made.report] == ["invert", "same", "encode"]
    assert [made.report[0]["inverted"], made.report[2]["quality"]] == [True, 61]
    assert all(isinstance(entry["milliseconds"], float) for entry in made.report)
    assert "inverted" not in made.report[1]


def test_the_last_wish_for_the_encode_counts(do: Do, jpeg: Path) -> None:
    """Wishes of the steps are laid over each other."""
    (made,) = do(jpeg, [op("invert", format={"type": "jpeg", "quality": 30}), op("invert", quality=44)]).made
    assert made.report[-1]["quality"] == 44


def test_an_operation_of_one_maps_over_many(do: Do, texts: list[Path]) -> None:
    """NA-25: one result an input; equal names are numbered apart."""
    (made,) = do(texts, [op("shout")], archive=False).made
    assert content(made) == {"one-1.txt": "1A\n1B", "one-2.txt": "2", "two.txt": "3"}


def test_an_ending_of_two_parts_goes_whole(do: Do, tmp_path: Path) -> None:
    """What is made of `notes.tar.gz` is not `notes.tar.txt`."""
    (given := tmp_path / "notes.v2.tar.gz").write_text("a")
    assert only(do(given, [op("shout")])).name == "notes.v2.txt"
    assert split_name(".tar.gz") == (".tar", ".gz")
    assert under("pack", ["notes.v2.TAR.xz"]) == ["pack.TAR.xz"]


@pytest.mark.parametrize(("named", "name"), [(True, "main.py"), (False, "main.txt")])
def test_a_file_may_keep_the_ending_of_its_name(registry: Registry, tmp_path: Path, named: bool, name: str) -> None:
    """NA-25: a part that is a file of its own, such as one out of an archive, keeps a name that no format has."""
    (path := tmp_path / "part").write_text("print()")
    context = Context(limits=Limits(), folder=tmp_path, formats=registry.formats)
    made = Saver(context, given=()).save(File(path, "main.py", "text", 7, named), NO_WISH, "main")
    assert (made.name, made.format) == (name, "text")


def test_names_are_equal_only_with_their_endings() -> None:
    """A photo and its notes keep the name they share."""
    names = [("a", ".jpg"), ("a", ".xmp"), ("A", ".JPG"), ("b", ".jpg")]
    assert distinct_files(names) == ["a-1", "a", "A-2", "b"]


def test_an_operation_of_many_folds(do: Do, texts: list[Path], jpeg: Path) -> None:
    """NA-25: all inputs become one result, named after the first."""
    assert only(do([jpeg, jpeg], [op("stack")])).facts["height"] == 960
    assert content(do(texts, [op("copies", times=1)]).made[0]) == {"one-1.txt": "1a\n1b 2 3"}


def test_an_operation_that_gives_many_fans_out(do: Do, texts: list[Path]) -> None:
    """NA-25: the next step maps over the parts, which are numbered."""
    (made,) = do(texts[:1], [op("lines"), op("shout")], archive=False).made
    assert content(made) == {"one-1.txt": "1A", "one-2.txt": "1B"}


def test_numbers_have_as_many_digits_as_the_last(do: Do, tmp_path: Path) -> None:
    """Eleven parts sort by name as they stood."""
    (tmp_path / "long.txt").write_text("x\n" * 11)
    (made,) = do(tmp_path / "long.txt", [op("lines")], archive=False).made
    assert [output.name for output in made.outputs] == [f"long-{number:02}.txt" for number in range(1, 12)]


def test_many_results_are_one_stored_zip(do: Do, texts: list[Path]) -> None:
    """NA-25: one ZIP asset by default; its parts are stored, not deflated; equal work gives equal bytes."""
    output, again = (only(do(texts, [op("shout")])) for _ in range(2))
    assert (output.format, output.media_type) == ("zip", "application/zip")
    assert output.facts == {"files": ["one-1.txt", "one-2.txt", "two.txt"]}
    with zipfile.ZipFile(output.path) as archive:
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}
        assert archive.read("two.txt") == b"3"
        assert archive.testzip() is None
    assert output.sha256 == again.sha256


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a", "a", "a-1"], ["a-2", "a-3", "a-1"]),
        (["A", "a"], ["A-1", "a-2"]),
        (["a", "b"], ["a", "b"]),
        (["a"] * 3, ["a-1", "a-2", "a-3"]),
    ],
)
def test_no_two_results_have_one_name(do: Do, tmp_path: Path, names: list[str], expected: list[str]) -> None:
    """Numbered names never meet one that was there, in any case of letters."""
    files = []
    for index, name in enumerate(names):
        (tmp_path / str(index)).mkdir()
        files.append(tmp_path / str(index) / f"{name}.txt")
        files[-1].write_text(str(index))
    (made,) = do(files, [op("shout")], archive=False).made
    assert [Path(output.name).stem for output in made.outputs] == expected


def test_what_nothing_changed_is_the_very_file(do: Do, jpeg: Path, counters: ModuleType) -> None:
    """No step that changes pixels, no wish for the encoder: the bytes that came, without a decode."""
    outcome = do(jpeg, [op("same")])
    assert Path(only(outcome).path).read_bytes() == jpeg.read_bytes()
    assert outcome.made[0].report[-1]["unchanged"] is True
    assert (counters.decoded, counters.encoded) == ([], [])


@pytest.mark.parametrize(
    "wish", [{"quality": 90}, {"metadata": "none"}, {"progressive": True}, {"background": "red"}, {"lossless": False}]
)
def test_a_wish_for_the_encoder_is_a_change(do: Do, jpeg: Path, counters: ModuleType, wish: dict[str, Any]) -> None:
    """Whoever asks for a quality gets an encode."""
    do(jpeg, [op("same", format={"type": "jpeg", **wish})])
    assert counters.encoded == ["jpeg"]


def test_a_size_that_is_kept_already_is_no_change(do: Do, jpeg: Path, counters: ModuleType) -> None:
    """A file within its size stays byte-identical."""
    output = only(do(jpeg, [op("same", format={"maxSizeBytes": jpeg.stat().st_size})]))
    assert Path(output.path).read_bytes() == jpeg.read_bytes()
    do(jpeg, [op("same", format={"maxSizeBytes": jpeg.stat().st_size - 1})])
    assert counters.encoded == ["jpeg"]


@pytest.mark.parametrize(("quality", "kept"), [(100, True), (20, False)])
def test_never_larger_keeps_the_smaller(do: Do, jpeg: Path, quality: int, kept: bool) -> None:
    """NA-20: the original bytes where an encode would grow them, the encode where it is smaller."""
    outcome = do(jpeg, [op("same", format={"quality": quality, "neverLarger": True})])
    assert (Path(only(outcome).path).read_bytes() == jpeg.read_bytes()) is kept
    assert only(outcome).size <= jpeg.stat().st_size
    assert outcome.made[0].report[-1].get("unchanged", False) is kept


def test_without_a_wish_the_format_stays(do: Do, jpeg: Path) -> None:
    """NA-20: the source's format where it can be written, else JPEG, or PNG where there is transparency."""
    assert only(do(jpeg, [op("invert")])).format == "jpeg"


def test_a_read_only_format_becomes_jpeg(registry: Registry, jpeg: Path, tmp_path: Path) -> None:
    """NA-20: what can't be written back is saved in a format that can."""
    readable = [form for form in registry.formats if form.name != "jpeg"]
    jpeg_format = replace(registry.formats["jpeg"], name="photo", extensions=("photo",), save=None)
    spare = replace(registry.formats["jpeg"], sniff=lambda head: False)
    changed = Registry(operations=registry.operations, formats=FormatTable([jpeg_format, spare, *readable]))
    task = Task(
        inputs=[Input(str(jpeg), jpeg.name)],
        pipelines=[encode_steps(read_steps(changed, [op("same")]))],
        folder=str(tmp_path),
        limits=Limits(),
    )
    assert only(run(task, changed, lambda *told: None)).format == "jpeg"


def test_an_operation_on_files_gets_what_was_made(do: Do, jpeg: Path, counters: ModuleType) -> None:
    """A picture is saved, with the wish that was expressed so far, where a file is taken."""
    output = only(do(jpeg, [op("shrink", format="png"), op("weigh")]))
    data = output.facts["data"]
    assert isinstance(data, dict)
    assert (data["format"], data["name"], counters.encoded) == ("png", "photo.png", ["png"])
    assert output.format == "json"


def test_an_operation_on_files_gets_the_very_input(do: Do, jpeg: Path, counters: ModuleType) -> None:
    """The first step sees the bytes that were sent, and nothing is decoded."""
    data = only(do(jpeg, [op("weigh")])).facts["data"]
    assert data == {"bytes": jpeg.stat().st_size, "format": "jpeg", "name": "photo.jpg"}
    assert counters.decoded == []


def test_a_source_that_is_a_parameter_is_opened(do: Do, jpeg: Path, tmp_path: Path) -> None:
    """NA-20: a watermark's picture is a file like the inputs."""
    red = tmp_path / "red.jpg"
    drawing = pyvips.Image.black(32, 32).new_from_image([255, 0, 0])
    drawing.cast("uchar").copy(interpretation="srgb").jpegsave(str(red), Q=95)
    source = Source(asset_id="logo")
    step = op("over", other={"assetId": "logo"}, format="png")
    image = pyvips.Image.new_from_file(only(do(jpeg, [step], extras={source.key: red})).path)
    assert image(5, 5)[0] > 240
    assert image(100, 100)[0] < 100


def test_a_file_of_the_wrong_kind_is_refused(do: Do, texts: list[Path], jpeg: Path) -> None:
    """NA-70: `UNSUPPORTED_MEDIA` names the file, its format and what the step takes."""
    with pytest.raises(FilemillError, match=r"'one\.txt' is a Plain text file; this step takes Picture") as error:
        do(texts[:1], [op("invert")])
    assert error.value.code is ErrorCode.UNSUPPORTED_MEDIA


def test_a_cut_picture_is_refused(do: Do, jpeg: Path, tmp_path: Path) -> None:
    """A truncated picture is `INVALID_FILE`, not a half-grey result."""
    cut = tmp_path / "cut.jpg"
    cut.write_bytes(jpeg.read_bytes()[:-2000])
    with pytest.raises(FilemillError) as error:
        do(cut, [op("invert")])
    assert error.value.code is ErrorCode.INVALID_FILE


@pytest.mark.parametrize(
    "limits", [Limits(max_dimension=1000), Limits(max_pixels=640 * 480 * 4 - 1)], ids=["side", "pixels"]
)
def test_a_step_that_makes_too_much_is_refused_before_there_are_pixels(
    do: Do, jpeg: Path, limits: Limits, counters: ModuleType
) -> None:
    """Limits hold after every step, not only for what comes in."""
    with pytest.raises(FilemillError) as error:
        do(jpeg, [op("enlarge", by=2)], limits=limits)
    assert error.value.code is ErrorCode.INVALID_PARAMETER
    assert counters.encoded == []
    do(jpeg, [op("enlarge", by=2)])


@pytest.mark.parametrize(
    "steps", [[op("lines")], [op("copies", times=4)], [op("copies", times=2), op("copies", times=4)]]
)
def test_no_more_results_than_allowed(do: Do, tmp_path: Path, steps: list[dict[str, object]]) -> None:
    """A fan-out and a fold that gives many are counted alike."""
    path = tmp_path / "long.txt"
    path.write_text("x\n" * 4)
    with pytest.raises(FilemillError, match="more than 3 files"):
        do(path, steps, limits=Limits(max_outputs=3))


def test_progress_names_the_step(registry: Registry, make_task: MakeTask, texts: list[Path]) -> None:
    """NA-50: a mapped step tells how far it is."""
    told: list[tuple[float, int]] = []
    run(
        make_task(texts, [op("shout"), op("shout")]),
        registry,
        lambda fraction, step, note: told.append((fraction, step)),
    )
    assert told == [(pytest.approx(part / 3), step) for step in (0, 1) for part in (1, 2, 3)]
