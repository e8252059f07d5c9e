"""Films that are damaged or cannot be kept whole, and the flags of films: one line each."""

import sys
from fractions import Fraction

import numpy as np
import pytest
from helpers.optional_extras import need_video

need_video()

from helpers.films import flat_frame, frames, moving_pictures, sound_of, times, write_film  # noqa: E402
from helpers.result_folders import files  # noqa: E402
from PIL import Image  # noqa: E402

from pyimagesearch.errors import InputError  # noqa: E402
from pyimagesearch.inference.film.upscale import upscale_film  # noqa: E402


@pytest.fixture
def bicubic(srgan):
    return lambda *arguments: srgan(*arguments, model="bicubic")


def test_a_film_becomes_a_film_by_the_command(bicubic, tmp_path):
    film = write_film(tmp_path / "film.mp4", moving_pictures(4, 36, 64), sound="aac")
    code, out, err = bicubic(film, "-o", tmp_path / "larger.mp4", "--size", "128x")
    assert (code, err) == (0, [])
    assert "64x36 to 128x72, h264" in out
    assert sound_of(tmp_path / "larger.mp4") == sound_of(film)
    assert files(tmp_path) == ["film.mp4", "larger.mp4"]


def test_codec_and_quality_are_those_that_are_named(bicubic, tmp_path):
    film = write_film(tmp_path / "film.mp4", moving_pictures(4, 36, 64))
    sizes = {}
    for crf in (10, 40):
        assert bicubic(film, "-o", tmp_path / f"{crf}.mkv", "--codec", "hevc", "--crf", crf)[0] == 0
        sizes[crf] = (tmp_path / f"{crf}.mkv").stat().st_size
    assert sizes[40] < 0.6 * sizes[10]


def test_films_in_a_folder_are_left_out_by_name_and_done_where_they_are_named(bicubic, tmp_path, noise):
    folder = tmp_path / "holiday"
    folder.mkdir()
    Image.fromarray(noise(9, 12)).save(folder / "a.png")
    write_film(folder / "b.avi", moving_pictures(3, 16, 16), codec="mpeg4")
    code, out, _ = bicubic(folder, "-o", tmp_path / "larger")
    assert code == 0
    assert "films are left out: b.avi; name each, or use a glob" in out
    assert files(tmp_path / "larger") == ["a.png"]
    code, _, _ = bicubic(f"{folder}/*", "-o", tmp_path / "all")
    assert code == 0
    assert files(tmp_path / "all") == ["a.png", "b.mkv"]


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        (["{film}", "-o", "{tmp}/x.png"], "is a film; name a .mp4, .m4v, .mov, .mkv, .webm file"),
        (["{picture}", "-o", "{tmp}/x.mp4"], "is a picture; name a .png"),
        (["{film}", "-o", "{tmp}/x.avi"], "x.avi: no film (.mp4"),
        (
            ["{film}", "-o", "{tmp}/x.mp4", "--codec", "divx"],
            "--codec must be one of h264, hevc, av1, vp9, received divx",
        ),
        (["{film}", "-o", "{tmp}/x.mp4", "--crf", "70"], "--crf of h264 is 0, the best quality, to 51, received 70"),
        (["{picture}", "-o", "{tmp}/x.png", "--crf", "20"], "--codec and --crf are for films"),
    ],
)
def test_wrong_arguments_are_refused_before_any_work(bicubic, tmp_path, noise, arguments, wrong):
    film = write_film(tmp_path / "film.mp4", moving_pictures(2, 16, 16))
    Image.fromarray(noise(9, 12)).save(tmp_path / "picture.png")
    given = [each.format(film=film, picture=tmp_path / "picture.png", tmp=tmp_path) for each in arguments]
    code, _, err = bicubic(*given)
    assert code == 2
    assert len(err) == 1
    assert wrong in err[0]
    assert files(tmp_path) == ["film.mp4", "picture.png"]


@pytest.mark.parametrize(
    ("made", "target", "options", "wrong"),
    [
        ({"codec": "ffv1", "pixels": "yuva420p"}, "b.mkv", {}, r"\(yuva420p\) have transparency"),
        (
            {"codec": "ffv1", "pixels": "yuv422p"},
            "b.mkv",
            {"codec": "av1"},
            "av1 holds no yuv422p here; .*: h264, hevc",
        ),
        ({"colorspace": 8}, "b.mkv", {}, r"its colour matrix \(8 of ITU-T H.273\) is not known"),
        ({"subtitles": "subrip"}, "b.mp4", {}, r"stream 1, subtitle in srt, does not go into .mp4; name a .mkv file"),
        ({}, "b.webm", {"codec": "h264"}, ".webm holds vp9, av1, not `codec` h264"),
        ({}, "b.mp4", {"codec": "h264", "crf": 60}, "`crf` of h264 is 0, the best quality, to 51, received 60"),
        ({}, "a.mkv", {}, "is the film itself; name another output"),
        ({"turned": 30}, "b.mkv", {}, "turned or stretched by other than quarter turns"),
    ],
)
def test_what_would_be_lost_is_refused_by_name(tmp_path, made, target, options, wrong):
    film = write_film(tmp_path / "a.mkv", moving_pictures(2, 16, 16), **made)
    with pytest.raises(InputError, match=wrong):
        upscale_film(film, tmp_path / target, model="bicubic", **options)
    assert files(tmp_path) == ["a.mkv"]


