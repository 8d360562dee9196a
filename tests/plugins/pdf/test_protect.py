"""`encrypt-pdf` and `decrypt-pdf`: other readers open what they make, and only with the password."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pikepdf
import pypdf
import pypdfium2
import pytest
from pikepdf import Array

from filemill import ErrorCode, FilemillError, Limits
from filemill.testing.runner import Runner
from pdf_outcomes import CHANGED, SHOWN, Step
from pdf_samples import difference, opened, page_pixels, text_pdf

STRICT = Limits(honour_restrictions=True)
BOTH = {"op": "encrypt-pdf", "password": "öffne dich", "ownerPassword": "Eigner", "allow": ["print", "copy"]}


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """Two pages of text, with strings in objects that others stand in, and a name that is not UTF-8."""
    path = text_pdf(tmp_path / "plain.pdf", "the first", "the second")
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        with pdf.open_outline() as outline:
            outline.root.append(pikepdf.OutlineItem("Kapitel (1) – größer", 1))
        pdf.docinfo["/Title"] = "Ein Titel"
        pdf.attachments["note.txt"] = b"an attachment"
        pdf.Root["/PieceInfo"] = pikepdf.Object.parse(b"<< /K#e4 (x) /A#20B /C#23 /D [1 2.5 true null -0.00001 (y)] >>")
        pdf.save(path)
    return path


@pytest.mark.parametrize("password", ["öffne dich", "Eigner"])
def test_others_open_it_with_either_password(password: str, plain: Path, filemill_run: Runner) -> None:
    """pypdf, PDFium and qpdf decrypt text, strings and attachments."""
    path = filemill_run(plain, BOTH).outputs[0].path
    reader = pypdf.PdfReader(path)
    assert reader.is_encrypted
    expected = pypdf.PasswordType.OWNER_PASSWORD if password == "Eigner" else pypdf.PasswordType.USER_PASSWORD
    assert reader.decrypt(password) == expected
    assert [page.extract_text().strip() for page in reader.pages] == ["the first", "the second"]
    assert reader.metadata is not None
    assert reader.metadata.title == "Ein Titel"
    assert isinstance(chapter := reader.outline[0], pypdf.generic.Destination)
    assert chapter.title == "Kapitel (1) – größer"
    assert reader.attachments["note.txt"] == [b"an attachment"]
    assert difference(page_pixels(path, 2, password=password), page_pixels(plain, 2)) == 0
    with pikepdf.open(path, password=password) as pdf:
        assert pdf.check_pdf_syntax() == []
        assert pdf.encryption.R == 6
        assert pdf.Root["/PieceInfo"].unparse() == b"<< /A#20B /C#23 /D [ 1 2.5 true null -0.00001 (y) ] /K#e4 (x) >>"
        assert pdf.owner_password_matched == (password == "Eigner")


@pytest.mark.parametrize("password", [None, "", "wrong"])
def test_nobody_opens_it_otherwise(password: str | None, plain: Path, filemill_run: Runner) -> None:
    """Without the password the text is nowhere in the file, and no reader opens it."""
    path = Path(filemill_run(plain, BOTH).outputs[0].path)
    with pytest.raises(pypdfium2.PdfiumError):
        pypdfium2.PdfDocument(path, password=password)
    with pytest.raises(pikepdf.PasswordError):
        pikepdf.open(path, password=password or "")
    assert not pypdf.PdfReader(path).decrypt(password or "")
    for secret in (b"Ein Titel", b"the first", b"an attachment", "Ein Titel".encode("utf-16-be").hex().encode()):
        assert secret not in path.read_bytes()


def test_permissions(plain: Path, filemill_run: Runner) -> None:
    """What is not named is forbidden to whoever opens it without the owner's password."""
    path = filemill_run(plain, {"op": "encrypt-pdf", "ownerPassword": "x", "allow": ["print"]}).outputs[0].path
    with pikepdf.open(path) as pdf:
        allowed = pdf.allow
        assert (allowed.print_lowres, allowed.print_highres) == (True, True)
        assert (allowed.extract, allowed.modify_other, allowed.modify_annotation) == (False, False, False)
        assert (allowed.modify_form, allowed.modify_assembly) == (False, False)
    with pikepdf.open(path, password="x") as pdf:
        assert pdf.owner_password_matched


