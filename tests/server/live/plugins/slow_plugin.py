"""A plugin of the tests whose work takes as long as it is told, alone or with a child process."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from filemill import Context, Data, Operation, Text, hookimpl


class Nap(Operation, tag="nap"):
    """Sleep."""

    seconds: Annotated[float, Meta(ge=0, le=600, description="How long to sleep.")] = 600
    note: Annotated[str, Meta(description="File to write the id of a child process to, which sleeps as well.")] = ""
    until: Annotated[str, Meta(description="File that ends the sleep as soon as it is there.")] = ""

    def run(self, text: Text, context: Context) -> Data:
        """Do it."""
        if self.note:
            child = subprocess.Popen(["sleep", "600"])
            Path(self.note).write_text(str(child.pid))
        end = time.monotonic() + self.seconds
        while time.monotonic() < end and not (self.until and Path(self.until).exists()):
            time.sleep(min(0.02, self.seconds))
        return Data({"slept": self.seconds})


@hookimpl
def filemill_operations() -> Sequence[type[Operation]]:
    """Register it."""
    return [Nap]
