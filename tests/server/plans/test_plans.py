"""Plans are declared in YAML: those that ship, the operator's, and what is wrong with a file."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from msgspec.structs import fields

from documentation import ROOT, blocks
from filemill.errors import ErrorCode, FilemillError
from filemill_server.plans.declared import PlansError, load_plans, read_plans
from filemill_server.plans.plan import Plan
from filemill_server.settings import SettingsError, load_settings
from forked import FILEMILL

MEBIBYTE = 1 << 20


def test_shipped_plans() -> None:
    """NA-61, FG-50, FG-51, FG-52: the three plans and their numbers."""
    plans = load_plans(None)
    free, pro, enterprise = (plans[name] for name in ("free", "pro", "enterprise"))
    assert (free.requests_per_month, free.requests_per_minute, free.max_file_bytes) == (100, 5, 10 * MEBIBYTE)
    assert (pro.requests_per_month, pro.requests_per_minute, pro.max_file_bytes) == (10_000, 60, 100 * MEBIBYTE)
    assert not enterprise.counted
    assert enterprise.max_file_bytes == 1 << 30


@pytest.mark.parametrize(
    ("dialect", "size"), [("filewhirl", 2 << 30), ("imgstax", 52_428_800), ("imgsmaller", 50 * MEBIBYTE)]
)
def test_plan_of_a_dialect(dialect: str, size: int) -> None:
    """DX-19: a key's limits follow its dialect; a plan that is named overrides."""
    plans = load_plans(None)
    assert plans[plans.chosen(None, dialect)].max_file_bytes == size
    assert plans.chosen("pro", dialect) == "pro"
    assert plans.chosen(None, "filestack") == plans.chosen(None, None) == "enterprise"


def test_own_plans_are_added_and_replace(tmp_path: Path) -> None:
    """NA-61: the operator's file stands over the shipped plans, each plan as a whole."""
    file = tmp_path / "plans.yaml"
    file.write_text("free:\n  requests_per_day: 3\n\nlab-2:\n  max_pixels: 1000\n")
    plans = load_plans(file)
    assert plans["free"] == Plan(name="free", requests_per_day=3)
    assert plans["lab-2"] == Plan(name="lab-2", max_pixels=1000)
    assert "pro" in plans.by_name
    file.write_text("# nothing yet\n")
    assert load_plans(file).by_name == load_plans(None).by_name


@pytest.mark.parametrize(
    ("text", "place", "detail"),
    [
        ("free:\n  requests_per_moth: 5\n", ":2:22: ", "Did you mean 'requests_per_month'?"),
        ("free:\n  max_file_bytes: ten\n", ":2:19: ", "Expected `int"),
        ("free:\n  max_file_bytes: 0\n", ":2:19: ", ">= 1"),
        ("a:\n  max_pixels: 1\na:\n  max_pixels: 2\n", ":3:1: ", "stands twice"),
        ("a: [\n", ":2:1: ", "expected"),
        ("- free\n", ":1:1: ", "Expected `object`"),
        ("Very Free:\n  max_pixels: 1\n", ":2:3: ", "small letters"),
    ],
)
def test_faulty_file_is_told_with_its_place(text: str, place: str, detail: str) -> None:
    """NA-61: what is wrong, and where it stands."""
    with pytest.raises(PlansError) as raised:
        read_plans(text, "own.yaml")
    assert f"own.yaml{place}" in str(raised.value)
    assert detail in str(raised.value)


def test_faulty_file_is_refused_at_start(tmp_path: Path) -> None:
    """NA-61, NA-81: with the other wrong settings, before anything is started."""
    file = tmp_path / "plans.yaml"
    file.write_text("free:\n  requests_per_moth: 5\n")
    with pytest.raises(SettingsError) as raised:
        load_settings({"FILEMILL_PLANS_FILE": str(file), "FILEMILL_PORT": "x"})
    assert len(raised.value.faults) == 2
    environment = {**os.environ, "FILEMILL_DATA_DIR": str(tmp_path), "FILEMILL_PLANS_FILE": str(file)}
    done = subprocess.run([FILEMILL, "serve"], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert f"{file}:2:22: Unknown parameter 'requests_per_moth'" in done.stderr
    with pytest.raises(SettingsError, match="can't be read"):
        load_settings({"FILEMILL_PLANS_FILE": str(tmp_path / "absent.yaml")})


def test_examples_of_the_page() -> None:
    """NA-61: the plans file of the operators' page is one that works, and names everything a plan can say."""
    (block,) = blocks("plans", [ROOT / "docs" / "operators" / "plans.md"])
    plans = read_plans(block.text, str(block))
    assert all(getattr(plans["free"], info.name) is not None for info in fields(Plan))


def test_plan_that_has_gone() -> None:
    """NA-61: a key whose plan was taken away is told so."""
    with pytest.raises(FilemillError, match="'gold'") as raised:
        load_plans(None)["gold"]
    assert raised.value.code is ErrorCode.FORBIDDEN
