"""The operation `convert`: any file into another format, over the cheapest path of what is installed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, cast

from msgspec import Meta

from filemill.context import Context
from filemill.document import Document
from filemill.encoding import Colour, Encoding, Metadata
from filemill.errors import ErrorCode, FilemillError
from filemill.formats import Format
from filemill.graph import LIBVIPS, Edge, Path, nearest
from filemill.kinds import File, Held, Text
from filemill.operation import PictureOperation
from filemill.picture import Picture
from filemill.saving import Saver


class Convert(PictureOperation, frozen=True, kw_only=True, tag="convert"):
    """Make a file one of another format, over the cheapest path of what is installed.

    Between pictures this is one decode and one encode; a Word file becomes a WebP over PDF, one picture a page.
    `GET /v1/formats` lists every pair with its path. Where the format is that of the file already, it is made
    smaller where that is possible without a visible or audible loss, and is never larger than it was. The settings
    besides `format` are for results that are pictures.
    """

    format: Annotated[
        str | Encoding,
        Meta(description="Format of the result: a name, or, for a picture, an object with the encoder's settings."),
    ]
    lossless: Annotated[bool, Meta(description="Encode without loss, where the format can.")] | None = None
    background: Colour | None = None
    progressive: Annotated[bool, Meta(description="Progressive JPEG, interlaced PNG and GIF.")] | None = None

    @property
    def target(self) -> str | None:
        """The wanted format as it was named; None where an object names none."""
        return self.format if isinstance(self.format, str) else self.format.type

    @property
    def settings(self) -> Encoding:
        """What is wished of a picture's encoder beyond the format."""
        asked = Encoding(lossless=self.lossless, background=self.background, progressive=self.progressive)
        return super().encoding().merge(asked)

    def encoding(self) -> Encoding:
        """Wish for the format and its settings; that metadata goes makes it an encode in any case.

        Nothing but a name asked for: the same format is not to become larger.
        """
        bare = self.settings == Encoding(type=self.target)
        return Encoding(metadata=Metadata.NONE, never_larger=bare or None).merge(self.settings)

    def run(self, value: Picture | Document | Text | File, context: Context) -> File:
        """Go the path.

        Raises:
            FilemillError: `UNSUPPORTED_MEDIA` where there is no path, `OPERATION_UNAVAILABLE` where a program is
                missing for each; whatever a step refused.
        """
        if isinstance(value, File) and issubclass(context.formats[value.format].kind, Picture):
            value = cast("Picture", context.opened(value))
        target = None if self.target is None else context.formats.find(self.target)
        if isinstance(value, Picture) and (target is None or target in context.formats.written(Picture)):
            if target is not None:
                context.report(path=[_format_of(value, context).name, target.name], engine=LIBVIPS)
            return cast("File", value)  # only the wish for the encode changes
        if target is None:
            detail = "'format' names no 'type', and its settings are for pictures."
            raise FilemillError(ErrorCode.UNSUPPORTED_MEDIA, detail)
        made = _gone(_path(value, target, context), value, context)
        return cast("File", made[0] if len(made) == 1 else made)


def _path(value: Picture | Document | Text | File, target: Format, context: Context) -> Path:
    """Find the way, and tell it."""
    own = _format_of(value, context)
    sources = nearest(own, context.formats) if isinstance(value, Picture) and value.source is None else [own.name]
    path = context.conversions.path(sources, target.name)
    title = f"A {own.title} file"
    if path is None:
        possible = sorted(known for known, way in context.conversions.paths_from(own.name).items() if not way.missing)
        known = f"It can become: {', '.join(possible)}." if possible else "Nothing can be made of it."
        raise FilemillError(ErrorCode.UNSUPPORTED_MEDIA, f"{title} can't become {target.title} here. {known}")
    if path.missing:
        needed = " ".join(f"{missing.reason} {missing.hint}" for missing in path.missing)
        raise FilemillError(ErrorCode.OPERATION_UNAVAILABLE, f"{title} can't become {target.title} here. {needed}")
    context.report(path=list(path.formats), engine=path.engine)
    return path


def _format_of(value: Picture | Document | Text | File, context: Context) -> Format:
    """Return the format that a value has, or comes from."""
    if isinstance(value, (File, Text)):
        return context.formats[value.format]
    if isinstance(value, Held):
        return context.formats[value.file.format]
    form = context.formats.find(value.format)
    return form or context.formats.written(Picture)[0]


def _gone(path: Path, value: object, context: Context) -> Sequence[object]:
    """Go a path, and return what comes out: several values where a step gives several."""
    values = [value]
    for index, edge in enumerate(path.edges):
        with context.part(index, len(path.edges)):
            values = [made for one in values for made in _stepped(edge, one, context)]
            if len(values) > context.limits.max_outputs:
                detail = f"The conversion gives more than {context.limits.max_outputs} files."
                raise FilemillError(ErrorCode.INVALID_FILE, detail)
    if path.source == path.target and isinstance(value, (File, Held)):
        given = value if isinstance(value, File) else value.file
        values = [value if not _smaller(made, given) else made for made in values]
    return values


def _stepped(edge: Edge, value: object, context: Context) -> Sequence[object]:
    if edge.shape is None or edge.run is None:
        return [context.opened(value) if isinstance(value, File) else value]
    made = edge.run(_taken(edge, edge.shape.accepts, value, context), edge.target, context)
    return made if isinstance(made, list) else [made]


def _taken(edge: Edge, accepts: tuple[type, ...], value: object, context: Context) -> object:
    """Give a step of a path the kind that it takes."""
    if isinstance(value, accepts):
        return value
    if isinstance(value, File):
        return context.opened(value)
    if isinstance(value, Held):
        file = value.file
    else:
        saved = Saver(context, given=()).save(value, Encoding(type=edge.source), "converted")
        file = saved.file
    return file if File in accepts else context.opened(file)


def _smaller(made: object, given: File) -> bool:
    """Whether a file became fewer bytes; what is no file yet is encoded later, and compared there."""
    file = made.file if isinstance(made, Held) else made
    return not isinstance(file, File) or file.size < given.size
