"""The start-up of a worker: what holds for every task in it."""

from __future__ import annotations

import os
import subprocess
import sys
from textwrap import dedent

PROGRAM = """
    import threading
    from pathlib import Path

    from filemill import Limits
    from filemill_pdf.startup import prepare

    def held():
        return int(Path("/proc/self/statm").read_text().split()[0]) * 4096

    prepare(Limits())
    threads = [threading.Thread(target=threading.Event().wait, daemon=True) for _ in range(3)]
    before = held()
    for thread in threads:
        thread.start()
    print(held() - before)
"""


def test_threads_take_little_of_a_tasks_memory() -> None:
    """Three threads take less than a stack of 100 MiB, in a process that was started under such a limit.

    They counted as memory of the task, and libvips failed for want of threads, now and then.
    """
    command = ["sh", "-c", 'ulimit -s 102400 && exec "$0" -c "$1"', sys.executable, dedent(PROGRAM)]
    environment = {**os.environ, "MALLOC_ARENA_MAX": "1"}  # nearly as in a worker: threads have no heaps of their own
    done = subprocess.run(command, env=environment, capture_output=True, check=True, timeout=60, text=True)
    assert int(done.stdout) < 100 << 20