def test_decrypt_gives_the_document_back(plain: Path, filemill_run: Runner) -> None:
    """Encrypted and decrypted, it looks and reads as before and needs no password."""
    locked = Path(filemill_run(plain, BOTH).outputs[0].path)
    for password in (BOTH["password"], BOTH["ownerPassword"]):
        path = filemill_run(locked, {"op": "decrypt-pdf", "password": password}).outputs[0].path
        assert not pypdf.PdfReader(path).is_encrypted
        assert opened(path).text(2).strip() == "the second"
        assert difference(page_pixels(path), page_pixels(plain)) == 0


@pytest.mark.parametrize("cipher", [{"R": 3, "aes": False, "metadata": False}, {"R": 4, "aes": True}, {"R": 6}])
def test_decrypt_takes_older_ciphers(cipher: dict[str, Any], plain: Path, filemill_run: Runner) -> None:
    """RC4 and AES-128 of other programs are taken off as well."""
    locked = plain.with_name("locked.pdf")
    with pikepdf.open(plain) as pdf:
        pdf.save(locked, encryption=pikepdf.Encryption(user="u", owner="o", **cipher))
    made = filemill_run(locked, {"op": "decrypt-pdf", "password": "u"}).outputs[0]
    assert opened(made.path).text(1).strip() == "the first"
    assert not pypdf.PdfReader(made.path).is_encrypted


@pytest.mark.parametrize(("step", "said"), [
    ({"op": "decrypt-pdf", "password": "wrong"}, "does not open with the password given"),
    ({"op": "decrypt-pdf"}, "needs a password"),
    ({"op": "pdf-info", "password": "wrong"}, "does not open with the password given"),
    ({"op": "compress-pdf"}, "needs a password"),
    ({"op": "rasterize"}, "needs a password"),
])  # fmt: skip
def test_a_wrong_password_is_the_files_fault(
    step: dict[str, object], said: str, plain: Path, filemill_run: Runner
) -> None:
    """`INVALID_FILE` says whether a password is missing or wrong, and never which."""
    locked = Path(filemill_run(plain, BOTH).outputs[0].path)
    with pytest.raises(FilemillError) as caught:
        filemill_run(locked, step)
    assert caught.value.code is ErrorCode.INVALID_FILE
    assert said in caught.value.detail
    assert "wrong." not in caught.value.detail
    assert "öffne" not in caught.value.detail


@pytest.fixture
def restricted(plain: Path, filemill_run: Runner) -> Path:
    """A document that opens without a password and allows nothing to whoever has not the owner's."""
    step = {"op": "encrypt-pdf", "ownerPassword": "x", "allow": []}
    return Path(filemill_run(plain, step).outputs[0].path)


@pytest.mark.parametrize("step", [*CHANGED, {"op": "remove-pages", "pages": "1"}], ids=lambda step: str(step["op"]))
def test_changes_to_a_restricted_document(step: Step, restricted: Path, plain: Path, filemill_run: Runner) -> None:
    """Allowed by default; refused where the operator honours restrictions, also for a second input."""
    files = [plain, restricted] if step["op"] == "merge-pdf" else restricted
    assert filemill_run(files, step).outputs
    with pytest.raises(FilemillError, match="forbids changes; the owner's password is needed") as caught:
        filemill_run(files, step, limits=STRICT)
    assert caught.value.code is ErrorCode.INVALID_FILE


@pytest.mark.parametrize("step", SHOWN, ids=lambda step: str(step["op"]))
def test_reading_a_restricted_document(step: Step, restricted: Path, filemill_run: Runner) -> None:
    """Whoever may open a document may read it, whatever the operator says of changes."""
    assert filemill_run(restricted, step, limits=STRICT).outputs


