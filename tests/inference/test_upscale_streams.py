"""`srgan upscale -`: a picture from standard input, one to standard output, nothing else in either."""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pyimagesearch.images import picture_io
from pyimagesearch.inference.upscaler import load_upscaler


@pytest.fixture
def piped(monkeypatch):
    """piped(data) makes stdin hold the bytes; returns the bytes that stdout gets."""

    def pipe(data: bytes = b"") -> io.BytesIO:
        out = io.BytesIO()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(out, write_through=True))
        return out

    return pipe


@pytest.fixture
def expected(save_generator, photos):
    return load_upscaler(str(save_generator("light", 4)[0]))(picture_io.read_rgb(photos / "a.png"))


@pytest.mark.parametrize("source", ["-", "a.png"])
def test_a_picture_goes_to_stdout_as_png_and_nothing_else(srgan, photos, piped, expected, source, monkeypatch):
    monkeypatch.chdir(photos)
    out = piped((photos / "a.png").read_bytes())
    code, _, err = srgan(source, "-o", "-")
    assert (code, err) == (0, [])
    assert out.getvalue().startswith(b"\x89PNG")
    np.testing.assert_array_equal(np.asarray(Image.open(out)), expected)
    assert not (photos / "-").exists()


def test_a_picture_comes_from_stdin_into_a_file_of_any_format(srgan, photos, piped, expected, tmp_path):
    piped((photos / "a.png").read_bytes())
    assert srgan("-", "-o", tmp_path / "new" / "big.tif")[0] == 0
    np.testing.assert_array_equal(picture_io.read_rgb(tmp_path / "new" / "big.tif"), expected)
    piped((photos / "a.png").read_bytes())
    code, _, err = srgan("-", "-o", tmp_path / "new" / "big.tif")
    assert code == 2
    assert "big.tif: exists already; --overwrite replaces it" in err[0]


@pytest.mark.parametrize(
    ("inputs", "output", "wrong"),
    [
        (["-", "a.png"], "-", "stand for one picture, received 2"),
        (["deeper"], "-", "deeper: is no file; standard output takes one picture's result"),
        (["-"], "folder", "--output folder: standard input has no name for a file in a folder"),
        (["-"], "-", "standard input: "),
    ],
)
def test_what_a_stream_cannot_be_is_refused_in_one_line(srgan, photos, piped, monkeypatch, inputs, output, wrong):
    monkeypatch.chdir(photos)
    piped(b"no picture")
    code, _, err = srgan(*inputs, "-o", output)
    assert code == 2
    assert len(err) == 1
    assert wrong in err[0]


@pytest.mark.slow
def test_the_command_works_in_a_pipe(photos):
    command = [sys.executable, "-m", "pyimagesearch", "upscale", "-", "-o", "-", "--model", "bicubic"]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, input=(photos / "a.png").read_bytes(), capture_output=True, cwd=root)
    assert (done.returncode, done.stderr) == (0, b"")
    assert Image.open(io.BytesIO(done.stdout)).size == (48, 36)
