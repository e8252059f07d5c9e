"""images/picture_io.py: what a file holds beside its colours is read and written again."""

import io
import struct
import zlib

import cv2
import numpy as np
import pytest
import tifffile
from helpers.hostile_pictures import encoded
from PIL import Image, ImageCms, ImageOps

from pyimagesearch.errors import InputError
from pyimagesearch.images import picture_io
from pyimagesearch.images.picture_io import Picture, UnreadablePicture, Upload

ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
MAKE, ORIENTATION, EXIF_IFD, GPS_IFD, WIDTH, HEIGHT, EXPOSURE = 0x10F, 0x112, 0x8769, 0x8825, 0xA002, 0xA003, 0x829A


def exif(orientation=1, width=7, height=5):
    made = Image.Exif()
    made[ORIENTATION], made[MAKE] = orientation, "Maker"
    made[EXIF_IFD] = {WIDTH: width, HEIGHT: height, EXPOSURE: 0.5}
    return made.tobytes()


@pytest.fixture
def deep():
    """deep(channels) is a 5x7 picture of 16 bits."""
    return lambda channels: np.random.default_rng(0).integers(0, 65536, (5, 7, channels), dtype=np.uint16)


def again(path, folder):
    """What a picture is when it was read, written to the same format and read again."""
    target = folder / f"again{path.suffix}"
    picture_io.write(target, picture_io.read(path))
    return picture_io.read(target)


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_grey_and_alpha_stay_as_they_are(tmp_path, mode, suffix):
    path = tmp_path / f"a{suffix}"
    samples = np.squeeze(np.random.default_rng(1).integers(0, 256, (5, 7, len(mode)), dtype=np.uint8))
    Image.fromarray(samples).save(path)
    assert Image.open(path).mode == mode
    np.testing.assert_array_equal(again(path, tmp_path).samples, samples)
    assert Image.open(tmp_path / f"again{suffix}").mode == mode


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_16_bits_stay_16_bits(tmp_path, deep, suffix, channels):
    path = tmp_path / f"a{suffix}"
    cv2.imwrite(str(path), deep(channels)[:, :, [0] if channels == 1 else [2, 1, 0, 3][:channels]])
    found = again(path, tmp_path)
    assert found.samples.dtype == np.uint16
    np.testing.assert_array_equal(found.samples, np.squeeze(deep(channels)))


def test_16_bit_grey_with_alpha_is_read_from_png_and_kept_by_tiff(tmp_path, deep):
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in deep(2))
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", 7, 5, 16, 4, 0, 0, 0)), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    data = b"".join(struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in chunks)
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + data)
    picture = picture_io.read(tmp_path / "a.png")
    np.testing.assert_array_equal(picture.samples, deep(2))
    picture_io.write(tmp_path / "a.tif", picture)
    np.testing.assert_array_equal(picture_io.read(tmp_path / "a.tif").samples, deep(2))
    as_colours = again(tmp_path / "a.png", tmp_path).samples  # OpenCV writes no such PNG
    np.testing.assert_array_equal(as_colours, deep(2)[:, :, [0, 0, 0, 1]])


def test_a_palette_with_transparency_becomes_colours_with_alpha(tmp_path):
    picture = Image.fromarray(np.array([[0, 1], [2, 1]], np.uint8), "L").convert("P")
    picture.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    expected = [[[10, 20, 30, 255], [40, 50, 60, 0]], [[70, 80, 90, 255], [40, 50, 60, 0]]]
    for suffix in (".png", ".gif"):
        picture.save(tmp_path / f"a{suffix}", transparency=1)
        np.testing.assert_array_equal(picture_io.read(tmp_path / f"a{suffix}").samples, expected)


