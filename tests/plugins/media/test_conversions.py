"""Every format out of every other: what is in the results, by ffprobe."""

from __future__ import annotations

from pathlib import Path

import pytest

from filemill import ErrorCode, FilemillError, Limits
from filemill_media.containers import AUDIO, VIDEO
from filemill_media.conversions import CONVERSIONS
from media_files import (
    AAC,
    H264,
    HEIGHT,
    HERTZ,
    PICTURE,
    SECONDS,
    SOUND,
    WIDTH,
    codecs,
    ffmpeg,
    packets,
    probed,
    samples_of,
    speech,
    tone,
)

from .conftest import Convert

VIDEO_CODEC = {"mp4": "h264", "mov": "h264", "mkv": "h264", "webm": "vp9", "avi": "mpeg4"}
AUDIO_CODEC = {
    "mp4": "aac",
    "mov": "aac",
    "mkv": "aac",
    "webm": "opus",
    "avi": "mp3",
    "mp3": "mp3",
    "m4a": "aac",
    "aac": "aac",
    "ogg": "vorbis",
    "opus": "opus",
    "flac": "flac",
    "wav": "pcm_s16le",
}


def check(path: Path, target: str, wanted: list[str]) -> None:
    """Check a result: its streams, how long what is in it lasts, its size, its tone."""
    found = probed(path, "-count_frames")
    assert [stream["codec_name"] for stream in found["streams"]] == wanted
    if target in VIDEO:
        video = found["streams"][0]
        assert (video["width"], video["height"]) == (WIDTH, HEIGHT)
        assert int(video["nb_read_frames"]) / 25 == pytest.approx(SECONDS, abs=0.05)
    sound = samples_of(path)
    assert len(sound) / 8000 == pytest.approx(SECONDS, abs=0.1 if target == "avi" else 0.05)
    assert tone(sound) == pytest.approx(HERTZ, abs=2)


@pytest.mark.parametrize("target", [*VIDEO, "mp3", "wav"])
def test_video_to_everything(target: str, made: dict[str, Path], convert: Convert) -> None:
    """A video becomes each format of video, and gives its sound to formats of sound."""
    path = convert(made["mov"], target)
    check(path, target, [*([VIDEO_CODEC[target]] if target in VIDEO else []), AUDIO_CODEC[target]])


@pytest.mark.parametrize("source", ["webm", "avi"])
def test_every_video_to_another(source: str, made: dict[str, Path], convert: Convert) -> None:
    """Video of other codecs becomes MP4."""
    check(convert(made[source], "mp4"), "mp4", ["h264", "aac"])


@pytest.mark.parametrize("source", AUDIO)
def test_every_sound_to_others(source: str, made: dict[str, Path], convert: Convert) -> None:
    """Each format of sound is read, and becomes the next one in the list, round and round."""
    target = AUDIO[(AUDIO.index(source) + 1) % len(AUDIO)]
    check(convert(made[source], target), target, [AUDIO_CODEC[target]])


def test_there_is_an_edge_for_each_pair() -> None:
    """Among video, among sound, sound out of video, GIF both ways; nothing gives a picture's pixels to a sound."""
    pairs = {
        (source, target)
        for edge in CONVERSIONS
        for source in edge.sources
        for target in edge.targets
        if source != target or edge.compresses
    }
    wanted = {(source, target) for source in VIDEO for target in (*VIDEO, *AUDIO, "gif")}
    wanted |= {(source, target) for source in AUDIO for target in AUDIO}
    assert pairs == wanted | {("gif", target) for target in VIDEO}
    assert all(edge.final for edge in CONVERSIONS if "gif" in edge.sources + edge.targets)


@pytest.mark.parametrize(("source", "target"), [("mkv", "mp4"), ("mov", "mkv")])
def test_only_the_container_changes(source: str, target: str, made: dict[str, Path], convert: Convert) -> None:
    """Where the codecs are at home in the target, every packet is what it was."""
    path = convert(made[source], target)
    for kind in ("v", "a"):
        assert packets(path, kind) == packets(made[source], kind)


