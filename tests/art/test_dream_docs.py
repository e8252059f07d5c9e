"""The commands of docs/art.md run as written, and a dream of 24 megapixels stays within 2 GB."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from helpers.optional_extras import need_video
from helpers.result_folders import files
from PIL import Image

from pyimagesearch.cli.main import main
from pyimagesearch.images import picture_io
from pyimagesearch.models.pretrained import load_without_top

pytestmark = pytest.mark.slow  # whole dreams
DOCS = (Path(__file__).parents[2] / "docs/art.md").read_text()
(COMMANDS,) = re.findall(r"^```bash\n(srgan dream .*?)^```", DOCS, re.MULTILINE | re.DOTALL)
PEAK = """
import pathlib, re, sys
from pyimagesearch.cli.main import main
assert main(sys.argv[1:]) == 0
status = pathlib.Path("/proc/self/status").read_text()  # ru_maxrss would count the process that started this one
print(int(re.search("VmHWM: *\\t* *([0-9]+) kB", status)[1]) * 1024)
"""


@pytest.fixture(scope="module")
def downloads(tmp_path_factory):
    """Random weights in place of those that Keras would download."""
    folder = tmp_path_factory.mktemp("downloads")
    for name in ("InceptionV3", "VGG19"):
        base = load_without_top(getattr(keras.applications, name), name, "random", "`weights`")
        base.save_weights(folder / f"{name}.weights.h5")
    return folder


def test_the_commands_run_as_written(downloads, tmp_path, monkeypatch, noise):
    need_video()

    def get_file(name, *_, **__):
        return str(downloads / ("InceptionV3.weights.h5" if name.startswith("inception_v3") else "VGG19.weights.h5"))

    monkeypatch.setattr("keras.src.utils.file_utils.get_file", get_file)
    monkeypatch.chdir(tmp_path)
    Image.fromarray(noise(98, 98)).save("photo.jpg", quality=95)
    Image.fromarray(noise(98, 98, 1)).save("flowers.jpg", quality=95)
    lines = COMMANDS.splitlines()
    for line in lines:
        assert main(shlex.split(line, comments=True)[1:]) == 0, line
    results = [shlex.split(line)[shlex.split(line).index("-o") + 1] for line in lines]
    assert set(results) == {path.name for path in tmp_path.iterdir()} - {"photo.jpg", "flowers.jpg"}
    photo = picture_io.read_rgb("photo.jpg").astype(int)
    for name in results:
        if name.endswith((".jpg", ".png")):
            dream = picture_io.read_rgb(name)
            assert dream.shape == photo.shape
            assert np.abs(dream - photo).mean() > 5
    assert len(files(tmp_path / "dive")) == 48


def test_24_megapixels_take_less_than_2_gigabytes(tmp_path):
    rows = np.linspace(0, 255, 4000, dtype=np.uint8)[:, None, None]
    Image.fromarray(np.broadcast_to(rows, (4000, 6000, 3)).copy()).save(tmp_path / "large.jpg")
    flags = ["--weights", "random", "--layers", "mixed0", "--octaves", "1,2", "--steps", "1"]
    ended = subprocess.run(
        [sys.executable, "-c", PEAK, "dream", tmp_path / "large.jpg", "-o", tmp_path / "dream.jpg", *flags],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert int(ended.stdout.split()[-1]) < 2e9
    assert Image.open(tmp_path / "dream.jpg").size == (6000, 4000)
