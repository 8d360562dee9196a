"""process, and the packs (IX-80…IX-87)."""

from __future__ import annotations

import pytest
import pyvips

from imgstax_client import QUARTERS, Imgstax, glass, photo, pixels, refused

RED, GREEN, BLUE, YELLOW = QUARTERS
PACKS = {
    "instagram-feed": (1080, 1080),
    "instagram-story": (1080, 1920),
    "tiktok": (1080, 1920),
    "youtube-thumbnail": (1280, 720),
    "twitter-post": (1600, 900),
    "linkedin-post": (1200, 627),
    "pinterest-pin": (1000, 1500),
}


def test_everything_is_optional(imgstax: Imgstax) -> None:
    """IX-80: a source alone, `resize` with only `width`, and all together."""
    assert imgstax.made("process", photo()).size == (600, 400)
    assert imgstax.made("process", photo(), resize={"width": 60}).size == (60, 40)
    made = imgstax.made(
        "process",
        photo(),
        resize={"width": 200, "height": 200, "fit": "Cover", "gravity": "Top"},
        format={"type": "Webp", "quality": 80},
        effects={"grayscale": True, "blurRadius": 2, "backgroundColor": "#112233", "pad": {"top": 10, "left": 20}},
        output={"ttlSeconds": 3600, "public": True},
        metadata={"order": 7},
    )
    assert (made.size, made.body["format"], made.body["metadata"]) == ((220, 210), "Webp", {"order": 7})
    refused(imgstax.post("process", photo(), resize={}), 400, "resize.width")
    refused(imgstax.post("process", photo(), resize=7), 400, "resize")
    refused(imgstax.post("process", photo(), resize={"width": 0}), 400, "resize.width")


def test_grayscale(imgstax: Imgstax) -> None:
    """IX-81: all three colours are the same."""
    made = imgstax.made("process", photo(), effects={"grayscale": True}, format="Png")
    red, green, blue = made.image[0], made.image[1], made.image[2]
    assert (red - green).abs().max() == 0
    assert (green - blue).abs().max() == 0
    assert imgstax.made("process", photo(), effects={"grayscale": False}, format="Png").near(50, 50, RED)


def test_blur_radius_is_twice_the_sigma(imgstax: Imgstax) -> None:
    """IX-81, IX-82: a Gaussian of sigma = radius / 2; 0 is none."""
    edge = pyvips.Image.black(200, 40).insert(pyvips.Image.black(100, 40) + 255, 100, 0)
    step = bytes(edge.cast("uchar").copy(interpretation="b-w").pngsave_buffer())
    made = imgstax.made("process", step, effects={"blurRadius": 20}, format="Png")
    exact = edge.cast("uchar").gaussblur(10, precision="float", min_ampl=0.01)
    assert (made.image[0] - exact).abs().crop(30, 0, 140, 40).max() <= 5
    assert imgstax.made("process", step, effects={"blurRadius": 0}, format="Png").image(99, 9)[0] == 0


def test_pad_extends_the_canvas(imgstax: Imgstax) -> None:
    """IX-81, IX-82: pixels on each side, in the background's colour, else nothing, which is white in a JPEG."""
    pad = {"top": 10, "right": 20, "bottom": 30, "left": 40}
    clear = imgstax.made("process", photo(), effects={"pad": pad}, format="Png")
    assert clear.size == (660, 440)
    assert clear.image(39, 200)[3] == clear.image(300, 9)[3] == clear.image(641, 9)[3] == clear.image(300, 411)[3] == 0
    assert clear.near(45, 15, (*RED, 255))
    assert imgstax.made("process", photo(), effects={"pad": pad}, format="Jpeg").near(5, 5, (255, 255, 255), 6)
    assert imgstax.made("process", photo(), effects={"pad": {"left": 5}}).size == (605, 400)


