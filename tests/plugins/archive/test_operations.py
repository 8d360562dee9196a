"""`list-archive`, `extract` and `create-archive`, alone and in pipelines with other operations."""

from __future__ import annotations

import hashlib
import os
import shutil
import zipfile
from pathlib import Path

import pytest
import pyvips

from archives import ENDINGS, contents, run
from filemill import ErrorCode, FilemillError
from filemill.task import Output
from filemill.testing.runner import Runner
from filemill.testing.samples import Samples


def digests(outputs: list[Output]) -> dict[str, str]:
    """The results' names and digests."""
    return {output.name: output.sha256 for output in outputs}


@pytest.mark.parametrize("form", ENDINGS)
def test_list(form: str, samples: dict[str, Path], folder: Path, filemill_run: Runner) -> None:
    """All that is known of each entry, in every format."""
    (output,) = filemill_run(samples[form], {"op": "list-archive"}).outputs
    data = output.facts["data"]
    assert isinstance(data, dict)
    entries = {one["name"]: one for one in data["entries"]}
    assert entries.keys() == {str(path.relative_to(folder)) for path in folder.rglob("*")}
    assert (data["format"], data["count"]) == (form, len(entries))
    assert data["unpackedBytes"] == sum(one.get("sizeBytes", 0) for one in entries.values())
    assert entries["run.sh"] == {
        "name": "run.sh",
        "kind": "file",
        "permissions": "755",
        "sizeBytes": 17,
        "modifiedAt": "2020-09-13T12:26:40Z",
    }
    assert (entries["Fotos/leer"]["kind"], entries["link"]["kind"]) == ("folder", "link")
    assert entries["link"]["target"] == "Fotos/größe 五.txt"


def test_list_has_a_limit(samples: dict[str, Path], filemill_run: Runner) -> None:
    """The first ones are told of, all are counted."""
    (output,) = filemill_run(samples["tar-gz"], {"op": "list-archive", "limit": 2}).outputs
    data = output.facts["data"]
    assert isinstance(data, dict)
    assert (len(data["entries"]), data["count"]) == (2, 7)


