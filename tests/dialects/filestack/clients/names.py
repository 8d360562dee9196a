"""Runs a program for which some host names are 127.0.0.1, and the port of HTTPS another one.

python names.py PORT NAMES PROGRAM [ARGUMENTS]     # NAMES: .example.com,.example.org
"""

from __future__ import annotations

import runpy
import socket
import sys
from typing import Any

_, port, names, program, *arguments = sys.argv
_ask = socket.getaddrinfo


def getaddrinfo(host: Any, service: Any, *options: Any, **more: Any) -> Any:
    """Answer for the names."""
    if str(host).endswith(tuple(names.split(","))):
        host, service = "127.0.0.1", int(port)
    return _ask(host, service, *options, **more)


socket.getaddrinfo = getaddrinfo
sys.argv = [program, *arguments]
runpy.run_path(program, run_name="__main__")
