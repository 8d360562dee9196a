"""Target: YAML that operators write: preset files and plans."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

from filemill.limits import Limits
from filemill.presets import PresetError, preset_files, read_pack
from filemill_server.plans.declared import PlansError, read_plans
from fuzz.engine import Target
from fuzz.guidance import SERVER
from fuzz.parts import registry

_PLACE = re.compile(r"x\.yaml:([0-9]+):([0-9]+): .+", re.DOTALL)
_TOKENS = (
    *(
        b"\n",
        b"  ",
        b"- ",
        b": ",
        b"? ",
        b"[",
        b"]",
        b"{",
        b"}",
        b"&a ",
        b"*a",
        b"<<: *a",
        b"!!",
        b"!!python/name:os.system",
    ),
    *(
        b"!!python/object/apply:os.system ['true']",
        b"!!binary ",
        b"!!timestamp ",
        b"!!int ",
        b"!!float ",
        b"!!bool ",
        b"!!set ",
    ),
    *(
        b"!!omap ",
        b"!!pairs ",
        b"!!null ",
        b"!!merge ",
        b"2001-99-99",
        b"2001-12-14T21:59:43.10-99:99",
        b"0x",
        b"0b",
        b"1:99",
    ),
    *(
        b".inf",
        b".nan",
        b"~",
        b"|",
        b">",
        b'"',
        b"'",
        b"\\x00",
        b"\\ud800",
        b"---",
        b"...",
        b"%YAML 9.9",
        b"#",
        b"\t",
        b"\xff",
    ),
    *(
        b"\xef\xbb\xbf",
        b"id: ",
        b"title: ",
        b"steps:",
        b"op: resize",
        b"width: ",
        b"format: ",
        b"1e9",
        b"0o7",
        b"=",
        b"[[[[[[[[",
    ),
)


def target(folder: Path) -> Target:
    """A file is used, or refused with every fault at its line and column; nothing in it makes Python objects."""

    def check(data: bytes) -> bool:
        text = data.decode("utf-8", "replace")
        with suppress(PlansError):
            read_plans(text, "x.yaml")
        try:
            read_pack(text, "x.yaml", registry(), Limits())
        except PresetError as error:
            assert error.faults
            for fault in error.faults:
                place = _PLACE.fullmatch(str(fault))
                assert place is not None, str(fault)
                assert 1 <= int(place[1]) <= len(re.split(r"\r\n|[\n\r\x85\u2028\u2029]", text)) + 1, str(fault)
            return False
        return True

    folders = [preset_folder for _, preset_folder in registry().preset_folders]
    seeds = [file.read_bytes() for preset_folder in folders for file in preset_files(preset_folder)]
    return Target(name="presets", check=check, seeds=seeds[:8], tokens=_TOKENS, longest=2000, traced=SERVER)