@pytest.mark.parametrize(("source", "target"), [("m4a", "aac"), ("webm", "opus")])
def test_sound_is_taken_out_as_it_is(
    source: str, target: str, made: dict[str, Path], tmp_path: Path, convert: Convert
) -> None:
    """Sound that is of the target's codec is not encoded again."""
    path = convert(made[source], target)
    if AUDIO_CODEC[source] == "aac":  # headers differ between its formats; in ADTS all have one
        plain = ("-vn", "-c", "copy", "-f", "adts")
        before = ffmpeg("-i", made[source], *plain, output=tmp_path / "before")
        assert ffmpeg("-i", path, *plain, output=tmp_path / "after").read_bytes() == before.read_bytes()
    else:
        assert packets(path, "a") == packets(made[source], "a")


def test_codecs_that_few_players_know(tmp_path: Path, convert: Convert) -> None:
    """Ten bits and full colour are encoded anew for MP4, as 8 bits of 4:2:0; Matroska takes them as they are."""
    source = ffmpeg(*PICTURE, "-c:v", "libx264", "-pix_fmt", "yuv444p10le", output=tmp_path / "deep.mkv")
    assert probed(convert(source, "mp4"))["streams"][0]["pix_fmt"] == "yuv420p"
    assert packets(convert(source, "mkv"), "v") != packets(source, "v"), "the same format: encoded smaller"


@pytest.mark.parametrize("form", ["mp4", "mp3", "flac"])
def test_the_same_format_is_made_smaller(form: str, tmp_path: Path, convert: Convert) -> None:
    """A file of more bits than it needs loses many of them, and nothing else."""
    picture = ("-f", "lavfi", "-i", f"testsrc2=size={WIDTH}x{HEIGHT}:duration=1")
    fat = {
        "mp4": (*picture, *H264, "-crf", "5"),
        "mp3": (*SOUND, "-b:a", "320k"),
        "flac": ("-f", "lavfi", "-i", "anoisesrc=d=1:a=0.1", "-compression_level", "0"),
    }
    source = ffmpeg(*fat[form], output=tmp_path / f"fat.{form}")
    small = convert(source, form)
    assert small.stat().st_size < source.stat().st_size * (0.999 if form == "flac" else 0.8)
    before, after = (float(probed(path)["format"]["duration"]) for path in (source, small))
    assert after == pytest.approx(before, abs=0.05)


def test_the_same_bytes_each_time(made: dict[str, Path], convert: Convert) -> None:
    """Nothing of the moment and nothing of chance is in a result."""
    for source, target in (("mp4", "webm"), ("mp4", "gif")):
        assert convert(made[source], target).read_bytes() == convert(made[source], target).read_bytes()


def test_nothing_is_lost_without_need(made: dict[str, Path], convert: Convert, tmp_path: Path) -> None:
    """WAV to FLAC and back is the same sound, sample by sample, with 16 bits and with 24."""
    back = convert(convert(made["wav"], "flac"), "wav")
    assert samples_of(back, 44100) == samples_of(made["wav"], 44100)
    deep = ffmpeg(*SOUND, "-c:a", "pcm_s24le", output=tmp_path / "deep.wav")
    assert probed(convert(deep, "flac"))["streams"][0]["bits_per_raw_sample"] == "24"
    assert probed(convert(made["mp3"], "flac"))["streams"][0]["bits_per_raw_sample"] == "16"


def test_speech_is_still_speech(tmp_path: Path, convert: Convert) -> None:
    """Words spoken by another program are as loud, and at the same moments, after a turn through Opus and MP3."""
    source = speech(tmp_path / "speech.wav", "The quick brown fox jumps over the lazy dog.")
    before, after = (loudness(path) for path in (source, convert(convert(source, "opus"), "mp3")))
    assert len(after) == pytest.approx(len(before), abs=2)
    assert sum(abs(one - two) for one, two in zip(before, after, strict=False)) / sum(before) < 0.2


def loudness(path: Path) -> list[float]:
    """Return how loud each twentieth of a second is."""
    found = samples_of(path)
    return [sum(map(abs, found[at : at + 400])) / 400 for at in range(0, len(found), 400)]


