"""images/picture_io.py: missing or broken files and folders, and files that are not pictures, are named in one line."""

import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from PIL import Image

from pyimagesearch.errors import InputError
from pyimagesearch.images import opencv, picture_io


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif", ".bmp", ".gif", ".jp2"])
def test_a_truncated_file_is_named(tmp_path, noise, suffix):
    path = tmp_path / f"cut{suffix}"
    Image.fromarray(noise(64, 64)).save(path)
    whole = path.read_bytes()
    for length in (len(whole) // 2, 20):
        path.write_bytes(whole[:length])
        with pytest.raises(picture_io.UnreadablePicture, match=f"cut{suffix}"):
            picture_io.read_rgb(path)


@pytest.mark.parametrize("content", [b"", b"no picture at all", bytes(range(256)) * 8], ids=["empty", "text", "bytes"])
def test_garbage_is_named(tmp_path, content):
    (tmp_path / "odd.png").write_bytes(content)
    with pytest.raises(picture_io.UnreadablePicture, match=r"odd\.png"):
        picture_io.read_rgb(tmp_path / "odd.png")


def test_a_garbage_file_prints_nothing_beside_its_error(tmp_path, capfd):
    """The codecs of OpenCV log their errors, which would break "one line on stderr"."""
    for name, content in {
        "a.png": b"\x89PNG\r\n\x1a\n" + b"x" * 50,
        "a.bmp": b"BM",
        "a.tif": b"II*\0" + b"x" * 9,
    }.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(picture_io.UnreadablePicture, match=name):
            picture_io.read_rgb(tmp_path / name)
    assert capfd.readouterr().err == ""


def test_pillows_warnings_stay_off_the_terminal(tmp_path, noise):
    """In a process of its own, since pytest replaces the filters."""
    path = tmp_path / "cut.tif"
    Image.fromarray(noise(64, 64)).save(path)
    path.write_bytes(path.read_bytes()[:20])
    script = "import sys; from pyimagesearch.images import picture_io; picture_io.read_rgb(sys.argv[1])"
    done = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, check=False)
    assert "UnreadablePicture" in done.stderr
    assert "Warning" not in done.stderr


def test_a_header_that_promises_gigapixels_is_refused(tmp_path):
    header = b"IHDR" + struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    (tmp_path / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 0) + b"IDAT" + b"\0" * 4)
    with pytest.raises(picture_io.UnreadablePicture, match=r"bomb\.png"):
        picture_io.read_rgb(tmp_path / "bomb.png")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"gone\.png: no such file"):
        picture_io.read_rgb(tmp_path / "gone.png")


# Simulated, since root, who may run this test, can read every file.
def test_an_unreadable_file_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "read_bytes", lambda *_: (_ for _ in ()).throw(PermissionError(13, "Permission denied")))
    with pytest.raises(InputError, match=r"locked\.png: cannot be read \(permission denied\)"):
        picture_io.read_rgb(tmp_path / "locked.png")


def test_an_unreadable_folder_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "iterdir", lambda *_: (_ for _ in ()).throw(PermissionError(13, "Permission denied")))
    with pytest.raises(InputError, match=rf"{tmp_path}: this folder cannot be read"):
        picture_io.list_pictures(tmp_path)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(InputError, match=r"nowhere: no such folder"):
        picture_io.list_pictures(tmp_path / "nowhere")


def test_a_folder_without_pictures_is_named(tmp_path):
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / ".hidden.png").write_text("x")
    with pytest.raises(InputError, match=rf"{tmp_path}: holds no picture"):
        picture_io.list_pictures(tmp_path)


def test_without_opencvs_libraries_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(InputError, match=r"libgl1.*libsm6.*libice6.*libx11-6.*libglib2\.0-0"):
        opencv.load_opencv()
