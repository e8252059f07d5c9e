"""pyimagesearch.images: any picture in, bicubic as MATLAB's, luma as MATLAB's."""

import struct
import subprocess
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from pyimagesearch import decoding, images, metrics
from pyimagesearch.errors import UserError


def grey_as_rgb(grey):
    return np.repeat(grey[:, :, None], 3, axis=2)


def assert_close(got, expected, tolerance=0):
    assert got.dtype == np.uint8
    assert got.shape == expected.shape
    assert np.abs(got.astype(int) - expected.astype(int)).max() <= tolerance


@pytest.mark.parametrize("suffix", [".png", ".tif", ".bmp", ".jp2"])
def test_lossless_rgb_is_read_exactly(tmp_path, noise, suffix):
    path = tmp_path / f"a{suffix}"
    Image.fromarray(noise(8, 12)).save(path)
    assert_close(images.read(path), noise(8, 12))


def test_grey_becomes_three_equal_channels(tmp_path, noise):
    grey = noise(8, 12)[:, :, 0]
    Image.fromarray(grey).save(tmp_path / "a.png")
    assert_close(images.read(tmp_path / "a.png"), grey_as_rgb(grey))


def test_one_bit_becomes_black_and_white(tmp_path, noise):
    bits = noise(8, 12)[:, :, 0] > 127
    Image.fromarray(bits).save(tmp_path / "a.png")
    assert Image.open(tmp_path / "a.png").mode == "1"
    assert_close(images.read(tmp_path / "a.png"), grey_as_rgb(bits.astype(np.uint8) * 255))


def test_palette_is_looked_up(tmp_path):
    picture = Image.fromarray(np.array([[0, 1], [2, 1]], np.uint8), "L").convert("P")
    picture.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    picture.save(tmp_path / "a.png")
    expected = np.array([[[10, 20, 30], [40, 50, 60]], [[70, 80, 90], [40, 50, 60]]], np.uint8)
    assert_close(images.read(tmp_path / "a.png"), expected)


# 100 at an alpha of 128 over white: 100 * 128/255 + 255 * 127/255 = 177.2
def test_alpha_is_laid_over_white(tmp_path):
    rgba = np.array([[[100, 0, 255, 255], [100, 100, 100, 128], [9, 9, 9, 0]]], np.uint8)
    Image.fromarray(rgba).save(tmp_path / "a.png")
    expected = np.array([[[100, 0, 255], [177, 177, 177], [255, 255, 255]]], np.uint8)
    assert_close(images.read(tmp_path / "a.png"), expected)


def test_alpha_of_grey_is_laid_over_white(tmp_path):
    grey_alpha = np.array([[[100, 255], [100, 128], [9, 0]]], np.uint8)
    Image.fromarray(grey_alpha, "LA").save(tmp_path / "a.png")
    assert_close(images.read(tmp_path / "a.png"), grey_as_rgb(np.array([[100, 177, 255]], np.uint8)))


@pytest.mark.parametrize("suffix", [".png", ".gif"])
def test_transparent_palette_entries_become_white(tmp_path, suffix):
    picture = Image.fromarray(np.array([[0, 1]], np.uint8), "L").convert("P")
    picture.putpalette([10, 20, 30, 40, 50, 60])
    picture.save(tmp_path / f"a{suffix}", transparency=1)
    expected = np.array([[[10, 20, 30], [255, 255, 255]]], np.uint8)
    assert_close(images.read(tmp_path / f"a{suffix}"), expected)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_16_bit_grey_keeps_its_brightness(tmp_path, suffix):
    grey = np.array([[0, 128, 257, 51400, 65535]], np.uint16)
    cv2.imwrite(str(tmp_path / f"a{suffix}"), grey)
    assert_close(images.read(tmp_path / f"a{suffix}"), grey_as_rgb(np.array([[0, 0, 1, 200, 255]], np.uint8)))