def test_metadata_goes(tmp_path: Path, convert: Convert) -> None:
    """The place a video was taken, its title, its chapters and the camera are in no result; the language is."""
    chapters = tmp_path / "chapters"
    chapters.write_text(";FFMETADATA1\n[CHAPTER]\nSTART=0\nEND=500000000\ntitle=secret chapter\n")
    told = ("-metadata", "location=+48.2082+016.3738/", "-metadata", "title=secret", "-metadata:s:a:0", "language=eng")
    source = ffmpeg(
        *PICTURE, *SOUND, "-i", chapters, "-map_metadata", "2", *told, *H264, *AAC, output=tmp_path / "x.mov"
    )
    assert b"+48.2082" in source.read_bytes()
    for target in ("mp4", "webm"):
        path = convert(source, target)
        for word in (b"+48.2082", b"secret"):
            assert word not in path.read_bytes(), (target, word)
    assert probed(convert(source, "mp4"))["streams"][1]["tags"]["language"] == "eng"


def turned(path: Path, source: Path) -> Path:
    """Say that a video has to be turned, as a camera that is held upright does."""
    return ffmpeg("-i", source, "-c", "copy", "-metadata:s:v:0", "rotate=90", output=path)


@pytest.mark.parametrize("target", ["mp4", "webm", "gif"])
def test_rotation_is_kept(target: str, made: dict[str, Path], tmp_path: Path, convert: Convert) -> None:
    """A video that has to be turned says so still, or is turned."""
    source = turned(tmp_path / "turned.mov", made["mov"])
    stream = probed(convert(source, target))["streams"][0]
    if target == "mp4":
        (before,), (after,) = (found["side_data_list"] for found in (probed(source)["streams"][0], stream))
        assert abs(after["rotation"]) == 90
        assert after["rotation"] == before["rotation"]
        assert (stream["width"], stream["height"]) == (WIDTH, HEIGHT)
    else:
        assert (stream["width"], stream["height"]) == (HEIGHT, WIDTH)


def test_the_aspect_is_kept(tmp_path: Path, convert: Convert) -> None:
    """Pixels that are wider than high stay so; a GIF has none, and is wider instead."""
    source = ffmpeg(*PICTURE, *H264, "-vf", "setsar=5/4", output=tmp_path / "wide.mov")
    for target in ("mp4", "webm"):
        stream = probed(convert(source, target))["streams"][0]
        assert (stream["width"], stream["sample_aspect_ratio"]) == (WIDTH, "5:4")
    assert probed(convert(source, "gif"))["streams"][0]["width"] == WIDTH * 5 // 4


@pytest.mark.parametrize("target", ["mp4", "webm"])
def test_odd_sizes(target: str, tmp_path: Path, convert: Convert) -> None:
    """A column and a row go where there is an odd number of them."""
    source = ffmpeg("-f", "lavfi", "-i", "testsrc2=size=65x37:duration=0.4", output=tmp_path / "odd.gif")
    stream = probed(convert(source, target))["streams"][0]
    assert (stream["width"], stream["height"], stream["pix_fmt"]) == (64, 36, "yuv420p")


def test_a_video_of_a_pixel(tmp_path: Path, convert: Convert) -> None:
    """The smallest there is becomes two by two."""
    source = ffmpeg(
        "-f",
        "lavfi",
        "-i",
        "testsrc2=size=64x64:duration=0.4",
        "-vf",
        "format=rgb24,crop=1:1",
        output=tmp_path / "1.gif",
    )
    stream = probed(convert(source, "mp4"))["streams"][0]
    assert (stream["width"], stream["height"]) == (2, 2)


@pytest.mark.parametrize("target", ["mp4", "gif"])
def test_gif_both_ways(target: str, made: dict[str, Path], convert: Convert) -> None:
    """An animation keeps its size and its time, as a GIF and as a video."""
    path = convert(made["gif" if target == "mp4" else "mp4"], target)
    found = probed(path)
    assert (found["streams"][0]["width"], found["streams"][0]["height"]) == (WIDTH, HEIGHT)
    assert float(found["format"]["duration"]) == pytest.approx(SECONDS, abs=0.05)


