"""The commands about styles in docs/art.md run as written, and 4 megapixels stay within 3 GB."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from helpers.optional_extras import need_art
from PIL import Image

from pyimagesearch.art import painters
from pyimagesearch.cli.main import main
from pyimagesearch.images import picture_io
from pyimagesearch.models.pretrained import load_without_top

pytestmark = pytest.mark.slow
DOCS = (Path(__file__).parents[2] / "docs/art.md").read_text()
BLOCKS = re.findall(r"^```bash\n(.*?)^```", DOCS, re.MULTILINE | re.DOTALL)
SLOWLY, AT_ONCE = (
    [
        line
        for block in BLOCKS
        for line in block.splitlines()
        if line.startswith("srgan style") and fast == ("--fast" in line)
    ]
    for fast in (False, True)
)
# Added to each command of the optimisation, which would take minutes.
LESS = ["--size", "64", "--epochs", "2", "--steps-per-epoch", "1"]
PEAK = """
import pathlib, re, sys
from pyimagesearch.cli.main import main
assert main(sys.argv[1:]) == 0
status = pathlib.Path("/proc/self/status").read_text()  # ru_maxrss would count the process that started this one
print(int(re.search("VmHWM: *\\t* *([0-9]+) kB", status)[1]) * 1024)
"""


@pytest.fixture
def pictures(tmp_path, monkeypatch, noise):
    """The pictures that the commands name, in the current folder."""
    monkeypatch.chdir(tmp_path)
    for name, seed in (("photo.jpg", 0), ("wave.jpg", 1), ("fuji.jpg", 2), ("sky.png", 3)):
        Image.fromarray(noise(60, 80, seed)).save(name)


def check_results(lines: list[str]) -> None:
    """Each command made the picture that it names, and not the same as another one."""
    words = [shlex.split(line, comments=True) for line in lines]
    results = [each[each.index("-o") + 1] for each in words]
    made = [picture_io.read_rgb(name) for name in results]
    assert len({picture.tobytes() for picture in made}) == len(lines)


@pytest.mark.usefixtures("pictures")
def test_the_commands_of_the_optimisation_run_as_written(tmp_path_factory, monkeypatch):
    weights = tmp_path_factory.mktemp("downloads") / "vgg19.weights.h5"  # in place of those that Keras would download
    load_without_top(keras.applications.VGG19, "VGG19", "random", "`weights`").save_weights(weights)
    monkeypatch.setattr("keras.src.utils.file_utils.get_file", lambda *_, **__: str(weights))
    assert len(SLOWLY) >= 7
    for line in SLOWLY:
        assert main([*shlex.split(line, comments=True)[1:], *LESS]) == 0, line
    check_results([line for line in SLOWLY if "--progress" not in line and "--optimizer" not in line])


class Hub(tf.Module):
    """A module with the call of TensorFlow Hub's."""

    @tf.function(input_signature=[tf.TensorSpec([None, None, None, 3])] * 2)
    def __call__(self, content, style):
        return [0.5 * content + 0.5 * tf.reduce_mean(style)]


@pytest.mark.usefixtures("pictures")
def test_the_commands_that_paint_at_once_run_as_written(test_data, tmp_path, monkeypatch):
    need_art()
    cached = tmp_path / "cache" / "models" / painters.HANDLE
    tf.saved_model.save(Hub(), str(cached))
    (cached.parent / "2.complete").touch()
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "cache"))
    Path("style_models").symlink_to(test_data / "style")
    assert len(AT_ONCE) >= 3
    for line in AT_ONCE:
        assert main(shlex.split(line, comments=True)[1:]) == 0, line
    check_results(AT_ONCE)


def test_4_megapixels_take_less_than_3_gigabytes(tmp_path):
    """With the layers that need the most memory; the deeper ones take 15 times as long, and a quarter more of it."""
    rows = np.linspace(0, 255, 2000, dtype=np.uint8)[:, None, None]
    Image.fromarray(np.broadcast_to(rows, (2000, 2000, 3)).copy()).save(tmp_path / "large.jpg")
    flags = ["--weights", "random", "--size", "full", "--coarsest", "16384", "--epochs", "1", "--steps-per-epoch", "1"]
    flags += ["--content-layers", "block3_conv1", "--style-layers", "block1_conv1,block2_conv1", "--optimizer", "lbfgs"]
    large = str(tmp_path / "large.jpg")
    ended = subprocess.run(
        [sys.executable, "-c", PEAK, "style", large, large, "-o", str(tmp_path / "painted.jpg"), *flags],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert int(ended.stdout.split()[-1]) < 3e9
    assert Image.open(tmp_path / "painted.jpg").size == (2000, 2000)
