"""Documents that refer to what is not theirs: addresses of a listener, and files in a neighbour's folder."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path

import pyvips

from office_documents import rewrite_zip, write_docx, write_xlsx, write_zip

SECRET = "TOPSECRET"

_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_OASIS = "urn:oasis:names:tc:opendocument:xmlns:"
_SPACES = " ".join(
    f'xmlns:{prefix}="{name}"'
    for prefix, name in {
        **{prefix: f"{_OASIS}{prefix}:1.0" for prefix in ("office", "text", "table", "meta", "manifest")},
        "draw": f"{_OASIS}drawing:1.0",
        "svg": f"{_OASIS}svg-compatible:1.0",
        "of": f"{_OASIS}of:1.2",
        "xlink": "http://www.w3.org/1999/xlink",
    }.items()
)


@dataclass(frozen=True)
class References:
    """Makes such documents.

    Fields:
        folder: where they are made.
        address: of the listener; each reference has a path of its own.
        secret: the folder of the files, as an address.
    """

    folder: Path
    address: str
    secret: str

    def docx(self) -> Path:
        """A template, linked pictures, fields that include text and pictures, a part that is another document."""
        fields = [
            f'INCLUDETEXT "{self.secret}/secret.txt"',
            f'INCLUDEPICTURE "{self.secret}/secret.png" \\d',
            f'INCLUDEPICTURE "{self.address}/docx-field.png" \\d',
            f'DDEAUTO soffice "{self.secret}/secret.txt" x',
        ]
        body = "".join(_field(code) for code in fields) + _linked_picture("rId901") + _linked_picture("rId902")
        body += f'<w:subDoc xmlns:r="{_RELATIONS}" r:id="rId903"/>'
        relations = (
            _relation("rId901", "image", f"{self.address}/docx-picture.png")
            + _relation("rId902", "image", f"{self.secret}/secret.png")
            + _relation("rId903", "subDocument", f"{self.address}/docx-part.docx")
        )

        def edit(name: str, content: bytes) -> bytes:
            if name == "word/document.xml":
                return content.replace(b"<w:sectPr", body.encode() + b"<w:sectPr", 1)
            if name == "word/_rels/document.xml.rels":
                return content.replace(b"</Relationships>", relations.encode() + b"</Relationships>")
            if name == "word/settings.xml":
                template = f'<w:attachedTemplate xmlns:r="{_RELATIONS}" r:id="rId1"/>'.encode()
                place = content.index(b">", content.index(b"<w:settings")) + 1
                return content[:place] + template + content[place:]
            return content

        template = _relation("rId1", "attachedTemplate", f"{self.address}/docx-template.dotm")
        more = {"word/_rels/settings.xml.rels": f'<Relationships xmlns="{_PACKAGE}">{template}</Relationships>'}
        return rewrite_zip(write_docx(self.folder / "plain.docx"), self.folder / "linked.docx", edit, more)

    def xlsx(self) -> Path:
        """WEBSERVICE() of an address and of a file, and cells of another workbook."""
        cells = "".join(
            f'<c r="A{row}"><f>{escape(formula)}</f></c>'
            for row, formula in enumerate(
                [
                    f'_xlfn.WEBSERVICE("{self.address}/xlsx-service")',
                    f'_xlfn.WEBSERVICE("{self.secret}/secret.txt")',
                    f"'{self.secret}/[secret.csv]secret'!A1",
                ],
                10,
            )
        )

        def edit(name: str, content: bytes) -> bytes:
            if name != "xl/worksheets/sheet1.xml":
                return content
            return content.replace(b"</sheetData>", f'<row r="10">{cells}</row></sheetData>'.encode())

        return rewrite_zip(write_xlsx(self.folder / "plain.xlsx"), self.folder / "linked.xlsx", edit, {})

    def odt(self) -> Path:
        """Linked sections, pictures, objects and frames, and a template; by their paths and from here."""
        relative = "../neighbour"
        body = "".join(
            f'<text:section text:name="{number}"><text:section-source xlink:href="{link}"/><text:p>before</text:p>'
            "</text:section>"
            for number, link in enumerate(
                [f"{self.secret}/secret.txt", f"{relative}/secret.txt", f"{self.address}/odt-section.html"]
            )
        )
        for link in (f"{self.secret}/secret.png", f"{relative}/secret.png", f"{self.address}/odt-picture.png"):
            body += f"<text:p>{_frame('image', link)}</text:p>"
        for kind in ("object", "floating-frame"):
            for link in (f"{self.secret}/secret.html", f"{self.address}/odt-{kind}.html"):
                body += f"<text:p>{_frame(kind, link)}</text:p>"
        meta = f'<meta:template xlink:type="simple" xlink:actuate="onRequest" xlink:href="{self.address}/odt.ott"/>'
        return self._open_document("odt", "text", f"<office:text><text:p>Words</text:p>{body}</office:text>", meta)

    def odp(self) -> Path:
        """Linked pictures, objects and frames."""
        links = [
            ("image", f"{self.secret}/secret.png"),
            ("image", f"{self.address}/odp.png"),
            ("object", f"{self.secret}/secret.html"),
            ("floating-frame", f"{self.address}/odp.html"),
        ]
        frames = "".join(_frame(kind, link) for kind, link in links)
        box = (
            '<draw:frame svg:width="5cm" svg:height="2cm"><draw:text-box><text:p>Words</text:p></draw:text-box>'
            "</draw:frame>"
        )
        slide = f'<office:presentation><draw:page draw:name="1">{box}{frames}</draw:page></office:presentation>'
        return self._open_document("odp", "presentation", slide)

    def rtf(self) -> Path:
        """A template, and fields that include text and pictures."""
        fields = [
            f'INCLUDETEXT "{self.secret}/secret.txt"',
            f'INCLUDEPICTURE "{self.secret}/secret.png" \\\\d',
            f'INCLUDEPICTURE "{self.address}/rtf.png" \\\\d',
        ]
        body = "".join(rf"{{\field{{\*\fldinst {code}}}{{\fldrslt before}}}}\par " for code in fields)
        path = self.folder / "linked.rtf"
        path.write_text(rf"{{\rtf1\ansi{{\*\template {self.address}/rtf.dot}}Words\par {body}}}")
        return path

    def html(self) -> Path:
        """Everything that a page may load."""
        address, secret = self.address, self.secret
        path = self.folder / "linked.html"
        path.write_text(
            f'<!DOCTYPE html><html><head><base href="{address}/"><link rel=stylesheet href="{address}/link.css">'
            f"<style>@import url({address}/import.css); p {{ background: url({address}/p.png) }}</style></head>"
            f'<body background="{address}/body.png"><p style="background:url({address}/style.png)">Words</p>'
            f'<img src="{address}/img.png"><img src="{secret}/secret.png"><img src="relative.png">'
            f'<iframe src="{secret}/secret.html"></iframe><iframe src="{address}/iframe.html"></iframe>'
            f'<object data="{secret}/secret.png"></object><embed src="{address}/embed.png">'
            f'<table background="{address}/table.png"><tr><td>cell</td></tr></table>'
            f'<input type=image src="{address}/input.png">'
            f'<script src="{address}/script.js"></script><meta http-equiv=refresh content="0;url={address}/refresh">'
            f'<a href="{secret}/secret.txt">file</a><a href="https://example.com/">kept</a></body></html>'
        )
        return path

    def md(self) -> Path:
        """Pictures, and HTML in between."""
        path = self.folder / "linked.md"
        path.write_text(
            f"# Words\n\n![alt]({self.address}/md.png) ![file]({self.secret}/secret.png)\n\n"
            f'<iframe src="{self.secret}/secret.html"></iframe>\n\n<img src="{self.address}/raw.png">\n\n'
            f"<script>fetch('{self.address}/script')</script>\n\n[file]({self.secret}/secret.txt)\n"
        )
        return path

    def _open_document(self, extension: str, kind: str, body: str, meta: str = "") -> Path:
        media_type = f"application/vnd.oasis.opendocument.{kind}"
        entries = "".join(
            f'<manifest:file-entry manifest:full-path="{path}" manifest:media-type="{media}"/>'
            for path, media in {"/": media_type, "content.xml": "text/xml", "meta.xml": "text/xml"}.items()
        )
        said = {
            "META-INF/manifest.xml": ("manifest:manifest", "manifest:version", entries),
            "content.xml": ("office:document-content", "office:version", f"<office:body>{body}</office:body>"),
            "meta.xml": ("office:document-meta", "office:version", f"<office:meta>{meta}</office:meta>"),
        }
        files: dict[str, str | bytes] = {"mimetype": media_type}
        for name, (root, version, content) in said.items():
            files[name] = f'<{root} {_SPACES} {version}="1.2">{content}</{root}>'
        return write_zip(self.folder / f"linked.{extension}", files)


def write_secrets(folder: Path) -> None:
    """Write files of each kind that a document may include, with the same word in all, and a red picture."""
    folder.mkdir()
    (folder / "secret.txt").write_text(f"{SECRET},1,2\n")
    (folder / "secret.csv").write_text(f"{SECRET},1,2\n")
    (folder / "secret.html").write_text(f"<html><body><table><tr><td>{SECRET}</td></tr></table></body></html>")
    red = pyvips.Image.black(60, 60).new_from_image([250, 10, 20])
    red.cast("uchar").copy(interpretation="srgb").pngsave(str(folder / "secret.png"))


def _relation(name: str, kind: str, target: str) -> str:
    return f'<Relationship Id="{name}" Type="{_RELATIONS}/{kind}" Target="{target}" TargetMode="External"/>'


def _field(code: str) -> str:
    def mark(kind: str) -> str:
        return f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>'

    told = f'<w:r><w:instrText xml:space="preserve"> {escape(code)} </w:instrText></w:r>'
    return f"<w:p>{mark('begin')}{told}{mark('separate')}<w:r><w:t>before</w:t></w:r>{mark('end')}</w:p>"


def _linked_picture(name: str) -> str:
    drawing = "http://schemas.openxmlformats.org/drawingml/2006"
    size = '<a:xfrm><a:off x="0" y="0"/><a:ext cx="914400" cy="914400"/></a:xfrm>'
    blip = f'<a:blip xmlns:r="{_RELATIONS}" r:link="{name}"/><a:stretch><a:fillRect/></a:stretch>'
    names = '<pic:nvPicPr><pic:cNvPr id="1" name="linked"/><pic:cNvPicPr/></pic:nvPicPr>'
    shape = f'<pic:spPr>{size}<a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr>'
    picture = f'<pic:pic xmlns:pic="{drawing}/picture">{names}<pic:blipFill>{blip}</pic:blipFill>{shape}</pic:pic>'
    graphic = f'<a:graphic xmlns:a="{drawing}/main"><a:graphicData uri="{drawing}/picture">{picture}</a:graphicData>'
    return (
        f'<w:p><w:r><w:drawing><wp:inline xmlns:wp="{drawing}/wordprocessingDrawing">'
        '<wp:extent cx="914400" cy="914400"/><wp:docPr id="1" name="linked"/>'
        f"{graphic}</a:graphic></wp:inline></w:drawing></w:r></w:p>"
    )


def _frame(kind: str, link: str) -> str:
    return (
        '<draw:frame svg:width="3cm" svg:height="3cm" text:anchor-type="as-char">'
        f'<draw:{kind} xlink:href="{link}" xlink:type="simple" xlink:show="embed" xlink:actuate="onLoad"/></draw:frame>'
    )
