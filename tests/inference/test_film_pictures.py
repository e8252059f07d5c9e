"""A film's pictures: colours against an independent reference, bit depths, odd sizes, interlaced and grey films."""

import numpy as np
import pytest
from helpers.optional_extras import need_video

need_video()

import av  # noqa: E402
from helpers.films import flat_frame, frames, moving_pictures, planes, write_film  # noqa: E402

from pyimagesearch.errors import InputError  # noqa: E402
from pyimagesearch.images import resize  # noqa: E402
from pyimagesearch.inference.film.upscale import upscale_film  # noqa: E402

WEIGHTS = {1: (0.2126, 0.0722), 5: (0.299, 0.114), 6: (0.299, 0.114), 9: (0.2627, 0.0593)}
LOSSLESS = {"crf": 0, "codec": "h264"}  # x264's quality 0 loses nothing of 8 bits


def enlarge(source, name="larger.mkv", **options):
    target = source.with_name(name)
    upscale_film(source, target, model="bicubic", **options)
    return target


def bicubic_by_hand(frame, matrix, full):
    """A 4:4:4 frame to RGB by the standard's equations, larger by bicubic, and back, all in float64."""
    kr, kb = WEIGHTS[matrix]
    y, cb, cr = (plane.astype(float) for plane in planes(frame))
    low, span, chroma_span = (0, 255, 255) if full else (16, 219, 224)
    luma, blue, red = (y - low) / span, (cb - 128) / chroma_span, (cr - 128) / chroma_span
    r, b = luma + 2 * (1 - kr) * red, luma + 2 * (1 - kb) * blue
    g = (luma - kr * r - kb * b) / (1 - kr - kb)
    rgb = np.rint(np.clip(np.stack([r, g, b], axis=2), 0, 1) * 255).astype(np.uint8)
    r, g, b = np.moveaxis(resize.upscale_bicubic(rgb, 4) / 255.0, 2, 0)
    luma = kr * r + (1 - kr - kb) * g + kb * b
    blue, red = (b - luma) / (2 * (1 - kb)), (r - luma) / (2 * (1 - kr))
    return [luma * span + low, blue * chroma_span + 128, red * chroma_span + 128]


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("matrix", WEIGHTS)
def test_colours_are_those_of_the_matrix_and_range_that_a_film_names(tmp_path, matrix, full):
    film = write_film(
        tmp_path / "a.mkv", moving_pictures(2, 20, 24), pixels="yuv444p", options={"crf": "0"}, colorspace=matrix,
        color_range=2 if full else 1,
    )  # fmt: skip
    larger = frames(enlarge(film, **LOSSLESS))
    for before, after in zip(frames(film), larger, strict=True):
        assert (after.colorspace, after.color_range) == (matrix, 2 if full else 1)
        for found, expected in zip(planes(after), bicubic_by_hand(before, matrix, full), strict=True):
            assert np.abs(found - expected).max() <= 1.01  # rounding, once


@pytest.mark.parametrize(("height", "matrix"), [(36, 6), (720, 1)])
def test_a_film_that_names_no_matrix_gets_the_one_that_players_take_by_its_size(tmp_path, height, matrix):
    """Larger, it would be taken for another one: the result names it."""
    frame = flat_frame("yuv420p", 120, 110, 150, height=height, width=48)
    film = write_film(tmp_path / "a.mp4", [frame], options={"crf": "0"})
    larger = frames(enlarge(film, size=(48, height), **LOSSLESS))[0]
    assert larger.colorspace == matrix
    for found, value in zip(planes(larger), (120, 110, 150), strict=True):
        assert np.abs(found.astype(int) - value).max() <= 1


@pytest.mark.parametrize("pixels", ["yuv420p10le", "yuv422p10le", "yuv444p10le", "yuv420p12le"])
def test_more_than_8_bits_are_kept(tmp_path, pixels):
    unit = 4 if "12le" in pixels else 1
    values = (401 * unit, 513 * unit, 498 * unit)  # which 8 bits would round to multiples of 4
    film = write_film(tmp_path / "a.mkv", [flat_frame(pixels, *values)] * 3, codec="ffv1", pixels=pixels)
    larger = frames(enlarge(film, crf=0))[0]
    assert larger.format.name == pixels
    for found, value in zip(planes(larger), values, strict=True):
        assert np.abs(found.astype(int) - value).max() <= unit


