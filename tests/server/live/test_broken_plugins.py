"""Plugins that are broken in every way beside good ones: the server starts, works, and says what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

import bombs
from plugin_site import import_path
from watched import Watch, Watched

OPERATION = """
from filemill import Context, Operation, Text, hookimpl

class {name}(Operation, tag="{tag}"):
    \"\"\"Do something.\"\"\"

    def run(self, text: Text, context: Context) -> Text:
        {body}

@hookimpl
def filemill_operations():
    return [{name}]
"""
HOOK = """
from filemill import hookimpl

@hookimpl
def {name}():
    {body}
"""
PLUGINS = {
    "absent": None,  # its module is not there
    "bad-import": "import no_such_module",
    "bad-syntax": "def f(:\n",
    "clash": OPERATION.format(name="Resize", tag="resize", body="return text"),
    "exits": "raise SystemExit(3)",
    "hook-raises": HOOK.format(name="filemill_operations", body="raise OSError('no disk')"),
    "misspelt": HOOK.format(name="filemill_operation", body="return []"),
    "raises-at-work": OPERATION.format(name="Raise", tag="raise-something", body="raise RuntimeError('secret')"),
}


@pytest.fixture(scope="module")
def watched(watch: Watch, tmp_path_factory: pytest.TempPathFactory) -> Watched:
    """A server with all of them installed."""
    folder = tmp_path_factory.mktemp("broken")
    info = folder / "broken_plugins-0.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken-plugins\nVersion: 0.1\n")
    lines = []
    for name, source in PLUGINS.items():
        module = f"broken_{name.replace('-', '_')}"
        lines.append(f"{name} = {module}")
        if source is not None:
            (folder / f"{module}.py").write_text(source)
    (info / "entry_points.txt").write_text("[filemill]\n" + "\n".join(lines) + "\n")
    return watch(plugins=import_path(folder), workers="1")


def test_the_server_works_and_lists_them(watched: Watched) -> None:
    """NA-10: each failure has its plugin and its reason; what the others bring is there."""
    body = watched.client.get("/v1/operations").json()
    failures = {failure["name"]: failure["reason"] for failure in body["failures"]}
    assert failures.keys() == PLUGINS.keys() - {"raises-at-work"}
    assert "no_such_module" in failures["bad-import"]
    assert "no disk" in failures["hook-raises"]
    assert "'resize'" in failures["clash"]
    assert "broken-plugins" in failures["clash"]
    assert {"resize", "raise-something"} <= {operation["name"] for operation in body["operations"]}
    assert watched.client.post("/v1/resize?width=9", content=bombs.photo()).status_code == 200
    assert "bad-syntax" in watched.server.command("plugins").stdout


def test_a_defect_of_an_operation_is_an_answer(watched: Watched) -> None:
    """A plugin that raises what it should not: 500 without the inside, which the log has; the worker lives on."""
    before = watched.workers()
    answer = watched.client.post("/v1/raise-something", files={"file": ("a.txt", b"x")})
    assert (answer.status_code, answer.json()["code"]) == (500, "INTERNAL_ERROR")
    assert "secret" not in answer.text
    assert "secret" in Path(watched.server.log.name).read_text()
    assert watched.workers() == before
