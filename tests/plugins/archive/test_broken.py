"""Broken archives: a result or a typed error, never a crash; the deadline holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archives import ENDINGS
from filemill import Context, Data, ErrorCode, File, FilemillError, Limits
from filemill.registry import Registry
from filemill.testing.checks import damaged
from filemill.testing.runner import Runner
from filemill_archive.kind import Archive
from filemill_archive.operations import Extract, ListArchive

from .conftest import Convert

FAULTS = (ErrorCode.INVALID_FILE, ErrorCode.UNSUPPORTED_MEDIA, ErrorCode.INVALID_PARAMETER)


@pytest.mark.parametrize("form", ENDINGS)
def test_damage(
    form: str, samples: dict[str, Path], filemill_registry: Registry, make_context: Callable[..., Context]
) -> None:
    """NA-71: cut or altered anywhere, the beginning and the end above all, where the lists of files are."""
    data = samples[form].read_bytes()
    context = make_context()
    path = context.folder / "broken"
    outcomes: set[str] = set()

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
    @given(st.integers(0, 2**32 - 1), st.sampled_from(["anywhere", "beginning", "end"]))
    def check(seed: int, where: str) -> None:
        head, tail = {"anywhere": (0, len(data)), "beginning": (0, 600), "end": (len(data) - 600, len(data))}[where]
        path.write_bytes(data[:head] + damaged(data[head:tail], seed) + (data[tail:] if seed % 4 else b""))
        try:
            archive = context.open(File(path, "broken", form, max(path.stat().st_size, 1)), Archive)
            assert isinstance(ListArchive().run(archive, context), Data)
            assert Extract().run(archive, context)
            outcomes.add("result")
        except FilemillError as error:
            assert error.code in FAULTS, error
            outcomes.add("error")
        finally:
            for left in context.folder.glob("*.part"):
                left.unlink()

    check()
    assert outcomes == {"result", "error"}


@pytest.mark.parametrize("form", ENDINGS)
@pytest.mark.parametrize("share", [0.3, 0.97])
def test_truncated(form: str, share: float, samples: dict[str, Path], convert: Convert, tmp_path: Path) -> None:
    """What has lost its end is refused, not given on in part."""
    data = samples[form].read_bytes()
    (path := tmp_path / samples[form].name).write_bytes(data[: int(len(data) * share)])
    with pytest.raises(FilemillError) as refused:
        convert(path, "zip")
    if form == "tar-bz2":  # without one whole block of 900 kB nobody can say what is in it
        assert refused.value.code is ErrorCode.UNSUPPORTED_MEDIA
    else:
        assert refused.value.code is ErrorCode.INVALID_FILE
        assert f"'{path.name}' is broken: " in refused.value.detail


def test_the_deadline_holds(samples: dict[str, Path], filemill_run: Runner, tmp_path: Path) -> None:
    """A worker that packs for too long is killed."""
    (path := tmp_path / "large").write_bytes(samples["tar-gz"].read_bytes() * 300)
    with pytest.raises(FilemillError) as refused:
        filemill_run(
            path, {"op": "create-archive", "format": "tar-xz"}, limits=Limits(deadline_seconds=0.5), in_worker=True
        )
    assert refused.value.code is ErrorCode.DEADLINE_EXCEEDED