@pytest.mark.parametrize("pixels", ["yuv420p", "yuv422p", "yuv411p"])
def test_odd_sizes(tmp_path, pixels):
    film = write_film(tmp_path / "a.mkv", moving_pictures(3, 35, 63), codec="ffv1", pixels=pixels)
    larger = frames(enlarge(film, **LOSSLESS))
    assert (larger[0].width, larger[0].height) == (252, 140)
    # The last columns and rows hold picture, no padding: they are what stands beside them, moved.
    luma = planes(larger[-1])[0].astype(int)
    assert np.abs(luma[:, -1] - luma[:, -2]).max() < 20
    assert np.abs(luma[-1] - luma[-2]).max() < 20


def test_half_chroma_of_odd_results_is_refused_with_a_size_that_fits(tmp_path):
    film = write_film(tmp_path / "a.mp4", moving_pictures(2, 36, 64))
    with pytest.raises(InputError, match=r"would become 101x57, .* needs even numbers; name `size` 100x56"):
        enlarge(film, size=(101, 57))
    assert frames(enlarge(film, size=(101 - 1, None)))[0].height == 56


def test_nv12_and_planes_give_the_same(tmp_path):
    results = []
    for pixels in ("yuv420p", "nv12"):
        pictures = [av.VideoFrame.from_ndarray(each).reformat(format="yuv420p") for each in moving_pictures(2, 36, 64)]
        pictures = [each.reformat(format=pixels) for each in pictures]
        film = write_film(tmp_path / f"{pixels}.avi", pictures, codec="rawvideo", pixels=pixels)
        results.append([planes(frame) for frame in frames(enlarge(film, f"{pixels}.mkv", **LOSSLESS))])
    for first, second in zip(*results, strict=True):
        for ours, others in zip(first, second, strict=True):
            np.testing.assert_array_equal(ours, others)


def test_rgb_films_keep_their_colours(tmp_path):
    picture = np.broadcast_to(np.array([200, 40, 90], np.uint8), (36, 64, 3))
    film = write_film(tmp_path / "a.avi", [np.ascontiguousarray(picture)], codec="rawvideo", pixels="bgr24")
    larger = frames(enlarge(film, **LOSSLESS))[0]
    assert (larger.format.name, larger.colorspace, larger.color_range) == ("yuv444p", 1, 1)
    y, cb, cr = (float(plane.mean()) for plane in planes(larger))
    kr, kb = WEIGHTS[1]
    red, blue = (y - 16) / 219 + 2 * (1 - kr) * (cr - 128) / 224, (y - 16) / 219 + 2 * (1 - kb) * (cb - 128) / 224
    np.testing.assert_allclose([red * 255, blue * 255], [200, 90], atol=1.6)


def test_grey_films_stay_grey(tmp_path):
    film = write_film(tmp_path / "a.mkv", [flat_frame("gray", 77)] * 2, codec="ffv1", pixels="gray", color_range=2)
    larger = frames(enlarge(film, **LOSSLESS))[0]
    assert larger.format.name in ("yuv420p", "yuvj420p")
    for found, value in zip(planes(larger), (77, 128, 128), strict=True):
        assert np.abs(found.astype(int) - value).max() <= 1


def test_an_interlaced_film_is_deinterlaced_and_says_so(tmp_path, caplog):
    """A bar moves by 8 pixels from field to field: in the frames of the file its edges are combs."""
    woven = []
    for number in range(6):
        picture = np.full((48, 96, 3), 40, np.uint8)
        for field in (0, 1):
            left = 8 + 8 * (2 * number + field) // 2
            picture[field::2, left : left + 16] = 220
        woven.append(picture)
    film = write_film(tmp_path / "a.mpg", woven, codec="mpeg2video", options={"flags": "+ildct+ilme", "q": "2"})
    assert frames(film)[0].interlaced_frame
    with caplog.at_level("INFO", "pyimagesearch"):
        larger = frames(enlarge(film, **LOSSLESS))
    assert "is interlaced, and is deinterlaced" in caplog.text
    assert [frame.interlaced_frame for frame in larger] == [False] * 6

    def combs(frame):
        luma = planes(frame)[0].astype(int)
        step = luma.shape[0] // 48
        rows = luma[step // 2 :: step]
        return np.abs(2 * rows[1:-1] - rows[:-2] - rows[2:]).mean()

    assert combs(larger[2]) < 0.4 * combs(frames(film)[2])
