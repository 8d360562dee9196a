"""A plugin of the tests whose work goes page by page, with a child process, to its end or to its worker's."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from filemill import Context, Data, Operation, Text, hookimpl


class Pages(Operation, tag="pages"):
    """Work on pages that take their time."""

    pages: Annotated[int, Meta(ge=1, le=10_000, description="How many pages.")] = 1
    seconds: Annotated[float, Meta(ge=0, le=600, description="How long one takes.")] = 0.1
    note: Annotated[str, Meta(description="File to write the ids of the worker and a child process to.")] = ""
    deadly: Annotated[bool, Meta(description="Whether the work ends its own process.")] = False

    def run(self, text: Text, context: Context) -> Data:
        """Do it."""
        if self.note:
            child = subprocess.Popen(["sleep", "600"])
            Path(self.note).write_text(f"{os.getpid()} {child.pid}")
        if self.deadly:
            os.kill(os.getpid(), signal.SIGSEGV)
        for page in range(self.pages):
            time.sleep(self.seconds)
            context.progress(page + 1, self.pages, f"page {page + 1} of {self.pages}")
        return Data({"pages": self.pages})


@hookimpl
def filemill_operations() -> Sequence[type[Operation]]:
    """Register it."""
    return [Pages]
