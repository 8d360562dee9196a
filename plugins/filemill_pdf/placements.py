"""How large the pictures of a document are drawn."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import pikepdf
from pikepdf import Dictionary, Name, Object, Stream, settings
from pikepdf.exceptions import PdfParsingError

_DEEPEST_FORM = 10
_OPERATORS = "q Q cm Do"
_MOST_DRAWINGS = 10_000
"""Drawings of a page that are followed: forms that draw forms multiply them without end."""
Id = tuple[int, int]
Instruction = pikepdf.ContentStreamInstruction | pikepdf.ContentStreamInlineImage


@dataclass
class Placements:
    """The largest width and height, points, that each picture stream is drawn in, by its object.

    Attributes:
        sizes: of the pictures found.
        complete: whether every drawing was followed; else a picture may be drawn larger than is known.
    """

    sizes: dict[Id, tuple[float, float]] = field(default_factory=dict)
    complete: bool = True
    _drawings: int = 0
    _parsed: dict[Id, list[Instruction]] = field(default_factory=dict)

    def add(self, page: pikepdf.Page) -> None:
        """Note what a page draws, as long as everything is known."""
        if not self.complete:
            return
        self._drawings = 0
        scale = page.obj.get("/UserUnit", 1)
        unit = float(scale) if isinstance(scale, (int, float)) else 1.0
        self._walk(page.obj, page.obj.get("/Resources"), pikepdf.Matrix().scaled(unit, unit), 0)

    def _walk(self, content: Object, resources: Object | None, matrix: pikepdf.Matrix, depth: int) -> None:
        drawn = resources.get("/XObject") if isinstance(resources, Dictionary) else None
        if not isinstance(drawn, Dictionary):
            return
        if depth > _DEEPEST_FORM or self._drawings > _MOST_DRAWINGS:
            self.complete = False
            return
        stack: list[pikepdf.Matrix] = []
        for instruction in self._instructions(content):
            operands = instruction.operands
            match str(instruction.operator):
                case "q":
                    stack.append(matrix)
                case "Q" if stack:
                    matrix = stack.pop()
                case "cm" if len(operands) == 6:
                    matrix = pikepdf.Matrix(*(float(number) for number in operands)) @ matrix
                case "Do" if operands and str(operands[0]) in drawn:
                    self._draw(drawn[str(operands[0])], resources, matrix, depth)

    def _instructions(self, content: Object) -> list[Instruction]:
        """Return what a page or form does of what counts here; nothing where it is broken."""
        known = self._parsed.get(content.objgen)
        if known is None:
            limits_met = settings.qpdf_limit_errors()
            try:
                known = pikepdf.parse_content_stream(content, _OPERATORS)
            except (pikepdf.PdfError, PdfParsingError):
                known = []
                self.complete = False
            if settings.qpdf_limit_errors() != limits_met:  # qpdf stops after some errors and says nothing
                self.complete = False
            if isinstance(content, Stream):  # a form may be drawn again; a page is read once
                self._parsed[content.objgen] = known
        return known

    def _draw(self, drawn: Object, resources: Object | None, matrix: pikepdf.Matrix, depth: int) -> None:
        if not isinstance(drawn, Stream):
            return
        self._drawings += 1
        kind = drawn.stream_dict.get("/Subtype")
        if kind == Name.Image:
            size = math.hypot(matrix.a, matrix.b), math.hypot(matrix.c, matrix.d)
            old = self.sizes.get(drawn.objgen, (0.0, 0.0))
            self.sizes[drawn.objgen] = max(old[0], size[0]), max(old[1], size[1])
        elif kind == Name.Form:
            own = drawn.stream_dict.get("/Matrix")
            inner = pikepdf.Matrix(own) @ matrix if own is not None else matrix
            self._walk(drawn, drawn.stream_dict.get("/Resources", resources), inner, depth + 1)
