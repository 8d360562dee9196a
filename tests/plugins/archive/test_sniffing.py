"""Archives are known by what they hold."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archives import ENDINGS, run
from filemill import ErrorCode, FilemillError
from filemill.registry import Registry
from filemill.testing.samples import Samples
from filemill_archive.sniffing import holds_tar, is_header, is_tar, may_be_tar, xz


@pytest.mark.parametrize("form", ENDINGS)
def test_by_content(form: str, samples: dict[str, Path], filemill_registry: Registry) -> None:
    """Whatever the name says."""
    assert filemill_registry.formats.sniff(samples[form], "picture.png").format == form


@pytest.mark.parametrize("ending", ["zip", "tar", "tar.gz", "tgz", "tar.bz2", "tar.xz", "txz", "tar.zst", "tzst", "7z"])
def test_by_name(ending: str, filemill_registry: Registry) -> None:
    """Every usual ending names its format."""
    assert filemill_registry.formats.find(ending) is not None


@pytest.mark.parametrize("form", ["gz", "bz2", "xz"])
@pytest.mark.parametrize("content", [b"no tar", b"x" * 2000, b""])
def test_a_compressed_file_that_is_no_tar(
    form: str, content: bytes, filemill_registry: Registry, tmp_path: Path
) -> None:
    """A log in gzip is no archive."""
    pack = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}[form]
    (path := tmp_path / f"log.tar.{form}").write_bytes(pack(content))
    with pytest.raises(FilemillError) as refused:
        filemill_registry.formats.sniff(path, path.name)
    assert refused.value.code is ErrorCode.UNSUPPORTED_MEDIA


@pytest.mark.parametrize("options", [["--format=v7"], ["--format=ustar"], ["--format=oldgnu"], ["--format=pax"]])
def test_tars_of_all_times(options: list[str], folder: Path, filemill_registry: Registry, tmp_path: Path) -> None:
    """The one of 1979 has no magic number, but a sum."""
    run("tar", *options, "-c", "-f", tmp_path / "old.tar", "run.sh", cwd=folder)
    assert filemill_registry.formats.sniff(tmp_path / "old.tar", "x").format == "tar"


def test_a_tar_without_files_is_of_zeros(filemill_registry: Registry, tmp_path: Path) -> None:
    """A large file of zeros is nothing."""
    with tarfile.open(path := tmp_path / "empty.tar", "w"):
        pass
    assert filemill_registry.formats.sniff(path, "x").format == "tar"
    os.truncate(path, 10 << 20)
    assert not is_tar(path)


def test_archives_that_begin_with_another_format(
    filemill_registry: Registry, filemill_samples: Samples, tmp_path: Path
) -> None:
    """What is stored as it is does not make a picture or a PDF of an archive, nor does a name."""
    drawing = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
    first = [*filemill_samples.pictures, *filemill_samples.documents, *filemill_samples.texts]
    for number, content in enumerate([*(path.read_bytes() for path in first), drawing]):
        with zipfile.ZipFile(stored := tmp_path / f"{number}.zip", "w") as archive:
            archive.writestr("a", content)
        with tarfile.open(tape := tmp_path / f"{number}.tar", "w") as tar:
            for name in ("GIF89a", "%PDF-1.7", "\x89PNG"):
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
        run("7z", "a", "-mx=0", "-bso0", f"{number}.7z", f"{number}.tar", cwd=tmp_path)
        found = [filemill_registry.formats.sniff(path, "x").format for path in (stored, tape, tape.with_suffix(".7z"))]
        assert found == ["zip", "tar", "7z"]


@settings(max_examples=50)
@given(st.binary(max_size=700), st.booleans())
def test_looking_never_fails(data: bytes, xz_like: bool) -> None:
    """Any bytes whatever are a tar or are none."""
    import tempfile

    with tempfile.NamedTemporaryFile() as file:
        file.write((b"\xfd7zXZ\0" if xz_like else b"") + data)
        file.flush()
        assert holds_tar(xz)(Path(file.name)) is False
        assert is_tar(Path(file.name)) in (True, False)
        assert is_header(data) is False
        assert may_be_tar(data) in (True, False)
