"""Does with filestack-python what it is told, one line of JSON at a time.

python client.py '{"key": …, "config": {…}, "CFG": {…}}'

A line is {"start": …, "steps": [[name, arguments], …], "policy": …, "secret": …}: of the client, or of a file whose
handle `start` is, each step takes a member and calls it, and goes on with what comes back. A `file_obj` is a path.
"""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path

import filestack
import filestack.helpers


def plain(found: object) -> object:
    """Write a result as JSON."""
    if isinstance(found, bytes):
        return {"base64": base64.b64encode(found).decode()}
    if isinstance(found, filestack.Filelink):
        return {"handle": found.handle, "url": found.url, "response": found.upload_response}
    if isinstance(found, filestack.Transformation):
        return {"url": found.url}
    return found


def main() -> None:
    """Answer until the input ends; what the client itself prints is not an answer."""
    told = json.loads(sys.argv[1])
    for name, value in told.get("config", {}).items():
        setattr(filestack.config, name, value)
    for name, value in told.get("CFG", {}).items():
        setattr(filestack.CFG, name, value)
    for line in sys.stdin:
        asked = json.loads(line)
        security = filestack.Security(asked["policy"], asked["secret"]) if asked.get("policy") else None
        key = asked.get("key", told["key"])
        client = filestack.Client(key, security=security)
        starts = {"client": client, "security": security, "helpers": filestack.helpers}
        start = asked["start"]
        try:
            found = starts[start] if start in starts else filestack.Filelink(start, apikey=key, security=security)
            for name, arguments in asked["steps"]:
                member = getattr(found, name)
                if arguments is None:
                    found = member
                elif "file_obj" in arguments:
                    with Path(arguments["file_obj"]).open("rb") as file:
                        found = member(**arguments | {"file_obj": file})
                else:
                    found = member(**arguments)
            answer = {"result": plain(found)}
        except Exception as error:  # noqa: BLE001 - whatever it raises is told
            answer = {"error": str(error), "type": type(error).__name__}
        print("answer " + json.dumps(answer), flush=True)


main()
