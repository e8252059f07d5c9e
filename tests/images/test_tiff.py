"""images/: TIFFs of every layout give the pixels that they show, and keep the EXIF of other formats."""

import io
import struct

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from pyimagesearch.images import picture_io
from pyimagesearch.images.picture_io import Picture, UnreadablePicture, Upload

MAKE, EXIF_IFD, EXPOSURE, NOTES, DATE = 0x10F, 0x8769, 0x829A, 0x927C, 0x132
MANY = 1_000_000  # pixels


def tiff(samples, **settings):
    file = io.BytesIO()
    tifffile.imwrite(file, samples, software=False, metadata=None, **settings)
    return file.getvalue()


@pytest.fixture
def deep():
    """RGB of 16 bits, (6, 9, 3)."""
    return np.random.default_rng(0).integers(0, 65536, (6, 9, 3), dtype=np.uint16)


def read_twice(data):
    """The samples that the command line reads, which a server has to read as well."""
    picture = picture_io.read(Upload(data))
    np.testing.assert_array_equal(picture_io.read(Upload(data), MANY).samples, picture.samples)
    return picture.samples


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("bigtiff", [False, True])
def test_channels_that_are_stored_one_after_the_other_are_put_together(deep, order, bigtiff):
    planes = np.moveaxis(deep, 2, 0)
    for samples, expected in ((planes, deep), (planes[:, :, :] / np.float32(65535), deep)):
        for compression in (None, "zlib"):
            data = tiff(
                np.ascontiguousarray(samples), photometric="rgb", planarconfig="separate", compression=compression,
                rowsperstrip=2, byteorder=order, bigtiff=bigtiff,
            )  # fmt: skip
            np.testing.assert_array_equal(read_twice(data), expected)


def test_16_bit_grey_whose_zero_is_white_is_not_negative(deep):
    grey = deep[:, :, 0]
    np.testing.assert_array_equal(read_twice(tiff(65535 - grey, photometric="miniswhite")), grey)


def test_colours_that_are_multiplied_by_alpha_are_divided_by_it():
    stored = np.array([[[16384, 8192, 0, 16384], [65535, 0, 100, 65535], [0, 0, 0, 0]]], np.uint16)
    expected = [[[65535, 32768, 0, 16384], [65535, 0, 100, 65535], [0, 0, 0, 0]]]
    data = tiff(stored, photometric="rgb", extrasamples=["assocalpha"])
    np.testing.assert_array_equal(read_twice(data), expected)


@pytest.mark.parametrize("bits", [10, 12])
def test_white_of_10_and_12_bits_is_white(bits):
    values = np.array([0, 1 << (bits - 1), (1 << bits) - 1, 0])
    packed = np.packbits((values[:, None] >> np.arange(bits - 1, -1, -1)) & 1).tobytes()
    tags = {256: 4, 257: 1, 258: bits, 259: 1, 262: 1, 273: 122, 277: 1, 278: 1, 279: len(packed)}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    data = b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4) + packed
    half = round(65535 * (1 << (bits - 1)) / ((1 << bits) - 1))
    assert np.abs(read_twice(data).astype(int) - [[0, half, 65535, 0]]).max() <= 1


@pytest.mark.parametrize("bits", [12, 16])
def test_white_of_a_deep_jpeg_2000_is_white(bits):
    white, offset = (1 << bits) - 1, (1 << 15) - (1 << (bits - 1))  # the decoder adds half of the range
    samples = np.full((32, 32, 3), white + offset, np.uint16)
    samples[:16] = offset
    data = bytearray(cv2.imencode(".jp2", samples, [cv2.IMWRITE_JPEG2000_COMPRESSION_X1000, 1000])[1].tobytes())
    data[data.index(b"ihdr") + 14] = bits - 1  # the encoder has only 16
    for channel in range(3):
        data[data.index(b"\xff\x51") + 40 + 3 * channel] = bits - 1
    found = read_twice(bytes(data))
    assert found.dtype == np.uint16
    assert (found[16:] == 65535).all()
    assert (found[:16] == 0).all()


def test_a_float_tiff_in_hdr_is_refused(tmp_path):
    (tmp_path / "hdr.tif").write_bytes(tiff(np.full((4, 4, 3), 4.2, np.float32), photometric="rgb"))
    with pytest.raises(UnreadablePicture, match=r"hdr\.tif: floats up to 4\.2, where 1 is white; tone-map"):
        picture_io.read_rgb(tmp_path / "hdr.tif")


def test_a_tiff_that_pillow_does_not_know_keeps_its_profile_its_exif_and_its_orientation(noise):
    tags = [(0x112, "H", 1, 6, True), (MAKE, "s", 0, "Maker", True)]
    floats = noise(5, 7) / np.float32(255)
    data = tiff(floats, photometric="rgb", iccprofile=b"a profile", extratags=tags)
    with pytest.raises(Image.UnidentifiedImageError):
        Image.open(io.BytesIO(data))
    picture = picture_io.read(Upload(data))
    np.testing.assert_array_equal(picture.samples, np.rot90(noise(5, 7), -1).astype(np.uint16) * 257)
    assert picture.icc == b"a profile"
    assert b"Maker" in picture.exif


def test_a_compressed_tiff_with_a_text_is_written_again_without_a_directory_that_it_had_not(tmp_path, noise):
    Image.fromarray(noise(5, 7)).save(tmp_path / "a.tif", compression="tiff_lzw", software="scanner")
    picture_io.write(tmp_path / "b.tif", picture_io.read(tmp_path / "a.tif"))
    with Image.open(tmp_path / "b.tif") as written:
        assert written.tag_v2[0x131] == "scanner"
        assert EXIF_IFD not in written.tag_v2
        np.testing.assert_array_equal(np.asarray(written), noise(5, 7))


@pytest.mark.parametrize("order", [b"II", b"MM"])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_any_tiff_holds_the_exif_of_a_camera(tmp_path, noise, kind, order):
    exif = Image.Exif()
    exif.endian = "<" if order == b"II" else ">"
    exif[MAKE], exif[DATE], exif[0x111], exif[0x144] = "Maker", "2021:01:01 00:00:00", 5, 6  # two of a layout
    exif[EXIF_IFD] = {EXPOSURE: IFDRational(1, 3), NOTES: b"\1\2\3\4\5"}
    picture = Picture(noise(5, 7).astype(kind), exif=exif.tobytes(), encoder={"TIFF": {"compression": "raw"}})
    assert picture.exif[6:8] == order
    picture_io.write(tmp_path / "a.tif", picture)
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "a.tif"), noise(5, 7))
    with Image.open(tmp_path / "a.tif") as written:
        assert (written.tag_v2[MAKE], written.tag_v2[DATE]) == ("Maker", "2021:01:01 00:00:00")
        assert dict(written.getexif().get_ifd(EXIF_IFD)) == {EXPOSURE: IFDRational(1, 3), NOTES: b"\1\2\3\4\5"}
