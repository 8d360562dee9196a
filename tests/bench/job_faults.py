"""`kill -9` of servers at random moments under load, as often as you like; what was accepted must end, once.

    python tests/bench/job_faults.py embedded [--kills 100] [--seed 1]
    python tests/bench/job_faults.py nodes [--kills 100] [--seed 1]

`embedded` is one server on SQLite, `nodes` are two over PostgreSQL and an S3-compatible store, which it starts and
ends itself. The kills come in rounds of ten: after each, all jobs must have succeeded, each with one asset.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from killing import Report, kill_embedded, kill_two_nodes
from real_parts import ObjectStoreServer, PostgresServer, shared_environment

ROUND = 10


def main() -> None:
    """Kill, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("topology", choices=["embedded", "nodes"])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    together = Report()
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="filemill-kills-")))
        if given.topology == "nodes":
            parts = stack.enter_context(PostgresServer()), stack.enter_context(ObjectStoreServer())
        for number, first in enumerate(range(0, given.kills, ROUND)):
            folder = root / str(number)
            folder.mkdir()
            kills, seed = min(ROUND, given.kills - first), given.seed + number
            if given.topology == "nodes":
                together += kill_two_nodes(folder, shared_environment(*parts), kills, seed)
            else:
                together += kill_embedded(folder, kills, seed)
            print(together, flush=True)


if __name__ == "__main__":
    main()
