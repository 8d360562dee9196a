"""What is made of Tesseract's table: text, confidence, lean."""

from __future__ import annotations

import pytest

from filemill_ocr.reading import confidence_of, lean_of, text_of, words_of


def row(text: str, *, line: int = 1, left: int = 0, top: int = 0, sure: float = 90) -> list[str]:
    """Return the row of a word in Tesseract's table."""
    return ["5", "1", "1", "1", str(line), "1", str(left), str(top), "40", "20", str(sure), text]


def test_confidence_is_weighted_by_letters() -> None:
    """FG-47: ten letters at 100 and one at 50 are (10 + 0.5) / 11; no words, no confidence."""
    rows = [row("abcdefghij", sure=100), row("x", sure=50)]
    assert confidence_of(words_of(rows)) == pytest.approx(10.5 / 11)
    assert confidence_of([]) is None


def test_chinese_and_japanese_have_no_spaces() -> None:
    """Between their signs nothing is put; words of other scripts beside them stay apart, Korean's too."""
    assert text_of([row("中文"), row("文字"), row("。"), row("PDF"), row("文件")]) == "中文文字。 PDF 文件"
    assert text_of([row("日本"), row("ごと"), row("カナ", line=2)]) == "日本ごと\nカナ"
    assert text_of([row("한국어"), row("문장")]) == "한국어 문장"


def test_lean() -> None:
    """The middle of all lines counts; short lines tell nothing."""
    falling = [row("word", line=line, left=left, top=left // 10) for line in (1, 2) for left in (0, 500, 1000)]
    assert lean_of(falling) == pytest.approx(5.7, abs=0.1)
    assert lean_of([row("a", left=0, top=0), row("b", left=50, top=50)]) == 0