@pytest.mark.parametrize(
    ("colour", "wanted"),
    [
        ("#0a0", (0, 170, 0)),
        ("0a0", (0, 170, 0)),
        ("#00AA00", (0, 170, 0)),
        ("00aa00", (0, 170, 0)),
        ("#00AA00ff", (0, 170, 0)),
    ],
)
def test_background_colour(imgstax: Imgstax, colour: str, wanted: tuple[int, int, int]) -> None:
    """IX-81, IX-82, IX-60: 3, 6 or 8 digits, with or without `#`: under transparency, in `pad` and in `Contain`."""
    effects = {"backgroundColor": colour, "pad": {"left": 10}}
    for wished in ("Png", "Jpeg"):
        made = imgstax.made(
            "process", glass(), resize={"width": 300, "height": 300, "fit": "Contain"}, effects=effects, format=wished
        )
        for x, y in ((3, 150), (160, 10), (300, 150)):
            assert made.near(x, y, wanted, 6), (x, y, made.image(x, y))
        assert made.near(50, 150, (220, 30, 30))


def test_translucent_background(imgstax: Imgstax) -> None:
    """IX-82: of 8 digits the last two are alpha, which stays where the format holds it."""
    made = imgstax.made("process", glass(), effects={"backgroundColor": "#00ff0080"}, format="Png")
    assert made.near(250, 100, (0, 255, 0, 128), 3)
    assert made.near(50, 100, (220, 30, 30, 255), 3)


def test_order_of_effects(imgstax: Imgstax) -> None:
    """IX-82: orientation, resize, grayscale, blur, pad, flatten: the background is neither grey nor blurred."""
    image = pixels().copy()
    image.set_type(pyvips.GValue.gint_type, "orientation", 6)
    made = imgstax.made(
        "process",
        bytes(image.jpegsave_buffer(Q=95)),
        resize={"width": 200, "height": 300},
        effects={"grayscale": True, "blurRadius": 10, "backgroundColor": "f00", "pad": {"top": 20}},
        format="Png",
    )
    assert made.size == (200, 320)
    assert (made.image.crop(0, 0, 200, 20) - [255, 0, 0]).abs().max() == 0
    assert made.image(100, 25)[0] == made.image(100, 25)[1], "no red has come into the picture"
    assert made.image(150, 30)[0] < made.image(150, 310)[0], "turned upright: dark red above green at the right"


@pytest.mark.parametrize(
    "effects",
    [
        {"grayscale": "yes"},
        {"blurRadius": -1},
        {"blurRadius": 101},
        {"blurRadius": "5"},
        {"backgroundColor": "red"},
        {"backgroundColor": "#12345"},
        {"backgroundColor": 112233},
        {"pad": {"top": -1}},
        {"pad": {"left": 1.5}},
        {"pad": 10},
    ],
)
def test_effects_are_checked(imgstax: Imgstax, effects: dict[str, object]) -> None:
    """IX-81: each has its bounds, and the message names it."""
    refused(imgstax.post("process", photo(), effects=effects), 400, f"effects.{next(iter(effects))}")
    refused(imgstax.post("process", photo(), effects=[]), 400, "effects")


@pytest.mark.parametrize("pack", PACKS)
def test_pack(imgstax: Imgstax, pack: str) -> None:
    """IX-85, IX-86, IX-87: each pack gives one JPEG of its size, cropped around the middle."""
    made = imgstax.made(f"packs/{pack}", photo(), output={"ttlSeconds": 600})
    assert (made.size, made.body["format"]) == (PACKS[pack], "Jpeg")
    width, height = made.size
    middle = [(-30, -30, RED), (30, -30, GREEN), (-30, 30, BLUE), (30, 30, YELLOW)]
    assert all(made.near(width // 2 + x, height // 2 + y, colour) for x, y, colour in middle)


def test_unknown_pack(imgstax: Imgstax) -> None:
    """IX-87: 404."""
    refused(imgstax.post("packs/myspace", photo()), 404, "myspace")
    refused(imgstax.post("packs/Instagram-Feed%00", photo()), 404)
