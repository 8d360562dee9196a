"""PDFs as LibreOffice writes them, made the same each time."""

from __future__ import annotations

from pathlib import Path


def without_time(path: Path, target: Path) -> None:
    """Write a PDF anew without the moment at which it was made: equal files give equal bytes."""
    import pikepdf  # noqa: PLC0415 - qpdf only where work is done

    with pikepdf.open(path) as pdf:
        for place, names in ((pdf.docinfo, ("/CreationDate", "/ModDate")), (pdf.trailer, ("/DocChecksum", "/ID"))):
            for name in names:
                if name in place:
                    del place[name]
        pdf.save(target, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.preserve)
