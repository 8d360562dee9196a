"""The table of all tasks, and the translation of a chain into a plan."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from msgspec import Struct

from filemill.errors import FilemillError, invalid
from filemill.faults import unknown
from filemill.limits import Limits
from filemill.operation import Operation
from filemill.pipeline import check_steps, read_steps
from filemill.registry import Registry
from filemill_server.dialects.filestack.request import Task, Value, unreadable
from filemill_server.dialects.filestack.tasks import (
    composition,
    data,
    documents,
    effects,
    endings,
    frames,
    outputs,
    pictures,
)
from filemill_server.dialects.filestack.tasks.base import (
    Kind,
    Step,
    StepTask,
    TaskOptions,
    not_implemented,
    read_options,
)

TASKS: dict[str, type[TaskOptions]] = {
    "resize": pictures.Resize,
    "crop": pictures.Crop,
    "rotate": pictures.Rotate,
    "flip": pictures.Flip,
    "flop": pictures.Flop,
    "rounded_corners": pictures.RoundedCorners,
    "round_corners": pictures.RoundedCorners,
    "circle": pictures.Circle,
    "border": pictures.Border,
    "vignette": frames.Vignette,
    "shadow": frames.Shadow,
    "polaroid": frames.Polaroid,
    "collage": composition.Collage,
    "animate": composition.Animate,
    "torn_edges": frames.TornEdges,
    "watermark": pictures.Watermark,
    "smart_crop": pictures.SmartCrop,
    "blur": effects.Blur,
    "sharpen": effects.Sharpen,
    "pixelate": effects.Pixelate,
    "oil_paint": effects.OilPaint,
    "partial_blur": effects.PartialBlur,
    "partial_pixelate": effects.PartialPixelate,
    "enhance": effects.Enhance,
    "monochrome": effects.Monochrome,
    "negative": effects.Negative,
    "sepia": effects.Sepia,
    "blackwhite": effects.Blackwhite,
    "modulate": effects.Modulate,
    "output": outputs.Output,
    "quality": outputs.Quality,
    "compress": outputs.Compress,
    "pjpg": outputs.Pjpg,
    "no_metadata": outputs.NoMetadata,
    "auto_image": outputs.AutoImage,
    "pdfconvert": documents.PdfConvert,
    "doc_to_images": documents.DocToImages,
    "pdfcreate": documents.PdfCreate,
    "imagesize": data.ImageSize,
    "pdfinfo": data.PdfInfo,
    "metadata": data.Metadata,
    "ocr": data.Ocr,
    "debug": data.Debug,
    "store": endings.Store,
    "zip": endings.Zip,
    "cache": endings.Cache,
    "fallback": endings.Fallback,
}

_FACES = "it needs an engine that finds faces, and none is installed"
_SERVICE = "it needs a service that looks at content, and none is configured"
_VIDEO = "video is not read here"
_NO_OPERATION = "there is no operation for it yet"
_SCRIPTS = "scripts and style sheets are not processed here"

UNAVAILABLE: dict[str, str] = {
    **dict.fromkeys(("detect_faces", "crop_faces", "pixelate_faces", "blur_faces", "redeye"), _FACES),
    **dict.fromkeys(("minify_js", "minify_css"), _SCRIPTS),
    **dict.fromkeys(("video_convert", "video_playlist"), _VIDEO),
    **dict.fromkeys(("tags", "sfw", "caption", "image_sentiment", "text_sentiment", "doc_detection"), _SERVICE),
    **dict.fromkeys(("copyright", "upscale", "urlscreenshot"), _SERVICE),
    **dict.fromkeys(("ascii", "qr", "preview", "run_workflow", "workflow_status"), _NO_OPERATION),
}
"""Tasks that are known and answered with 501, with the reason."""

_FOLDS = ("pdfcreate", "zip", "collage", "animate")
_ENDINGS = (endings.Store, endings.Zip, endings.Cache, endings.Fallback, outputs.AutoImage)


class Plan(Struct, frozen=True, kw_only=True):
    """What a chain asks for.

    Fields:
        steps: what is done to the file, as plain data. The source of a watermark is `{"assetId": handle}`.
        kind: what the result is.
        data: the task whose JSON is the answer.
        store: how the result is to be stored; None: it is delivered.
        zipped: whether the sources are packed, as they are.
        cache_seconds: how long the answer may be kept; None: not at all, and it is made anew.
        fallback: what is served where the chain fails.
        auto_image: whether the `Accept` header decides the format.
    """

    steps: tuple[Step, ...] = ()
    kind: Kind
    data: data.DataTask | None = None
    store: endings.Store | None = None
    zipped: bool = False
    cache_seconds: int | None = endings.MONTH
    fallback: endings.Fallback | None = None
    auto_image: bool = False

    @property
    def needs_policy(self) -> bool:
        """Whether the chain is done only with a signed policy, whatever the app's switches (FS-85)."""
        return isinstance(self.data, data.Ocr)

    def operations(self, registry: Registry, limits: Limits) -> list[Operation]:
        """Make the operations of the steps.

        Raises:
            FilemillError: `OPERATION_UNAVAILABLE` where one of them can't run on this machine.
        """
        if not self.steps:
            return []
        operations = read_steps(registry, list(self.steps), "/tasks")
        check_steps(registry, operations, limits, "/tasks")
        return operations


