"""images/ppm.py: values are scaled as Pillow scales them, by its formula; what Pillow refuses is refused."""

import numpy as np
import pytest
from PIL import Image

from pyimagesearch.images import picture_io
from pyimagesearch.images.picture_io import UnreadablePicture, Upload

HEIGHT, WIDTH = 20, 30


def scaled(values, largest, top):
    return [min(top, round(int(value) / largest * top)) for value in values]


def pixels(data):
    with Image.open(Upload(data)) as picture:
        return np.asarray(picture).ravel().tolist()


@pytest.mark.parametrize("largest", [1, 100, 254, 256, 1000, 65534])
@pytest.mark.parametrize(("binary", "plain", "channels"), [("P5", "P2", 1), ("P6", "P3", 3)])
def test_values_are_scaled_to_8_bits_and_deep_greys_to_16(largest, binary, plain, channels):
    values = np.random.default_rng(largest).integers(0, largest + 1, HEIGHT * WIDTH * channels)
    expected = scaled(values, largest, 65535 if largest > 255 and channels == 1 else 255)
    header = f"{WIDTH} {HEIGHT}\n{largest}\n"
    assert (
        pixels(f"{binary}\n{header}".encode() + values.astype("u1" if largest < 256 else ">u2").tobytes()) == expected
    )
    text = " ".join(map(str, values[:50])) + " # a comment 7\r" + "\n".join(map(str, values[50:]))
    assert pixels(f"{plain}\n{header}{text}#end".encode()) == expected


def test_values_above_the_largest_are_white():
    assert pixels(b"P5\n3 1\n100\n" + bytes([100, 101, 255])) == [255, 255, 255]


def test_what_follows_the_last_pixel_is_not_read():
    assert pixels(b"P2\n2 1\n10\n0 10 words -1 99999999999") == [0, 255]


@pytest.mark.parametrize("text", ["", "1", "1 2 3", "1 2 -3 4", "1 2 3 11", "1 2 x 4", "1 2 00000000003 4"])
def test_numbers_that_are_missing_or_wrong_are_refused(text):
    with pytest.raises(UnreadablePicture, match="corrupt or truncated"):
        picture_io.read(Upload(f"P2\n2 2\n10\n{text}".encode()))


def test_a_binary_file_that_ends_early_is_refused():
    with pytest.raises(UnreadablePicture, match="corrupt or truncated"):
        picture_io.read(Upload(b"P6\n2 2\n100\n" + bytes(11)))


def test_bits_are_those_of_pillow():
    assert pixels(b"P1\n3 2\n101 # bits\n0 1 0") == [False, True, False, True, False, True]