def test_the_owners_password_lifts_restrictions(restricted: Path, plain: Path, filemill_run: Runner) -> None:
    """Where restrictions are honoured, the owner's password lets work be done; the user's does not."""
    filemill_run(restricted, {"op": "decrypt-pdf", "password": "x"}, {"op": "compress-pdf"}, limits=STRICT)
    filemill_run([plain, restricted], {"op": "merge-pdf", "passwords": [None, "x"]}, limits=STRICT)
    locked = Path(filemill_run(plain, BOTH).outputs[0].path)
    with pytest.raises(FilemillError, match="owner's password"):
        filemill_run(locked, {"op": "decrypt-pdf", "password": BOTH["password"]}, limits=STRICT)


def test_restrictions_of_a_broken_document(restricted: Path, filemill_run: Runner) -> None:
    """A document that only pypdf opens is no way around them."""
    restricted.write_bytes(restricted.read_bytes().replace(b"/Root", b"/Rood"))
    step = {"op": "rotate-pages", "angle": 90}
    made = filemill_run(restricted, step).outputs[0]
    assert opened(made.path).text(2).strip() == "the second"
    with pytest.raises(FilemillError, match="owner's password"):
        filemill_run(restricted, step, limits=STRICT)


def test_objects_that_are_null(plain: Path, filemill_run: Runner) -> None:
    """A document that refers to null is encrypted; the reference still finds nothing."""
    with pikepdf.open(plain, allow_overwriting_input=True) as pdf:
        pdf.Root["/Nothing"] = Array([pdf.make_indirect(pikepdf.Object.parse(b"[ null ]"))])
        pdf.save(plain)
    plain.write_bytes(plain.read_bytes().replace(b"[ null ]", b"  null  "))
    path = filemill_run(plain, {"op": "encrypt-pdf", "password": "x"}).outputs[0].path
    with pikepdf.open(path, password="x") as pdf:
        assert list(pdf.Root["/Nothing"]) == [None]


@pytest.mark.parametrize(("step", "pointer"), [
    ({}, ""),
    ({"password": "a", "ownerPassword": "a", "allow": ["print"]}, "/ownerPassword"),
])  # fmt: skip
def test_encryptions_that_protect_from_nothing(
    step: dict[str, object], pointer: str, plain: Path, filemill_run: Runner
) -> None:
    """No password at all, and equal ones with something forbidden, are refused."""
    with pytest.raises(FilemillError) as caught:
        filemill_run(plain, {"op": "encrypt-pdf", **step})
    assert caught.value.code is ErrorCode.INVALID_PARAMETER
    assert caught.value.faults[0].pointer.endswith(pointer)


def test_the_same_each_time_and_different_for_others(plain: Path, filemill_run: Runner) -> None:
    """Equal requests give equal bytes; another password or document has nothing in common with it."""
    first, again = (Path(filemill_run(plain, BOTH).outputs[0].path).read_bytes() for _ in range(2))
    assert first == again
    other = Path(filemill_run(plain, BOTH | {"password": "else"}).outputs[0].path)
    with pikepdf.open(other, password="else") as pdf:
        vectors = {bytes(item.read_raw_bytes())[:16] for item in pdf.objects if isinstance(item, pikepdf.Stream)}
    assert vectors
    assert not any(vector in first for vector in vectors)
    entry = pypdf.PdfReader(other).trailer["/Encrypt"]
    assert isinstance(entry, pypdf.generic.DictionaryObject)
    assert isinstance(known := entry["/U"], pypdf.generic.ByteStringObject)
    assert known.hex().encode() not in first


def test_encrypted_documents_flow_on(plain: Path, filemill_run: Runner) -> None:
    """A step after `encrypt-pdf` still reads the document, and `pdf-info` tells how it is encrypted."""
    made = filemill_run(plain, BOTH, {"op": "pdf-info"}).outputs[0]
    text = Path(made.path).read_text()
    assert '"AES-256"' in text
    made = filemill_run(plain, BOTH, {"op": "decrypt-pdf"}).outputs[0]
    assert opened(made.path).text(1).strip() == "the first"
