"""The operations on video and sound, looked at with ffprobe and with frames that FFmpeg takes itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import pyvips

from filemill import ErrorCode, FilemillError, Limits
from filemill.task import Output
from filemill.testing.runner import Runner
from media_files import AAC, H264, HERTZ, PICTURE, SOUND, ffmpeg, packets, probed, samples_of, tone

WIDE = ("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=3")


def one(run: Runner, path: Path, op: str, **parameters: object) -> Output:
    """Run an operation, and return its only result."""
    (output,) = run(path, {"op": op, **parameters}).outputs
    return output


def refused(run: Runner, path: Path, op: str, **parameters: object) -> FilemillError:
    """Run an operation that is refused, and return the error."""
    with pytest.raises(FilemillError) as found:
        run(path, {"op": op, **parameters})
    return found.value


def stream(output: Output, index: int = 0) -> dict[str, Any]:
    """Return what ffprobe tells of a stream."""
    found: dict[str, Any] = probed(Path(output.path))["streams"][index]
    return found


def seconds(output: Output) -> float:
    """Return how long a result is."""
    return float(probed(Path(output.path))["format"]["duration"])


def difference(one: Path | str, other: Path | str) -> float:
    """Return how far two pictures are apart on average, of 255."""
    first, second = (pyvips.Image.new_from_file(str(path))[:3] for path in (one, other))
    assert (first.width, first.height) == (second.width, second.height)
    return float((first - second).abs().avg())


@pytest.mark.parametrize(("time", "moment"), [("0:01.52", 1.52), ("50%", 1.0), (None, 0.2), ("100%", 1.96)])
def test_thumbnail(time: object, moment: float, made: dict[str, Path], tmp_path: Path, filemill_run: Runner) -> None:
    """The frame at a moment, at the size of the video: the one that FFmpeg takes when it is asked for it."""
    wanted = ffmpeg(
        "-i", made["mp4"], "-vf", f"select=gte(t\\,{moment - 0.001})", "-frames:v", "1", output=tmp_path / "w.png"
    )
    given = {} if time is None else {"time": time}
    found = one(filemill_run, made["mp4"], "video-thumbnail", format="png", **given)
    assert difference(found.path, wanted) < 1.5


def test_strip(made: dict[str, Path], tmp_path: Path, filemill_run: Runner) -> None:
    """Frames from the middles of equal parts, in rows; each is the one that is taken alone."""
    strip = one(filemill_run, made["mp4"], "video-thumbnail", count=3, columns=2, width=64, format="png")
    assert (strip.facts["width"], strip.facts["height"]) == (128, 72)
    single = one(filemill_run, made["mp4"], "video-thumbnail", time=1, width=64, format="png")
    second = tmp_path / "second.png"
    pyvips.Image.new_from_file(strip.path).crop(64, 0, 64, 36).pngsave(str(second))
    assert difference(second, single.path) == 0
    row = one(filemill_run, made["webm"], "video-thumbnail", count=2)
    assert (row.facts["width"], row.facts["height"], row.format) == (256, 72, "jpeg")


def test_thumbnail_upright_and_in_square_pixels(tmp_path: Path, filemill_run: Runner) -> None:
    """A video that has to be turned and has wide pixels is seen as a player shows it."""
    wide = ffmpeg(*PICTURE, *H264, "-vf", "setsar=2", output=tmp_path / "wide.mov")
    turned = ffmpeg("-i", wide, "-c", "copy", "-metadata:s:v:0", "rotate=90", output=tmp_path / "turned.mov")
    found = one(filemill_run, turned, "video-thumbnail")
    assert (found.facts["width"], found.facts["height"]) == (72, 256)


def test_thumbnails_that_are_refused(made: dict[str, Path], filemill_run: Runner) -> None:
    """A moment after the end, two ways to say it, too many pixels, no video."""
    assert refused(filemill_run, made["mp4"], "video-thumbnail", time=2.5).faults[0].pointer == "/time"
    assert refused(filemill_run, made["mp4"], "video-thumbnail", time=1, count=2).faults[0].pointer == "/steps/0/time"
    assert refused(filemill_run, made["mp4"], "video-thumbnail", columns=2).faults[0].pointer == "/steps/0/columns"
    assert refused(filemill_run, made["mp4"], "video-thumbnail", count=100, width=400).faults[0].pointer == "/width"
    assert "has no video" in refused(filemill_run, made["mp3"], "video-thumbnail").detail


@pytest.mark.parametrize("form", ["mp4", "webm", "mp3"])
def test_trim(form: str, made: dict[str, Path], filemill_run: Runner) -> None:
    """The part is exact, in picture and sound."""
    found = one(filemill_run, made[form], "trim-media", start=0.5, end="0:01.3")
    assert found.format == form
    assert len(samples_of(Path(found.path))) / 8000 == pytest.approx(0.8, abs=0.05)
    assert tone(samples_of(Path(found.path))) == pytest.approx(HERTZ, abs=3)
    if form in ("mp4", "webm"):
        frames = probed(Path(found.path), "-count_frames", "-select_streams", "v")["streams"][0]["nb_read_frames"]
        assert int(frames) / 25 == pytest.approx(0.8, abs=0.05)


def test_trim_begins_with_the_frame_it_should(made: dict[str, Path], filemill_run: Runner) -> None:
    """The first frame of the part is the one of that moment of the whole."""
    part = one(filemill_run, made["mp4"], "trim-media", start=1.2, duration=0.4)
    first = one(filemill_run, Path(part.path), "video-thumbnail", time=0, format="png")
    assert difference(first.path, one(filemill_run, made["mp4"], "video-thumbnail", time=1.2, format="png").path) < 5
    assert difference(first.path, one(filemill_run, made["mp4"], "video-thumbnail", time=0, format="png").path) > 10


def test_trim_of_sound_is_to_the_sample(made: dict[str, Path], filemill_run: Runner) -> None:
    """A part of a WAV file holds just the samples between."""
    part = one(filemill_run, made["wav"], "trim-media", start="25%", duration=1)
    assert samples_of(Path(part.path), 44100) == samples_of(made["wav"], 44100)[22050:66150]


def test_trim_by_copying(tmp_path: Path, filemill_run: Runner) -> None:
    """Streams are copied, from the key frame before."""
    source = ffmpeg(*PICTURE, *SOUND, *H264, "-g", "10", *AAC, output=tmp_path / "keys.mkv")
    part = one(filemill_run, source, "trim-media", start=1.0, duration=0.8, copy=True)
    assert 0.8 <= seconds(part) < 1.5
    whole = (tmp_path / "whole.h264", tmp_path / "part.h264")
    raw = ("-map", "0:v", "-c", "copy", "-bsf:v", "h264_mp4toannexb")
    before, after = (
        ffmpeg("-i", path, *raw, output=to).read_bytes() for path, to in zip((source, part.path), whole, strict=True)
    )
    assert after[-2000:] in before


def test_trims_that_are_refused(made: dict[str, Path], filemill_run: Runner) -> None:
    """A part that begins after the end, ends before it begins, or ends twice."""
    assert refused(filemill_run, made["mp3"], "trim-media", start=10).faults[0].pointer == "/start"
    assert refused(filemill_run, made["mp3"], "trim-media", start=1, end="10%").faults[0].pointer == "/end"
    assert refused(filemill_run, made["mp3"], "trim-media", end=1, duration=1).faults[0].pointer == "/steps/0/duration"
    assert refused(filemill_run, made["mp3"], "trim-media", start="1:75").code is ErrorCode.INVALID_PARAMETER


@pytest.mark.parametrize(
    ("wish", "size"),
    [
        ({"width": 65}, (64, 36)),
        ({"width": 60, "height": 60}, (60, 32)),
        ({"width": 60, "height": 60, "fit": "cover"}, (60, 60)),
        ({"width": 60, "height": 60, "fit": "contain"}, (60, 60)),
        ({"width": 61, "height": 31, "fit": "fill"}, (60, 30)),
    ],
)
def test_resize(wish: dict[str, object], size: tuple[int, int], made: dict[str, Path], filemill_run: Runner) -> None:
    """Even sides, as the fit says; the sound is not touched."""
    found = one(filemill_run, made["mp4"], "resize-video", **wish)
    assert (stream(found)["width"], stream(found)["height"]) == size
    assert (found.facts["width"], found.facts["height"]) == size
    if "fit" not in wish:
        assert packets(Path(found.path), "a") == packets(made["mp4"], "a")


def test_contain_is_on_black_and_cover_is_not(made: dict[str, Path], filemill_run: Runner) -> None:
    """What is over is black with `contain`, and cropped with `cover`."""
    bright = {}
    for fit in ("contain", "cover"):
        video = one(filemill_run, made["mp4"], "resize-video", width=60, height=60, fit=fit)
        picture = one(filemill_run, Path(video.path), "video-thumbnail", format="png")
        bright[fit] = pyvips.Image.new_from_file(picture.path)[:3].crop(0, 54, 60, 6).avg()
    assert bright["contain"] < 5 < 50 < bright["cover"]


def test_resize_within_the_limits(made: dict[str, Path], filemill_run: Runner) -> None:
    """No side and no frame beyond what the server allows, also where the ratio makes it."""
    limits = Limits(max_dimension=1000, max_pixels=300_000)
    for wish, pointer in (({"width": 2000}, "/width"), ({"height": 800}, "/width"), ({"width": 1000}, "/width")):
        with pytest.raises(FilemillError) as found:
            filemill_run(made["mp4"], {"op": "resize-video", **wish}, limits=limits)
        assert (found.value.code, found.value.faults[0].pointer) == (ErrorCode.INVALID_PARAMETER, pointer)
    assert refused(filemill_run, made["mp4"], "resize-video").faults[0].pointer == "/steps/0/width"
    assert "has no video" in refused(filemill_run, made["mp3"], "resize-video", width=10).detail


@pytest.mark.parametrize(("form", "size"), [("mp4", 30_000), ("webm", 20_000), ("mp3", 6_000), ("ogg", 6_000)])
def test_compress_to_a_size(form: str, size: int, made: dict[str, Path], filemill_run: Runner) -> None:
    """At most so many bytes, and not far below; as long as before, at the same size."""
    assert made[form].stat().st_size > size
    found = one(filemill_run, made[form], "compress-media", maxSizeBytes=size)
    assert size * 0.5 < found.size <= size
    assert found.size == Path(found.path).stat().st_size
    before, after = (probed(path)["streams"][0] for path in (made[form], Path(found.path)))
    assert after.get("width") == before.get("width")
    assert seconds(found) == pytest.approx(2, abs=0.15)


def test_a_size_that_can_not_be_had(made: dict[str, Path], filemill_run: Runner) -> None:
    """The error tells the smallest size there is, and that size can be had."""
    error = refused(filemill_run, made["mp3"], "compress-media", maxSizeBytes=500)
    assert error.code is ErrorCode.TARGET_UNREACHABLE
    smallest = error.extra["smallestBytes"]
    assert isinstance(smallest, int)
    assert 500 < smallest < 5000
    assert one(filemill_run, made["mp3"], "compress-media", maxSizeBytes=smallest).size <= smallest
    video = refused(filemill_run, made["mp4"], "compress-media", maxSizeBytes=2000)
    assert float(str(video.extra["smallestBytes"])) > 2000
    lossless = refused(filemill_run, made["wav"], "compress-media", maxSizeBytes=2000)
    assert lossless.extra["smallestBytes"] == made["wav"].stat().st_size


def test_compress_by_quality(tmp_path: Path, made: dict[str, Path], filemill_run: Runner) -> None:
    """Less quality is fewer bytes; what would not get smaller stays as it is; a size and a quality are two wishes."""
    fat = ffmpeg(*WIDE, *H264, "-crf", "10", output=tmp_path / "fat.mp4")
    sizes = [one(filemill_run, fat, "compress-media", quality=quality).size for quality in (80, 30)]
    assert fat.stat().st_size > sizes[0] > sizes[1]
    kept = one(filemill_run, made["mp4"], "compress-media", quality=100)
    assert Path(kept.path).read_bytes() == made["mp4"].read_bytes()
    within = one(filemill_run, made["mp3"], "compress-media", maxSizeBytes=1_000_000)
    assert Path(within.path).read_bytes() == made["mp3"].read_bytes()
    both = refused(filemill_run, made["mp3"], "compress-media", quality=50, maxSizeBytes=5000)
    assert both.faults[0].pointer == "/steps/0/quality"


@pytest.mark.parametrize(("source", "form"), [("mov", "m4a"), ("avi", "mp3")])
def test_extract_audio_as_it_is(source: str, form: str, made: dict[str, Path], filemill_run: Runner) -> None:
    """Without a format the sound finds the one it is at home in."""
    found = one(filemill_run, made[source], "extract-audio")
    assert found.format == form
    if form != "m4a":
        assert packets(Path(found.path), "a") == packets(made[source], "a")
    assert tone(samples_of(Path(found.path))) == pytest.approx(HERTZ, abs=2)


def test_extract_audio_in_another_format(made: dict[str, Path], filemill_run: Runner) -> None:
    """With a format it is encoded; without sound there is nothing to take."""
    found = one(filemill_run, made["mp4"], "extract-audio", format="flac")
    assert (found.format, stream(found)["codec_name"]) == ("flac", "flac")


def test_media_info(made: dict[str, Path], tmp_path: Path, filemill_run: Runner) -> None:
    """What ffprobe says, in few words."""
    titled = ffmpeg("-i", made["mp4"], "-c", "copy", "-metadata", "title=A film", output=tmp_path / "titled.mp4")
    facts = one(filemill_run, titled, "media-info").facts["data"]
    assert isinstance(facts, dict)
    found = probed(titled)
    assert facts["durationSeconds"] == pytest.approx(float(found["format"]["duration"]), abs=0.001)
    assert facts["bitRate"] == int(found["format"]["bit_rate"])
    assert (facts["format"], facts["width"], facts["height"], facts["frameRate"]) == ("mp4", 128, 72, 25.0)
    video, audio = facts["streams"]
    assert (video["kind"], video["codec"], video["pixelFormat"]) == ("video", "h264", "yuv420p")
    assert (audio["kind"], audio["codec"], audio["channels"], audio["sampleRate"]) == ("audio", "aac", 1, 44100)
    assert facts["metadata"]["title"] == "A film"


def test_what_a_browser_records_has_a_duration(tmp_path: Path, made: dict[str, Path], filemill_run: Runner) -> None:
    """A WebM without a duration, and ADTS, which never has one, are read to their ends for it."""
    live = ffmpeg("-i", made["webm"], "-c", "copy", "-live", "1", "-f", "webm", output=tmp_path / "live.webm")
    assert "duration" not in probed(live)["format"]
    for path in (live, made["aac"]):
        facts = one(filemill_run, path, "media-info").facts["data"]
        assert isinstance(facts, dict)
        assert facts["durationSeconds"] == pytest.approx(2, abs=0.05)


def test_progress(made: dict[str, Path], tmp_path: Path, filemill_run: Runner, context: Any) -> None:
    """What FFmpeg reports is told as a share that grows to the whole."""
    from filemill_media.progress import Progress

    shares: list[float] = []
    progress = Progress(context(tell=lambda share, note: shares.append(share)), 4.0, "x", (1, 2))
    for line in ("frame=1", "out_time_us=N/A", "out_time_us=-5", "out_time_us=1000000", "out_time_us=9000000"):
        progress.tell(line)
    assert shares == [0.625, 1.0]


def test_progress_of_a_run(tmp_path: Path, context: Any, filemill_run: Runner) -> None:
    """A conversion tells how far it is, up to its end."""
    from filemill_media.containers import CONTAINERS
    from filemill_media.media import Media
    from filemill_media.transcoding import Recipe, transcoded

    source = ffmpeg(*WIDE, *H264, output=tmp_path / "wide.mkv")
    told: list[tuple[float, str]] = []
    task = context(tell=lambda share, note: told.append((share, note)))
    media = task.open(task.formats.sniff(source, "x"), Media)
    transcoded(media, Recipe(container=CONTAINERS["avi"]), task, note="avi")
    assert told
    assert [share for share, _ in told] == sorted(share for share, _ in told)
    assert told[-1][0] > 0.9
    assert {note for _, note in told} == {"avi"}


def test_damage_is_told(made: dict[str, Path], tmp_path: Path, filemill_run: Runner) -> None:
    """What FFmpeg could pass over is in the report; a file without damage has no such word in it."""
    data = bytearray(made["mp4"].read_bytes())
    middle = data.index(b"mdat") + 12_000
    data[middle : middle + 3000] = bytes(3000)
    (tmp_path / "damaged.mp4").write_bytes(data)
    step = {"op": "trim-media", "start": 0.1}
    assert filemill_run(tmp_path / "damaged.mp4", step).report[0]["damaged"] is True
    assert "damaged" not in filemill_run(made["mp4"], step).report[0]
