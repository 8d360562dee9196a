"""The translation of whole chains: the table of tasks, what ends a chain, what is told of it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filemill import ErrorCode, FilemillError, Limits
from filemill.registry import Registry
from filemill_server.dialects.filestack.grammar import parse
from filemill_server.dialects.filestack.request import Task
from filemill_server.dialects.filestack.task_lists import read_tasks
from filemill_server.dialects.filestack.tasks.base import Kind
from filemill_server.dialects.filestack.tasks.data import DataTask, Debug, debug_answer
from filemill_server.dialects.filestack.tasks.endings import MONTH, Fallback, Store
from filemill_server.dialects.filestack.tasks.plan import TASKS, UNAVAILABLE, translate
from filestack_chains import HANDLE, plan_of, refusal

NAMED_BY_THE_CONTRACT = [
    "resize", "crop", "rotate", "flip", "flop", "rounded_corners", "round_corners", "circle", "border", "polaroid",
    "vignette", "torn_edges", "shadow", "sharpen", "blur", "pixelate", "oil_paint", "monochrome", "negative",
    "sepia", "blackwhite", "modulate", "watermark", "partial_blur", "partial_pixelate", "collage", "detect_faces",
    "crop_faces", "pixelate_faces", "blur_faces", "output", "quality", "compress", "no_metadata", "pjpg",
    "auto_image", "smart_crop", "enhance", "upscale", "redeye", "ascii", "animate", "fallback", "imagesize",
    "metadata", "cache", "debug", "pdfinfo", "pdfconvert", "doc_to_images", "pdfcreate", "minify_js", "minify_css",
    "zip", "ocr", "store", "video_convert", "tags", "sfw", "caption", "image_sentiment", "text_sentiment",
    "doc_detection", "copyright", "urlscreenshot", "qr", "preview", "run_workflow", "workflow_status",
    "video_playlist"
]  # fmt: skip


@pytest.mark.parametrize("name", NAMED_BY_THE_CONTRACT)
def test_every_task_of_the_contract_is_known(name: str) -> None:
    """FS-53, FS-60 to FS-89: known, or 501 with a reason; never an unknown task."""
    assert (name in TASKS) != (name in UNAVAILABLE)
    if name in UNAVAILABLE:
        error = refusal(f"flip/{name}=a:b")
        assert error.code is ErrorCode.OPERATION_UNAVAILABLE
        assert UNAVAILABLE[name] in error.detail


def test_an_unknown_task_is_told_of_the_nearest() -> None:
    """FS-53: 400."""
    error = refusal("rezise=width:5")
    assert error.code is ErrorCode.BAD_REQUEST
    assert "Did you mean 'resize'?" in error.detail
    assert refusal("rezise=false").code is ErrorCode.BAD_REQUEST


def test_tasks_run_left_to_right() -> None:
    """FS-40."""
    names = [step["op"] for step in plan_of("flip/resize=w:5/flop/output=format:webp").steps]
    assert names == ["flip", "resize", "flop", "convert"]


@pytest.mark.parametrize(
    ("chain", "seconds"),
    [
        ("flip", MONTH),
        ("cache", MONTH),
        ("cache=expiry:60", 60),
        ("cache=e:0", 0),
        ("flip/cache=expiry:max", 31_536_000),
        ("cache=false", None),
        ("cache=false/cache=expiry:60", None),
    ],
)
def test_cache(chain: str, seconds: int | None) -> None:
    """FS-51: thirty days, the seconds given, a year, or not at all."""
    assert plan_of(chain).cache_seconds == seconds
    assert refusal("cache=expiry:-1").code is ErrorCode.INVALID_PARAMETER


def test_a_task_that_is_switched_off_is_left_out() -> None:
    """FS-47: `flip=false` and JS's `params: false`."""
    assert plan_of("flip=false/flop=true").steps == ({"op": "flop"},)
    assert translate(read_tasks([{"name": "crop", "params": False}]), Kind.PICTURE).steps == ()


def test_debug_runs_nothing() -> None:
    """FS-54: the tasks behind it, and the source."""
    path = f"/debug/resize=width:5,align:[top,left]/zip/{HANDLE}".encode()
    request = parse(path, b"", lambda key: False)
    plan = translate(request.tasks, Kind.PICTURE)
    assert isinstance(plan.data, Debug)
    assert plan.steps == ()
    assert debug_answer(request) == {
        "tasks": [
            {"name": "resize", "params": {"width": "5", "align": ["top", "left"]}},
            {"name": "zip", "params": {}},
        ],
        "source": HANDLE,
    }
    listed = parse(b"/K/debug/[https://e.com/a,src://b/c]", b"", lambda key: True)
    assert debug_answer(listed)["source"] == ["https://e.com/a", "src://b/c"]


def test_metadata_as_a_task() -> None:
    """FS-76: told without a step."""
    plan = plan_of("metadata", Kind.OTHER)
    assert isinstance(plan.data, DataTask)
    assert plan.steps == ()


def test_fallback() -> None:
    """FS-75, AMB-FS-3: `file` of Python, `handle` of JS, and for how long."""
    for name in ("file", "handle"):
        assert plan_of(f"flip/fallback={name}:{HANDLE},cache:60").fallback == Fallback(file=HANDLE, cache=60)
    for chain in (
        "fallback",
        "fallback=file:a b",
        f"fallback=file:{HANDLE},handle:{HANDLE}",
        f"fallback=file:{HANDLE},cache:0",
    ):
        assert refusal(chain).code is ErrorCode.INVALID_PARAMETER


