"""Archives converted among all formats, opened by other programs and compared."""

from __future__ import annotations

import io
import os
import random
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from archives import ENDINGS, MODIFIED, contents, of_folder, run
from filemill import Context, Limits
from filemill.registry import Registry
from filemill_archive.kind import Archive
from filemill_archive.layouts import WRITTEN

from .conftest import Convert


@pytest.mark.parametrize("target", WRITTEN)
@pytest.mark.parametrize("source", ENDINGS)
def test_all_among_each_other(
    source: str,
    target: str,
    samples: dict[str, Path],
    folder: Path,
    convert: Convert,
    filemill_registry: Registry,
    tmp_path: Path,
) -> None:
    """Names, bytes, permissions, dates, links and empty folders are those of the folder that was packed."""
    made = convert(samples[source], target)
    file = made.file
    assert filemill_registry.formats.sniff(file.path, "x").format == target == file.format
    assert file.size == file.path.stat().st_size
    found, expected = contents(file.path, target, tmp_path / "found"), of_folder(folder)
    assert found.keys() == expected.keys()
    for name, entry in expected.items():
        assert (found[name].kind, found[name].content) == (entry.kind, entry.content), name
        if entry.kind == "file":
            assert (found[name].permissions, found[name].modified) == (entry.permissions, MODIFIED), name
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    assert made.facts == {"entries": len(expected), "unpackedBytes": sum(path.stat().st_size for path in files)}


def test_what_the_graph_is_told(filemill_registry: Registry) -> None:
    """One set of edges, from archives to an archive, of formats that are registered; nothing is missing."""
    told = [edge for edges in filemill_registry.hooks.hook.filemill_conversions() for edge in edges]
    (conversion,) = (edge for edge in told if edge.engine == "libarchive")
    assert (conversion.shape.accepts, conversion.shape.returns) == ((Archive,), Archive)
    assert conversion.missing() is None
    for name in {*conversion.sources, *conversion.targets}:
        assert filemill_registry.formats[name].kind is Archive


@pytest.mark.parametrize("form", WRITTEN)
def test_compressed_in_its_own_format(form: str, convert: Convert, tmp_path: Path) -> None:
    """Fewer bytes of the same format where it was packed lightly; what is not smaller stays as it was."""
    (tree := tmp_path / "tree").mkdir()
    words = [f"word{number * 7919 % 1000}" for number in range(1000)]
    (tree / "words.txt").write_text(" ".join(random.Random(1).choices(words, k=30_000)))
    light = tmp_path / f"light.{ENDINGS[form]}"
    if form in ("zip", "7z"):
        run("7z", "a", "-mx=0", f"-t{form}", "-bso0", light, "words.txt", cwd=tree)
    else:
        program = {"tar": "cat", "tar-gz": "gzip -1", "tar-xz": "xz -0", "tar-zst": "zstd -1"}[form]
        run("sh", "-c", f"tar -b 400 -c words.txt | {program} > {light}", cwd=tree)
    small = convert(light, form)
    assert small.file.size < light.stat().st_size
    assert contents(small.file.path, form, tmp_path / "found").keys() == {"words.txt"}
    (again := tmp_path / f"again.{ENDINGS[form]}").write_bytes(small.file.path.read_bytes())
    assert convert(again, form).file.path == again


def test_equal_archives_give_equal_bytes(samples: dict[str, Path], convert: Convert) -> None:
    """No moment of making stands in the results."""
    for target in WRITTEN:
        first, second = (convert(samples["tar"], target).file.path.read_bytes() for _ in range(2))
        assert first == second, target


@pytest.mark.parametrize("target", WRITTEN)
def test_hard_links(target: str, convert: Convert, tmp_path: Path) -> None:
    """They stay in tar; where a format has none, each is a file with all its bytes."""
    (tree := tmp_path / "tree").mkdir()
    (tree / "a.txt").write_text("one file under three names")
    (tree / "b.txt").hardlink_to(tree / "a.txt")
    (tree / "c.txt").hardlink_to(tree / "a.txt")
    (tree / "other.txt").write_text("another")
    run("tar", "-c", "-f", tmp_path / "links.tar", "a.txt", "b.txt", "c.txt", "other.txt", cwd=tree)
    made = convert(tmp_path / "links.tar", target).file
    found = contents(made.path, target, tmp_path / "found")
    assert {name: entry.content for name, entry in found.items()} == {
        name: entry.content for name, entry in of_folder(tree).items()
    }
    if target == "tar":
        with tarfile.open(made.path) as archive:
            assert [entry.islnk() for entry in archive] == [False, True, True, False]
    assert not list(made.path.parent.glob("*.part"))


