"""`srgan dream` with a small part of a random VGG19."""

import numpy as np
import pytest
from helpers.entry_points import run_command
from PIL import Image, ImageCms

from pyimagesearch.images import picture_io

SHALLOW = (
    "--backbone",
    "vgg19",
    "--weights",
    "random",
    "--layers",
    "block1_conv2",
    "--steps",
    "2",
    "--octaves",
    "-1,0,1",
)


@pytest.fixture
def srgan_dream(capsys):
    """srgan_dream(*arguments) runs the command: exit code, stdout, lines of stderr."""

    def run(*arguments, network=SHALLOW):
        return run_command(capsys, "dream", *network, *arguments)

    return run


@pytest.fixture
def photo(tmp_path, noise):
    path = tmp_path / "photo.png"
    Image.fromarray(noise(40, 48)).save(path)
    return path


@pytest.fixture
def deep_photo(tmp_path):
    """A PNG of 16 bits with alpha, an ICC profile, EXIF and a text."""
    samples = np.random.default_rng(3).integers(0, 65536, (40, 48, 4)).astype(np.uint16)
    samples[:20, :, 3], samples[20:, :, 3] = 0, 65535
    exif = Image.Exif()
    exif[0x010E] = "what it shows"
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    path = tmp_path / "deep.png"
    picture_io.write(path, picture_io.Picture(samples, icc, exif.tobytes(), texts={"prompt": "a dog"}))
    return path
