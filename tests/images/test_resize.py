"""images/resize.py, color.py: bicubic and luma equal MATLAB's."""

import numpy as np
import pytest
import tensorflow as tf
from helpers.pixel_comparison import assert_close

from pyimagesearch.evaluation import metrics
from pyimagesearch.images import color, picture_io, resize


def test_crop_to_multiple_cuts_right_and_bottom(noise):
    assert_close(resize.crop_to_multiple(noise(11, 13), 4), noise(11, 13)[:8, :12])
    assert_close(resize.crop_to_multiple(noise(8, 12), 4), noise(8, 12))


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_downscaling_equals_tensorflows_antialiased_bicubic_away_from_the_border(noise, scale):
    hr = noise(12 * scale, 15 * scale)
    reference = tf.image.resize(hr, (12, 15), method="bicubic", antialias=True).numpy()
    difference = np.abs(resize.downscale(hr, scale) - np.clip(reference, 0, 255))[2:-2, 2:-2]
    assert difference.max() <= 1.2  # both passes round to levels, as MATLAB does
    assert difference.mean() <= 0.4


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_upscaling_equals_tensorflows_bicubic_away_from_the_border(noise, scale):
    lr = noise(12, 15)
    reference = tf.image.resize(lr, (12 * scale, 15 * scale), method="bicubic", antialias=True).numpy()
    border = 2 * scale
    difference = np.abs(resize.upscale_bicubic(lr, scale) - np.clip(reference, 0, 255))[border:-border, border:-border]
    assert difference.max() <= 0.51  # rounding to a level, and float32


# Padding by hand and cutting the result tells which pixels stand outside the picture.
@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_a_downscale_repeats_the_border_as_the_benchmarks_do(noise, scale):
    hr = noise(12 * scale, 15 * scale)
    wide = np.pad(hr, ((4 * scale, 4 * scale), (4 * scale, 4 * scale), (0, 0)), mode="edge")
    assert_close(resize.downscale(hr, scale), resize.downscale(wide, scale)[4:-4, 4:-4], tolerance=1)


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_an_upscale_mirrors_the_border(noise, scale):
    wide = np.pad(noise(12, 15), ((4, 4), (4, 4), (0, 0)), mode="symmetric")
    cut = slice(4 * scale, -4 * scale)
    expected = resize.upscale_bicubic(wide, scale)[cut, cut]
    assert_close(resize.upscale_bicubic(noise(12, 15), scale), expected, tolerance=1)


def test_bicubic_weights_are_those_of_keys_kernel_by_hand():
    # Twice as wide: new samples fall a quarter beside the old ones, where Keys' kernel (a = -0.5) is
    # -9/128, 111/128, 29/128, -3/128 for the distances 1.25, 0.25, 0.75, 1.75.
    row = np.zeros((1, 9, 3), np.uint8)
    row[0, 4] = 128
    got = resize.resize_bicubic(row, 1, 18)[0, :, 0]
    expected = np.clip([0, 0, 0, 0, 0, -3, -9, 29, 111, 111, 29, -9, -3, 0, 0, 0, 0, 0], 0, 255)
    assert got.tolist() == expected.tolist()


def test_downscaling_set5_gives_the_published_lr_pictures(test_data):
    hr_paths = picture_io.list_pictures(test_data / "benchmarks" / "Set5" / "HR")
    assert len(hr_paths) == 5
    for path in hr_paths:
        published = picture_io.read_rgb(test_data / "benchmarks" / "Set5" / "LR_bicubic_x4" / path.name)
        hr = resize.crop_to_multiple(picture_io.read_rgb(path), 4)
        assert_close(resize.downscale(hr, 4), published, tolerance=1)


@pytest.mark.parametrize(("name", "count", "decibels"), [("Set5", 5, 28.43), ("Set14", 14, 26.09)])
def test_bicubic_scores_what_papers_report(test_data, name, count, decibels):
    scores = []
    for path in picture_io.list_pictures(test_data / "benchmarks" / name / "HR"):
        lr = picture_io.read_rgb(test_data / "benchmarks" / name / "LR_bicubic_x4" / path.name)
        sr = resize.upscale_bicubic(lr, 4)
        hr = picture_io.read_rgb(path)[: sr.shape[0], : sr.shape[1]]
        scores.append(float(metrics.psnr_y(sr[None], hr[None], border=4)[0]))
    assert len(scores) == count
    assert np.mean(scores) == pytest.approx(decibels, abs=0.02)


@pytest.mark.parametrize(
    ("rgb", "y"),
    # MATLAB's rgb2ycbcr gives 16, 235, 81.481, 144.553, 40.966 before it rounds.
    [((0, 0, 0), 16), ((255, 255, 255), 235), ((255, 0, 0), 81.481), ((0, 255, 0), 144.553), ((0, 0, 255), 40.966)],
)
def test_luma_is_that_of_bt601(rgb, y):
    assert color.luma(np.array(rgb, np.float32)) == pytest.approx(y, abs=0.001)
    assert float(color.luma(tf.constant(rgb, tf.float32))) == pytest.approx(y, abs=0.001)


def test_luma_drops_the_last_axis_only(noise):
    assert color.luma(noise(4, 6).astype(np.float32)[None]).shape == (1, 4, 6)


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
@pytest.mark.parametrize("size", [(1, 1), (2, 1), (5, 16), (150, 40)], ids=str)
def test_the_fast_downscale_equals_the_general_one(noise, size, scale):
    hr = noise(size[0] * scale, size[1] * scale)
    np.testing.assert_array_equal(resize.downscale(hr, scale), resize.resize_bicubic(hr, *size))


def test_a_downscale_in_strips_is_seamless(noise, monkeypatch):
    hr = noise(64, 96)
    whole = resize.downscale(hr, 4)
    monkeypatch.setattr(resize, "STRIP", 64 * 5)
    np.testing.assert_array_equal(resize.downscale(hr, 4), whole)


@pytest.mark.parametrize(("height", "width"), [(50, 70), (24, 90), (49, 30)])
def test_rows_resized_apart_are_those_of_the_whole_resize(height, width):
    picture = np.random.default_rng(0).integers(0, 65536, (37, 61, 3)).astype(np.uint16)
    expected = resize.resize_bicubic(picture, height, width).astype(int)
    rows = slice(20, 24)
    found = resize.resized_rows(picture, height, width, rows)
    np.testing.assert_allclose(found.clip(0, 65535), expected[rows], atol=2)  # neither rounded once nor twice
    needed = picture[resize.source_rows(37, height, rows)]
    np.testing.assert_array_equal(resize.resized_rows(needed, height, width, rows, length=37), found)


def test_a_resize_in_bands_is_the_whole_resize(monkeypatch, noise):
    monkeypatch.setattr(resize, "STRIP", 200)  # bands of two rows
    picture = noise(37, 61)
    found = resize.resize_in_bands(picture, 50, 80)
    np.testing.assert_array_equal(found, resize.resize_bicubic(picture, 50, 80))
