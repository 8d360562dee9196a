"""Documents with all that a PDF has beyond its pages, and a checker of what is left of it in a result.

A result is read with pypdf and PDFium wherever they can, not with what wrote it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pikepdf
import pypdf
from pikepdf import Array, Dictionary, Name, Object, String
from pypdf.generic import Destination

from pdf_samples import page_pixels

PAGES = 3
_SIZE = (300, 400)
_SHOWN, _HIDDEN = (20, 20, 60, 60), (120, 20, 60, 60)
"""Left, bottom, width and height of the squares of a shown and of a hidden layer, points."""


def structured(path: Path, mark: str) -> Path:
    """Write a document of three pages; its mark stands in every text, and its names are those of every other."""
    with pikepdf.new() as pdf:
        for number in range(1, PAGES + 1):
            page = pdf.add_blank_page(page_size=_SIZE)
            page.obj.Resources = Dictionary(
                Font=Dictionary(F1=Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica))
            )
            text = f"/P <</MCID 0>> BDC BT /F1 20 Tf 40 300 Td ({mark}{number}) Tj ET EMC"
            page.obj.Contents = pdf.make_stream(text.encode())
            page.obj.Annots = Array()
        pages = [page.obj for page in pdf.pages]
        for add in (_destinations, _outline, _links, _notes, _form, _layers, _attachment, _tags, _thread):
            add(pdf, pages, mark)
        pdf.Root.PageLabels = Dictionary(
            Nums=Array([0, Dictionary(S=Name.r), 2, Dictionary(S=Name.D, P=String(f"{mark}-"))])
        )
        pdf.Root.Lang = String("de" if mark == "A" else "el")
        with pdf.open_metadata() as about:
            about["dc:title"] = f"Title of {mark}"
        pdf.docinfo["/Title"] = f"Title of {mark}"
        pdf.save(path, deterministic_id=True)
    return path


def _destinations(pdf: pikepdf.Pdf, pages: list[Object], mark: str) -> None:
    names = [String("chapter"), Array([pages[1], Name.Fit]), String("section"), Array([pages[2], Name.XYZ, 0, 90, 0])]
    pdf.Root.Names = Dictionary(Dests=pdf.make_indirect(Dictionary(Names=Array(names))))


def _outline(pdf: pikepdf.Pdf, pages: list[Object], mark: str) -> None:
    with pdf.open_outline() as outline:
        first = pikepdf.OutlineItem(f"{mark} one", 0)
        first.children.append(pikepdf.OutlineItem(f"{mark} two", None))
        outline.root += [first, pikepdf.OutlineItem(f"{mark} three", 1)]
    pdf.Root.Outlines.First.First["/Dest"] = String("section")


def _links(pdf: pikepdf.Pdf, pages: list[Object], mark: str) -> None:
    box = Array([40, 200, 90, 220])
    for target in (String("section"), Array([pages[2], Name.Fit])):
        pages[0].Annots.append(pdf.make_indirect(Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=box, Dest=target)))
    action = Dictionary(S=Name.GoTo, D=String("chapter"))
    pages[0].Annots.append(pdf.make_indirect(Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=box, A=action)))


def _notes(pdf: pikepdf.Pdf, pages: list[Object], mark: str) -> None:
    box = Array([200, 300, 220, 320])
    note = pdf.make_indirect(
        Dictionary(Type=Name.Annot, Subtype=Name.Text, Rect=box, Contents=String(f"note of {mark}"), P=pages[1])
    )
    popup = pdf.make_indirect(Dictionary(Type=Name.Annot, Subtype=Name.Popup, Rect=box, Parent=note))
    note.Popup = popup
    pages[1].Annots = Array([note, popup])


def _form(pdf: pikepdf.Pdf, pages: list[Object], mark: str) -> None:
    def widget(page: Object, **more: Object) -> Object:
        made = pdf.make_indirect(
            Dictionary(Type=Name.Annot, Subtype=Name.Widget, Rect=Array([40, 100, 140, 120]), P=page, **more)
        )
        page.Annots.append(made)
        return made

    name = widget(pages[0], FT=Name.Tx, T=String("name"), V=String(f"name of {mark}"))
    kids = [widget(pages[0]), widget(pages[2])]
    both = pdf.make_indirect(Dictionary(FT=Name.Tx, T=String("both"), V=String(f"both of {mark}"), Kids=Array(kids)))
    for kid in kids:
        kid.Parent = both
    font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
    pdf.Root.AcroForm = pdf.make_indirect(
        Dictionary(Fields=Array([name, both]), DR=Dictionary(Font=Dictionary(Helv=font)), DA=String("/Helv 10 Tf 0 g"))
    )


def _layers(pdf: pikepdf.Pdf, pages: list[Object], mark: str) -> None:
    shown, hidden = (
        pdf.make_indirect(Dictionary(Type=Name.OCG, Name=String(f"{kind} of {mark}"))) for kind in ("shown", "hidden")
    )
    pdf.Root.OCProperties = Dictionary(
        OCGs=Array([shown, hidden]), D=Dictionary(Order=Array([shown, hidden]), OFF=Array([hidden]))
    )
    pages[1].Resources.Properties = Dictionary(Shown=shown, Hidden=hidden)
    drawn = pikepdf.Page(pages[1])
    for layer, box in (("Shown", _SHOWN), ("Hidden", _HIDDEN)):
        drawn.contents_add(f"/OC /{layer} BDC {' '.join(map(str, box))} re f EMC".encode())


def _attachment(pdf: pikepdf.Pdf, pages: list[Object], mark: str) -> None:
    pdf.attachments["data.csv"] = f"data of {mark}".encode()


def _tags(pdf: pikepdf.Pdf, pages: list[Object], mark: str) -> None:
    root = pdf.make_indirect(Dictionary(Type=Name.StructTreeRoot))
    text = pdf.make_indirect(Dictionary(Type=Name.StructElem, S=Name.Document, P=root))
    parents: list[object] = []
    for index, page in enumerate(pages):
        element = Dictionary(
            Type=Name.StructElem, S=Name.P, P=text, Pg=page, K=0, ActualText=String(f"{mark}{index + 1}")
        )
        element = pdf.make_indirect(element)
        page.StructParents = index
        parents += [index, Array([element])]
        text.K = Array([*text.get("/K", Array()), element])
    root.K = Array([text])
    root.ParentTree = pdf.make_indirect(Dictionary(Nums=Array(parents)))
    root.ParentTreeNextKey = len(pages)
    pdf.Root.StructTreeRoot = root
    pdf.Root.MarkInfo = Dictionary(Marked=True)


def _thread(pdf: pikepdf.Pdf, pages: list[Object], mark: str) -> None:
    thread = pdf.make_indirect(Dictionary(Type=Name.Thread, I=Dictionary(Title=String(f"thread of {mark}"))))
    first, last = (
        pdf.make_indirect(Dictionary(Type=Name.Bead, P=page, R=Array([0, 0, 9, 9]), T=thread))
        for page in (pages[0], pages[2])
    )
    first.N, first.V, last.N, last.V = last, last, first, first
    thread.F = first
    pages[0].B, pages[2].B = Array([first]), Array([last])
    pdf.Root.Threads = Array([thread])


class Result:
    """A document that should hold all of the documents with some marks, in their order.

    Args:
        path: of the document.
        marks: of the documents, whose pages are `PAGES` each.
    """

    def __init__(self, path: Path, marks: Sequence[str]) -> None:
        self.path = path
        self.marks = marks
        self.read = pypdf.PdfReader(path)
        self.pdf = pikepdf.open(path)
        self._index = {page.obj.objgen: index for index, page in enumerate(self.pdf.pages)}

    def kept(self) -> dict[str, bool]:
        """Return which of the structures are there and right."""
        return {name: self._holds(check) for name, check in CHECKS.items()}

    def _holds(self, check: Callable[[Result], bool]) -> bool:
        try:
            return check(self)
        except (AssertionError, AttributeError, LookupError, TypeError, ValueError, pypdf.errors.PyPdfError):
            return False

    def starts(self) -> Iterator[tuple[str, int]]:
        """Yield each mark with the index of its first page."""
        for ordinal, mark in enumerate(self.marks):
            yield mark, ordinal * PAGES

    def place(self, page: object) -> int:
        """Return the index of a page object."""
        assert isinstance(page, Object)
        return self._index[page.objgen]

    def annotations(self, index: int, kind: Name) -> list[Object]:
        """Return the annotations of a kind on a page."""
        found = self.pdf.pages[index].obj.get("/Annots", Array())
        return [one for one in found if one.Subtype == kind]

    def leads(self, holder: Object) -> int:
        """Return the index of the page that a link leads to, its name looked up as a reader does."""
        target = holder.get("/Dest") or holder.A.D
        if isinstance(target, String):
            found = self.read.get_destination_page_number(self.read.named_destinations[str(target)])
            assert found is not None
            return found
        return self.place(target[0])


def _outline_kept(result: Result) -> bool:
    found: list[tuple[int, str, int | None]] = []

    def walk(items: list[object], depth: int) -> None:
        for item in items:
            if isinstance(item, list):
                walk(item, depth + 1)
            else:
                assert isinstance(item, Destination)
                found.append((depth, str(item.title), result.read.get_destination_page_number(item)))

    walk(list(result.read.outline), 0)
    return found == [
        (depth, f"{mark} {title}", start + page)
        for mark, start in result.starts()
        for depth, title, page in ((0, "one", 0), (1, "two", 2), (0, "three", 1))
    ]


def _destinations_kept(result: Result) -> bool:
    found = [result.read.get_destination_page_number(one) for one in result.read.named_destinations.values()]
    return sorted(page for page in found if page is not None) == sorted(
        start + page for _, start in result.starts() for page in (1, 2)
    )


def _labels_kept(result: Result) -> bool:
    return result.read.page_labels == [label for mark in result.marks for label in ("i", "ii", f"{mark}-1")]


def _fields_kept(result: Result) -> bool:
    tops = [str(field.T) for field in result.pdf.Root.AcroForm.Fields]
    fields = result.read.get_fields() or {}
    values = {str(field.value) for field in fields.values() if field.value is not None}
    wanted = {f"{name} of {mark}" for mark in result.marks for name in ("name", "both")}
    return len(tops) == len(set(tops)) == 2 * len(result.marks) and values == wanted


def _wide_field_kept(result: Result) -> bool:
    """The field with widgets on two pages is one, and its widgets are those that stand on the pages."""
    found = [field for field in result.pdf.Root.AcroForm.Fields if "/Kids" in field]
    pages = [[result.place(kid.P) for kid in field.Kids] for field in found]
    on_pages = {one.objgen for index in range(len(result.pdf.pages)) for one in result.annotations(index, Name.Widget)}
    hang = all(kid.Parent == field and kid.objgen in on_pages for field in found for kid in field.Kids)
    return hang and sorted(pages) == [[start, start + 2] for _, start in result.starts()]


def _annotations_kept(result: Result) -> bool:
    for mark, start in result.starts():
        (note,) = result.annotations(start + 1, Name.Text)
        (popup,) = result.annotations(start + 1, Name.Popup)
        if str(note.Contents) != f"note of {mark}" or note.Popup != popup or popup.Parent != note:
            return False
        if result.place(note.P) != start + 1:
            return False
    return True


def _links_kept(result: Result) -> bool:
    return all(
        [result.leads(link) for link in result.annotations(start, Name.Link)] == [start + 2, start + 2, start + 1]
        for _, start in result.starts()
    )


def _attachments_kept(result: Result) -> bool:
    found = [content for contents in result.read.attachments.values() for content in contents]
    names = {str(one.obj.get("/UF", one.obj.F)) for one in result.pdf.attachments.values()}
    return sorted(found) == [f"data of {mark}".encode() for mark in result.marks] and len(names) == len(result.marks)


def _layers_kept(result: Result) -> bool:
    groups = [str(group.Name) for group in result.pdf.Root.OCProperties.OCGs]
    if sorted(groups) != sorted(f"{kind} of {mark}" for mark in result.marks for kind in ("shown", "hidden")):
        return False
    for _, start in result.starts():
        drawn = page_pixels(result.path, start + 2)
        dark = [drawn.crop(left + 5, _SIZE[1] - bottom - 30, 20, 20).avg() for left, bottom, _, _ in (_SHOWN, _HIDDEN)]
        if dark != [0, 255]:
            return False
    return True


def _metadata_kept(result: Result) -> bool:
    title = f"Title of {result.marks[0]}"
    with result.pdf.open_metadata() as about:
        return result.read.metadata is not None and result.read.metadata.title == title == about["dc:title"]


def _language_kept(result: Result) -> bool:
    return str(result.pdf.Root.Lang) == ("de" if result.marks[0] == "A" else "el")


def _tags_kept(result: Result) -> bool:
    """Each page's content is found from the page, and from the root of the tree."""
    root = result.pdf.Root.StructTreeRoot
    tree = pikepdf.NumberTree(root.ParentTree)
    reached: list[str] = []

    def walk(element: Object, above: Object) -> None:
        if isinstance(element, Dictionary):
            assert above == element.P
            if "/ActualText" in element:
                reached.append(f"{element.ActualText} on {result.place(element.Pg)}")
            for kid in element.K if isinstance(element.K, Array) else []:
                walk(kid, element)

    for kid in root.K:
        walk(kid, root)
    wanted = [(f"{mark}{number}", start + number - 1) for mark, start in result.starts() for number in (1, 2, 3)]
    for text, index in wanted:
        (element,) = tree[int(result.pdf.pages[index].obj.StructParents)]
        if str(element.ActualText) != text or result.place(element.Pg) != index:
            return False
    return bool(result.pdf.Root.MarkInfo.Marked) and reached == [f"{text} on {index}" for text, index in wanted]


def _threads_kept(result: Result) -> bool:
    threads = {str(thread.I.Title): thread for thread in result.pdf.Root.Threads}
    for mark, start in result.starts():
        thread = threads[f"thread of {mark}"]
        beads = [thread.F, thread.F.N]
        if [result.place(bead.P) for bead in beads] != [start, start + 2] or beads[0] != beads[1].N:
            return False
        if [result.pdf.pages[start + page].obj.B[0] for page in (0, 2)] != beads:
            return False
    return len(threads) == len(result.marks)


CHECKS: dict[str, Callable[[Result], bool]] = {
    "outline": _outline_kept,
    "named destinations": _destinations_kept,
    "page labels": _labels_kept,
    "form fields": _fields_kept,
    "a field on two pages": _wide_field_kept,
    "annotations": _annotations_kept,
    "links": _links_kept,
    "attachments": _attachments_kept,
    "layers": _layers_kept,
    "metadata": _metadata_kept,
    "language": _language_kept,
    "tags": _tags_kept,
    "article threads": _threads_kept,
}
"""What a result is checked for, by name."""
