"""images/: what files hold beside their pixels is kept, and a server reads all that the command line reads."""

import io
import struct

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from pyimagesearch.images import picture_io
from pyimagesearch.images.picture_io import Picture, UnreadablePicture, Upload

ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
MAKE, MODEL, ORIENTATION, DATE, EXIF_IFD = 0x10F, 0x110, 0x112, 0x132, 0x8769
EXPOSURE, NOTES, COMMENT, WIDTH, HEIGHT = 0x829A, 0x927C, 0x9286, 0xA002, 0xA003
MANY = 1_000_000  # pixels


def jpeg(block, size=(8, 6)):
    file = io.BytesIO()
    Image.new("RGB", size).save(file, "JPEG", exif=block)
    return file.getvalue()


def exif_of(data):
    with Image.open(io.BytesIO(data)) as opened:
        return opened.getexif()


def test_one_bad_tag_drops_no_other(tmp_path):
    """Fractions where a number is expected, bytes of an unknown type, a value outside of the block."""
    entries = [
        (MAKE, 2, 4, b"Abc\0"), (MODEL, 99, 4, b"what"), (0x11A, 5, 1, struct.pack("<I", 1 << 20)),
        (0x128, 2, 4, b"two\0"), (DATE, 3, 2, struct.pack("<HH", 20, 21)), (0x13B, 2, 3, b"Me\0\0"),
    ]  # fmt: skip
    table = b"".join(struct.pack("<HHI4s", *entry) for entry in entries)
    block = b"Exif\0\0II*\0" + struct.pack("<IH", 8, len(entries)) + table + bytes(4)
    (tmp_path / "a.jpg").write_bytes(jpeg(block))
    picture_io.write(tmp_path / "b.jpg", picture_io.read(tmp_path / "a.jpg"))
    found = exif_of((tmp_path / "b.jpg").read_bytes())
    assert set(found) == {MAKE, 0x128, DATE, 0x13B}
    assert (found[MAKE], found[0x13B]) == ("Abc", "Me")


def test_values_are_copied_as_they_are_stored():
    """The order of the block counts for what is inside of values: Unicode comments, makers' notes."""
    for order in "<>":
        made = Image.Exif()
        made.endian = order
        made[MAKE] = "Maker"
        text = b"UNICODE\0" + "schön".encode("utf-16-le" if order == "<" else "utf-16-be")
        made[EXIF_IFD] = {EXPOSURE: 0.5, NOTES: b"\0\1\2", COMMENT: text}
        sent = picture_io.encode(".png", picture_io.read(Upload(jpeg(made.tobytes()))))
        with Image.open(io.BytesIO(sent)) as opened:
            assert opened.info["exif"][6:8] == (b"II" if order == "<" else b"MM")
            details = dict(opened.getexif().get_ifd(EXIF_IFD))
        assert details == {EXPOSURE: 0.5, NOTES: b"\0\1\2", COMMENT: text}


def test_all_sizes_in_exif_follow():
    made = Image.Exif()
    made[0x100], made[0x101], made[ORIENTATION] = 8, 6, 6
    made[EXIF_IFD] = {WIDTH: 8, HEIGHT: 6}
    picture = picture_io.read(Upload(jpeg(made.tobytes())))
    picture.samples = np.zeros((32, 24, 3), np.uint8)
    found = exif_of(picture_io.encode(".jpg", picture))
    assert (found[0x100], found[0x101], dict(found.get_ifd(EXIF_IFD))) == (24, 32, {WIDTH: 24, HEIGHT: 32})


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
def test_exif_of_more_than_64_kb_loses_its_largest_values_in_a_jpeg_alone(tmp_path, suffix, noise):
    made = Image.Exif()
    made[MAKE] = "Maker"
    made[EXIF_IFD] = {EXPOSURE: 0.5, NOTES: bytes(70_000)}
    picture_io.write(tmp_path / f"a{suffix}", Picture(noise(5, 7), exif=made.tobytes()))
    found = exif_of((tmp_path / f"a{suffix}").read_bytes())
    assert found[MAKE] == "Maker"
    assert set(found.get_ifd(EXIF_IFD)) == ({EXPOSURE} if suffix == ".jpg" else {EXPOSURE, NOTES})