def translate(tasks: Sequence[Task], kind: Kind, *, many: bool = False) -> Plan:
    """Translate a chain.

    Args:
        tasks: without `security`, which is a credential.
        kind: what the source is; of a list, what all its members are.
        many: whether the source is a list.

    Raises:
        FilemillError: `BAD_REQUEST` for an unknown task, `INVALID_PARAMETER` for a wrong option or a task that
            does not fit its file, `OPERATION_UNAVAILABLE` for what is known but not done here.
    """
    chain = _Chain(kind, many=many)
    for task in _merged(tasks):
        if not task.on:
            chain.switch_off(task.name)
            continue
        options = _options(task)
        if isinstance(options, data.Debug):
            return Plan(kind=kind, data=options)
        chain.add(task.name, options)
    return chain.plan()


def check_tasks(tasks: Sequence[Task]) -> None:
    """Refuse what is wrong with tasks whatever file they are for.

    Raises:
        FilemillError: as `translate`.
    """
    for task in _merged(tasks):
        if task.on:
            _options(task)
        elif task.name not in TASKS and task.name not in UNAVAILABLE:
            raise _unknown_task(task.name)


def ending(tasks: Sequence[Task]) -> Plan:
    """Return the plan of those tasks alone that say what becomes of the answer, whatever the file is."""
    said = [task for task in tasks if TASKS.get(task.name) in _ENDINGS]
    return translate(said, Kind.OTHER)


def working(tasks: Sequence[Task]) -> list[type[TaskOptions]]:
    """Return what those of checked tasks are that do something with a file; none: the file itself is wanted."""
    kinds = [TASKS[task.name] for task in tasks if task.on]
    return [kind for kind in kinds if issubclass(kind, StepTask | data.DataTask | endings.Zip)]


def refuse_undone(names: Collection[str]) -> None:
    """Refuse names of which one is a known task that is not done here, whatever else is there.

    Raises:
        FilemillError: `OPERATION_UNAVAILABLE`.
    """
    for name in names:
        if name in UNAVAILABLE:
            raise not_implemented(f"The task {name!r} is not done here: {UNAVAILABLE[name]}.")


class _Chain:
    """A chain as far as it has been translated."""

    def __init__(self, kind: Kind, *, many: bool) -> None:
        self._kind = kind
        self._many = many
        self._steps: list[Step] = []
        self._data: data.DataTask | None = None
        self._said: dict[type[TaskOptions], TaskOptions] = {}
        self._cached = True

    def switch_off(self, name: str) -> None:
        """Take note of `name=false`: without `cache` the answer is not kept, any other task is left out."""
        if name not in TASKS and name not in UNAVAILABLE:
            raise _unknown_task(name)
        self._cached = self._cached and name != "cache"

    def add(self, name: str, options: TaskOptions) -> None:
        """Add the next task."""
        if isinstance(options, StepTask | data.DataTask):
            if self._data is not None or endings.Zip in self._said:
                raise invalid(f"/{name}", f"{name!r} stands behind a task that ends the chain.")
            if self._kind not in options.takes:
                wanted = " or ".join(kind.value for kind in options.takes)
                raise invalid(f"/{name}", f"{name!r} takes {wanted}, but the file is {self._kind.value} here.")
            if self._many and name not in _FOLDS:
                raise invalid(f"/{name}", f"{name!r} takes one file, and the source is a list.")
            self._steps += options.steps(self._kind)
            if isinstance(options, StepTask):
                self._kind, self._many = options.gives(self._kind), False
            else:
                self._data = options
        else:
            if isinstance(options, endings.Zip) and self._steps:
                raise invalid("/zip", "'zip' packs the sources as they are; no other task stands before it.")
            self._said[type(options)] = options

    def plan(self) -> Plan:
        """Return what was gathered."""
        cache, fallback, store = (self._said.get(kind) for kind in (endings.Cache, endings.Fallback, endings.Store))
        zipped = endings.Zip in self._said
        if self._many and not zipped:
            raise unreadable("The source is a list; 'zip', 'pdfcreate', 'collage' and 'animate' take one.")
        assert store is None or isinstance(store, endings.Store)
        assert fallback is None or isinstance(fallback, endings.Fallback)
        seconds = cache.seconds if isinstance(cache, endings.Cache) else endings.MONTH
        return Plan(
            steps=tuple(self._steps),
            kind=Kind.OTHER if zipped else self._kind,
            data=self._data,
            store=store,
            zipped=zipped,
            cache_seconds=seconds if self._cached else None,
            fallback=fallback,
            auto_image=outputs.AutoImage in self._said,
        )


def _unknown_task(name: str) -> FilemillError:
    return unreadable(unknown(name, [*TASKS, *UNAVAILABLE], "task"))


def _options(task: Task) -> TaskOptions:
    refuse_undone((task.name,))
    known = TASKS.get(task.name)
    if known is None:
        raise _unknown_task(task.name)
    options: TaskOptions = read_options(task, known)
    return options


def _merged(tasks: Sequence[Task]) -> list[Task]:
    """Join the `store` tasks, of which JS sends one without options (FS-92), to the last of them."""
    stores = [task for task in tasks if task.name == "store" and task.on]
    if len(stores) < 2:
        return list(tasks)
    options: dict[str, Value] = {}
    for task in stores:
        for name, value in task.options.items():
            if options.setdefault(name, value) != value:
                raise invalid(f"/store/{name}", "'store' is given twice with different values of this option.")
    return [*(task for task in tasks if task.name != "store"), Task("store", options)]