def test_the_first_frame_of_a_gif_is_read(tmp_path):
    frames = [Image.new("RGB", (6, 4), colour) for colour in ("red", "lime")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert (picture_io.read(tmp_path / "a.gif").samples == (255, 0, 0)).all()


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_once(tmp_path, noise, suffix, orientation):
    path = tmp_path / f"a{suffix}"
    Image.fromarray(noise(5, 7)).save(path, exif=exif(orientation))
    with Image.open(path) as opened:
        expected = np.array(ImageOps.exif_transpose(opened).convert("RGB"))
    picture = picture_io.read(path)
    np.testing.assert_array_equal(picture.samples, expected)
    picture_io.write(tmp_path / f"b{suffix}", picture)
    written = Image.open(tmp_path / f"b{suffix}")
    assert ORIENTATION not in written.getexif()
    assert written.size == expected.shape[1::-1]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_16_bit_tiffs_are_turned_once_too(tmp_path, deep, orientation):
    tag = [(ORIENTATION, "H", 1, orientation, True)]
    tifffile.imwrite(tmp_path / "a.tif", deep(3), photometric="rgb", extratags=tag)
    tifffile.imwrite(tmp_path / "b.tif", (deep(3) >> 8).astype(np.uint8), photometric="rgb", extratags=tag)
    turned = picture_io.read(tmp_path / "a.tif").samples
    np.testing.assert_array_equal(turned >> 8, picture_io.read(tmp_path / "b.tif").samples)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp"])
def test_icc_and_exif_stay_and_the_size_in_exif_follows(tmp_path, noise, suffix):
    Image.fromarray(noise(5, 7)).save(tmp_path / f"a{suffix}", exif=exif(), icc_profile=ICC)
    picture = picture_io.read(tmp_path / f"a{suffix}")
    picture.samples = noise(20, 28)
    picture_io.write(tmp_path / f"b{suffix}", picture)
    written = Image.open(tmp_path / f"b{suffix}")
    assert written.info["icc_profile"] == ICC
    assert written.getexif()[MAKE] == "Maker"
    assert dict(written.getexif().get_ifd(EXIF_IFD)) == {WIDTH: 28, HEIGHT: 20, EXPOSURE: 0.5}


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate"])
def test_a_tiff_keeps_the_exif_of_a_camera_with_any_compression(tmp_path, noise, compression):
    block = Image.Exif()
    block.load(exif())
    block[GPS_IFD] = {1: "N", 2: (1.0, 2.0, 3.0)}
    encoder = {"TIFF": {"compression": compression}}
    picture_io.write(tmp_path / "a.tif", Picture(noise(5, 7), ICC, block.tobytes(), encoder))
    with Image.open(tmp_path / "a.tif") as written:
        assert written.info["compression"] == compression
        tags = written.getexif()
        assert tags[MAKE] == "Maker"
        assert dict(tags.get_ifd(EXIF_IFD)) == {WIDTH: 7, HEIGHT: 5, EXPOSURE: 0.5}
        assert dict(tags.get_ifd(GPS_IFD)) == {1: "N", 2: (1.0, 2.0, 3.0)}
    found = picture_io.read(tmp_path / "a.tif")
    np.testing.assert_array_equal(found.samples, noise(5, 7))
    assert found.icc == ICC


def test_exif_that_is_too_long_for_a_jpeg_is_left_out(noise):
    block = Image.Exif()
    block[MAKE] = "M" * 70_000
    picture = Picture(noise(5, 7), exif=block.tobytes())
    assert picture_io.read(Upload(picture_io.encode(".png", picture))).exif
    assert picture_io.read(Upload(picture_io.encode(".jpg", picture))).exif == b""


def test_a_jpeg_whose_tables_have_odd_numbers_is_written_with_others(tmp_path):
    data = bytearray(encoded("JPEG"))
    for place in (data.index(b"\xff\xdb") + 4, data.rindex(b"\xff\xdb") + 4):
        data[place] += 2
    start = data.index(b"\xff\xc0") + 10
    for component in range(3):
        data[start + 3 * component + 2] += 2
    (tmp_path / "a.jpg").write_bytes(data)
    assert again(tmp_path / "a.jpg", tmp_path).samples.shape == (16, 16, 3)


def test_a_broken_profile_is_kept_as_it_is(tmp_path, deep):
    for name, samples in (("8.png", np.zeros((5, 7, 3), np.uint8)), ("16.png", deep(3))):
        picture = Picture(samples, b"no profile")
        picture_io.write(tmp_path / name, picture)
        for found in (picture_io.read(tmp_path / name), picture_io.read(Upload(picture_io.encode(".png", picture)))):
            np.testing.assert_array_equal(found.samples, samples)
            assert found.icc == b"no profile"


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_icc_and_exif_stay_with_16_bits(tmp_path, deep, suffix):
    picture_io.write(tmp_path / f"a{suffix}", Picture(deep(3), ICC, exif(width=2, height=1)))
    picture = picture_io.read(tmp_path / f"a{suffix}")
    assert picture.icc == ICC
    made = Image.Exif()
    made.load(picture.exif)
    assert made[MAKE] == "Maker"
    if suffix == ".png":  # a TIFF keeps the texts alone
        assert (made.get_ifd(EXIF_IFD)[WIDTH], made.get_ifd(EXIF_IFD)[HEIGHT]) == (7, 5)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_encode_gives_the_pixels_and_the_metadata_that_write_gives(tmp_path, kind, channels):
    samples = np.squeeze(np.random.default_rng(3).integers(0, np.iinfo(kind).max, (5, 7, channels), dtype=kind))
    picture = Picture(samples, ICC, exif(width=2, height=1))
    picture_io.write(tmp_path / "a.png", picture)
    written, sent = picture_io.read(tmp_path / "a.png"), picture_io.read(Upload(picture_io.encode(".png", picture)))
    np.testing.assert_array_equal(sent.samples, written.samples)
    assert (sent.icc, sent.exif) == (written.icc, written.exif)
    for data in (picture_io.encode(".png", picture), (tmp_path / "a.png").read_bytes()):
        at = data.index(b"eXIf")
        assert data[at + 4 :][:2] in (b"MM", b"II")  # as PNG has it, without JPEG's prefix
        length = int.from_bytes(data[at - 4 : at])
        assert zlib.crc32(data[at:][: length + 4]) == int.from_bytes(data[at + 4 + length :][:4])
    assert Image.open(io.BytesIO(picture_io.encode(".png", picture))).mode == Image.open(tmp_path / "a.png").mode


@pytest.mark.parametrize("broken", [b"Exif\0\0", b"Exif\0\0MM\0*\0\0\0\x08\0\x09\x01", exif()[:40], exif()[:-9]])
def test_a_picture_with_broken_exif_is_read(tmp_path, noise, broken):
    Image.fromarray(noise(5, 7)).save(tmp_path / "a.jpg", exif=broken)
    assert again(tmp_path / "a.jpg", tmp_path).samples.shape == (5, 7, 3)


@pytest.mark.parametrize("suffix", [".bmp", ".jp2"])
def test_metadata_that_a_format_cannot_hold_are_left_out(tmp_path, noise, suffix):
    picture_io.write(tmp_path / f"a{suffix}", Picture(noise(5, 7), ICC, exif()))
    np.testing.assert_array_equal(picture_io.read(tmp_path / f"a{suffix}").samples, noise(5, 7))


@pytest.mark.parametrize(("quality", "subsampling"), [(50, 2), (93, 0), (99, 1)])
def test_a_jpeg_keeps_its_quality(tmp_path, noise, quality, subsampling):
    Image.fromarray(noise(40, 40)).save(tmp_path / "a.jpg", quality=quality, subsampling=subsampling)
    picture_io.write(tmp_path / "b.jpg", picture_io.read(tmp_path / "a.jpg"))
    first, second = Image.open(tmp_path / "a.jpg"), Image.open(tmp_path / "b.jpg")
    assert second.quantization == first.quantization
    assert second.layer == first.layer  # the sampling factors of its components


def test_a_lossless_webp_stays_lossless(tmp_path, noise):
    Image.fromarray(noise(20, 20)).save(tmp_path / "a.webp", lossless=True, icc_profile=ICC)
    np.testing.assert_array_equal(again(tmp_path / "a.webp", tmp_path).samples, noise(20, 20))


@pytest.mark.parametrize("profile", [None, ICC], ids=["no profile", "a profile of something else"])
def test_cmyk_becomes_rgb_without_its_profile(tmp_path, profile):
    Image.new("CMYK", (4, 4), (0, 255, 255, 0)).save(tmp_path / "a.jpg", quality=100, icc_profile=profile)
    picture = picture_io.read(tmp_path / "a.jpg")
    assert picture.icc is None
    assert picture.samples.shape == (4, 4, 3)
    assert picture.samples[0, 0, 0] > 200 > 60 > picture.samples[0, 0, 1]


def test_floats_become_16_bits(tmp_path):
    floats = np.array([[[0.0, 0.5, 1.0]]], np.float32)
    cv2.imwrite(str(tmp_path / "a.tif"), floats[:, :, ::-1])
    np.testing.assert_array_equal(picture_io.read(tmp_path / "a.tif").samples, [[[0, 32768, 65535]]])


@pytest.mark.parametrize(("wrong", "level"), [(np.nan, 0), (np.inf, 65535), (-np.inf, 0)])
def test_nan_and_infinity_do_not_change_other_samples(wrong, level, tmp_path):
    cv2.imwrite(str(tmp_path / "a.tif"), np.array([[[1.0, 0.5, wrong]]], np.float32))
    np.testing.assert_array_equal(picture_io.read(tmp_path / "a.tif").samples, [[[level, 32768, 65535]]])


@pytest.mark.parametrize(
    ("name", "samples", "wrong"),
    [
        ("a.jpg", np.zeros((4, 4, 4), np.uint8), "transparency"),
        ("a.webp", np.zeros((4, 4, 3), np.uint16), "16 bits"),
        ("a.webp", np.zeros((1, 17000), np.uint8), "16383"),
    ],
)
def test_pixels_that_a_format_cannot_hold_are_refused(tmp_path, name, samples, wrong):
    with pytest.raises(InputError, match=wrong):
        picture_io.write(tmp_path / name, Picture(samples))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp", ".bmp", ".gif"])
def test_a_truncated_picture_is_unreadable(tmp_path, noise, suffix):
    path = tmp_path / f"cut{suffix}"
    Image.fromarray(noise(64, 64)).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(UnreadablePicture, match=f"cut{suffix}"):
        picture_io.read(path)


def test_a_truncated_16_bit_picture_is_unreadable(tmp_path):
    path = tmp_path / "cut.png"
    cv2.imwrite(str(path), np.random.default_rng(0).integers(0, 65536, (64, 64, 3), dtype=np.uint16))
    path.write_bytes(path.read_bytes()[:9000])
    with pytest.raises(UnreadablePicture, match=r"cut\.png"):
        picture_io.read(path)


def test_a_header_that_promises_gigapixels_is_refused(tmp_path):
    header = b"IHDR" + struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    (tmp_path / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 0) + b"IDAT" + b"\0" * 4)
    with pytest.raises(UnreadablePicture, match=r"bomb\.png.*500 megapixels"):
        picture_io.read(tmp_path / "bomb.png")
