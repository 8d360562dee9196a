"""A machine without libarchive: the operations say what to install, and everything else works."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

from filemill.testing.samples import Samples
from live import StartServer


def test_without_the_library(start_server: StartServer, samples: dict[str, Path], filemill_samples: Samples) -> None:
    """All three are listed as unavailable with what to install, and refused so; pictures are worked on as ever."""
    server = start_server(workers="1", environment={"LIBARCHIVE": "/nowhere/libarchive.so.13"})
    try:
        with server.client() as client:
            listed = {found["name"]: found for found in client.get("/v1/operations").json()["operations"]}
            for name in ("create-archive", "extract", "list-archive"):
                assert not listed[name]["available"]
                assert "libarchive is not installed" in listed[name]["reason"]
                assert "apt-get install libarchive13" in listed[name]["hint"]
                refused = client.post(f"/v1/{name}", content=samples["zip"].read_bytes())
                assert refused.status_code == 501, refused.text
            picture = filemill_samples.pictures[0].read_bytes()
            assert client.post("/v1/resize?width=50", content=picture).json()["width"] == 50
            refused = client.post("/v1/resize?width=50", content=samples["zip"].read_bytes())
            assert (refused.status_code, refused.json()["code"]) == (415, "UNSUPPORTED_MEDIA")
    finally:
        server.stop()


def test_only_workers_load_it(samples: dict[str, Path]) -> None:
    """To know the plugin and to recognise its files, nothing of libarchive is loaded."""
    program = """
import sys
from pathlib import Path
from filemill.registry import load_registry
registry = load_registry()
assert registry.operations["extract"].missing is None
for path in map(Path, sys.argv[1:]):
    assert registry.formats[registry.formats.sniff(path, "x").format].kind.__name__ == "Archive"
assert "libarchive" not in sys.modules
assert "libarchive" not in Path("/proc/self/maps").read_text()
"""
    done = subprocess.run([sys.executable, "-c", program, *map(str, samples.values())], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_names_in_a_process_without_utf_8(tmp_path: Path) -> None:
    """Names are taken by libarchive by the locale of its process: a worker has one that can hold them."""
    with zipfile.ZipFile(path := tmp_path / "names.zip", "w") as archive:
        archive.writestr("größe 五.txt", "x")
    program = """
import locale, sys
from pathlib import Path
from filemill import Context, Limits
from filemill.registry import load_registry
registry = load_registry()
locale.setlocale(locale.LC_CTYPE, "C")
registry.startup(Limits())
path = Path(sys.argv[1])
context = Context(limits=Limits(), folder=path.parent, formats=registry.formats)
archive = registry.formats["zip"].open(registry.formats.sniff(path, path.name), context)
from filemill_archive.conversions import convert
print(convert(archive, "tar", context).file.path)
"""
    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with tarfile.open(done.stdout.strip()) as made:
        assert made.getnames() == ["größe 五.txt"]
