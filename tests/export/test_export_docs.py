"""docs/export.md: its commands and examples run as written, and give the pictures of `srgan upscale`."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from helpers.optional_extras import need_export
from PIL import Image

from pyimagesearch.cli.main import main
from pyimagesearch.inference.upscaler import load_upscaler

need_export()

pytestmark = pytest.mark.slow  # each example starts a runtime
DOCS = (Path(__file__).parents[2] / "docs/export.md").read_text()
WITHOUT_KERAS = """
import sys
sys.modules["keras"] = None
import tensorflow as tf
signature = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
assert signature(lr=tf.zeros([2, 17, 19, 3]))["sr"].shape == (2, 68, 76, 3)
"""


@pytest.fixture(scope="module")
def documented(tmp_path_factory, save_generator):
    """A folder where the commands of docs/export.md were run, with a picture to upscale."""
    folder = tmp_path_factory.mktemp("documented")
    (folder / "outputs/models").mkdir(parents=True)
    shutil.copy(save_generator("light", 4)[0], folder / "outputs/models/generator.keras")
    from skimage import data

    Image.fromarray(data.astronaut()[100:151, 200:277]).save(folder / "photo.png")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for line in blocks("bash")[1].splitlines():
            assert main(shlex.split(line)[1:]) == 0
    return folder


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", DOCS, re.MULTILINE | re.DOTALL)


def run(folder, program):
    ended = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr[-2000:]


@pytest.mark.parametrize("program", blocks("python"), ids=lambda program: re.findall(r'"(\w+)\.\w+"', program)[-1])
def test_the_examples_of_the_docs_give_the_picture_of_srgan_upscale(documented, program):
    run(documented, program)
    expected = load_upscaler(str(documented / "outputs/models/generator.keras"))(
        np.array(Image.open(documented / "photo.png"))
    )
    made = documented / re.findall(r'"(\w+\.\w+)"', program)[-1]
    np.testing.assert_allclose(_picture(documented, made).astype(int), expected, atol=1)


def _picture(folder, made):
    """What the example wrote as a picture; what a request's body or another model means as one."""
    if made.suffix == ".png":
        return np.array(Image.open(made))
    if made.suffix == ".json":
        body = json.loads(made.read_text())
        signature = tf.saved_model.load(folder / "generator/1").signatures[body["signature_name"]]
        (sr,) = signature(lr=tf.constant(body["instances"], tf.float32))["sr"].numpy()
    else:
        from ai_edge_litert.interpreter import Interpreter

        interpreter = Interpreter(str(made))
        lr = np.array(Image.open(folder / "photo.png"), np.float32)
        (sr,) = interpreter.get_signature_runner()(lr=lr[None])["sr"]
    return np.rint(sr).astype(np.uint8)


def test_a_savedmodel_is_loaded_without_keras(documented):
    ended = subprocess.run(
        [sys.executable, "-c", WITHOUT_KERAS, documented / "generator/1"], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr[-2000:]


def test_the_weights_of_a_savedmodel_are_stored_once(documented, save_generator):
    parameters = save_generator("light", 4)[1].count_params()
    stored = (documented / "generator/1/variables/variables.data-00000-of-00001").stat().st_size
    assert 4 * parameters <= stored < 1.5 * 4 * parameters + 4096
