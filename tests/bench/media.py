"""Conversions and operations on video and sound in a worker process against the bare programs.

    python tests/bench/media.py [--runs N] [--seconds S]

The command line has the options that the plugin gives, and no limits around it; both do the same work in turns, N
times. Told are the median of the ratios of wall time and their range. The bar is 1.1; what is over it is the time to
look at the source and at the result with ffprobe, which does not grow with the file.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

from filemill import Limits
from filemill.pool import Pool
from filemill.task import Input, Task, encode_steps

EXACT = "-map_metadata -1 -map_chapters -1 -fflags +bitexact -flags:v +bitexact -flags:a +bitexact -threads 4"
X264 = "-c:v libx264 -preset medium -pix_fmt yuv420p"
VP9 = "-c:v libvpx-vp9 -deadline good -cpu-used 4 -row-mt 1 -pix_fmt yuv420p -crf 31 -b:v 0"
PASS = "-passlogfile {target} -pass"
CASES: dict[str, tuple[str, dict[str, object], list[str]]] = {
    "compress an MP4": (
        "film.mp4",
        {"op": "compress-media"},
        [f"{X264} -crf 28 -c:a aac -b:a 104000 {EXACT} -movflags +faststart {{target}}.mp4"],
    ),
    "half the size of a WebM": (
        "film.webm",
        {"op": "resize-video", "width": 320},
        [f"-vf scale=320:180,setsar=1 {VP9} -c:a copy {EXACT} {{target}}.webm"],
    ),
    "an MP4 to a size": (
        "film.mp4",
        {"op": "compress-media", "maxSizeBytes": 0},
        [
            f"{X264} -b:v {{rate}} -an {EXACT} {PASS} 1 -f null -",
            f"{X264} -b:v {{rate}} -c:a aac -b:a 96000 {EXACT} {PASS} 2 -movflags +faststart {{target}}.mp4",
        ],
    ),
    "ten minutes of sound as MP3": (
        "talk.wav",
        {"op": "extract-audio", "format": "mp3"},
        [f"-vn -c:a libmp3lame -q:a 2 {EXACT} {{target}}.mp3"],
    ),
    "a frame": ("film.mp4", {"op": "video-thumbnail", "time": 0, "format": "png"}, ["-frames:v 1 {target}.png"]),
}


def timed(work: Callable[[], object]) -> float:
    """Return the wall time of work, seconds."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def drawn(folder: Path, seconds: int) -> None:
    """Draw the film, once with each codec, and play ten minutes of sound."""
    picture = f"-f lavfi -i testsrc2=size=640x360:rate=25:duration={seconds}"
    sound = "-f lavfi -i sine=frequency=440:duration="
    for line in (
        f"{picture} {sound}{seconds} -ac 2 {X264} -preset veryfast -b:v 4M -c:a aac {folder}/film.mp4",
        f"{picture} {sound}{seconds} -ac 2 -c:v libvpx -deadline realtime -cpu-used 8 -b:v 4M {folder}/film.webm",
        f"{sound}600 -ac 2 {folder}/talk.wav",
    ):
        subprocess.run(["ffmpeg", "-v", "error", *line.split()], check=True)


def bare(lines: list[str], source: Path, target: Path, rate: int) -> None:
    """Run the command lines."""
    for line in lines:
        words = line.format(target=target, rate=rate).split()
        command = ["ffmpeg", "-y", "-nostdin", "-v", "error", "-threads", "4", "-i", str(source), *words]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


async def ours(pool: Pool, source: Path, step: dict[str, object], folder: Path) -> float:
    """Run a step in the worker; return the seconds that it took."""
    folder.mkdir()
    task = Task(
        inputs=[Input(str(source), source.name)],
        pipelines=[encode_steps([step])],
        folder=str(folder),
        limits=Limits(deadline_seconds=600),
    )
    started = time.perf_counter()
    await pool.run(task)
    return time.perf_counter() - started


async def main() -> None:
    """Print a line for each case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--seconds", type=int, default=10, help="length of the film")
    given = parser.parse_args()
    pool = Pool(workers=1, queue=0, limits=Limits())
    await pool.start()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        drawn(folder, given.seconds)
        print(f"load {os.getloadavg()[0]:.1f}; a film of {given.seconds} s, 640x360")
        for title, (file, step, lines) in CASES.items():
            source = folder / file
            size = source.stat().st_size // 2
            wish = {**step, "maxSizeBytes": size} if "maxSizeBytes" in step else step
            rate = int(8 * size * 0.97 / given.seconds - 2 * 48_000)
            ratios, alone = [], []
            for run in range(given.runs + 1):  # the first one reads the programs from the disk
                took = await ours(pool, source, wish, folder / f"{title}-{run}")
                alone.append(timed(partial(bare, lines, source, folder / "bare", rate)))
                ratios.append(took / alone[-1])
            kept = sorted(ratios[1:])
            print(f"{title}: {median(kept):.2f} x ({kept[0]:.2f} to {kept[-1]:.2f}) of {median(alone[1:]):.2f} s")
    await pool.stop()


if __name__ == "__main__":
    asyncio.run(main())
