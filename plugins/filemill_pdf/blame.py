"""Tells what a broken file causes from a defect of our own code."""

from __future__ import annotations

import re
import traceback
from decimal import Decimal

import pikepdf
from pypdf.generic import PdfObject

FAILURES = (
    pikepdf.PikepdfError, ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError,
)  # fmt: skip
"""What work on malformed objects ends in: of another type than the standard says, missing, without end."""
_FROM_FILES = (pikepdf.Object, pikepdf.Page, PdfObject, Decimal, bool, bytes, float, int, str, type(None))
_OUR_PACKAGES = "filemill"
_WRONG_CALL = re.compile(r"\b(takes|missing|unexpected|multiple values)\b.* argument")


def is_files_fault(error: Exception) -> bool:
    """Tell whether an error comes of a malformed object, as far as that can be told.

    pikepdf's own errors do, and so does everything that is raised inside a library's Python code, which was
    given what stands in the file. pikepdf's compiled code and Python itself raise in our frames: there an
    attribute that is missing on a value of a file (an object, a number, None) is the file's fault, one that is
    missing on a module or on an object of ours is a defect, and so is a call that does not fit its function. A
    key, an index, a number or a type that is wrong could be either, and counts as the file's.
    """
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    ours = str(frame.f_globals.get("__name__")).startswith(_OUR_PACKAGES)
    if not ours or isinstance(error, pikepdf.PikepdfError):
        return True
    match error:
        case AttributeError():
            return isinstance(error.obj, _FROM_FILES)
        case TypeError():
            return _WRONG_CALL.search(str(error)) is None
    return not isinstance(error, NotImplementedError)
