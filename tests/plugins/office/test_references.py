"""Nothing that a document only refers to is in what it becomes: no address is asked, no other file is read."""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pyvips

from filemill import Program, confine
from filemill_office.html_cleaning import cleaned, decoded
from office_documents import convert_file
from office_references import SECRET, References, write_secrets

PROGRAMS = ("docx", "xlsx", "odt", "odp")
BY_THE_KERNEL = ("odp", "rtf")
"""Of these, LibreOffice loads pictures from files whatever its settings say."""


@dataclass
class Listener:
    """A port of this machine, and how often somebody connected to it."""

    server: socket.socket
    connections: list[object] = field(default_factory=list)

    def listen(self) -> None:
        """Count connections until the port is closed, and answer none."""
        while True:
            try:
                connection, address = self.server.accept()
            except OSError:
                return
            self.connections.append(address)
            connection.close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    """Listens while the test runs."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        listening = Listener(server)
        thread = threading.Thread(target=listening.listen)
        thread.start()
        yield listening
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.fixture
def references(tmp_path: Path, listener: Listener) -> References:
    """Makes documents that refer to the listener, and to a folder beside the task's."""
    write_secrets(tmp_path / "neighbour")
    address = f"http://127.0.0.1:{listener.server.getsockname()[1]}"
    return References(tmp_path, address, (tmp_path / "neighbour").as_uri())


def text_of(pdf: Path) -> str:
    """Read a PDF by another program."""
    return subprocess.run(["pdftotext", pdf, "-"], capture_output=True, text=True, check=True).stdout


def is_red(pdf: Path) -> bool:
    """Whether the secret picture is on the first page."""
    drawn = pdf.with_suffix("")
    subprocess.run(["pdftoppm", "-png", "-r", "40", "-singlefile", pdf, drawn], check=True)
    image = pyvips.Image.new_from_file(f"{drawn}.png")
    return bool(((image - [250, 10, 20]).abs().bandmean() < 8).max())


def unconfined(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave LibreOffice its network and all files, as on a kernel that can't keep it from them."""
    monkeypatch.setattr("filemill.program._isolation", lambda: ())
    monkeypatch.setattr(Program, "_confinement", lambda self, folder: [])


def test_they_are_real(references: References, listener: Listener, tmp_path: Path) -> None:
    """LibreOffice as it comes loads the picture of an address and the one of a file: there is something to keep."""
    profile = (tmp_path / "profile").as_uri()
    command: list[str | Path] = [
        "soffice",
        f"-env:UserInstallation={profile}",
        "--headless",
        "--convert-to",
        "pdf",
        "--outdir",
        tmp_path,
    ]
    subprocess.run([*command, references.odp()], check=True, capture_output=True, timeout=60)
    assert listener.connections
    assert is_red(tmp_path / "linked.pdf")


@pytest.mark.parametrize("kind", PROGRAMS)
def test_by_settings_alone(
    references: References, listener: Listener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Also with a network and all files before it, LibreOffice connects to nothing and takes no secret."""
    unconfined(monkeypatch)
    pdf = convert_file(getattr(references, kind)(), "pdf", tmp_path / "task").path
    assert listener.connections == []
    text = text_of(pdf)
    assert any(word in text for word in ("Words", "Quarterly", "Müller"))
    assert SECRET not in text
    if kind not in BY_THE_KERNEL:
        assert not is_red(pdf)


@pytest.mark.parametrize("kind", BY_THE_KERNEL)
def test_by_the_kernel(references: References, listener: Listener, tmp_path: Path, kind: str) -> None:
    """What settings don't keep it from, the kernel does: files beside the task's folder."""
    if not confine.version():
        pytest.skip("the kernel has no Landlock")
    pdf = convert_file(getattr(references, kind)(), "pdf", tmp_path / "task").path
    assert "Words" in text_of(pdf)
    assert SECRET not in text_of(pdf)
    assert not is_red(pdf)
    assert listener.connections == []


def test_html(references: References) -> None:
    """LibreOffice sees no page as it was, but what is left of it: words, and links that people click on."""
    html = cleaned(decoded(references.html().read_bytes()), "linked")
    assert "<p>Words</p>" in html
    assert '<a href="https://example.com/">kept</a>' in html
    for trace in (references.address, references.secret, "src=", "url", "background", "base", "iframe", "script"):
        assert trace not in html


def test_markdown(references: References, listener: Listener, tmp_path: Path) -> None:
    """HTML of Markdown refers to nothing that who opens it would load."""
    html = convert_file(references.md(), "html", tmp_path / "task").path.read_text()
    assert "<h1>Words</h1>" in html
    assert "alt" in html
    assert listener.connections == []
    for trace in (references.address, "href=", "iframe", "script", "src="):
        assert trace not in html