def test_a_gif_has_the_colours_of_its_video(tmp_path: Path, convert: Convert) -> None:
    """Bars that do not move are as they were, to a few steps of 255."""
    source = ffmpeg("-f", "lavfi", "-i", "smptebars=size=128x72:duration=0.4", *H264, output=tmp_path / "bars.mp4")
    wanted, found = (
        ffmpeg(
            "-i", path, "-frames:v", "1", "-pix_fmt", "rgb24", "-f", "rawvideo", output=tmp_path / "raw"
        ).read_bytes()
        for path in (source, convert(source, "gif"))
    )
    assert sum(abs(one - two) for one, two in zip(wanted, found, strict=True)) / len(wanted) < 6


def test_a_gif_of_too_many_frames(made: dict[str, Path], convert: Convert) -> None:
    """What no picture may have is refused before a frame is drawn."""
    for limits in (Limits(max_frames=20), Limits(max_pixels=100_000)):
        with pytest.raises(FilemillError, match=r"25 frames of 9216 pixels.*Trim it first") as refused:
            convert(made["mp4"], "gif", limits)
        assert refused.value.code is ErrorCode.INVALID_FILE


def test_covers_and_subtitles(made: dict[str, Path], tmp_path: Path, convert: Convert) -> None:
    """The picture of an album is no video, and subtitles are left out; all streams of sound stay."""
    cover = ffmpeg("-i", made["mp4"], "-frames:v", "1", output=tmp_path / "cover.png")
    both = ("-map", "0", "-map", "1", "-c", "copy", "-disposition:v:0", "attached_pic")
    album = ffmpeg("-i", made["m4a"], "-i", cover, *both, output=tmp_path / "album.m4a")
    assert codecs(album) == ["aac", "png"]
    for target in ("m4a", "flac"):
        assert codecs(convert(album, target)) == [AUDIO_CODEC[target]]
    subtitles = tmp_path / "words.srt"
    subtitles.write_text("1\n00:00:00,000 --> 00:00:01,000\nwords\n")
    inputs = ("-i", made["mp4"], "-i", made["wav"], "-i", subtitles, "-i", cover)
    maps = ("-map", "0", "-map", "1", "-map", "2", "-map", "3", "-c:v", "copy", "-disposition:v:1", "attached_pic")
    full = ffmpeg(*inputs, *maps, output=tmp_path / "full.mkv")
    assert sorted(codecs(convert(full, "mp4"))) == ["aac", "aac", "h264"]


@pytest.mark.parametrize(
    ("channels", "target"),
    [(6, "mp3"), (6, "opus"), (16, "m4a")],
)
def test_many_channels(channels: int, target: str, tmp_path: Path, convert: Convert) -> None:
    """Any number of channels goes into any format, mixed down where it holds fewer."""
    tones = "aevalsrc=" + "|".join(["sin(2*PI*t*440)"] * channels) + ":d=0.2"
    tones += ":c=5.1(side)" if channels == 6 else ""
    source = ffmpeg("-f", "lavfi", "-i", tones, "-c:a", "pcm_s16le", output=tmp_path / "many.wav")
    assert codecs(convert(source, target)) == [AUDIO_CODEC[target]]


def test_no_sound_to_take(tmp_path: Path, convert: Convert) -> None:
    """A silent film has no sound, a record has no picture; that is said."""
    silent = ffmpeg(*PICTURE, *H264, output=tmp_path / "silent.mp4")
    with pytest.raises(FilemillError, match="has no sound") as refused:
        convert(silent, "mp3")
    assert refused.value.code is ErrorCode.INVALID_FILE
    blind = ffmpeg(*SOUND, *AAC, output=tmp_path / "blind.mp4")
    with pytest.raises(FilemillError, match="has no video") as refused:
        convert(blind, "gif")
    assert refused.value.code is ErrorCode.INVALID_FILE
    assert codecs(convert(blind, "webm")) == ["opus"]
