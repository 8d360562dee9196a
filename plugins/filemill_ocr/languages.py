"""The languages of a page: read from a parameter, matched with the data that is installed."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from filemill.errors import FilemillError, invalid
from filemill_ocr.language_codes import CODE_OF, COMMON, DATA_OF, OTHER_NAMES, SAME_SCRIPT, SCRIPT_OF

AUTO = "auto"
"""The parameter's value where the language is to be found out."""

MOST_LANGUAGES = 4
"""Languages that one page is read in at once: each adds about half of the time."""

_NOT_LANGUAGES = frozenset({"osd", "equ", "snum"})
_FORM = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z]{2,4}){0,2}|script/[A-Za-z_]{3,40}")
_FOLDED = {code.lower(): code for code in (*DATA_OF, *OTHER_NAMES)}


def read_languages(value: str, installed: Collection[str]) -> list[str]:
    """Return Tesseract's names for what a caller calls `en`, `zh-Hant` or `de+en`; none for `auto`.

    Args:
        value: codes joined by `+`: ISO 639-1 with or without a script, ISO 639-2/T where there is no code
            of two letters (`grc`), or `auto`; any case.
        installed: Tesseract's names for the data on this machine.

    Raises:
        FilemillError: `INVALID_PARAMETER` where a code is malformed, unknown or its data is not installed;
            it lists what is.
    """
    if value.strip().lower() == AUTO:
        return []
    codes = [code.strip() for code in value.split("+")]
    if len(codes) > MOST_LANGUAGES:
        raise invalid("/language", f"{len(codes)} languages are too many: at most {MOST_LANGUAGES} are read at once.")
    return list(dict.fromkeys(_data(code, value, installed) for code in codes))


def _data(code: str, value: str, installed: Collection[str]) -> str:
    if _FORM.fullmatch(code) is None:
        raise _refused(f"{value!r} is no language: an ISO 639-1 code such as 'en' is wanted, or 'auto'.", installed)
    folded = code.lower().replace("_", "-")
    known = _FOLDED.get(folded)
    own = {name.lower().replace("_", "-"): name for name in _languages(installed)}
    data = DATA_OF[OTHER_NAMES.get(known, known)] if known else own.get(folded)
    if data is None:
        raise _refused(f"Unknown language {code!r}.", installed)
    if data not in installed:
        raise _refused(f"The language {code!r} is not installed on this server.", installed)
    return data


def _languages(installed: Collection[str]) -> list[str]:
    """Return the data that is a language's or a script's."""
    return [name for name in installed if name not in _NOT_LANGUAGES]


def _refused(what: str, installed: Collection[str]) -> FilemillError:
    codes = ", ".join(sorted(map(code_of, _languages(installed))))
    return invalid("/language", f"{what} Installed: {codes}.")


def code_of(data: str) -> str:
    """Return the code by which callers know a language of Tesseract's; its own name where there is none."""
    return CODE_OF.get(data, data)


def of_script(script: str | None, installed: Collection[str]) -> list[str]:
    """Return the installed languages to read a page of a script in, the common ones first, at most four.

    Args:
        script: as Tesseract detects it; None: unknown.
        installed: Tesseract's names for the data on this machine.
    """
    languages = sorted(installed, key=_rank)
    plain = [name for name in languages if name not in _NOT_LANGUAGES and "/" not in name and "_vert" not in name]
    wanted = SAME_SCRIPT.get(script, script) if script else None
    fitting = [name for name in plain if SCRIPT_OF.get(name, "Latin") == wanted]
    return (fitting or plain)[:MOST_LANGUAGES]


def _rank(name: str) -> tuple[int, str]:
    return (COMMON.index(name) if name in COMMON else len(COMMON), name)


def joined(languages: Sequence[str]) -> str:
    """Return languages as Tesseract takes them."""
    return "+".join(languages)