@pytest.mark.parametrize("form", ENDINGS)
def test_extract(form: str, samples: dict[str, Path], folder: Path, filemill_run: Runner) -> None:
    """Every file with its name and its bytes, and what its content is."""
    made = filemill_run(samples[form], {"op": "extract"}).outputs
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    assert digests(made) == {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    formats = {output.name: (output.format, output.media_type) for output in made}
    octets = ("binary", "application/octet-stream")
    assert formats == {
        "größe 五.txt": ("text", "text/plain"),
        "run.sh": ("text", "text/plain"),
        "empty": octets,
        "noise.bin": octets,
    }


@pytest.mark.parametrize(
    ("patterns", "names"),
    [
        ({"include": ["*.jpg"]}, {"a.jpg", "B.JPG", "c.jpg"}),
        ({"include": ["a.jpg"]}, {"a.jpg"}),
        ({"include": ["sub/*"]}, {"B.JPG", "c.jpg", "d.txt"}),
        ({"include": ["*.jpg"], "exclude": ["sub/deep/*"]}, {"a.jpg", "B.JPG"}),
        ({"exclude": ["*.jpg"]}, {"d.txt"}),
        ({"include": ["?.txt", "[ab].jpg"]}, {"a.jpg", "B.JPG", "d.txt"}),
    ],
)
def test_extract_some(patterns: dict[str, list[str]], names: set[str], filemill_run: Runner, tmp_path: Path) -> None:
    """Patterns fit the path or the name, in any case of letters."""
    with zipfile.ZipFile(path := tmp_path / "some.zip", "w") as archive:
        for name in ("a.jpg", "sub/B.JPG", "sub/deep/c.jpg", "sub/d.txt"):
            archive.writestr(name, name)
    assert {output.name for output in filemill_run(path, {"op": "extract", **patterns}).outputs} == names


def test_extract_nothing(filemill_run: Runner, samples: dict[str, Path]) -> None:
    """Where no file fits, the error says so."""
    with pytest.raises(FilemillError, match=r"No file of 'sample.zip' fits") as refused:
        filemill_run(samples["zip"], {"op": "extract", "include": ["*.jpg"]})
    assert refused.value.code is ErrorCode.INVALID_PARAMETER


def test_extract_names(filemill_run: Runner, tmp_path: Path) -> None:
    """Equal names are numbered apart; endings stay, whatever the content is; a hard link is a file."""
    (tree := tmp_path / "tree").mkdir()
    for name in ("a/one.py", "b/one.py", "x.tar.gz", "fake.jpg", "one.txt", ".profile", "README"):
        (tree / name).parent.mkdir(exist_ok=True)
        (tree / name).write_text(name)
    os.link(tree / "README", tree / "SAME")
    names = ["a/one.py", "b/one.py", "x.tar.gz", "fake.jpg", "one.txt", ".profile", "README", "SAME"]
    run("tar", "-c", "-f", tmp_path / "names.tar", *names, cwd=tree)
    made = filemill_run(tmp_path / "names.tar", {"op": "extract"}).outputs
    assert [(output.name, Path(output.path).read_text()) for output in made] == [
        ("one-1.py", "a/one.py"),
        ("one-2.py", "b/one.py"),
        ("x.tar.gz", "x.tar.gz"),
        ("fake.jpg", "fake.jpg"),
        ("one.txt", "one.txt"),
        (".profile", ".profile"),
        ("README", "README"),
        ("SAME", "README"),
    ]


def test_pictures_of_a_zip_are_made_smaller_and_packed_again(
    filemill_run: Runner, filemill_samples: Samples, tmp_path: Path
) -> None:
    """`extract` → `resize` → `create-archive` over a ZIP of pictures, in a worker."""
    with zipfile.ZipFile(path := tmp_path / "pictures.zip", "w") as archive:
        for picture in filemill_samples.pictures:
            archive.write(picture, f"holidays/{picture.name}")
        archive.writestr("notes.txt", "no picture")
    steps = [{"op": "extract", "include": ["holidays/*"]}, {"op": "resize", "width": 32}]
    (output,) = filemill_run(path, *steps, {"op": "create-archive"}, in_worker=True).outputs
    assert (output.name, output.format, output.media_type) == ("sample.zip", "zip", "application/zip")
    assert output.facts["entries"] == 3
    with zipfile.ZipFile(output.path) as packed:
        names = packed.namelist()
        assert names == ["sample.jpg", "sample.png", "sample.gif"]
        for name in names:
            assert pyvips.Image.new_from_buffer(packed.read(name), "").width == 32
    separate = filemill_run(path, *steps).outputs
    assert [output.facts["width"] for output in separate] == [32, 32, 32]


@pytest.mark.corpus
def test_real_photos_of_a_real_archive(corpus: Path, filemill_run: Runner, tmp_path: Path) -> None:
    """The same with photos in a tar.xz that `tar` packed; the results are opened by `7z`."""
    photos = sorted((corpus / "photos").glob("*.jpg"))[:4]
    run("tar", "-cJ", "-f", tmp_path / "photos.tar.xz", *photos, "--transform", "s,.*/,2024/,")
    steps = [{"op": "extract"}, {"op": "resize", "width": 120}, {"op": "create-archive", "format": "7z"}]
    (output,) = filemill_run(tmp_path / "photos.tar.xz", *steps).outputs
    run("7z", "x", "-bso0", f"-o{tmp_path / 'found'}", output.path)
    found = {path.name: pyvips.Image.new_from_file(str(path)).width for path in (tmp_path / "found").iterdir()}
    assert found == {path.name: 120 for path in photos}


@pytest.mark.parametrize("form", ["zip", "tar", "tar.gz", "tgz", "TAR-XZ", "tar-zst", "7z"])
def test_create(form: str, filemill_run: Runner, tmp_path: Path) -> None:
    """Files of any kind, in every format that is written; the same bytes each time."""
    first, second = tmp_path / "one" / "a.txt", tmp_path / "two" / "A.txt"
    for path in (first, second):
        path.parent.mkdir()
        path.write_text(f"text of {path.name}")
    files = [first, second]
    (output,) = filemill_run(files, {"op": "create-archive", "format": form}).outputs
    name = {"tgz": "tar-gz"}.get(form, form.lower().replace(".", "-"))
    assert (output.format, output.name) == (name, f"a.{ENDINGS[name]}")
    found = contents(Path(output.path), name, tmp_path / "found")
    assert found.keys() == {"a-1.txt", "A-2.txt"}
    assert found["A-2.txt"].content == hashlib.sha256(b"text of A.txt").hexdigest()
    (again,) = filemill_run(files, {"op": "create-archive", "format": form}).outputs
    assert again.sha256 == output.sha256


def test_what_is_made_of_a_tar_gz_is_named_for_it(
    filemill_run: Runner, samples: dict[str, Path], tmp_path: Path
) -> None:
    """`backup.tar.gz` packed into a ZIP is `backup.zip`, and has its own name in it."""
    shutil.copy(samples["tar-gz"], path := tmp_path / "backup.tar.gz")
    (output,) = filemill_run(path, {"op": "create-archive"}).outputs
    assert output.name == "backup.zip"
    with zipfile.ZipFile(output.path) as archive:
        assert archive.namelist() == ["backup.tar.gz"]
