"""images/other_formats.py: a format that is not read is called by its name, with what to do."""

import io
import struct
import sys

import pytest
from PIL import Image

from pyimagesearch.images import picture_io, tiff_directories
from pyimagesearch.images.picture_io import UnreadablePicture, Upload
from pyimagesearch.images.tiff_directories import Entry


def boxes(*brands):
    """The beginning of a file of ISO/IEC 14496-12."""
    content = b"ftyp" + brands[0] + bytes(4) + b"".join(brands)
    return (len(content) + 4).to_bytes(4) + content + bytes(40)


def thumbnail_of(tag):
    """A small TIFF that calls itself a thumbnail, with another tag."""
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "TIFF")
    form, directory = tiff_directories.read(file)
    tiff_directories.put_first(
        file, form, directory | {254: tiff_directories.whole(form, [1]), tag: Entry(4, bytes(4))}
    )
    return file.getvalue()


FILES = {
    "HEIC of a telephone": (boxes(b"heic", b"mif1"), "HEIC.*heif-convert"),
    "HEIC of another brand": (boxes(b"mif1", b"miaf", b"heix"), "HEIC.*heif-convert"),
    "JPEG XL": (b"\xff\x0a" + bytes(20), "JPEG XL.*djxl"),
    "JPEG XL in boxes": (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(20), "JPEG XL.*djxl"),
    "DNG": (thumbnail_of(50706), "RAW.*darktable"),
    "NEF": (thumbnail_of(330), "RAW.*darktable"),
    "CR2": (b"II*\0\x10\0\0\0CR\2\0" + bytes(20), "RAW.*darktable"),
    "CR3": (boxes(b"crx ", b"crx ", b"isom"), "RAW.*darktable"),
    "RW2": (b"IIU\0" + bytes(20), "RAW.*darktable"),
    "RAF": (b"FUJIFILMCCD-RAW 0201" + bytes(20), "RAW.*darktable"),
    "OpenEXR": (struct.pack("<I", 20000630) + bytes(20), "OpenEXR.*tone-map"),
    "Radiance": (b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 1 +X 1\n\x80\x80\x80\x80", "Radiance.*tone-map"),
    "SVG": (b'<?xml version="1.0"?>\n<!-- a drawing -->\n<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG.*draw"),
    "PDF": (b"%PDF-1.7\n" + bytes(20), "PDF.*pdftoppm"),
    "video": (boxes(b"isom", b"mp42"), "video.*srgan upscale film.mp4"),
    "PNG for iOS": (b"\x89PNG\r\n\x1a\n\0\0\0\4CgBI" + bytes(40), "iOS.*pngcrush"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_format_that_is_not_read_is_named(tmp_path, monkeypatch, name):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    monkeypatch.setitem(sys.modules, "pillow_jxl", None)
    data, text = FILES[name]
    (tmp_path / "x.jpg").write_bytes(data)
    for source, most in ((tmp_path / "x.jpg", None), (Upload(data), 1000)):
        with pytest.raises(UnreadablePicture, match=text) as refusal:
            picture_io.read(source, most)
        assert str(refusal.value).startswith(f"{source}: ")
        assert "\n" not in str(refusal.value)


def test_avif_of_the_brand_that_heic_has_too_is_read(noise):
    file = io.BytesIO()
    Image.fromarray(noise(8, 8)).save(file, "AVIF")
    data = file.getvalue().replace(b"ftypavif", b"ftypmif1", 1)
    assert picture_io.read(Upload(data)).samples.shape == (8, 8, 3)
