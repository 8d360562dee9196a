"""Every example of the README and the documentation does what the page says.

Blocks of `sh` are run, those of a page in order in one folder that holds `sample.jpg`, against a live server; `console`
is for what sets up a machine, which continuous integration runs.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType

import pytest
import pyvips

from documentation import PAGES, ROOT, Block, blocks
from filemill import Context, Limits, Operation, Picture
from filemill.formats import FormatTable
from filemill.presets import read_pack
from filemill.registry import OURS, load_registry
from live import LiveServer

ADDRESS = "http://127.0.0.1:8000"
SHELL_PAGES = [page for page in PAGES if page.name != "README.md" and blocks("sh", [page])]
SIZES = {
    "instagram-feed": (1080, 1080),
    "instagram-story": (1080, 1920),
    "linkedin-post": (1200, 627),
    "pinterest-pin": (1000, 1500),
    "tiktok": (1080, 1920),
    "twitter-post": (1600, 900),
    "youtube-thumbnail": (1280, 720),
}


def run_page(page: Path, folder: Path, sample: Path, server: LiveServer) -> str:
    """Run the shell blocks of a page, and return what they print."""
    (folder / "sample.jpg").write_bytes(sample.read_bytes())
    script = "set -euo pipefail\n" + "\n".join(block.text for block in blocks("sh", [page]))
    done = subprocess.run(
        ["bash", "-c", script.replace(ADDRESS, server.address)],
        cwd=folder,
        env={
            **server.environment,
            "KEY": server.key,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        },
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, f"{page.name}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.parametrize("page", SHELL_PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_shell_examples(page: Path, tmp_path: Path, sample: Path, server: LiveServer) -> None:
    """Every command of a page ends well."""
    assert run_page(page, tmp_path, sample, server)


def test_readme_makes_seven_correct_pictures(tmp_path: Path, sample: Path, server: LiveServer) -> None:
    """Who follows the README has the seven pictures of one photo, upright and in the platforms' sizes."""
    run_page(ROOT / "README.md", tmp_path, sample, server)
    made = {path.stem: pyvips.Image.new_from_file(str(path)) for path in (tmp_path / "packs").iterdir()}
    assert {name: (image.width, image.height) for name, image in made.items()} == SIZES
    for name, image in made.items():
        top, bottom = image.crop(0, 0, image.width, 50), image.crop(0, image.height - 50, image.width, 50)
        assert top.bandmean().avg() < 110, f"{name}: the sky is dark blue at the top"
        assert top[2].avg() > top[0].avg(), f"{name}: the sky is dark blue at the top"
        assert bottom[2].avg() > bottom[1].avg(), f"{name}: the sea is blue"
    small = pyvips.Image.new_from_file(str(tmp_path / "small.webp"))
    assert (small.width, small.height) == (800, 533)


def _point(module: ModuleType) -> EntryPoint:
    point = EntryPoint("example", module.__name__, "filemill")
    sys.modules[module.__name__] = module
    return point


EXAMPLES = blocks("python", [ROOT / "README.md", ROOT / "docs/authors/plugins.md"])


@pytest.mark.parametrize("block", [block for block in EXAMPLES if "def filemill_operations" in block.text], ids=str)
def test_python_examples(block: Block, tmp_path: Path, sample: Path) -> None:
    """Every plugin of the pages loads, and its operation makes a picture."""
    module = ModuleType(f"example_{block.line}")
    exec(compile(block.text, str(block), "exec"), module.__dict__)
    registry = load_registry(entries=[_point(module)])
    assert not registry.failures
    (entry,) = (entry for entry in registry.operations.values() if entry.plugin != OURS)
    picture = pyvips.Image.new_from_file(str(sample)).thumbnail_image(200)
    for image in (picture, picture.bandjoin(128)):
        result = _run(entry.operation(), image)
        assert (result.width, result.height) == (image.width, image.height)
        assert abs(result[:3].avg() - image[:3].avg()) > 1 if result.bands >= 3 else True


@pytest.mark.parametrize("block", [block for block in EXAMPLES if "def filemill_conversions" in block.text], ids=str)
def test_conversion_examples(block: Block, tmp_path: Path) -> None:
    """Every conversion of the pages works, and what others declare goes on from it."""
    module = ModuleType(f"example_{block.line}")
    exec(compile(block.text, str(block), "exec"), module.__dict__)
    registry = load_registry(entries=[*entry_points(group="filemill"), _point(module)])
    path = registry.conversions.path(["fountain"], "png")
    assert path is not None
    assert path.formats == ["fountain", "html", "pdf", "png"]
    (tmp_path / "scene.fountain").write_text("INT. HARBOUR - DAY", encoding="utf-8")
    file = registry.formats.sniff(tmp_path / "scene.fountain", "scene.fountain")
    assert path.edges[0].run is not None
    made = path.edges[0].run(file, "html", Context(limits=Limits(), folder=tmp_path, formats=registry.formats))
    assert "INT. HARBOUR - DAY" in made.path.read_text()
    assert registry.formats.sniff(made.path, made.name).format == "html"


def _run(operation: object, image: pyvips.Image) -> pyvips.Image:
    assert isinstance(operation, Operation)
    context = Context(limits=Limits(), folder=Path(), formats=FormatTable([]))
    made = operation.run(Picture.of(image), context)
    assert isinstance(made, Picture)
    return made.settled


@pytest.mark.parametrize("block", blocks("yaml"), ids=str)
def test_preset_examples(block: Block) -> None:
    """Every preset file of the pages is one that works."""
    assert read_pack(block.text, str(block), load_registry(), Limits()).steps


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links(page: Path) -> None:
    """Every link to a page leads to one."""
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
