"""images/picture_io.py: any picture is read as 8-bit RGB, upright and over white."""

import cv2
import numpy as np
import pytest
from helpers.pixel_comparison import assert_close
from PIL import Image

from pyimagesearch.images import picture_io


def grey_as_rgb(grey):
    return np.repeat(grey[:, :, None], 3, axis=2)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".bmp", ".jp2"])
def test_lossless_rgb_is_read_exactly(tmp_path, noise, suffix):
    path = tmp_path / f"a{suffix}"
    Image.fromarray(noise(8, 12)).save(path)
    assert_close(picture_io.read_rgb(path), noise(8, 12))


def test_grey_becomes_three_equal_channels(tmp_path, noise):
    grey = noise(8, 12)[:, :, 0]
    Image.fromarray(grey).save(tmp_path / "a.png")
    assert_close(picture_io.read_rgb(tmp_path / "a.png"), grey_as_rgb(grey))


def test_one_bit_becomes_black_and_white(tmp_path, noise):
    bits = noise(8, 12)[:, :, 0] > 127
    Image.fromarray(bits).save(tmp_path / "a.png")
    assert Image.open(tmp_path / "a.png").mode == "1"
    assert_close(picture_io.read_rgb(tmp_path / "a.png"), grey_as_rgb(bits.astype(np.uint8) * 255))


def test_palette_is_looked_up(tmp_path):
    picture = Image.fromarray(np.array([[0, 1], [2, 1]], np.uint8), "L").convert("P")
    picture.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    picture.save(tmp_path / "a.png")
    expected = np.array([[[10, 20, 30], [40, 50, 60]], [[70, 80, 90], [40, 50, 60]]], np.uint8)
    assert_close(picture_io.read_rgb(tmp_path / "a.png"), expected)


# 100 at an alpha of 128 over white: 100 * 128/255 + 255 * 127/255 = 177.2
def test_alpha_is_laid_over_white(tmp_path):
    rgba = np.array([[[100, 0, 255, 255], [100, 100, 100, 128], [9, 9, 9, 0]]], np.uint8)
    Image.fromarray(rgba).save(tmp_path / "a.png")
    expected = np.array([[[100, 0, 255], [177, 177, 177], [255, 255, 255]]], np.uint8)
    assert_close(picture_io.read_rgb(tmp_path / "a.png"), expected)


def test_alpha_of_grey_is_laid_over_white(tmp_path):
    grey_alpha = np.array([[[100, 255], [100, 128], [9, 0]]], np.uint8)
    Image.fromarray(grey_alpha, "LA").save(tmp_path / "a.png")
    assert_close(picture_io.read_rgb(tmp_path / "a.png"), grey_as_rgb(np.array([[100, 177, 255]], np.uint8)))


@pytest.mark.parametrize("suffix", [".png", ".gif"])
def test_transparent_palette_entries_become_white(tmp_path, suffix):
    picture = Image.fromarray(np.array([[0, 1]], np.uint8), "L").convert("P")
    picture.putpalette([10, 20, 30, 40, 50, 60])
    picture.save(tmp_path / f"a{suffix}", transparency=1)
    expected = np.array([[[10, 20, 30], [255, 255, 255]]], np.uint8)
    assert_close(picture_io.read_rgb(tmp_path / f"a{suffix}"), expected)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_16_bit_grey_keeps_its_brightness(tmp_path, suffix):
    grey = np.array([[0, 128, 257, 51400, 65535]], np.uint16)
    cv2.imwrite(str(tmp_path / f"a{suffix}"), grey)
    assert_close(picture_io.read_rgb(tmp_path / f"a{suffix}"), grey_as_rgb(np.array([[0, 0, 1, 200, 255]], np.uint8)))


# Pillow keeps the high byte of 16-bit PNG, which is not rounded: hence one level.
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_16_bit_colour_keeps_brightness_and_channel_order(tmp_path, noise, suffix):
    eight = noise(8, 12)
    sixteen = eight.astype(np.uint16) * 257
    cv2.imwrite(str(tmp_path / f"a{suffix}"), sixteen[:, :, ::-1])
    assert_close(picture_io.read_rgb(tmp_path / f"a{suffix}"), eight, tolerance=1)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_16_bit_alpha_is_laid_over_white(tmp_path, suffix):
    bgra = np.array([[[65535, 0, 25700, 65535], [25700, 25700, 25700, 32896], [9, 9, 9, 0]]], np.uint16)
    cv2.imwrite(str(tmp_path / f"a{suffix}"), bgra)
    expected = np.array([[[100, 0, 255], [177, 177, 177], [255, 255, 255]]], np.uint8)
    assert_close(picture_io.read_rgb(tmp_path / f"a{suffix}"), expected, tolerance=1)


