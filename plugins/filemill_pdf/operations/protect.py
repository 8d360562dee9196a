"""The operations `encrypt-pdf` and `decrypt-pdf`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, field

from filemill import Context, Document, File, Operation
from filemill.choices import Choice
from filemill.errors import invalid
from filemill_pdf.operations.passwords import Password


class Permission(Choice):
    """What a document allows whoever opens it without the owner's password."""

    PRINT = "print"
    COPY = "copy"
    MODIFY = "modify"
    ANNOTATE = "annotate"
    FILL = "fill"
    ASSEMBLE = "assemble"


class EncryptPdf(Operation, frozen=True, kw_only=True, tag="encrypt-pdf"):
    """Encrypt a PDF with AES-256, so that it needs a password to open, or to change.

    `password` opens it; without one, it opens for everybody. `ownerPassword` lifts the permissions; without
    one, nobody can. Readers keep to the permissions of their own will. The keys are derived from the passwords
    and the document: the same request gives the same bytes, another document or password other keys.
    """

    password: Annotated[Password, Meta(description="Opens the document.")] = ""
    owner_password: Annotated[Password, Meta(description="Opens it without restrictions.")] = ""
    allow: Annotated[
        list[Permission],
        Meta(max_length=6, description="What is allowed without the owner's password.", examples=[["print", "fill"]]),
    ] = field(default_factory=lambda: list(Permission))

    def __post_init__(self) -> None:
        """Refuse an encryption that protects from nothing."""
        if not self.password and not self.owner_password:
            raise invalid("", "Give 'password', 'ownerPassword' or both.")
        if self.password and self.password == self.owner_password and set(self.allow) != set(Permission):
            raise invalid("/ownerPassword", "With equal passwords no permission is held back: give two.")

    def run(self, document: Document, context: Context) -> Document:
        """Encrypt it."""
        from filemill_pdf.encryption import encrypted  # noqa: PLC0415 - qpdf only in workers

        return encrypted(document, self.password, self.owner_password, [one.value for one in self.allow], context)


class DecryptPdf(Operation, frozen=True, kw_only=True, tag="decrypt-pdf"):
    """Remove the encryption of a PDF, and with it its restrictions."""

    password: Annotated[
        Password, Meta(description="Opens the document: the user's or the owner's. Default: none is needed.")
    ] = ""

    def run(self, document: Document | File, context: Context) -> Document:
        """Decrypt it."""
        from filemill_pdf.encryption import decrypted  # noqa: PLC0415 - qpdf only in workers

        return decrypted(document, self.password, context)