def test_store() -> None:
    """FS-86, AMB-FS-3: its options, both spellings of `base64decode`, a location in any case (FS-12)."""
    chain = "flip/store=filename:n.png,path:%22/a/b.png%22,location:s3,container:c,access:public,workflows:[w1,w2]"
    plan = plan_of(f"{chain},base64decode:true")
    assert plan.store == Store(
        filename="n.png", path="/a/b.png", location="s3", container="c", access="public", workflows=["w1", "w2"],
        base64decode=True,
    )  # fmt: skip
    assert plan_of(f"{chain},base64:true") == plan
    assert plan_of("store").store == Store()
    for option in ("location:here", "access:mine", "size:5", "base64:maybe"):
        assert refusal(f"store={option}").code is ErrorCode.INVALID_PARAMETER


def test_two_stores_are_one() -> None:
    """FS-92: JS sends one with options and one without."""
    tasks = read_tasks([{"name": "store", "params": {"path": "a/"}}, {"name": "store"}])
    assert translate(tasks, Kind.PICTURE).store == Store(path="a/")
    with pytest.raises(FilemillError) as caught:
        translate([Task("store", {"path": "a"}), Task("store", {"path": "b"})], Kind.PICTURE)
    assert caught.value.code is ErrorCode.INVALID_PARAMETER


def test_zip() -> None:
    """FS-84: packs a list, or one file, as they are; `store` may follow."""
    plan = plan_of("zip/store=filename:a.zip", many=True)
    assert (plan.zipped, plan.steps, plan.kind, plan.store) == (True, (), Kind.OTHER, Store(filename="a.zip"))
    assert plan_of("zip").zipped
    for chain in ("flip/zip", "zip/flip"):
        assert refusal(chain).code is ErrorCode.INVALID_PARAMETER


def test_a_list_needs_a_task_that_takes_one() -> None:
    """FS-41: no other task would know which of the files is meant."""
    assert refusal("flip", many=True).code is ErrorCode.INVALID_PARAMETER
    assert refusal("cache=expiry:5", many=True).code is ErrorCode.BAD_REQUEST


def test_nothing_follows_a_data_task() -> None:
    """FS-50: a chain with a data task answers JSON, so its picture can't be changed afterwards."""
    assert refusal("imagesize/flip").code is ErrorCode.INVALID_PARAMETER
    assert plan_of("flip/imagesize/cache=expiry:5").data is not None


def test_every_fault_of_a_task_is_named() -> None:
    """FS-53: with its option."""
    error = refusal("resize=width:x,fit:y,z:1")
    assert [fault.pointer for fault in error.faults] == ["/resize/width", "/resize/fit", "/resize/z"]


def test_the_operations_of_a_plan(filemill_registry: Registry) -> None:
    """FS-40: none where nothing is done; too long a chain is refused."""
    assert plan_of("rotate=deg:exif").operations(filemill_registry, Limits()) == []
    assert len(plan_of("flip/flop").operations(filemill_registry, Limits())) == 2
    with pytest.raises(FilemillError) as caught:
        plan_of("/".join(["blackwhite"] * 20)).operations(filemill_registry, Limits())
    assert caught.value.code is ErrorCode.INVALID_PARAMETER


OPTIONS = sorted({name for task in TASKS.values() for name in [*task.__struct_fields__, *task.aliases]} | {"other"})
WORDS = ["", "0", "1", "5", "-1", "101", "1e3", "nan", "inf", "9" * 30, "true", "null", "max", "exif", "crop", "top",
         "left", "faces", "jpg", "pdf", "red", "1-3", "2-", "-", "a/b", "\u00e9"]  # fmt: skip
WORD = st.sampled_from(WORDS)
VALUES = WORD | st.lists(WORD, max_size=4).map(tuple) | st.lists(st.lists(WORD).map(tuple), max_size=2).map(tuple)
ANY_OPTIONS = st.dictionaries(st.sampled_from(OPTIONS), VALUES, max_size=4)
ANY_TASKS = st.lists(st.builds(Task, st.sampled_from(sorted(TASKS)), ANY_OPTIONS, st.booleans()), max_size=4)


@settings(max_examples=300, deadline=None)
@given(ANY_TASKS, st.sampled_from(Kind), st.booleans())
def test_any_chain_is_translated_or_refused(
    filemill_registry: Registry, tasks: list[Task], kind: Kind, many: bool
) -> None:
    """FS-53, FS-184: a client's mistake is never a 5xx but 501, whatever the options; what is planned can be made."""
    refusals = (ErrorCode.BAD_REQUEST, ErrorCode.INVALID_PARAMETER, ErrorCode.OPERATION_UNAVAILABLE)
    try:
        plan = translate(tasks, kind, many=many)
    except FilemillError as error:
        assert error.code in refusals
        return
    plan.operations(filemill_registry, Limits())


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(TASKS)), st.data(), st.sampled_from(Kind))
def test_what_one_task_plans_can_be_made(
    filemill_registry: Registry, name: str, data: st.DataObject, kind: Kind
) -> None:
    """FS-53: what the ranges of a task let through, our operations take."""
    names = [*TASKS[name].__struct_fields__, *TASKS[name].aliases]
    options = data.draw(st.dictionaries(st.sampled_from(names), VALUES, max_size=3)) if names else {}
    try:
        plan = translate([Task(name, options)], kind)
    except FilemillError:
        return
    plan.operations(filemill_registry, Limits())
