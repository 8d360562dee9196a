"""`filemill run`: pipelines on local files (NA-82)."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from pathlib import Path

import pytest
import pyvips

from forked import FILEMILL

from .conftest import Invoke, Program


def _size(path: Path) -> tuple[int, int, str]:
    image = pyvips.Image.new_from_file(str(path))
    return image.width, image.height, image.get("vips-loader").removesuffix("load")


def test_a_pipeline_makes_a_file(program: Program, picture: Path) -> None:
    """NA-82: the line of the contract works: two steps, one result, named by -o."""
    done = program("run", "photo.jpg", "resize:width=200", "convert:format=webp", "-o", "out.webp")
    assert done.returncode == 0, done.stderr
    assert _size(picture.parent / "out.webp") == (200, 150, "webp")
    assert "out.webp" in done.stderr
    assert "200x150 webp" in done.stderr
    assert not list(picture.parent.glob(".*"))


def test_several_inputs_map_into_a_folder(invoke: Invoke, picture: Path) -> None:
    """NA-25: each input gives a result of its own; equal names don't meet, and one broken input stops nothing."""
    folder = picture.parent
    (folder / "photo.png").write_bytes(picture.read_bytes())
    (folder / "broken.jpg").write_bytes(picture.read_bytes()[:300])
    done = invoke("run", "photo.jpg", "broken.jpg", "photo.png", "resize:width=100,format=png", "-o", "made/")
    assert done.exit_code == 1
    assert sorted(path.name for path in (folder / "made").iterdir()) == ["photo-2.png", "photo.png"]
    assert _size(folder / "made" / "photo-2.png") == (100, 75, "png")
    assert "broken.jpg: INVALID_FILE" in done.stderr
    assert "1 of 3 failed." in done.stderr


def test_packs_from_one_photo(invoke: Invoke, picture: Path) -> None:
    """NA-22: packs instead of steps, all from one decode."""
    done = invoke("run", "photo.jpg", "--pack", "instagram-feed", "--pack", "linkedin-post", "-o", "posts")
    assert done.exit_code == 0, done.stderr
    folder = picture.parent / "posts"
    assert _size(folder / "photo-instagram-feed.jpg") == (1080, 1080, "jpeg")
    assert _size(folder / "photo-linkedin-post.jpg") == (1200, 627, "jpeg")


def test_data_goes_to_standard_output(invoke: Invoke, picture: Path) -> None:
    """NA-82: what an operation measures is printed as JSON, of several inputs one line each, in their order."""
    one = invoke("run", "photo.jpg", "picture-info")
    assert json.loads(one.stdout)["width"] == 400
    (picture.parent / "other.jpg").write_bytes(picture.read_bytes())
    two = invoke("run", "photo.jpg", "other.jpg", "picture-info")
    lines = [json.loads(line) for line in two.stdout.splitlines()]
    assert [line["file"] for line in lines] == ["photo.jpg", "other.jpg"]
    assert {line["data"]["height"] for line in lines} == {300}


def test_standard_input_and_output(program: Program, picture: Path) -> None:
    """NA-82: - is standard input, and standard output."""
    done = program("run", "-", "resize:width=40", "-o", "-", stdin=picture.read_bytes())
    made = pyvips.Image.new_from_buffer(done.stdout.encode("latin-1"), "")
    assert (made.width, made.height) == (40, 30)


def test_beside_the_input_and_never_over_a_file(invoke: Invoke, picture: Path) -> None:
    """NA-82: without -o a result lies beside its input; a file in the way stays, unless --force is given."""
    beside = picture.parent / "photo-resize-flip.jpg"
    assert invoke("run", "photo.jpg", "resize:width=40", "flip").exit_code == 0
    before = beside.read_bytes()
    again = invoke("run", "photo.jpg", "resize:width=50", "flip")
    assert (again.exit_code, beside.read_bytes()) == (1, before)
    assert "--force" in again.stderr
    assert invoke("run", "photo.jpg", "resize:width=50", "flip", "--force").exit_code == 0
    assert _size(beside) == (50, 38, "jpeg")
    assert sorted(path.name for path in picture.parent.iterdir()) == ["photo-resize-flip.jpg", "photo.jpg"]


def test_a_picture_as_parameter(invoke: Invoke, picture: Path) -> None:
    """NA-82: a watermark's picture is a path, and lies on the result."""
    logo = picture.parent / "logo, green.png"
    pyvips.Image.black(50, 50).new_from_image([0, 200, 0]).cast("uchar").copy(interpretation="srgb").write_to_file(
        str(logo)
    )
    step = "watermark:image='logo, green.png',position=center,size=0.5"
    assert invoke("run", "photo.jpg", step, "-o", "out.png").exit_code == 0
    red, green, blue = pyvips.Image.new_from_file(str(picture.parent / "out.png"))(200, 150)[:3]
    assert green > 150
    assert max(red, blue) < 60


@pytest.mark.slow
def test_a_progress_bar_on_a_terminal(picture: Path) -> None:
    """NA-82: on a terminal there is a progress bar."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [FILEMILL, "run", "photo.jpg", "resize:width=40", "-o", "out.png"], cwd=picture.parent, stderr=theirs
    )
    os.close(theirs)
    seen = b""
    try:
        while part := os.read(ours, 65536):
            seen += part
    except OSError:  # the terminal is closed when the program has ended
        pass
    assert process.wait(60) == 0
    assert b"Processing" in seen


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["photo.jpg", "resize:width=0"], 1, "resize:width=0: width: Expected `int` >= 1."),
        (["photo.jpg", "picture-info", "flip"], 1, "takes Picture"),
        (["photo.jpg", "flp"], 1, "Did you mean 'fl"),
        (["absent.jpg", "flip"], 1, "There is no file 'absent.jpg'"),
        ([".", "flip"], 1, "is a folder"),
        (["photo.jpg"], 2, "--pack"),
        (["photo.jpg", "flip", "--pack", "tiktok"], 2, "one of them"),
        (["flip"], 2, "No input"),
        (["photo.jpg", "--pack", "tiktk"], 1, "'tiktok'"),
        (["photo.jpg", "photo.jpg", "flip", "-o", "-"], 1, "Give a folder"),
        (["photo.jpg", "photo.jpg", "flip", "-o", "out.png"], 1, "Give a folder"),
        (["photo.jpg", "flip", "-o", "photo.jpg"], 1, "--force"),
        (["photo.jpg", "convert:format=png", "-o", "out.webp"], 1, "'webp'"),
    ],
)
def test_refusals(invoke: Invoke, picture: Path, words: list[str], code: int, told: str) -> None:
    """NA-82: what can't be done is told before any work, and makes no file."""
    result = invoke("run", *words)
    assert result.exit_code == code, result.output
    assert told in result.stderr
    assert [path.name for path in picture.parent.iterdir()] == ["photo.jpg"]
