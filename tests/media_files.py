"""Video and sound that FFmpeg draws and plays itself, and what ffprobe finds in a file."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

SECONDS = 2.0
WIDTH, HEIGHT = 128, 72
HERTZ = 440
PICTURE = ("-f", "lavfi", "-i", f"testsrc2=size={WIDTH}x{HEIGHT}:rate=25:duration={SECONDS}")
SOUND = ("-f", "lavfi", "-i", f"sine=frequency={HERTZ}:sample_rate=44100:duration={SECONDS}")
H264 = ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p")
AAC = ("-c:a", "aac", "-b:a", "64k")
VIDEO_CODECS: dict[str, Sequence[str]] = {
    "mp4": (*H264, *AAC),
    "mov": (*H264, *AAC),
    "mkv": (*H264, *AAC),
    "webm": ("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus", "-b:a", "48k"),
    "avi": ("-c:v", "mpeg4", "-c:a", "libmp3lame"),
}
AUDIO_CODECS: dict[str, Sequence[str]] = {
    "mp3": ("-c:a", "libmp3lame"),
    "m4a": AAC,
    "aac": AAC,
    "ogg": ("-c:a", "libvorbis"),
    "opus": ("-c:a", "libopus"),
    "flac": ("-c:a", "flac"),
    "wav": ("-c:a", "pcm_s16le"),
}


def ffmpeg(*arguments: str | Path, output: Path) -> Path:
    """Run FFmpeg; what it writes is returned."""
    command = ["ffmpeg", "-nostdin", "-y", "-v", "error", *map(str, arguments), str(output)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return output


def video(path: Path, *arguments: str) -> Path:
    """Make a video with a tone, in the format of the path's ending; arguments are added before it."""
    return ffmpeg(*PICTURE, *SOUND, *VIDEO_CODECS[path.suffix[1:]], *arguments, "-shortest", output=path)


def sound(path: Path, *arguments: str) -> Path:
    """Make a tone, in the format of the path's ending."""
    return ffmpeg(*SOUND, *AUDIO_CODECS[path.suffix[1:]], *arguments, output=path)


def speech(path: Path, text: str) -> Path:
    """Have a text spoken into a WAV file."""
    command = ["espeak-ng", "-w", str(path), text]
    subprocess.run(command, capture_output=True, timeout=60, check=True)
    return path


def probed(path: Path, *arguments: str) -> dict[str, Any]:
    """Return what ffprobe tells of a file, by its own guess of the format."""
    command = ["ffprobe", "-v", "error", "-of", "json", "-show_format", "-show_streams", *arguments, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def codecs(path: Path) -> list[str]:
    """Return the codecs of a file's streams."""
    return [stream["codec_name"] for stream in probed(path)["streams"]]


def samples_of(path: Path, rate: int = 8000) -> list[int]:
    """Return the sound of a file, decoded, one channel."""
    command = ["ffmpeg", "-nostdin", "-v", "error", "-i", str(path), "-vn", "-ac", "1", "-ar", str(rate)]
    done = subprocess.run([*command, "-f", "s16le", "-"], capture_output=True, timeout=60, check=True)
    return list(memoryview(done.stdout).cast("h"))


def tone(samples: Sequence[int], rate: int = 8000) -> float:
    """Return the frequency of a tone by how often it crosses zero, hertz."""
    found = samples[rate // 4 : -rate // 4]
    upwards = [at for at in range(1, len(found)) if found[at - 1] < 0 <= found[at]]
    return (len(upwards) - 1) * rate / (upwards[-1] - upwards[0])


def packets(path: Path, kind: str) -> str:
    """Return a digest of what is coded in the first stream of a kind (`v`, `a`), whatever holds it."""
    form = ("-bsf:v", "h264_mp4toannexb") if kind == "v" and "h264" in codecs(path) else ()
    command = ["ffmpeg", "-nostdin", "-v", "error", "-i", str(path), "-map", f"0:{kind}:0", "-c", "copy", *form]
    done = subprocess.run([*command, "-f", "md5", "-"], capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.strip()


def conformance_samples(folder: Path) -> list[Path]:
    """Make a video and a sound for the kit of plugin authors, as small as they go."""
    small = ("-f", "lavfi", "-i", "testsrc2=size=64x48:rate=10:duration=1")
    tune = ("-f", "lavfi", "-i", "sine=duration=1")
    return [
        ffmpeg(*small, *tune, *VIDEO_CODECS["mp4"], output=folder / "sample.mp4"),
        ffmpeg(*tune, *AUDIO_CODECS["ogg"], "-fflags", "+bitexact", output=folder / "sample.ogg"),
    ]