# Pillow keeps the high byte of 16-bit PNG, which is not rounded: hence one level.
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_16_bit_colour_keeps_brightness_and_channel_order(tmp_path, noise, suffix):
    eight = noise(8, 12)
    sixteen = eight.astype(np.uint16) * 257
    cv2.imwrite(str(tmp_path / f"a{suffix}"), sixteen[:, :, ::-1])
    assert_close(images.read(tmp_path / f"a{suffix}"), eight, tolerance=1)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_16_bit_alpha_is_laid_over_white(tmp_path, suffix):
    bgra = np.array([[[65535, 0, 25700, 65535], [25700, 25700, 25700, 32896], [9, 9, 9, 0]]], np.uint16)
    cv2.imwrite(str(tmp_path / f"a{suffix}"), bgra)
    expected = np.array([[[100, 0, 255], [177, 177, 177], [255, 255, 255]]], np.uint8)
    assert_close(images.read(tmp_path / f"a{suffix}"), expected, tolerance=1)


def test_float_tiff_of_zero_to_one_is_stretched(tmp_path):
    cv2.imwrite(str(tmp_path / "a.tif"), np.array([[0.0, 0.5, 1.0]], np.float32))
    assert_close(images.read(tmp_path / "a.tif"), grey_as_rgb(np.array([[0, 128, 255]], np.uint8)))


def test_what_only_opencv_reads_keeps_its_channel_order(tmp_path, noise):
    cv2.imwrite(str(tmp_path / "a.tif"), noise(8, 12)[:, :, ::-1].astype(np.float32) / 255)
    with pytest.raises(Image.UnidentifiedImageError):
        Image.open(tmp_path / "a.tif")
    assert_close(images.read(tmp_path / "a.tif"), noise(8, 12))


def test_cmyk_jpeg_is_converted(tmp_path):
    cmyk = np.zeros((16, 16, 4), np.uint8)
    cmyk[:, :, 1:3] = 255  # magenta and yellow: red
    Image.fromarray(cmyk, "CMYK").save(tmp_path / "a.jpg", quality=100)
    expected = np.full((16, 16, 3), (255, 0, 0), np.uint8)
    assert_close(images.read(tmp_path / "a.jpg"), expected, tolerance=2)


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
    assert_close(images.read(tmp_path / "a.jpg"), UPRIGHT[orientation](stored), tolerance=4)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif", ".bmp", ".gif", ".jp2"])
def test_a_truncated_file_is_named(tmp_path, noise, suffix):
    path = tmp_path / f"cut{suffix}"
    Image.fromarray(noise(64, 64)).save(path)
    whole = path.read_bytes()
    for length in (len(whole) // 2, 20):
        path.write_bytes(whole[:length])
        with pytest.raises(images.UnreadablePicture, match=f"cut{suffix}"):
            images.read(path)


@pytest.mark.parametrize("content", [b"", b"no picture at all", bytes(range(256)) * 8], ids=["empty", "text", "bytes"])
def test_garbage_is_named(tmp_path, content):
    (tmp_path / "odd.png").write_bytes(content)
    with pytest.raises(images.UnreadablePicture, match=r"odd\.png"):
        images.read(tmp_path / "odd.png")


def test_a_garbage_file_prints_nothing_beside_its_error(tmp_path, capfd):
    """The codecs of OpenCV log on their own, which would break "one line on stderr"."""
    for name, content in {
        "a.png": b"\x89PNG\r\n\x1a\n" + b"x" * 50,
        "a.bmp": b"BM",
        "a.tif": b"II*\0" + b"x" * 9,
    }.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(images.UnreadablePicture, match=name):
            images.read(tmp_path / name)
    assert capfd.readouterr().err == ""


def test_pillows_warnings_stay_off_the_terminal(tmp_path, noise):
    """In a process of its own, since pytest replaces the filters."""
    path = tmp_path / "cut.tif"
    Image.fromarray(noise(64, 64)).save(path)
    path.write_bytes(path.read_bytes()[:20])
    script = "import sys; from pyimagesearch import images; images.read(sys.argv[1])"
    done = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, check=False)
    assert "UnreadablePicture" in done.stderr
    assert "Warning" not in done.stderr


def test_a_header_that_promises_gigapixels_is_refused(tmp_path):
    header = b"IHDR" + struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    (tmp_path / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 0) + b"IDAT" + b"\0" * 4)
    with pytest.raises(images.UnreadablePicture, match=r"bomb\.png"):
        images.read(tmp_path / "bomb.png")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r"gone\.png: no such file"):
        images.read(tmp_path / "gone.png")


