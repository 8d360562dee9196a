"""What a job has to do, what came of it and whom it tells, as the database keeps it.

All hold what opens something: headers and URLs of sources, passwords of documents, signed URLs of results, tokens in
the URLs of webhooks.
"""

from __future__ import annotations

from filemill_server.jobs.work import Order, decode_order
from filemill_server.webhooks.sealing import Sealer

_PLAIN = ("{", "http://", "https://")
"""How JSON and URLs begin, and base64 does not: rows from before they were encrypted are read as they are."""


class JobTexts:
    """Encrypts and reads the texts of jobs.

    Args:
        sealer: encrypts them; None: they are kept as they are.
    """

    def __init__(self, sealer: Sealer | None) -> None:
        self._sealer = sealer

    def close(self, text: str, job: str) -> str:
        """Encrypt a text of a job, so that it can be read as this job's only."""
        return text if self._sealer is None else self._sealer.seal(text, job)

    def open(self, kept: str, job: str) -> str | None:
        """Read a text of a job; None where it can't be read any more, because the server's secret is another one."""
        if self._sealer is None or kept.startswith(_PLAIN):
            return kept
        try:
            return self._sealer.open(kept, job)
        except ValueError:
            return None

    def order(self, kept: str, job: str) -> Order | None:
        """Read what a job has to do; None as for `open`."""
        text = self.open(kept, job)
        return None if text is None else decode_order(text)
