"""The operator's packs: a change in the folder is there without a restart, a broken file harms nobody (NA-12)."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

import bombs
from live import size_of
from watched import Watch, Watched, eventually


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The operator's folder, which does not exist when the server starts."""
    return tmp_path_factory.mktemp("operator") / "presets"


@pytest.fixture(scope="module")
def watched(watch: Watch, folder: Path) -> Watched:
    """A server that looks at the folder."""
    return watch(workers="1", presets_dir=str(folder))


def pack(width: int, name: str = "badge") -> str:
    """Return the file of a pack."""
    return f"id: {name}\ntitle: Badge\nplatform: intranet\nsteps:\n  - op: resize\n    width: {width}\n"


def ids(client: httpx.Client) -> set[str]:
    """Return the ids of all packs."""
    return {pack["id"] for pack in client.get("/v1/packs").json()["packs"]}


def made(client: httpx.Client) -> int:
    """Return the width of what the pack makes; 0 where there is none."""
    answer = client.post("/v1/packs/badge", content=bombs.photo(), headers={"Accept": "image/*"})
    return size_of(answer.content)[0] if answer.status_code == 200 else 0


def faults(client: httpx.Client) -> list[dict[str, object]]:
    """Return the faults that are reported."""
    found: list[dict[str, object]] = client.get("/v1/packs").json()["faults"]
    return found


def test_packs_come_change_break_and_go(watched: Watched, folder: Path) -> None:
    """A new file, an edit, a broken edit, its repair, and its deletion, each seen without a restart."""
    client, shipped = watched.client, ids(watched.client)
    assert "badge" not in shipped
    folder.mkdir()
    file = folder / "badge.yaml"
    file.write_text(pack(50))
    assert eventually(lambda: "badge" in ids(client))
    assert made(client) == 50
    assert "badge" in client.get("/openapi.json").text
    file.write_text(pack(70))
    assert eventually(lambda: made(client) == 70)
    file.write_text(pack(90).replace("width: 90", "widht: 90"))
    assert eventually(lambda: faults(client))
    (fault,) = faults(client)
    assert str(fault["file"]).endswith("badge.yaml")
    assert fault["line"] == 6
    assert "width" in str(fault["detail"])
    assert made(client) == 70, "the last good version stays"
    file.write_text("steps: [\x00")
    assert eventually(lambda: faults(client) and faults(client)[0]["line"] != 6)
    assert made(client) == 70
    file.write_text(pack(80))
    assert eventually(lambda: not faults(client))
    assert made(client) == 80
    file.unlink()
    assert eventually(lambda: ids(client) == shipped)
    assert client.post("/v1/packs/badge", content=bombs.photo()).status_code == 404


def test_requests_go_on_while_packs_change(watched: Watched, folder: Path) -> None:
    """A pack that is written again and again, by replacement as editors do, is whole at every moment."""
    folder.mkdir(exist_ok=True)
    file, aside = folder / "badge.yaml", folder / ".badge.swp"
    file.write_text(pack(20))
    assert eventually(lambda: made(watched.client) == 20)
    widths = set()
    for width in range(21, 41):
        aside.write_text(pack(width))
        aside.replace(file)
        widths.add(made(watched.client))
    assert 0 not in widths
    assert eventually(lambda: made(watched.client) == 40)
    file.unlink()