# Permissions mean nothing to root, who may run this: the refusal is played at the call that would meet it.
def test_an_unreadable_file_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "open", lambda *_: (_ for _ in ()).throw(PermissionError(13, "Permission denied")))
    with pytest.raises(UserError, match=r"locked\.png: cannot be read \(permission denied\)"):
        images.read(tmp_path / "locked.png")


def test_an_unreadable_folder_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "iterdir", lambda *_: (_ for _ in ()).throw(PermissionError(13, "Permission denied")))
    with pytest.raises(UserError, match=rf"{tmp_path}: this folder cannot be read"):
        images.list_pictures(tmp_path)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(UserError, match=r"nowhere: no such folder"):
        images.list_pictures(tmp_path / "nowhere")


def test_a_folder_without_pictures_is_named(tmp_path):
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / ".hidden.png").write_text("x")
    with pytest.raises(UserError, match=rf"{tmp_path}: holds no picture"):
        images.list_pictures(tmp_path)


def test_pictures_are_listed_by_name_whatever_the_case_of_their_suffix(tmp_path):
    for name in ("b.PNG", "a.jpeg", "c.Tif", "notes.txt", ".hidden.png"):
        (tmp_path / name).write_bytes(b"")
    assert [path.name for path in images.list_pictures(tmp_path)] == ["a.jpeg", "b.PNG", "c.Tif"]


def test_a_written_picture_reads_back_and_leaves_nothing_beside_it(tmp_path, noise):
    images.write(tmp_path / "a.png", noise(8, 12))
    assert_close(images.read(tmp_path / "a.png"), noise(8, 12))
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_a_failed_write_keeps_the_old_file_and_leaves_no_part(tmp_path, noise, monkeypatch):
    images.write(tmp_path / "a.png", noise(8, 12))

    def disk_full(_, path, **__):
        Path(path).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", disk_full)
    with pytest.raises(OSError, match="No space left"):
        images.write(tmp_path / "a.png", noise(8, 12, seed=1))
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
    assert_close(images.read(tmp_path / "a.png"), noise(8, 12))


def test_crop_to_multiple_cuts_right_and_bottom(noise):
    assert_close(images.crop_to_multiple(noise(11, 13), 4), noise(11, 13)[:8, :12])
    assert_close(images.crop_to_multiple(noise(8, 12), 4), noise(8, 12))


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_downscaling_equals_tensorflows_antialiased_bicubic_away_from_the_border(noise, scale):
    hr = noise(12 * scale, 15 * scale)
    reference = tf.image.resize(hr, (12, 15), method="bicubic", antialias=True).numpy()
    difference = np.abs(images.downscale(hr, scale) - np.clip(reference, 0, 255))[2:-2, 2:-2]
    assert difference.max() <= 1.2  # both passes round to levels, as MATLAB does
    assert difference.mean() <= 0.4


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_upscaling_equals_tensorflows_bicubic_away_from_the_border(noise, scale):
    lr = noise(12, 15)
    reference = tf.image.resize(lr, (12 * scale, 15 * scale), method="bicubic", antialias=True).numpy()
    border = 2 * scale
    difference = np.abs(images.upscale_bicubic(lr, scale) - np.clip(reference, 0, 255))[border:-border, border:-border]
    assert difference.max() <= 0.51  # rounding to a level, and float32


# Padding by hand and cutting the result tells which pixels stand outside the picture.
@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_a_downscale_repeats_the_border_as_the_benchmarks_do(noise, scale):
    hr = noise(12 * scale, 15 * scale)
    wide = np.pad(hr, ((4 * scale, 4 * scale), (4 * scale, 4 * scale), (0, 0)), mode="edge")
    assert_close(images.downscale(hr, scale), images.downscale(wide, scale)[4:-4, 4:-4], tolerance=1)


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_an_upscale_mirrors_the_border(noise, scale):
    wide = np.pad(noise(12, 15), ((4, 4), (4, 4), (0, 0)), mode="symmetric")
    cut = slice(4 * scale, -4 * scale)
    expected = images.upscale_bicubic(wide, scale)[cut, cut]
    assert_close(images.upscale_bicubic(noise(12, 15), scale), expected, tolerance=1)


