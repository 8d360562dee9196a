"""filemill: what a plugin author imports."""

from filemill.choices import Choice
from filemill.context import Context
from filemill.conversions import Conversion
from filemill.document import Document
from filemill.encoding import Colour, Encoding, Metadata, OnUnreachable, Priority, Quality
from filemill.errors import ErrorCode, Fault, FilemillError
from filemill.formats import Format
from filemill.hookspecs import hookimpl
from filemill.kinds import Data, Facts, File, Text
from filemill.limits import Limits
from filemill.operation import Missing, Operation, PictureOperation
from filemill.picture import Picture, check_size
from filemill.program import Program, ProgramFailed
from filemill.sources import Source

__all__ = [
    "Choice",
    "Colour",
    "Context",
    "Conversion",
    "Data",
    "Document",
    "Encoding",
    "ErrorCode",
    "Facts",
    "Fault",
    "File",
    "FilemillError",
    "Format",
    "Limits",
    "Metadata",
    "Missing",
    "OnUnreachable",
    "Operation",
    "Picture",
    "PictureOperation",
    "Priority",
    "Program",
    "ProgramFailed",
    "Quality",
    "Source",
    "Text",
    "check_size",
    "hookimpl",
]