def test_owners_stay_and_special_bits_go(convert: Convert, tmp_path: Path) -> None:
    """A tar of a tar tells whose a file was, but no program in it runs as its owner."""
    with tarfile.open(path := tmp_path / "owned.tar", "w") as archive:
        entry = tarfile.TarInfo("program")
        entry.mode, entry.uid, entry.gid, entry.uname, entry.gname = 0o6755, 33, 44, "www-data", "vidéo"
        archive.addfile(entry)
    with tarfile.open(convert(path, "tar-gz").file.path) as archive:
        (found,) = archive
    assert (found.mode, found.uid, found.gid, found.uname, found.gname) == (0o755, 33, 44, "www-data", "vidéo")


def test_names_before_unicode(convert: Convert, tmp_path: Path) -> None:
    """A ZIP that does not say UTF-8 has names of DOS, and a tar those of Latin-1."""
    with zipfile.ZipFile(path := tmp_path / "dos.zip", "w") as archive:
        archive.writestr("gr__e.txt", "x")
    path.write_bytes(path.read_bytes().replace(b"gr__e", b"gr\x94\xe1e"))
    with tarfile.open(convert(path, "tar").file.path) as archive:
        assert archive.getnames() == ["größe.txt"]
    with tarfile.open(old := tmp_path / "old.tar", "w", encoding="latin-1", format=tarfile.GNU_FORMAT) as tar:
        tar.addfile(tarfile.TarInfo("größe.txt"))
    with zipfile.ZipFile(convert(old, "zip").file.path) as archive:
        assert archive.namelist() == ["größe.txt"]


def test_holes_are_zeros(convert: Convert, tmp_path: Path) -> None:
    """A sparse file is as long as it was."""
    with (tmp_path / "sparse").open("wb") as stream:
        stream.seek(500_000)
        stream.write(b"end")
        stream.truncate(900_000)
    run("tar", "--sparse", "-c", "-f", "sparse.tar", "sparse", cwd=tmp_path)
    with zipfile.ZipFile(convert(tmp_path / "sparse.tar", "zip").file.path) as archive:
        assert archive.read("sparse") == (tmp_path / "sparse").read_bytes()


@pytest.mark.parametrize("target", WRITTEN)
def test_archives_without_files(target: str, convert: Convert, filemill_registry: Registry, tmp_path: Path) -> None:
    """An empty ZIP becomes an empty archive, which is known again."""
    with zipfile.ZipFile(path := tmp_path / "empty.zip", "w"):
        pass
    made = convert(path, target).file
    assert filemill_registry.formats.sniff(made.path, "x").format == target
    assert convert(made.path, "zip").facts == {"entries": 0, "unpackedBytes": 0}


def test_the_writer_of_7z_has_its_temporary_file_in_the_tasks_folder(
    samples: dict[str, Path], convert: Convert, make_context: Callable[..., Context], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It works where the place for temporary files can't be written, and the environment is as it was."""
    monkeypatch.setenv("TMPDIR", "/nowhere")
    made = convert(samples["tar"], "7z").file
    assert os.environ["TMPDIR"] == "/nowhere"
    assert [path.name for path in made.path.parent.iterdir()] == [made.path.name]


def test_progress(samples: dict[str, Path], filemill_registry: Registry, convert: Convert, tmp_path: Path) -> None:
    """It is told how much of the archive is read, up to all of it."""
    told: list[float] = []
    (work := tmp_path / "work").mkdir()
    context = Context(
        limits=Limits(), folder=work, formats=filemill_registry.formats, tell=lambda part, note: told.append(part)
    )
    convert(samples["tar"], "tar-gz", context)
    assert told == sorted(told)
    assert told[-1] > 0.9


def test_an_entry_is_never_in_memory_as_a_whole(convert: Convert, tmp_path: Path) -> None:
    """A file of 60 MB is packed anew in a tenth of that."""
    import tracemalloc

    with tarfile.open(path := tmp_path / "large.tar", "w") as archive:
        entry = tarfile.TarInfo("large")
        entry.size = 60_000_000
        archive.addfile(entry, io.BytesIO(bytes(entry.size)))
    tracemalloc.start()
    convert(path, "tar-zst")
    assert tracemalloc.get_traced_memory()[1] < 6_000_000
    tracemalloc.stop()
