"""Languages of the wire and Tesseract's names for them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filemill import ErrorCode, FilemillError
from filemill_ocr.language_codes import CODE_OF, DATA_OF, OTHER_NAMES
from filemill_ocr.languages import code_of, of_script, read_languages

INSTALLED = ("chi_sim", "chi_tra", "deu", "ell", "eng", "grc", "nor", "osd", "srp", "srp_latn")


@pytest.mark.parametrize(
    ("given", "data"),
    [
        ("en", ["eng"]),
        ("EN", ["eng"]),
        ("de+en", ["deu", "eng"]),
        ("en + en", ["eng"]),
        ("zh", ["chi_sim"]),
        ("zh-Hant", ["chi_tra"]),
        ("zh_tw", ["chi_tra"]),
        ("sr-Latn", ["srp_latn"]),
        ("nb", ["nor"]),
        ("nn", ["nor"]),
        ("grc", ["grc"]),
        ("deu", ["deu"]),
        ("auto", []),
    ],
)
def test_codes(given: str, data: list[str]) -> None:
    """ISO 639-1 with and without script, several, other names, and Tesseract's own."""
    assert read_languages(given, INSTALLED) == data


@pytest.mark.parametrize("wrong", ["", "english", "fr", "xx", "osd", "en+", "../en", "en+de+el+zh+sr", "en -c a=1"])
def test_refused(wrong: str) -> None:
    """FG-48: malformed, unknown or not installed is the caller's error; it lists what is installed."""
    with pytest.raises(FilemillError) as refused:
        read_languages(wrong, INSTALLED)
    assert refused.value.code is ErrorCode.INVALID_PARAMETER
    assert refused.value.faults[0].pointer == "/language"
    if "+de" not in wrong:
        assert "de, el, en" in refused.value.detail


@given(st.text(max_size=12))
def test_any_text(text: str) -> None:
    """Whatever text is sent gives installed names or a typed error, and never an argument for a program."""
    try:
        assert set(read_languages(text, INSTALLED)) <= set(INSTALLED)
    except FilemillError as error:
        assert error.code is ErrorCode.INVALID_PARAMETER


def test_listed_is_accepted() -> None:
    """Every code that a refusal lists is one that can be asked for, whatever data is installed."""
    installed = (*INSTALLED, "aze_cyrl", "chi_tra_vert", "deu_latf", "frk", "ita_old", "script/Latin", "equ")
    with pytest.raises(FilemillError) as refused:
        read_languages("xx", installed)
    listed = refused.value.detail.partition("Installed: ")[2].rstrip(".").split(", ")
    assert {"az-Cyrl", "chi_tra_vert", "frk", "script/Latin", "sr-Latn", "zh-Hant"} < set(listed)
    assert [read_languages(code, installed) for code in listed] == [
        [name] for name in sorted(set(installed) - {"osd", "equ"}, key=code_of)
    ]


def test_table() -> None:
    """Every data has a code that leads back to it; other names lead to codes."""
    assert all(DATA_OF[CODE_OF[data]] == data for data in DATA_OF.values())
    assert set(OTHER_NAMES.values()) <= set(DATA_OF)
    assert code_of("grc") == "grc"


def test_script() -> None:
    """A page's script chooses among what is installed, common languages first, at most four."""
    assert of_script("Greek", INSTALLED) == ["ell", "grc"]
    assert of_script("Latin", INSTALLED)[:2] == ["eng", "deu"]
    assert of_script("Han", INSTALLED) == ["chi_sim", "chi_tra"]
    assert of_script("Fraktur", ("eng", "ell", "jpn_vert")) == ["eng"]
    assert of_script("Korean", ("eng", "kor", "jpn")) == of_script("Hangul", ("eng", "kor", "jpn")) == ["kor"]
    assert of_script("Katakana", ("eng", "jpn", "jpn_vert")) == ["jpn"]
    assert len(of_script(None, INSTALLED)) == 4
