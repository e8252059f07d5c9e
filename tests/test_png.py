"""PNG files as other programs read them."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from pyimagesearch import png


def samples(channels, kind, height=300, width=700):
    shape = (height, width, channels) if channels > 1 else (height, width)
    return np.random.default_rng(0).integers(0, np.iinfo(kind).max, shape, dtype=kind, endpoint=True)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_opencv_reads_every_kind_as_it_was(channels, kind):
    made = samples(channels, kind)  # of several strips
    found = cv2.imdecode(np.frombuffer(png.encode(made), np.uint8), cv2.IMREAD_UNCHANGED)
    orders = {1: slice(None), 2: [0, 0, 0, 1], 3: [2, 1, 0], 4: [2, 1, 0, 3]}
    np.testing.assert_array_equal(found, made if channels == 1 else made[:, :, orders[channels]])


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (2, "LA"), (3, "RGB"), (4, "RGBA")])
@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1)])
def test_pillow_reads_every_mode_and_size(channels, mode, size):
    made = samples(channels, np.uint8, *size)
    with Image.open(io.BytesIO(png.encode(made))) as opened:
        assert opened.mode == mode
        np.testing.assert_array_equal(np.asarray(opened), made)


def test_profile_and_exif_are_read_back():
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[0x0131] = "a program"
    with Image.open(io.BytesIO(png.encode(samples(3, np.uint8), icc, exif.tobytes()))) as opened:
        assert opened.info["icc_profile"] == icc
        assert opened.getexif()[0x0131] == "a program"


def test_what_is_smooth_becomes_small():
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 1000, axis=1)
    assert len(png.encode(ramp)) < 3000