def test_bicubic_weights_are_those_of_keys_kernel_by_hand():
    # Twice as wide: new samples fall a quarter beside the old ones, where Keys' kernel (a = -0.5) is
    # -9/128, 111/128, 29/128, -3/128 for the distances 1.25, 0.25, 0.75, 1.75.
    row = np.zeros((1, 9, 3), np.uint8)
    row[0, 4] = 128
    got = images.resize_bicubic(row, 1, 18)[0, :, 0]
    expected = np.clip([0, 0, 0, 0, 0, -3, -9, 29, 111, 111, 29, -9, -3, 0, 0, 0, 0, 0], 0, 255)
    assert got.tolist() == expected.tolist()


def test_downscaling_set5_gives_the_published_lr_pictures(test_data):
    hr_paths = images.list_pictures(test_data / "benchmarks" / "Set5" / "HR")
    assert len(hr_paths) == 5
    for path in hr_paths:
        published = images.read(test_data / "benchmarks" / "Set5" / "LR_bicubic_x4" / path.name)
        hr = images.crop_to_multiple(images.read(path), 4)
        assert_close(images.downscale(hr, 4), published, tolerance=1)


@pytest.mark.parametrize(("name", "count", "decibels"), [("Set5", 5, 28.43), ("Set14", 14, 26.09)])
def test_bicubic_scores_what_papers_report(test_data, name, count, decibels):
    scores = []
    for path in images.list_pictures(test_data / "benchmarks" / name / "HR"):
        sr = images.upscale_bicubic(images.read(test_data / "benchmarks" / name / "LR_bicubic_x4" / path.name), 4)
        hr = images.read(path)[: sr.shape[0], : sr.shape[1]]
        scores.append(float(metrics.psnr_y(sr[None], hr[None], border=4)[0]))
    assert len(scores) == count
    assert np.mean(scores) == pytest.approx(decibels, abs=0.02)


@pytest.mark.parametrize(
    ("rgb", "y"),
    # MATLAB's rgb2ycbcr gives 16, 235, 81.481, 144.553, 40.966 before it rounds.
    [((0, 0, 0), 16), ((255, 255, 255), 235), ((255, 0, 0), 81.481), ((0, 255, 0), 144.553), ((0, 0, 255), 40.966)],
)
def test_luma_is_that_of_bt601(rgb, y):
    assert images.luma(np.array(rgb, np.float32)) == pytest.approx(y, abs=0.001)
    assert float(images.luma(tf.constant(rgb, tf.float32))) == pytest.approx(y, abs=0.001)


def test_luma_drops_the_last_axis_only(noise):
    assert images.luma(noise(4, 6).astype(np.float32)[None]).shape == (1, 4, 6)


def test_without_opencvs_libraries_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(UserError, match=r"libgl1.*libsm6.*libice6.*libx11-6.*libglib2\.0-0"):
        decoding.opencv()


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
@pytest.mark.parametrize("size", [(1, 1), (2, 1), (5, 16), (150, 40)], ids=str)
def test_the_fast_downscale_equals_the_general_one(noise, size, scale):
    hr = noise(size[0] * scale, size[1] * scale)
    np.testing.assert_array_equal(images.downscale(hr, scale), images.resize_bicubic(hr, *size))


def test_a_downscale_in_strips_is_seamless(noise, monkeypatch):
    hr = noise(64, 96)
    whole = images.downscale(hr, 4)
    monkeypatch.setattr(images, "STRIP", 64 * 5)
    np.testing.assert_array_equal(images.downscale(hr, 4), whole)


def test_a_file_says_how_many_pixels_it_holds(tmp_path, noise):
    images.write(tmp_path / "a.png", noise(3, 5))
    assert images.pixels(tmp_path / "a.png") == 15
    (tmp_path / "b.png").write_bytes(b"garbage")
    assert images.pixels(tmp_path / "b.png") == images.pixels(tmp_path / "none.png") == 0
