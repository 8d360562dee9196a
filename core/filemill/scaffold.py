"""The beginning of a plugin: a project with one operation and its tests, ready to install."""

from __future__ import annotations

import re
from pathlib import Path
from string import Template

_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")

_PYPROJECT = """\
[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[project]
name = "filemill-$name"
version = "0.1.0"
description = "A filemill plugin: $title."
readme = "README.md"
requires-python = ">=3.11"
dependencies = ["filemill"]

[project.optional-dependencies]
testing = ["filemill[testing]"]

[project.entry-points.filemill]
$name = "$package"

[tool.hatch.build.targets.wheel]
packages = ["src/$package"]
"""

_README = """\
# filemill-$name

A plugin for filemill with the operation `$name`.

```sh
python -m venv .venv && . .venv/bin/activate
pip install -e '.[testing]'
pytest                              # the conformance kit, and a test of your own
filemill plugins                    # lists it
filemill run photo.jpg $name:amount=30 -o out.jpg
filemill serve                      # POST /v1/$name, and a step of every pipeline
```

The operation is a class: its fields are its parameters, its docstring is its documentation. Rename
it, add fields, write `run`. A plugin may also bring formats (`filemill_formats`) and packs
(`filemill_presets`).
"""

_PACKAGE = '''\
"""A filemill plugin: $title."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from filemill import Context, Operation, Picture, PictureOperation, hookimpl
from msgspec import Meta


class $class_(PictureOperation, tag="$name"):
    """Make a picture brighter.

    The first line is the summary in every listing; what follows it is the description.
    """

    amount: Annotated[int, Meta(ge=0, le=100, description="How much is added to every colour, percent.")] = 20

    def run(self, picture: Picture, context: Context) -> Picture:
        """Change every frame; sRGB, 8 bits a band, the alpha band last where there is one."""
        added = self.amount * 255 / 100
        context.report(added=round(added))
        bands = [added, added, added, 0] if picture.transparent else [added]
        return picture.map(lambda frame: (frame + bands).cast("uchar"))


@hookimpl
def filemill_operations() -> Sequence[type[Operation]]:
    """Register the operation."""
    return [$class_]
'''

_TESTS = '''\
"""The plugin does what it says."""

from __future__ import annotations

from pathlib import Path

import pyvips
from filemill.testing import conformance_tests
from filemill.testing.runner import Runner
from filemill.testing.samples import Samples

test_conformance = conformance_tests("$name")


def test_it_makes_a_picture_brighter(filemill_run: Runner, filemill_samples: Samples) -> None:
    """The result is brighter by the amount that the report tells."""
    path = filemill_samples.pictures[0]
    made = filemill_run(path, {"op": "$name", "amount": 30})
    before, after = (pyvips.Image.new_from_file(str(one)).avg() for one in (path, Path(made.outputs[0].path)))
    assert after > before
    assert made.report[0]["added"] == 76
'''

_FILES = {
    "pyproject.toml": _PYPROJECT,
    "README.md": _README,
    "src/$package/__init__.py": _PACKAGE,
    "src/$package/py.typed": "",
    "tests/test_$module.py": _TESTS,
}


def write_plugin(name: str, folder: Path) -> list[Path]:
    """Write a plugin project `filemill-NAME` into a folder: it installs, and its tests pass as it stands.

    Args:
        name: name of the plugin and of its operation: lower-case words with hyphens, such as `old-film`.
        folder: where the project's own folder is made.

    Returns:
        The files that were written.

    Raises:
        ValueError: where the name is not one.
        FileExistsError: where the project's folder is there already; nothing is written then.
    """
    if _NAME.fullmatch(name) is None:
        raise ValueError(f"{name!r} is not a name: lower-case words with hyphens, such as 'old-film'")
    module = name.replace("-", "_")
    words = {
        "name": name,
        "title": name.replace("-", " "),
        "module": module,
        "package": f"filemill_{module}",
        "class_": "".join(word.capitalize() for word in name.split("-")),
    }
    project = folder / f"filemill-{name}"
    project.mkdir(parents=True)
    written: list[Path] = []
    for place, text in _FILES.items():
        path = project / Template(place).substitute(words)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(Template(text).substitute(words), encoding="utf-8")
        written.append(path)
    return written
