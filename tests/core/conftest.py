"""What the core's tests share: distributions made on the spot, and registries of them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from tempfile import mkdtemp
from textwrap import dedent
from types import ModuleType

import pytest
import pyvips

from filemill.limits import Limits
from filemill.operation import Operation
from filemill.pipeline import check_steps, read_steps
from filemill.registry import Registry, load_registry
from filemill.task import Input, Task, encode_steps

PLUGINS = Path(__file__).parent / "plugins"
OUR_PLUGINS = ("sample", "hostile")


def write_distribution(folder: Path, name: str, plugins: dict[str, str], version: str = "1.0") -> Path:
    """Write the metadata of an installed distribution whose entry points are `plugins`."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    lines = "\n".join(f"{plugin} = {target}" for plugin, target in plugins.items())
    (info / "entry_points.txt").write_text(f"[filemill]\n{lines}\n")
    return folder


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder that is a site-packages with the two plugins of the tests."""
    folder = tmp_path_factory.mktemp("site")
    for name in OUR_PLUGINS:
        source = PLUGINS / f"{name}_plugin.py"
        (folder / source.name).write_text(source.read_text())
        write_distribution(folder, f"{name}-plugin", {name: f"{name}_plugin"})
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))


@pytest.fixture(scope="session")
def sample(site: Path) -> ModuleType:
    """The module of the sample plugin, with its counters."""
    return import_module("sample_plugin")


@pytest.fixture(scope="session")
def foreign(site: Path) -> list[str]:
    """The names of all installed plugins but those of the tests."""
    return [point.name for point in entry_points(group="filemill") if point.name not in OUR_PLUGINS]


@pytest.fixture(scope="session")
def registry(foreign: list[str]) -> Registry:
    """A registry of the sample plugin and the hostile one."""
    found = load_registry(foreign)
    assert not found.failures
    return found


Install = Callable[..., Path]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Install a plugin made of source text: `install("shop", "from filemill import …", "1.0")`."""
    folder = tmp_path / "plugins"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))

    def install(name: str, source: str | None, version: str = "1.0") -> Path:
        module = f"{name}_of_{tmp_path.name}".replace("-", "_")
        if source is not None:
            (folder / f"{module}.py").write_text(f"from filemill import *\n{dedent(source)}")
        return write_distribution(folder, f"{name}-dist", {name: module}, version)

    return install


@pytest.fixture(scope="session")
def jpeg(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A JPEG of 640x480."""
    path = tmp_path_factory.mktemp("pictures") / "photo.jpg"
    image = pyvips.Image.xyz(640, 480) * [0.3, 0.4]
    image.bandjoin(90).cast("uchar").copy(interpretation="srgb").jpegsave(str(path), Q=90)
    return path


MakeTask = Callable[..., Task]


@pytest.fixture
def make_task(registry: Registry, tmp_path: Path) -> MakeTask:
    """Make a checked task of files and pipelines that are plain data."""

    def make(
        files: list[Path] | Path,
        *pipelines: list[dict[str, object]],
        limits: Limits | None = None,
        extras: dict[str, Path] | None = None,
        archive: bool = True,
    ) -> Task:
        folder = Path(mkdtemp(dir=tmp_path))
        limits = limits or Limits()
        steps: list[list[Operation]] = [read_steps(registry, pipeline) for pipeline in pipelines]
        for pipeline in steps:
            check_steps(registry, pipeline, limits)
        given = [files] if isinstance(files, Path) else files
        return Task(
            inputs=[Input(str(path), path.name) for path in given],
            pipelines=[encode_steps(pipeline) for pipeline in steps],
            folder=str(folder),
            limits=limits,
            extras={key: Input(str(path), path.name) for key, path in (extras or {}).items()},
            archive=archive,
        )

    return make
