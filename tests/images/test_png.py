"""images/: a PNG that is damaged is refused, what it says about its colours and its texts are kept."""

import io
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from pyimagesearch.images import picture_io
from pyimagesearch.images.picture_io import Picture, UnreadablePicture, Upload


def png(samples, *chunks):
    """A PNG with chunks, (kind, content), after its header."""
    file = io.BytesIO()
    Image.fromarray(samples).save(file, "PNG")
    made = b"".join(
        len(content).to_bytes(4) + kind + content + zlib.crc32(kind + content).to_bytes(4) for kind, content in chunks
    )
    return file.getvalue()[:33] + made + file.getvalue()[33:]


def srgb(picture):
    """The first pixel of a picture in sRGB, by its profile."""
    profile = ImageCms.ImageCmsProfile(io.BytesIO(picture.icc))
    image = Image.fromarray(picture.samples)
    return ImageCms.profileToProfile(image, profile, ImageCms.createProfile("sRGB"), outputMode="RGB").getpixel((0, 0))


@pytest.mark.parametrize("place", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
@pytest.mark.parametrize("most", [None, 10_000])
def test_a_damaged_png_is_refused(place, kind, most):
    samples = np.random.default_rng(0).integers(0, np.iinfo(kind).max, (32, 32, 3), dtype=kind)
    data = bytearray(cv2.imencode(".png", samples)[1].tobytes())
    data[int(len(data) * place)] ^= 1
    with pytest.raises(UnreadablePicture, match="the picture: corrupt or truncated"):
        picture_io.read(Upload(bytes(data)), most)


def test_linear_light_stays_linear():
    """Half of the levels of a PNG with gamma 1 are half of the light: level 188 of sRGB (IEC 61966-2-1)."""
    for samples in (np.full((4, 4, 3), 128, np.uint8), np.full((4, 4), 128, np.uint8)):
        picture = picture_io.read(Upload(png(samples, (b"gAMA", (100_000).to_bytes(4)))))
        assert srgb(picture) == (188, 188, 188)
        again = picture_io.read(Upload(picture_io.encode(".png", picture)))
        assert srgb(again) == (188, 188, 188)


# Red of sRGB in Display P3, as editors show it.
P3_RED, P3_CHROMATICITIES = (234, 51, 35), (31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)


@pytest.mark.parametrize(
    "chunk",
    [(b"cICP", bytes([12, 13, 0, 1])), (b"cHRM", b"".join(value.to_bytes(4) for value in P3_CHROMATICITIES))],
    ids=["cICP", "cHRM"],
)
def test_wide_colours_stay_wide(chunk):
    picture = picture_io.read(Upload(png(np.full((4, 4, 3), P3_RED, np.uint8), chunk)))
    np.testing.assert_allclose(srgb(picture), (255, 0, 0), atol=2)


@pytest.mark.parametrize(
    "chunks",
    [
        [(b"gAMA", (45455).to_bytes(4))],
        [(b"sRGB", b"\0"), (b"gAMA", (100_000).to_bytes(4))],  # sRGB goes before gAMA
        [(b"cICP", bytes([1, 13, 0, 1]))],
        [(b"cHRM", bytes(32))],
    ],
)
def test_srgb_and_nonsense_need_no_profile(chunks, noise):
    assert picture_io.read(Upload(png(noise(4, 4), *chunks))).icc is None


@pytest.mark.parametrize(("transfer", "name"), [(16, "PQ"), (18, "HLG")])
def test_a_png_in_hdr_is_refused(transfer, name, noise):
    with pytest.raises(UnreadablePicture, match=rf"the picture: .*HDR \({name}\); tone-map"):
        picture_io.read(Upload(png(noise(4, 4), (b"cICP", bytes([9, transfer, 0, 1])))))


@pytest.mark.parametrize(
    ("suffix", "channels"), [(".bmp", 1), (".bmp", 3), (".jp2", 1), (".jp2", 2), (".jp2", 3), (".jp2", 4)]
)
def test_colours_become_srgb_where_a_format_holds_no_profile(tmp_path, suffix, channels):
    shape = (4, 4) if channels < 3 else (4, 4, 3)
    picture = picture_io.read(Upload(png(np.full(shape, 128, np.uint8), (b"gAMA", (100_000).to_bytes(4)))))
    if channels in (2, 4):
        picture.samples = np.dstack([picture.samples, np.full((4, 4), 77, np.uint8)])
    picture_io.write(tmp_path / f"a{suffix}", picture)
    expected = {1: 188, 2: (188, 77), 3: (188, 188, 188), 4: (188, 188, 188, 77)}[channels]
    np.testing.assert_array_equal(picture_io.read(tmp_path / f"a{suffix}").samples[0, 0], expected)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_the_texts_of_a_png_stay(tmp_path, kind, noise):
    texts = {"parameters": "a castle\nSteps: 20, Größe 7", "prompt": '{"a": "雪"}'}
    picture = Picture(noise(4, 4).astype(kind), texts=texts)
    picture_io.write(tmp_path / "a.png", picture)
    assert dict(Image.open(tmp_path / "a.png").text) == texts
    again = picture_io.read(tmp_path / "a.png")
    assert again.texts == texts
    assert dict(Image.open(io.BytesIO(picture_io.encode(".png", again))).text) == texts


def test_the_comment_of_a_jpeg_stays_in_a_jpeg_and_in_a_png(tmp_path, noise):
    Image.fromarray(noise(8, 8)).save(tmp_path / "a.jpg", comment="von Hand gemalt, schön")
    picture = picture_io.read(tmp_path / "a.jpg")
    for suffix in (".jpg", ".png"):
        picture_io.write(tmp_path / f"b{suffix}", picture)
    assert Image.open(tmp_path / "b.jpg").info["comment"].decode() == "von Hand gemalt, schön"
    assert Image.open(tmp_path / "b.png").text == {"Comment": "von Hand gemalt, schön"}