def test_a_missing_pyav_gets_one_line_before_any_work(bicubic, tmp_path, monkeypatch):
    film = write_film(tmp_path / "a.mp4", moving_pictures(2, 16, 16))
    monkeypatch.setitem(sys.modules, "av", None)
    code, _, err = bicubic(film, "-o", tmp_path / "b.mp4")
    assert code == 2
    assert len(err) == 1
    assert err[0].endswith('pip install -e ".[video]"')
    assert files(tmp_path) == ["a.mp4"]


def test_a_file_that_is_no_film_gets_one_line(bicubic, tmp_path):
    (tmp_path / "a.mp4").write_bytes(np.random.default_rng(0).bytes(5000))
    code, _, err = bicubic(tmp_path / "a.mp4", "-o", tmp_path / "b.mp4")
    assert code == 1
    assert len(err) == 1
    assert "a.mp4: is no film that can be read, or damaged" in err[0]
    assert files(tmp_path) == ["a.mp4"]


def test_sound_alone_is_no_film(tmp_path):
    import wave

    with wave.open(str(tmp_path / "a.wav"), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(1000))
    (tmp_path / "a.wav").rename(tmp_path / "a.avi")
    with pytest.raises(InputError, match="holds no moving picture"):
        upscale_film(tmp_path / "a.avi", tmp_path / "b.mkv", model="bicubic")


def test_a_damaged_film_is_done_as_far_as_it_can_be_read_and_says_so(tmp_path, caplog):
    film = write_film(tmp_path / "a.mp4", moving_pictures(40, 36, 64), options={"g": "10"})
    data = bytearray(film.read_bytes())
    start = data.index(b"mdat")
    for part in (0.1, 0.3, 0.5, 0.7):
        place = start + int(part * (data.index(b"moov") - start))
        data[place : place + 40] = np.random.default_rng(0).bytes(40)
    film.write_bytes(data)
    with caplog.at_level("WARNING", "pyimagesearch"):
        upscale_film(film, tmp_path / "b.mp4", model="bicubic")
    assert "damaged packets or frames; the frame before each stays longer" in caplog.text
    shown = times(tmp_path / "b.mp4")
    assert 30 <= len(shown) <= 40
    assert set(shown) <= {Fraction(number, 25) for number in range(40)}


def test_a_film_that_was_cut_off_is_done_to_its_end_and_says_so(tmp_path, caplog):
    film = write_film(
        tmp_path / "a.mp4", moving_pictures(40, 36, 64), options={"g": "10"}, container={"movflags": "faststart"}
    )
    film.write_bytes(film.read_bytes()[: film.stat().st_size * 2 // 3])
    with caplog.at_level("WARNING", "pyimagesearch"):
        upscale_film(film, tmp_path / "b.mp4", model="bicubic")
    left = len(frames(tmp_path / "b.mp4"))
    assert 5 <= left < 40
    assert f"its header names 40 frames, but it holds {left}; it may have been cut off" in caplog.text


def test_a_film_whose_pictures_change_their_size_is_refused(tmp_path):
    with pytest.raises(InputError, match="its pictures change from 32x32 yuv420p to 48x48 yuv420p at"):
        upscale_film(joined(tmp_path, 32, 48, range(60, 120)), tmp_path / "b.mkv", model="bicubic")


def test_a_film_whose_times_jump_back_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"its times jump back from .* s to .* s; write it anew"):
        upscale_film(joined(tmp_path, 32, 32, range(60)), tmp_path / "b.mkv", model="bicubic")


def joined(folder, first, second, times_of_second):
    """A film of two that were written one after the other."""
    films = [
        write_film(folder / f"{number}.ts", moving_pictures(60, side, side), times=shown, codec="mpeg2video")
        for number, (side, shown) in enumerate([(first, range(60)), (second, times_of_second)])
    ]
    (folder / "a.ts").write_bytes(b"".join(film.read_bytes() for film in films))
    return folder / "a.ts"


@pytest.mark.parametrize(("options", "sides"), [({"scale": 2}, (128, 72)), ({"size": (500, None)}, (500, 280))])
def test_other_scales_and_sizes(tmp_path, options, sides):
    film = write_film(tmp_path / "a.mp4", [flat_frame("yuv420p", 90, 128, 128)])
    upscale_film(film, tmp_path / "b.mp4", model="bicubic", **options)
    (frame,) = frames(tmp_path / "b.mp4")
    assert (frame.width, frame.height) == sides


def test_a_folder_of_results_goes_on_and_names_what_differs(bicubic, tmp_path):
    film = write_film(tmp_path / "a.avi", moving_pictures(3, 16, 16), codec="mpeg4")
    for again in (False, True):
        code, out, _ = bicubic(film, "-o", f"{tmp_path}/out/")
        assert code == 0
        assert ("1 done before" in out) == again
    code, _, err = bicubic(film, "-o", f"{tmp_path}/out/", "--crf", "30")
    assert code == 1
    assert "a.mkv: exists already, made with --crf unset, not 30; --overwrite makes it again" in err[0]
