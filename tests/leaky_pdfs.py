"""A PDF whose pages lead to each other in every way there is, with a mark of its page in everything.

A mark is `Mark3Note`: the page that something is of, and what it is. Page 0 stands for the document as a whole,
page 9 for what is in no page. `marks` finds them wherever they stand in a file.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Stream, String

PAGES = 5
_MARK = re.compile(r"Mark([0-9])([A-Za-z]+)")
OF_EACH_PAGE = {
    "Text", "Form", "Deep", "Font", "Ink", "Pattern", "Mask", "Layer", "LayerTitle", "Icon", "Metadata", "Thumb",
    "Home", "Dest", "Old", "Uri", "Note", "Popup", "Reply", "File", "FileBytes", "Look", "Field", "FieldValue",
    "Button", "PageScript", "FieldScript", "Bookmark", "Label",
}  # fmt: skip
"""What a part has of each of its pages."""


def marks(path: str | Path) -> dict[int, set[str]]:
    """Find the marks in a file: in every object, names, strings and streams, and in its bytes."""
    found: dict[int, set[str]] = defaultdict(set)
    with pikepdf.open(path, inherit_page_attributes=False) as pdf:
        texts = [Path(path).read_bytes().decode("latin-1"), *_texts(pdf.trailer)]
        for one in pdf.objects:
            texts += _texts(one)
    for text in texts:
        for page, what in _MARK.findall(text):
            found[int(page)].add(what)
    return found


def _texts(one: object) -> Iterator[str]:
    """Yield what is written in an object, and in those that are part of it."""
    if isinstance(one, Stream):
        yield one.read_bytes().decode("latin-1")
        one = one.stream_dict
    if isinstance(one, Dictionary):
        for key, value in one.items():
            yield key
            yield from () if getattr(value, "is_indirect", False) else _texts(value)
    elif isinstance(one, Array):
        for value in one:
            yield from () if getattr(value, "is_indirect", False) else _texts(value)
    elif isinstance(one, String):
        yield str(one)
        yield bytes(one).decode("latin-1")
    elif isinstance(one, Name):
        yield bytes(one).decode("latin-1")


class _Leaky:
    """The document while it is made; each method adds one way in which pages lead to others."""

    def __init__(self) -> None:
        self.pdf = pikepdf.new()
        self.pages = [self.pdf.make_indirect(Dictionary(Type=Name.Page)) for _ in range(PAGES)]
        self.layers = [
            self.pdf.make_indirect(Dictionary(Type=Name.OCG, Name=String(f"Mark{n}Layer"))) for n in range(1, PAGES + 1)
        ]
        self.annotations: list[list[Object]] = [[] for _ in self.pages]

    def annotate(self, number: int, **entries: object) -> Object:
        content = {"/Type": Name.Annot, "/Rect": Array([10, 10, 60, 30]), "/P": self.pages[number - 1]}
        made = self.pdf.make_indirect(Dictionary(content | {f"/{key}": value for key, value in entries.items()}))
        self.annotations[number - 1].append(made)
        return made

    def stream(self, text: str, **entries: object) -> Object:
        return self.pdf.make_stream(
            text.encode("latin-1"), Dictionary({f"/{key}": one for key, one in entries.items()})
        )

    def tree(self) -> None:
        """Pages below nested nodes that hand down resources, size and rotation; the last stands in its list itself."""
        pdf = self.pdf
        inner = pdf.make_indirect(Dictionary(Type=Name.Pages, Count=2, Kids=Array(self.pages[:2]), Rotate=90))
        outer = Dictionary(
            Type=Name.Pages, Count=3, Kids=Array([inner, self.pages[2]]), MediaBox=Array([0, 0, 300, 400])
        )
        outer = pdf.make_indirect(outer)
        root = pdf.Root.Pages
        root.Kids, root.Count = Array([outer, *self.pages[3:]]), PAGES
        root.Resources, root.MediaBox = self.resources(), Array([0, 0, 200, 300])
        for page in self.pages[:2]:
            page.Parent = inner
        inner.Parent = outer.Parent = root
        self.pages[2].Parent = outer
        for page in self.pages[3:]:
            page.Parent = root

    def resources(self) -> Object:
        """One dictionary for all pages, also of the forms in it, with one of each kind for each page."""
        pdf, box = self.pdf, Array([0, 0, 100, 100])
        shared = pdf.make_indirect(Dictionary())
        deep = {
            f"/D{n}": self.stream(f"% Mark{n}Deep", Subtype=Name.Form, BBox=box) for n in range(1, PAGES + 1)
        }  # fmt: skip
        inner = pdf.make_indirect(Dictionary(XObject=Dictionary(deep)))
        kinds: dict[str, dict[str, object]] = defaultdict(dict)
        for n in range(1, PAGES + 1):
            form = {"Subtype": Name.Form, "BBox": box}
            kinds["/XObject"][f"/X{n}"] = self.stream(f"/D{n} Do % Mark{n}Form", Resources=inner, **form)
            kinds["/XObject"][f"/A{n}"] = self.stream(f"% Mark{n}Unused", PieceInfo=Dictionary(All=shared), **form)
            kinds["/Font"][f"/F{n}"] = Dictionary(
                Type=Name.Font, Subtype=Name.Type1, BaseFont=Name(f"/Mark{n}Font"), FirstChar=0
            )
            mask = self.stream(f"% Mark{n}Mask", Resources=inner, **form)
            kinds["/ExtGState"][f"/G{n}"] = Dictionary(SMask=Dictionary(S=Name.Alpha, G=mask))
            kinds["/Pattern"][f"/P{n}"] = self.stream(
                f"% Mark{n}Pattern",
                PatternType=1,
                PaintType=1,
                TilingType=1,
                BBox=box,
                XStep=9,
                YStep=9,
                Resources=shared,
            )
            kinds["/ColorSpace"][f"/C{n}"] = Array([
                Name.Separation, Name(f"/Mark{n}Ink"), Name.DeviceGray,
                Dictionary(FunctionType=2, Domain=Array([0, 1]), N=1, C0=Array([1]), C1=Array([0])),
            ])  # fmt: skip
            kinds["/Properties"][f"/L{n}"] = self.layers[n - 1]
            kinds["/Odd"][f"/O{n}"] = String(f"Mark{n}Odd")
        for key, content in kinds.items():
            shared[key] = Dictionary(content)
        shared["/ColorSpace"]["/DefaultGray"] = Array([Name.CalGray, Dictionary(WhitePoint=Array([1, 1, 1]))])
        self.shared = shared
        return shared

    def contents(self) -> None:
        """Content that names what it draws, and other pages' only in strings and comments."""
        for n, page in enumerate(self.pages, 1):
            other = n % PAGES + 1
            text = f"(Mark{n}Text /X{other} Do \\) (/F{other} 9 Tf) /G{other} gs)"
            page.Contents = self.stream(
                f"q /OC /L{n} BDC /G{n} gs /C{n} cs 1 scn /Pattern cs /P{n} scn % /X{other} Do\n"
                f"/X{n} Do EMC BT /F{n} 9 Tf {text} Tj ET Q"
            )

    def own(self) -> None:
        """What stands in the page's dictionary."""
        beads = [
            self.pdf.make_indirect(Dictionary(Odd=String(f"Mark{n}Bead"), P=page))
            for n, page in enumerate(self.pages, 1)
        ]
        thread = self.pdf.make_indirect(Dictionary(F=beads[0], I=Dictionary(Title=String("Mark0Thread"))))
        self.thread = thread
        self.pdf.Root.Threads = Array([thread])
        for n, page in enumerate(self.pages, 1):
            bead = beads[n - 1]
            bead.N, bead.V, bead.T = beads[n % PAGES], beads[n - 2], thread
            page.B = Array([bead])
            page.Metadata = self.stream(f"<x>Mark{n}Metadata</x>", Type=Name.Metadata, Subtype=Name.XML)
            page.Thumb = self.stream(f"Mark{n}Thumb", Width=1, Height=1, ColorSpace=Name.DeviceGray, BitsPerComponent=8)
            page.PieceInfo = Dictionary(App=Dictionary(Private=Array([*self.pages, String(f"Mark{n}Private")])))
            page.SeparationInfo = Dictionary(Pages=Array(self.pages), DeviceColorant=String(f"Mark{n}Colorant"))
            page.Custom = Array([String(f"Mark{n}Custom"), self.pages[n % PAGES].Contents])

    def tags(self) -> None:
        """A structure tree over all pages."""
        root = self.pdf.make_indirect(Dictionary(Type=Name.StructTreeRoot))
        self.elements = [
            self.pdf.make_indirect(
                Dictionary(S=Name.P, P=root, Pg=page, K=0, T=String(f"Mark{n}Tag"), ID=String(f"Mark{n}Id"))
            )
            for n, page in enumerate(self.pages, 1)
        ]
        root.K = Array(self.elements)
        root.ParentTree = Dictionary(Nums=Array([one for n, e in enumerate(self.elements) for one in (n, Array([e]))]))
        root.IDTree = Dictionary(Names=Array([one for e in self.elements for one in (e.ID, e)]))
        self.pdf.Root.StructTreeRoot = root
        for n, page in enumerate(self.pages):
            page.StructParents = n

    def links(self) -> None:
        """Links to the page itself and to the next one, by all kinds of destinations and actions."""
        for n, page in enumerate(self.pages, 1):
            other, link = n % PAGES + 1, {"Subtype": Name.Link}
            to, away = Array([page, Name.FitH, 7]), Array([self.pages[other - 1], Name.Fit])
            self.annotate(n, **link, Dest=to, Contents=String(f"Mark{n}Home"))
            self.annotate(n, **link, Dest=Array([n - 1, Name.Fit, self.pages[other - 1].Contents]))
            self.annotate(n, **link, Dest=String(f"Mark{n}Dest"))
            self.annotate(n, **link, A=Dictionary(S=Name.GoTo, D=Name(f"/Mark{n}Old")))
            for away_to in (away, Array([other - 1, Name.Fit]), String(f"Mark{other}Dest"), Name(f"/Mark{other}Old")):
                self.annotate(n, **link, Dest=away_to, Contents=String(f"Mark{n}Away"))
                goes = Dictionary(S=Name.GoTo, D=away_to, SD=Array([self.elements[other - 1], Name.Fit]))
                self.annotate(n, **link, A=goes, Contents=String(f"Mark{n}Away"))
                after = Dictionary(S=Name.URI, URI=String(f"https://Mark{n}Uri"), Next=Array([goes, goes]))
                self.annotate(n, **link, A=after)
            goes = Dictionary(S=Name.GoTo, D=String(f"Mark{other}Dest"))
            script = Dictionary(S=Name.JavaScript, JS=String(f"Mark{n}PageScript"))
            page.AA = Dictionary(O=goes, C=script)
            self.annotate(n, **link, A=Dictionary(S=Name.Thread, D=self.thread, B=self.pages[other - 1].B[0]))
            switch = Array([Name.OFF, *self.layers])
            self.annotate(n, Subtype=Name.Screen, A=Dictionary(S=Name.SetOCGState, State=switch))
            self.annotate(n, Subtype=Name.Screen, A=Dictionary(S=Name.GoTo, D=away), AA=Dictionary(D=goes, U=script))

    def notes(self) -> None:
        """Notes with pop-ups and replies, one to a note of the next page; a file; a stamp drawn with what all share."""
        notes = [self.annotate(n, Subtype=Name.Text, Contents=String(f"Mark{n}Note")) for n in range(1, PAGES + 1)]
        for n, note in enumerate(notes, 1):
            note.Popup = self.annotate(n, Subtype=Name.Popup, Parent=note, Contents=String(f"Mark{n}Popup"))
            self.annotate(n, Subtype=Name.Text, IRT=note, Contents=String(f"Mark{n}Reply"))
            following = notes[n % PAGES]
            self.annotate(n, Subtype=Name.Text, IRT=following, Popup=following, Parent=following)
            data = self.stream(f"Mark{n}FileBytes", Type=Name.EmbeddedFile)
            file = Dictionary(Type=Name.Filespec, F=String(f"Mark{n}File"), EF=Dictionary(F=data))
            self.annotate(n, Subtype=Name.FileAttachment, FS=file)
            box = Array([0, 0, 9, 9])
            look = self.stream(f"% Mark{n}Look\n/X{n} Do", Subtype=Name.Form, BBox=box, Resources=self.shared)
            icon = self.stream(f"% Mark{n}Icon", Subtype=Name.Form, BBox=box, Resources=self.shared)
            self.annotate(n, Subtype=Name.Stamp, AP=Dictionary(N=look), OC=self.layers[n - 1], MK=Dictionary(I=icon))
            self.annotations[n - 1] += [self.pages[n % PAGES], self.pdf.Root, self.pdf.Root.Pages]

    def fields(self) -> None:
        """A group with a field a page, a field and radio buttons on all pages, a signature, a widget on no page."""
        pdf, widget = self.pdf, {"Subtype": Name.Widget}
        group = pdf.make_indirect(Dictionary(T=String("group"), Kids=Array()))
        everywhere = pdf.make_indirect(Dictionary(T=String("all"), FT=Name.Tx, V=String("Mark0Value"), Kids=Array()))
        radio = Dictionary(T=String("choice"), FT=Name.Btn, Ff=1 << 15, V=Name.Mark2State, Kids=Array())
        radio = pdf.make_indirect(radio)
        radio.Opt = Array([String(f"Mark{n}Button") for n in range(1, PAGES + 1)])
        single = []
        for n in range(1, PAGES + 1):
            own = {"FT": Name.Tx, "T": String(f"Mark{n}Field"), "V": String(f"Mark{n}FieldValue")}
            calculate = Dictionary(S=Name.JavaScript, JS=String(f"Mark{n}FieldScript"))
            single.append(self.annotate(n, **widget, **own, Parent=group, AA=Dictionary(C=calculate)))
            everywhere.Kids.append(self.annotate(n, **widget, Parent=everywhere))
            states = Dictionary({f"/Mark{n}State": self.stream(""), "/Off": self.stream("")})
            radio.Kids.append(self.annotate(n, **widget, Parent=radio, AP=Dictionary(N=states), AS=Name.Off))
        orphan = Dictionary(Subtype=Name.Widget, FT=Name.Tx, T=String("orphan"), V=String("Mark9Orphan"), Parent=group)
        group.Kids = Array([*single, pdf.make_indirect(orphan)])
        signed = Dictionary(Type=Name.Sig, Reference=Array([Dictionary(Data=pdf.Root)]), Reason=String("Mark9Reason"))
        lock = Dictionary(Fields=Array([one.T for one in single]))
        signature = self.annotate(
            1, **widget, FT=Name.Sig, T=String("signature"), V=pdf.make_indirect(signed), Lock=lock
        )
        every = [group, everywhere, radio, signature]
        order = [*reversed(single), everywhere]
        pdf.Root.AcroForm = Dictionary(Fields=Array(every), CO=Array(order), DR=self.shared, XFA=String("Mark9Xfa"))
        names = [String(f"group.Mark{n}Field") for n in range(1, PAGES + 1)]
        for n in range(1, PAGES + 1):
            hide = Dictionary(S=Name.Hide, T=Array([*single, *names, group]))
            reset = Dictionary(S=Name.ResetForm, Fields=Array([*names, *every]), Next=hide)
            self.annotate(n, Subtype=Name.Screen, A=reset)

    def catalogue(self) -> None:
        """Bookmarks in each other, names of both kinds, labels, layers, and what the document has as a whole."""
        root, pdf = self.pdf.Root, self.pdf
        to = [Array([page, Name.FitH, 5]) for page in self.pages]
        items = [pdf.make_indirect(Dictionary(Title=String(f"Mark{n}Bookmark"))) for n in range(1, PAGES + 1)]
        root.Outlines = pdf.make_indirect(Dictionary(First=items[0], Last=items[3], Count=2))
        for n, item in enumerate(items, 1):
            item.Parent = root.Outlines if n in (1, 4) else items[n - 2]
            if n not in (3, 5):
                item["/Next" if n == 1 else "/First"] = items[3] if n == 1 else items[n]
            if n % 2:
                item.A = Dictionary(S=Name.GoTo, D=String(f"Mark{n}Dest"), SD=Array([self.elements[n - 1]]))
            else:
                item.Dest = to[n - 1]
        items[0].First = items[0].Last = items[1]
        leaves = [
            pdf.make_indirect(Dictionary(Names=Array([String(f"Mark{n}Dest"), Dictionary(D=one, SD=Array([element]))])))
            for n, (one, element) in enumerate(zip(to, self.elements, strict=True), 1)
        ]  # fmt: skip
        script = Dictionary(S=Name.JavaScript, JS=String("Mark0Script"))
        root.Names = Dictionary(Dests=Dictionary(Kids=Array(leaves)), JavaScript=Dictionary(Names=Array(["x", script])))
        root.Names.Pages = Dictionary(
            Names=Array([one for n, p in enumerate(self.pages, 1) for one in (f"Mark{n}Named", p)])
        )
        root.Dests = Dictionary({f"/Mark{n}Old": one for n, one in enumerate(to, 1)})
        pdf.attachments["note.txt"] = b"Mark0Attachment"
        labels = [(n, Dictionary(P=String(f"Mark{n + 1}Label"))) for n in range(PAGES)]
        root.PageLabels = Dictionary(Nums=Array([part for label in labels for part in label]))
        order = Array([Array([String(f"Mark{n}LayerTitle"), one]) for n, one in enumerate(self.layers, 1)])
        settings = Dictionary(Order=order, OFF=Array(self.layers[1::2]), RBGroups=Array([Array(self.layers)]))
        settings.AS = Array([Dictionary(Event=Name.View, Category=Array([Name.View]), OCGs=Array(self.layers))])
        root.OCProperties = Dictionary(OCGs=Array(self.layers), D=settings)
        root.OpenAction = Dictionary(S=Name.GoTo, D=to[1])
        pdf.docinfo["/Title"] = "Mark0Title"
        root.Metadata = self.stream("<x>Mark0Xmp</x>", Type=Name.Metadata, Subtype=Name.XML)

    def make(self) -> pikepdf.Pdf:
        self.tree()
        self.contents()
        self.own()
        self.tags()
        self.links()
        self.notes()
        self.fields()
        self.catalogue()
        for page, own in zip(self.pages, self.annotations, strict=True):
            page.Annots = Array(own)
        return self.pdf


def leaky(path: Path) -> Path:
    """Write the document, with an update at its end: what it replaces stays in the file."""
    with _Leaky().make() as pdf:
        old = pdf.make_stream(b"Mark9Overwritten")
        pdf.Root.Held = old
        pdf.save(path, compress_streams=False, fix_metadata_version=False)
    with pikepdf.open(path) as pdf:
        number = pdf.Root.Held.objgen[0]
    data = path.read_bytes()
    update = b"%d 0 obj\n(Mark9Update)\nendobj\n" % number
    before = data[data.rindex(b"startxref") + 9 :].split()[0]
    entries = b"xref\n%d 1\n%010d 00000 n \n" % (number, len(data))
    about = data[data.rindex(b"trailer") + 7 : data.rindex(b"startxref")].strip()[:-2] + b"/Prev " + before + b" >>\n"
    end = b"startxref\n%d\n%%%%EOF\n" % (len(data) + len(update))
    path.write_bytes(data + update + entries + b"trailer " + about + end)
    return path
