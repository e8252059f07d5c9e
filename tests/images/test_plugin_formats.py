"""AVIF, and HEIC and JPEG XL by the plug-ins of the extra formats: what they keep, and what is said without them."""

import io
import sys

import numpy as np
import pytest
from helpers.result_folders import files
from PIL import Image, ImageCms

from pyimagesearch.errors import InputError
from pyimagesearch.images import picture_io, plugins
from pyimagesearch.images.picture_io import Picture, UnreadablePicture, Upload

NAMES = {".avif": "AVIF", ".heic": "HEIF", ".jxl": "JXL"}
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
MAKE, ORIENTATION = 0x010F, 0x0112


@pytest.fixture(autouse=True)
def both_plugins():
    for library in ("pillow_heif", "pillow_jxl"):
        pytest.importorskip(library, reason=f'{library} is not installed: pip install -e ".[formats]"')
    assert plugins.load("HEIF")
    assert plugins.load("JXL")


@pytest.fixture
def without_plugins(monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    monkeypatch.setitem(sys.modules, "pillow_jxl", None)


def smooth(*shape):
    """uint8 samples without the edges that a lossy format blurs; alpha from half to full."""
    height, width, *channels = shape
    rows, columns = np.mgrid[:height, :width]
    planes = [(128 + 100 * np.sin((rows + place) / 9) * np.cos(columns / 11)) for place in range(*(channels or [1]))]
    return np.squeeze(np.dstack(planes).astype(np.uint8), axis=() if channels else 2)


def exif(**tags):
    block = Image.Exif()
    block[MAKE] = "Maker"
    if "orientation" in tags:
        block[ORIENTATION] = tags["orientation"]
    return block.tobytes()


def saved(samples, kind, **settings):
    file = io.BytesIO()
    Image.fromarray(samples).save(file, kind, **settings)
    return file.getvalue()


@pytest.mark.parametrize("suffix", NAMES)
@pytest.mark.parametrize("shape", [(48, 64, 3), (48, 64, 4), (48, 64), (48, 64, 2), (49, 63, 3)])
def test_pixels_alpha_and_exif_come_back(tmp_path, suffix, shape):
    path = tmp_path / f"a{suffix}"
    picture_io.write(path, Picture(smooth(*shape), exif=exif()))
    assert Image.open(path).format == NAMES[suffix]
    found = picture_io.read(path)
    expected = smooth(*shape)
    if shape[2:] == (2,) and suffix != ".jxl":  # which alone has grey with alpha
        expected = expected[:, :, [0, 0, 0, 1]]
    assert found.samples.shape == expected.shape
    assert np.abs(found.samples.astype(int) - expected).mean() < 1.5
    assert b"Maker" in found.exif
    assert found.frames == 1


@pytest.mark.parametrize("suffix", [".avif", ".heic"])
def test_the_profile_is_kept(tmp_path, suffix):
    picture_io.write(tmp_path / f"a{suffix}", Picture(smooth(16, 16, 3), icc=SRGB))
    assert picture_io.read(tmp_path / f"a{suffix}").icc == SRGB


def test_jpeg_xl_holds_no_profile_here_and_its_colours_become_srgb(tmp_path):
    red = np.full((16, 16, 3), (234, 51, 35), np.uint8)  # sRGB's red in Display P3
    wide = picture_io.read(Upload(wide_heic(red, 13))).icc
    picture_io.write(tmp_path / "a.jxl", Picture(red, icc=wide))
    np.testing.assert_allclose(picture_io.read(tmp_path / "a.jxl").samples[8, 8], (255, 0, 0), atol=4)


def wide_heic(samples, transfer):
    """A HEIC that says in numbers that its colours are those of Display P3."""
    numbers = {"color_primaries": 12, "transfer_characteristics": transfer}
    return saved(samples, "HEIF", quality=-1, chroma=444, **numbers)


def test_heic_in_hdr_is_refused():
    with pytest.raises(UnreadablePicture, match=r"the picture: a picture in HDR \(PQ\); tone-map"):
        picture_io.read(Upload(wide_heic(smooth(16, 16, 3), 16)))


@pytest.mark.parametrize(
    ("kind", "settings", "turned"),
    [("AVIF", {"quality": 100}, True), ("HEIF", {"quality": -1}, True), ("JXL", {"lossless": True}, False)],
)
def test_a_picture_is_turned_as_its_file_says_and_once(kind, settings, turned):
    """JPEG XL says it in its own header, and EXIF counts for nothing (ISO/IEC 18181-2)."""
    samples = smooth(32, 48, 3)
    found = picture_io.read(Upload(saved(samples, kind, exif=exif(orientation=6), **settings)))
    expected = np.rot90(samples, -1) if turned else samples
    assert found.samples.shape == expected.shape
    assert np.abs(found.samples.astype(int) - expected).mean() < 3
    assert Image.open(io.BytesIO(picture_io.encode(".png", found))).getexif().get(ORIENTATION) is None


def test_a_jpeg_that_is_packed_as_jpeg_xl_is_turned_as_its_exif_says(tmp_path):
    samples = smooth(32, 48, 3)
    (tmp_path / "a.jpg").write_bytes(saved(samples, "JPEG", quality=95, exif=exif(orientation=6)))
    with Image.open(tmp_path / "a.jpg") as opened:
        opened.save(tmp_path / "a.jxl", lossless_jpeg=True)
    packed, jpeg = (picture_io.read(tmp_path / name) for name in ("a.jxl", "a.jpg"))
    np.testing.assert_array_equal(packed.samples, jpeg.samples)


def test_16_bits_of_grey_are_kept_by_jpeg_xl_and_others_are_refused(tmp_path):
    deep = np.linspace(0, 65535, 48 * 64).reshape(48, 64).astype(np.uint16)
    picture_io.write(tmp_path / "a.jxl", Picture(deep))
    found = picture_io.read(tmp_path / "a.jxl").samples
    assert found.dtype == np.uint16
    assert np.abs(found.astype(int) - deep).mean() < 400
    for suffix in NAMES:
        with pytest.raises(InputError, match=r"holds no 16 bits; name a \.png"):
            picture_io.write(tmp_path / f"b{suffix}", Picture(np.dstack([deep] * 3)))
    assert files(tmp_path) == ["a.jxl"]


def test_further_pictures_of_a_heic_are_counted():
    pages = [Image.fromarray(smooth(32, 32, 3)) for _ in range(3)]
    file = io.BytesIO()
    pages[0].save(file, "HEIF", save_all=True, append_images=pages[1:])
    assert picture_io.read(Upload(file.getvalue())).frames == 3


@pytest.mark.parametrize(("kind", "settings"), [("HEIF", {}), ("JXL", {})])
def test_strangers_get_no_plugin(kind, settings):
    data = saved(smooth(16, 16, 3), kind, **settings)
    with pytest.raises(UnreadablePicture, match=r"the picture: (HEIC|JPEG XL), which is not read; save it as"):
        picture_io.read(Upload(data), 10_000)


def test_a_damaged_file_is_said_to_be_damaged(tmp_path):
    for suffix, kind in NAMES.items():
        data = saved(smooth(64, 64, 3), kind)
        (tmp_path / f"a{suffix}").write_bytes(data[: len(data) // 2])
        with pytest.raises(UnreadablePicture, match=f"a{suffix}: "):
            picture_io.read(tmp_path / f"a{suffix}")


def test_the_command_keeps_the_formats(srgan, tmp_path):
    for suffix, kind in NAMES.items():
        (tmp_path / "photos").mkdir(exist_ok=True)
        (tmp_path / f"photos/{kind}{suffix}").write_bytes(saved(smooth(20, 30, 3), kind))
    (tmp_path / "photos/phone.jpg").write_bytes(saved(smooth(20, 30, 3), "HEIF"))
    code, _, err = srgan(tmp_path / "photos", "-r", "-o", tmp_path / "big", model="bicubic")
    assert (code, err) == (0, [])
    assert files(tmp_path / "big") == ["AVIF.avif", "HEIF.heic", "JXL.jxl", "phone.jpg"]
    for name in files(tmp_path / "big"):
        assert picture_io.read(tmp_path / "big" / name).samples.shape == (80, 120, 3)
    assert Image.open(tmp_path / "big/phone.jpg").format == "JPEG"
    assert srgan(tmp_path / "photos/HEIF.heic", "-o", tmp_path / "one.jxl", model="bicubic")[0] == 0
    assert Image.open(tmp_path / "one.jxl").format == "JXL"


@pytest.mark.usefixtures("without_plugins")
@pytest.mark.parametrize("recursive", [[], ["-r"]])
def test_without_the_extra_pictures_are_named_with_what_to_install(srgan, tmp_path, recursive):
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "a.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(4) + b"heicmif1" + bytes(40))
    (photos / "b.jxl").write_bytes(b"\xff\x0a" + bytes(20))
    code, _, err = srgan(photos, *recursive, "-o", tmp_path / "big", model="bicubic")
    assert code == 1
    assert 'a.heic: HEIC, which is read with the extra formats (pip install -e ".[formats]"); or save it' in err[0]
    assert 'b.jxl: JPEG XL, which is read with the extra formats (pip install -e ".[formats]")' in err[1]
    Image.fromarray(smooth(20, 30, 3)).save(photos / "c.png")
    code, _, err = srgan(photos, *recursive, "-o", tmp_path / "big", model="bicubic")
    assert code == 1
    assert files(tmp_path / "big") == ["c.png"]
    code, _, err = srgan(photos / "c.png", "-o", tmp_path / "c.heic", model="bicubic")
    assert code == 2
    assert 'c.heic: is written with the extra formats (pip install -e ".[formats]"); or name a .png file' in err[0]
    assert not (tmp_path / "c.heic").exists()
