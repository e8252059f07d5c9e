"""images/folders.py: what of a folder is a picture, by suffix or content, and what is said of the rest."""

import os
import sys

import pytest
from PIL import Image

from pyimagesearch.errors import InputError
from pyimagesearch.images import picture_io


@pytest.fixture
def save(tmp_path, noise):
    def make(name, format="PNG"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(noise(16, 16)).save(path, format)

    return make


def test_pictures_of_any_suffix_are_found_by_their_content(tmp_path, save):
    formats = {"a.jfif": "JPEG", "b.avif": "AVIF", "c.ppm": "PPM", "d": "PNG", "e": "TIFF", "f.png": "PNG"}
    for name, format in formats.items():
        save(name, format)
    (tmp_path / "notes.txt").write_text("no picture")
    found = picture_io.read_folder(tmp_path)
    assert [path.name for path in found.pictures] == ["a.jfif", "b.avif", "c.ppm", "d", "e", "f.png"]
    assert all(picture_io.read_rgb(path).shape == (16, 16, 3) for path in found.pictures)
    assert found.left_out == ["files that hold no picture that can be read: notes.txt"]


def test_what_is_left_out_is_counted_by_reason(tmp_path, save, monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    save("a.png")
    save("raw.dng", "TIFF")  # a camera's raw file is a TIFF of a thumbnail
    (tmp_path / "b.heic").write_bytes(b"\0\0\0\x18ftypheic")
    for number in range(5):
        (tmp_path / f"{number}.txt").write_text("x")
    os.mkfifo(tmp_path / "pipe")
    save("inside/b.png")
    found = picture_io.read_folder(tmp_path, recursive=False)
    assert [path.name for path in found.pictures] == ["a.png"]
    assert found.left_out == [
        'HEIC or JPEG XL, which is read with the extra formats (pip install -e ".[formats]"): b.heic',
        "files that hold no picture that can be read: 0.txt, 1.txt, 2.txt and 4 more",
        "folders that are not entered: inside/; `recursive` enters them",
    ]


def test_folders_inside_are_entered_if_asked_and_links_to_folders_are_not(tmp_path, save):
    for name in ("b.png", "inside/a.png", ".hidden/c.png"):
        save(name)
    (tmp_path / "inside" / "loop").symlink_to(tmp_path)
    found = picture_io.read_folder(tmp_path, recursive=True)
    assert [found.name(path) for path in found.pictures] == ["b.png", "inside/a.png"]


def test_a_folder_of_folders_says_that_they_are_not_entered(tmp_path, save):
    save("inside/a.png")
    with pytest.raises(InputError, match=r"holds no picture .*not entered: inside/; `recursive` enters"):
        picture_io.read_folder(tmp_path, recursive=False)
    with pytest.raises(InputError, match=r"not entered: inside/\)$"):  # of a command without that flag
        picture_io.list_pictures(tmp_path)