def test_float_tiff_of_zero_to_one_is_stretched(tmp_path):
    cv2.imwrite(str(tmp_path / "a.tif"), np.array([[0.0, 0.5, 1.0]], np.float32))
    assert_close(picture_io.read_rgb(tmp_path / "a.tif"), grey_as_rgb(np.array([[0, 128, 255]], np.uint8)))


@pytest.mark.parametrize(("wrong", "level"), [(np.nan, 0), (np.inf, 255), (-np.inf, 0)])
def test_nan_and_infinity_in_a_float_tiff_do_not_change_other_pixels(wrong, level, tmp_path):
    cv2.imwrite(str(tmp_path / "a.tif"), np.array([[wrong, 0.5, 1.0]], np.float32))
    assert_close(picture_io.read_rgb(tmp_path / "a.tif"), grey_as_rgb(np.array([[level, 128, 255]], np.uint8)))


def test_a_picture_that_only_opencv_reads_keeps_its_channel_order(tmp_path, noise):
    cv2.imwrite(str(tmp_path / "a.tif"), noise(8, 12)[:, :, ::-1].astype(np.float32) / 255)
    with pytest.raises(Image.UnidentifiedImageError):
        Image.open(tmp_path / "a.tif")
    assert_close(picture_io.read_rgb(tmp_path / "a.tif"), noise(8, 12))


def test_cmyk_jpeg_is_converted(tmp_path):
    cmyk = np.zeros((16, 16, 4), np.uint8)
    cmyk[:, :, 1:3] = 255  # magenta and yellow: red
    Image.fromarray(cmyk, "CMYK").save(tmp_path / "a.jpg", quality=100)
    expected = np.full((16, 16, 3), (255, 0, 0), np.uint8)
    assert_close(picture_io.read_rgb(tmp_path / "a.jpg"), expected, tolerance=2)


# What EXIF says of the stored picture, undone by hand.
UPRIGHT = {
    1: lambda stored: stored,
    2: np.fliplr,
    3: lambda stored: np.rot90(stored, 2),
    4: np.flipud,
    5: lambda stored: stored.transpose(1, 0, 2),
    6: lambda stored: np.rot90(stored, -1),
    7: lambda stored: np.rot90(stored, 2).transpose(1, 0, 2),
    8: lambda stored: np.rot90(stored, 1),
}


@pytest.mark.parametrize("orientation", UPRIGHT)
def test_exif_orientation_is_undone(tmp_path, orientation):
    blocks = np.array([[[250, 0, 0], [0, 250, 0], [0, 0, 250]], [[0, 0, 0], [250, 250, 250], [250, 250, 0]]], np.uint8)
    stored = blocks.repeat(16, axis=0).repeat(16, axis=1)  # JPEG blocks: no colour bleeds into the next one
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(stored).save(tmp_path / "a.jpg", quality=100, subsampling=0, exif=exif)
    assert_close(picture_io.read_rgb(tmp_path / "a.jpg"), UPRIGHT[orientation](stored), tolerance=4)


def test_pictures_are_listed_by_name_whatever_the_case_of_their_suffix(tmp_path):
    for name in ("b.PNG", "a.jpeg", "c.Tif", "notes.txt", ".hidden.png"):
        (tmp_path / name).write_bytes(b"")
    assert [path.name for path in picture_io.list_pictures(tmp_path)] == ["a.jpeg", "b.PNG", "c.Tif"]


def test_the_number_of_pixels_is_read_from_the_header(tmp_path, noise):
    Image.fromarray(noise(3, 5)).save(tmp_path / "a.png")
    assert picture_io.header_pixels(tmp_path / "a.png") == 15
    (tmp_path / "b.png").write_bytes(b"garbage")
    assert picture_io.header_pixels(tmp_path / "b.png") == picture_io.header_pixels(tmp_path / "none.png") == 0
