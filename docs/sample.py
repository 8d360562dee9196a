"""Draws the sample picture of the examples: a harbour at dusk, 2400x1600, as a phone would send it.

Usage: python docs/sample.py sample.jpg
"""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Iterator

import pyvips

WIDTH, HEIGHT, HORIZON = 2400, 1600, 980


def scene() -> str:
    """Return the scene as SVG."""
    return f"""<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}">
<defs>
<linearGradient id="sky" x1="0" y1="0" x2="0" y2="1">
<stop offset="0" stop-color="#1b2a63"/><stop offset="0.45" stop-color="#8c4d86"/>
<stop offset="0.8" stop-color="#f2825b"/><stop offset="1" stop-color="#ffd28a"/>
</linearGradient>
<linearGradient id="sea" x1="0" y1="0" x2="0" y2="1">
<stop offset="0" stop-color="#f0a070"/><stop offset="0.25" stop-color="#9a5a80"/>
<stop offset="1" stop-color="#14213f"/>
</linearGradient>
<radialGradient id="glow"><stop offset="0" stop-color="#fff4c8"/>
<stop offset="0.2" stop-color="#ffe09a" stop-opacity=".7"/>
<stop offset="1" stop-color="#ffb070" stop-opacity="0"/></radialGradient>
</defs>
<rect width="{WIDTH}" height="{HORIZON}" fill="url(#sky)"/>
<rect y="{HORIZON}" width="{WIDTH}" height="{HEIGHT - HORIZON}" fill="url(#sea)"/>
<circle cx="1520" cy="860" r="520" fill="url(#glow)"/>
<circle cx="1520" cy="860" r="92" fill="#fff6d5"/>
{"".join(hills())}{"".join(houses())}{"".join(glints())}{boat(760, 1270, 1.0, "#d8432f")}
{boat(1900, 1120, 0.5, "#2a6f8f")}
</svg>"""


def hills() -> Iterator[str]:
    """Give three ranges of hills, the far ones paler."""
    for number, colour in enumerate(("#7a4d78", "#553a63", "#332a4c")):
        top = [
            (x, HORIZON - 230 + 75 * number - 70 * math.sin(x / (290 - 40 * number) + number * 1.7))
            for x in range(0, WIDTH + 40, 40)
        ]
        points = " ".join(f"{x},{y:.0f}" for x, y in top)
        yield f'<polygon points="0,{HORIZON} {points} {WIDTH},{HORIZON}" fill="{colour}"/>'


def houses() -> Iterator[str]:
    """Give a row of houses with lit windows at the left shore."""
    chance = random.Random(7)  # noqa: S311 - the same picture every time
    colours = ("#c8553d", "#e0a458", "#588b8b", "#8f5d7c", "#d9cfc1", "#3d5a80")
    x = 40
    while x < 1080:
        width, height = chance.randint(70, 120), chance.randint(90, 210)
        y = HORIZON - height
        yield f'<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="{chance.choice(colours)}"/>'
        yield f'<polygon points="{x - 6},{y} {x + width / 2:.0f},{y - 48} {x + width + 6},{y}" fill="#402a36"/>'
        for row in range(y + 18, HORIZON - 30, 42):
            for column in range(x + 14, x + width - 20, 32):
                lit = "#ffe7a0" if chance.random() < 0.6 else "#3a3048"
                yield f'<rect x="{column}" y="{row}" width="16" height="22" fill="{lit}"/>'
        x += width + chance.randint(0, 14)


def glints() -> Iterator[str]:
    """Give the sun's path on the water."""
    chance = random.Random(11)  # noqa: S311 - the same picture every time
    for number in range(260):
        y = HORIZON + 6 + (number / 260) ** 1.4 * (HEIGHT - HORIZON)
        spread = 60 + (y - HORIZON) * 0.55
        x = 1520 + chance.uniform(-spread, spread)
        length = chance.uniform(20, 90)
        yield (
            f'<rect x="{x - length / 2:.0f}" y="{y:.0f}" width="{length:.0f}" height="{3 + number / 70:.0f}"'
            f' rx="2" fill="#ffe3ad" opacity="{chance.uniform(0.2, 0.8):.2f}"/>'
        )


def boat(x: int, y: int, scale: float, colour: str) -> str:
    """Return a sailing boat whose hull stands at a point."""
    return f"""<g transform="translate({x},{y}) scale({scale})">
<polygon points="-200,0 210,0 150,74 -150,74" fill="{colour}"/>
<rect x="-6" y="-420" width="12" height="420" fill="#3b2b2b"/>
<polygon points="14,-410 14,-30 190,-30" fill="#fbf3e2"/><polygon points="-14,-370 -14,-30 -140,-30" fill="#f0dfc4"/>
<rect x="-150" y="74" width="300" height="10" fill="#0b1226" opacity=".5"/></g>"""


def main(path: str) -> None:
    """Draw the scene with a little grain, and write it with the orientation tag of a phone held upright."""
    drawn = pyvips.Image.svgload_buffer(scene().encode()).flatten()
    grain = pyvips.Image.gaussnoise(drawn.width, drawn.height, sigma=3, mean=0, seed=1)
    picture = (drawn + grain).cast("uchar").copy(interpretation="srgb").rot270()
    picture.set_type(pyvips.GValue.gint_type, "orientation", 6)  # EXIF: turn right by 90 degrees to see it upright
    picture.write_to_file(path, Q=90)


if __name__ == "__main__":
    main(sys.argv[1])