def avif(samples, **settings):
    file = io.BytesIO()
    Image.fromarray(samples).save(file, "AVIF", quality=100, subsampling="4:4:4", **settings)
    return file.getvalue()


def test_a_server_reads_avif_as_the_command_line_does(noise):
    made = Image.Exif()
    made[ORIENTATION], made[MAKE] = 6, "Maker"
    data = avif(noise(16, 32), exif=made.tobytes(), icc_profile=ICC)
    own, stranger = picture_io.read(Upload(data)), picture_io.read(Upload(data), MANY)
    np.testing.assert_array_equal(stranger.samples, own.samples)
    np.testing.assert_allclose(own.samples, np.rot90(noise(16, 32), -1), atol=8)
    assert stranger.icc == own.icc == ICC
    assert stranger.exif == own.exif
    assert b"Maker" in own.exif


def test_white_of_10_bit_avif_is_white():
    settings = [cv2.IMWRITE_AVIF_DEPTH, 10, cv2.IMWRITE_AVIF_QUALITY, 100]
    done, data = cv2.imencode(".avif", np.full((16, 16, 3), 1023, np.uint16), settings)
    assert done
    for most in (None, MANY):
        assert picture_io.read(Upload(data.tobytes()), most).samples.min() >= 254


@pytest.mark.parametrize("kind", ["GIF", "TIFF", "PNG", "WEBP"])
def test_further_frames_are_counted(kind, noise):
    file = io.BytesIO()
    frames = [Image.fromarray(noise(8, 8)), Image.fromarray(255 - noise(8, 8)), Image.new("RGB", (8, 8))]
    frames[0].save(file, kind, save_all=True, append_images=frames[1:])
    assert picture_io.read(Upload(file.getvalue())).frames == 3


@pytest.mark.parametrize(("transfer", "expected"), [(13, (255, 0, 0)), (16, None)])
def test_avif_keeps_wide_colours_and_is_refused_in_hdr(transfer, expected):
    """Red of sRGB in Display P3, whose numbers are written in place of sRGB's (ITU-T H.273)."""
    data = avif(np.full((8, 8, 3), (234, 51, 35), np.uint8))
    assert data.count(b"colrnclx\0\1\0\x0d") == 1
    data = data.replace(b"colrnclx\0\1\0\x0d", b"colrnclx\0\x0c\0" + bytes([transfer]))
    if expected is None:
        with pytest.raises(UnreadablePicture, match=r"the picture: a picture in HDR \(PQ\); tone-map"):
            picture_io.read(Upload(data))
        return
    picture = picture_io.read(Upload(data))
    profile = ImageCms.ImageCmsProfile(io.BytesIO(picture.icc))
    image = ImageCms.profileToProfile(
        Image.fromarray(picture.samples), profile, ImageCms.createProfile("sRGB"), outputMode="RGB"
    )
    np.testing.assert_allclose(image.getpixel((0, 0)), expected, atol=6)


def test_the_profile_of_a_jpeg_2000_stays(noise):
    file = io.BytesIO()
    Image.fromarray(noise(32, 32)).save(file, "JPEG2000")
    data = file.getvalue()
    start = data.index(b"colr") - 4
    end = start + int.from_bytes(data[start : start + 4])
    colours = b"colr\2\0\0" + ICC
    more = len(colours) + 4 - (end - start)
    head = data.index(b"jp2h") - 4
    length = (int.from_bytes(data[head : head + 4]) + more).to_bytes(4)
    data = data[:head] + length + data[head + 4 : start] + (len(colours) + 4).to_bytes(4) + colours + data[end:]
    for most in (None, MANY):
        picture = picture_io.read(Upload(data), most)
        assert picture.icc == ICC
        np.testing.assert_array_equal(picture.samples, noise(32, 32))
