"""The command line: `filemill serve`, `run`, `doctor` and what an operator asks of an installation."""

from filemill_server.cli.root import main

__all__ = ["main"]
