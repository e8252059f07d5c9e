"""images/inspection.py: strangers' files that ask for too much are refused at once, ordinary ones are read."""

import contextlib
import io
import os
import struct
import time
import tracemalloc

import numpy as np
import pytest
from helpers import hostile_pictures
from helpers.hostile_pictures import EXIF_IFD, HOSTILE, chunk, encoded, jpeg_of_scans, jpeg_with, segment
from PIL import Image

from pyimagesearch.images import inspection, picture_io
from pyimagesearch.images.picture_io import UnreadablePicture, Upload

MOST_PIXELS = 4_000_000


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_asks_for_too_much_is_refused_at_once(name):
    upload = Upload(HOSTILE[name]())
    start = time.process_time()
    refusal = refused(upload)
    assert time.process_time() - start < 0.5
    assert refusal.startswith("the picture: ")
    assert refusal.endswith("; save it anew, for example as PNG")
    assert "\n" not in refusal
    tracemalloc.start()  # which makes it slower
    refused(upload)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20


def refused(upload):
    """The message of the refusal."""
    with pytest.raises(UnreadablePicture) as refusal:
        picture_io.read(upload, MOST_PIXELS)
    return str(refusal.value)


def photograph():
    """Of a camera: thumbnail, notes of its maker, XMP, a profile for printing, Photoshop's records, a comment."""
    exif = Image.Exif()
    exif[0x10F] = "Maker"
    exif[EXIF_IFD] = {0x927C: b"\7" * 30_000, 0x829A: 0.01, 0x9286: b"ASCII\0\0\0Text", 0x9003: "2024:01:01 00:00:00"}
    exif[0x8825] = {1: "N", 2: (1.0, 2.0, 3.0)}
    thumbnail = segment(0xE1, exif.tobytes() + encoded("JPEG", (160, 120)))
    xmp = segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + b"<x/>" * 16_000)
    depth = segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + bytes(65_000)) * 100
    photoshop = segment(0xED, b"Photoshop 3.0\0" + b"8BIM\4\4\0\0" + struct.pack(">I", 60_000) + bytes(60_000)) * 5
    return jpeg_with(
        thumbnail + xmp + depth + photoshop, (640, 480), progressive=True, icc_profile=os.urandom(3 << 20), comment=b"a"
    )


def png_of_a_camera():
    pixels = np.random.default_rng(0).integers(0, 256, (600, 600, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", icc_profile=os.urandom(3 << 20), exif=Image.Exif().tobytes())
    data = file.getvalue()
    text = chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + b"<x/>" * 50_000)
    return data[:33] + text + chunk(b"tEXt", b"a\0b") * 50 + data[33:]


def animation(kind, **settings):
    file = io.BytesIO()
    frames = [Image.new("RGB", (8, 8), (n, 0, 0)) for n in range(200)]
    frames[0].save(file, kind, save_all=True, append_images=frames[1:], duration=20, **settings)
    return file.getvalue()


ORDINARY = {
    "photograph": photograph,
    "JPEG of 90 scans": lambda: jpeg_of_scans(80, (64, 64)),
    "JPEG with restarts": lambda: encoded("JPEG", (640, 480), restart_marker_blocks=1),
    "PNG with profile and XMP": png_of_a_camera,
    "animated PNG": lambda: animation("PNG"),
    "animated WebP": lambda: animation("WEBP"),
    "animated GIF with a comment": lambda: animation("GIF", comment=b"a" * 300),
    "WebP with a profile": lambda: encoded("WEBP", icc_profile=os.urandom(3 << 20)),
    "TIFF of 20,000 strips": lambda: encoded("TIFF", (10, 20_000), tiffinfo={278: 1}),
    "TIFF with a profile": lambda: encoded("TIFF", icc_profile=os.urandom(3 << 20), compression="tiff_lzw"),
    "JPEG 2000 of 256 tiles": lambda: encoded("JPEG2000", (1996, 1996), tile_size=(128, 128)),
    "JPEG 2000 of precincts": lambda: encoded("JPEG2000", (1996, 1996), precinct_size=(128, 128)),
    "JPEG 2000 of layers": lambda: encoded("JPEG2000", quality_layers=list(range(50, 0, -1))),
    "BMP of run lengths": lambda: b"BM" + struct.pack("<IHHI", 0, 0, 0, 1078)
    + struct.pack("<IiiHHIIiiII", 40, 8, 2, 1, 8, 1, 0, 0, 0, 256, 0) + bytes(1024) + b"\x08\1\0\0" * 2 + b"\0\1",
    "PPM with a comment": lambda: b"P6 # a\n#b\n8 8\n# c\n255\n" + b"#" * 192,
    "plain PPM with comments": lambda: b"P3\n4 4 255\n" + b"1 2 3 # a\n" * 16,
    "plain bits": lambda: b"P1\n4 4\n" + b"1010" * 4,
}  # fmt: skip


@pytest.mark.parametrize("name", ORDINARY)
def test_an_ordinary_picture_is_read_as_without_limits(name, tmp_path):
    data = ORDINARY[name]()
    (tmp_path / "picture").write_bytes(data)
    expected, bounded = picture_io.read(tmp_path / "picture"), picture_io.read(Upload(data), MOST_PIXELS)
    np.testing.assert_array_equal(bounded.samples, expected.samples)
    assert (bounded.icc, bounded.exif, bounded.encoder) == (expected.icc, expected.exif, expected.encoder)


def test_the_limits_are_those_of_strangers_alone(tmp_path):
    (tmp_path / "a.png").write_bytes(hostile_pictures.hidden_exif(10_000))
    assert picture_io.read(tmp_path / "a.png").samples.shape == (16, 16, 3)


def test_a_scan_more_than_allowed_is_refused():
    scans = encoded("JPEG", (1996, 1996), progressive=True).count(b"\xff\xda")
    inspection.check_structure(jpeg_of_scans(inspection.MOST_SCANS - scans))
    with pytest.raises(UnreadablePicture, match="more than 100 scans"):
        inspection.check_structure(jpeg_of_scans(inspection.MOST_SCANS - scans + 1))


def test_photographs_and_benchmarks_pass(test_data):
    paths = [path for path in sorted(test_data.rglob("*")) if path.suffix.lower() in picture_io.SUFFIXES][:500]
    assert paths
    for path in paths:
        inspection.check_structure(path.read_bytes(), path)


def test_a_file_that_ends_early_is_left_to_the_decoders():
    for make in ORDINARY.values():
        data = make()
        for length in range(min(len(data), 120)):
            inspection.check_structure(data[:length])


SIGNATURES = [b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n\0", b"RIFF", b"II*\0", b"MM\0+", b"GIF89a", b"BM", b"P6"]


@pytest.mark.parametrize("data", SIGNATURES)
def test_a_file_of_a_signature_alone_is_unreadable(data):
    with pytest.raises(UnreadablePicture):
        picture_io.read(Upload(data), MOST_PIXELS)


def test_changed_bytes_raise_nothing_else():
    random = np.random.default_rng(0)
    for make in ORDINARY.values():
        data = make()[:100_000]
        for _ in range(20):
            changed = bytearray(data)
            for place in random.integers(0, min(len(changed), 400), 4):
                changed[place] = random.integers(256)
            with contextlib.suppress(UnreadablePicture):
                inspection.check_structure(bytes(changed))
