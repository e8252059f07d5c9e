"""What a film keeps: sound and subtitles packet by packet, times, chapters, metadata, rotation, HDR."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from helpers.optional_extras import need_video

need_video()

import av  # noqa: E402
from helpers.films import (  # noqa: E402
    FONT,
    flat_frame,
    frames,
    moving_pictures,
    packets,
    sound_of,
    times,
    write_film,
)

from pyimagesearch.inference.film.source import side_data_of  # noqa: E402
from pyimagesearch.inference.film.upscale import upscale_film  # noqa: E402

MASTERING = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)"
HDR10 = f"log-level=none:master-display={MASTERING}:max-cll=1000,400"


def enlarge(source, name="larger.mp4", **options):
    target = source.with_name(name)
    upscale_film(source, target, model="bicubic", **options)
    return target


@pytest.fixture
def film(tmp_path):
    """130 frames, which are three segments, with sound, subtitles and a chapter."""
    chapter = {"id": 1, "start": 0, "end": 400, "time_base": Fraction(1, 1000), "metadata": {"title": "One"}}
    return write_film(
        tmp_path / "film.mp4", moving_pictures(130, 36, 64), sound="aac", subtitles="mov_text", chapters=[chapter]
    )


def test_sound_and_subtitles_are_kept_bit_for_bit_and_at_their_times(film):
    larger = enlarge(film)
    for kind in ("audio", "subtitle"):
        assert packets(film, kind)
        assert packets(larger, kind) == packets(film, kind)


def test_every_frame_is_there_larger_at_its_time(film):
    larger = enlarge(film)
    assert times(larger) == times(film)
    assert {(frame.width, frame.height) for frame in frames(larger)} == {(256, 144)}
    with av.open(str(film)) as before, av.open(str(larger)) as after:
        assert after.streams.video[0].average_rate == before.streams.video[0].average_rate
        assert after.duration == before.duration
        assert [each["metadata"] for each in after.chapters()] == [{"title": "One"}]
    decoded = [(time, stamp) for _, stamp, time, _ in packets(larger, "video")]
    assert all(decode <= show for decode, show in decoded)
    assert all(first[0] < second[0] for first, second in itertools.pairwise(decoded))


@pytest.mark.parametrize(
    ("name", "codec", "sound", "target"),
    [
        ("a.avi", "mpeg4", "libmp3lame", "b.mkv"),
        ("a.ts", "mpeg2video", "mp2", "b.mp4"),
        ("a.mov", "mjpeg", "pcm_s16le", "b.mov"),
        ("a.webm", "libvpx-vp9", "libopus", "b.webm"),
        ("a.mkv", "ffv1", "flac", "b.mkv"),
    ],
)
def test_other_containers(tmp_path, name, codec, sound, target):
    pixels = "yuvj422p" if codec == "mjpeg" else "yuv420p"
    film = write_film(tmp_path / name, moving_pictures(8, 36, 64), codec=codec, pixels=pixels, sound=sound)
    larger = enlarge(film, target)
    assert sound_of(film)
    assert sound_of(larger) == sound_of(film)
    # Matroska counts in milliseconds, from the first packet of any stream on; PCM is cut into packets by each reader.
    before, after = np.array(times(film), float), np.array(times(larger), float)
    np.testing.assert_allclose(after - after[0], before - before[0], atol=0.0011)
    first = [float(packets(path, "audio")[0][1]) - float(times(path)[0]) for path in (film, larger)]
    assert abs(first[0] - first[1]) < 0.0011


def test_matroska_keeps_subtitles_and_their_fonts(tmp_path):
    film = write_film(tmp_path / "a.mkv", moving_pictures(8, 36, 64), sound="aac", subtitles="subrip")
    larger = enlarge(film, "b.mkv")
    assert [packet[3] for packet in packets(larger, "subtitle")] == [packet[3] for packet in packets(film, "subtitle")]
    with av.open(str(larger)) as opened:
        (font,) = opened.streams.attachments
        assert (font.name, font.mimetype, font.data) == ("letters.ttf", "font/ttf", FONT)


@pytest.mark.parametrize(("codec", "suffix"), [("h264", ".mp4"), ("hevc", ".mp4"), ("av1", ".mkv"), ("vp9", ".webm")])
def test_variable_frame_rates_keep_every_time(tmp_path, codec, suffix):
    shown = [0, 40, 41, 100, 300, 310, 350, 900, 1000, 1003]
    film = write_film(
        tmp_path / f"a{suffix if suffix != '.webm' else '.mkv'}", moving_pictures(10, 36, 64), times=shown,
        time_base=Fraction(1, 1000),
    )  # fmt: skip
    larger = enlarge(film, f"b{suffix}", codec=codec)
    assert [float(time) for time in times(larger)] == [time / 1000 for time in shown]
    with av.open(str(larger)) as opened:
        assert opened.streams.video[0].codec_context.name.startswith({"av1": "libdav1d"}.get(codec, codec))


def test_times_of_decoding_grow_over_segments_of_a_variable_rate(tmp_path):
    steps = np.random.default_rng(0).integers(1, 200, 150)
    film = write_film(
        tmp_path / "a.mp4", moving_pictures(150, 16, 16), times=np.cumsum(steps).tolist(), time_base=Fraction(1, 1000)
    )
    larger = enlarge(film)
    assert times(larger) == times(film)
    decoded = [packet[2] for packet in packets(larger, "video")]
    assert decoded == sorted(set(decoded))


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm"])
@pytest.mark.parametrize("turned", [90, -90, 180])
def test_turned_films_stay_turned(tmp_path, suffix, turned):
    film = write_film(tmp_path / "a.mp4", moving_pictures(3, 36, 64), turned=turned)
    larger = frames(enlarge(film, f"b{suffix}"))
    assert [abs(frame.rotation) if turned == 180 else frame.rotation for frame in larger] == [turned] * 3
    assert (larger[0].width, larger[0].height) == (256, 144)


def test_the_size_of_a_turned_film_is_that_which_is_seen(tmp_path):
    film = write_film(tmp_path / "a.mp4", moving_pictures(3, 36, 64), turned=90)
    larger = frames(enlarge(film, size=(72, None)))
    assert (larger[0].width, larger[0].height) == (128, 72)


def test_hdr_keeps_its_bits_and_what_it_says_of_its_light(tmp_path):
    colours = {"colorspace": 9, "color_primaries": 9, "color_trc": 16, "color_range": 1}
    film = write_film(
        tmp_path / "a.mp4", [flat_frame("yuv420p10le", 500, 480, 560)] * 3, codec="libx265", pixels="yuv420p10le",
        options={"x265-params": HDR10}, **colours,
    )  # fmt: skip
    before, after = frames(film)[0], frames(enlarge(film))[0]
    assert after.format.name == "yuv420p10le"
    for name in ("colorspace", "color_primaries", "color_trc", "color_range"):
        assert getattr(after, name) == getattr(before, name)
    kinds = ("MASTERING_DISPLAY_METADATA", "CONTENT_LIGHT_LEVEL")
    assert [side_data_of(after)[kind] for kind in kinds] == [side_data_of(before)[kind] for kind in kinds]


def test_pixels_that_are_no_squares_stay_so(tmp_path):
    film = write_film(tmp_path / "a.mp4", moving_pictures(3, 36, 64), sample_aspect_ratio=Fraction(4, 3))
    with av.open(str(enlarge(film))) as opened:
        assert opened.streams.video[0].sample_aspect_ratio == Fraction(4, 3)


def test_metadata_are_kept(tmp_path):
    film = tmp_path / "a.mkv"
    with av.open(str(film), "w") as output:
        output.metadata["title"] = "Holiday"
        video = output.add_stream("libx264", rate=25, width=64, height=36)
        sound = output.add_stream("aac", rate=48000)
        sound.metadata["language"] = "fra"
        sound.disposition = av.stream.Disposition.default | av.stream.Disposition.comment
        frame = flat_frame("yuv420p", 100, 128, 128)
        frame.pts, frame.time_base = 0, Fraction(1, 25)
        output.mux([*video.encode(frame), *video.encode(None)])
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.int16), "s16", "stereo")
        silence.sample_rate, silence.pts, silence.time_base = 48000, 0, Fraction(1, 48000)
        output.mux([*sound.encode(silence), *sound.encode(None)])
    with av.open(str(enlarge(film, "b.mkv"))) as opened:
        assert opened.metadata["title"] == "Holiday"
        (kept,) = opened.streams.audio
        assert kept.language == "fra"
        assert kept.disposition == av.stream.Disposition.default | av.stream.Disposition.comment
