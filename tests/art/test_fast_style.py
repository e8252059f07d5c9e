"""`srgan style --fast`: the TFLite pair at any size, SavedModels with the call of TensorFlow Hub's, and refusals."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from helpers.optional_extras import need_art
from PIL import Image

from pyimagesearch.art import painters
from pyimagesearch.art.fast_style import centre, paint
from pyimagesearch.art.painters import load_painter
from pyimagesearch.art.painting import StyleMix
from pyimagesearch.art.style_settings import StyleSettings
from pyimagesearch.cli.main import main
from pyimagesearch.errors import InputError
from pyimagesearch.images import picture_io, resize

need_art()


@pytest.fixture(scope="module")
def pair(test_data):
    return load_painter(str(test_data / "style"))


@pytest.fixture(scope="module")
def photograph():
    from skimage import data

    return resize.resize_bicubic(data.astronaut(), 384, 384)


@pytest.fixture(scope="module")
def styles():
    from skimage import data

    return [data.coffee(), data.immunohistochemistry()]


def by_litert(path: Path, *inputs: np.ndarray) -> np.ndarray:
    """What an interpreter makes of the file as it is."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(path))
    interpreter.allocate_tensors()
    for given, details in zip(inputs, interpreter.get_input_details(), strict=True):
        interpreter.set_tensor(details["index"], given)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


def test_at_their_own_size_the_pair_paints_as_litert_runs_the_files(pair, test_data, photograph, styles):
    content, style = np.float32(photograph / 255), centre(styles[0])
    numbers = by_litert(test_data / "style" / "style_predict_quantized_256.tflite", style[None])
    np.testing.assert_array_equal(pair.predict(style), numbers)
    expected = by_litert(test_data / "style" / "style_transfer_f16_384.tflite", content[None], numbers)[0]
    np.testing.assert_allclose(pair.paint(content, numbers), expected, atol=1e-6)
    made = paint(pair, styles[:1], photograph, StyleSettings(size=384))
    assert np.abs(made - np.rint(expected.clip(0, 1) * 255)).max() <= 1


def test_other_sizes_are_painted_whole_with_the_mean_of_the_whole_picture(pair, photograph, styles):
    """Beside its mirror image a picture has the mean and the spread that it has alone: it is painted the same, up to
    where strided layers begin, and shows no seam where a tile of 384 would end."""
    content, numbers = np.float32(photograph / 255), pair.predict(centre(styles[0]))
    alone = pair.paint(content, numbers)
    both = pair.paint(np.concatenate([content, content[:, ::-1]], axis=1), numbers)
    assert both.shape == (384, 768, 3)
    assert np.abs(both[:, :320] - alone[:, :320]).mean() < 0.02
    steps = np.abs(np.diff(both, axis=1)).mean(axis=(0, 2))
    assert steps[383] < 2 * np.median(steps)


@pytest.mark.parametrize("size", [(97, 130), (250, 33), (384, 512)])
def test_every_size_comes_out_as_it_went_in(pair, styles, noise, size):
    content, numbers = np.float32(noise(*size) / 255), pair.predict(centre(styles[1]))
    made = pair.paint(content, numbers)
    assert made.shape == content.shape
    assert 0 <= made.min() < made.max() <= 1
    np.testing.assert_array_equal(pair.paint(content, numbers), made)


def test_large_pictures_are_painted_alike_by_the_kernels_that_need_less_memory(pair, styles, noise, monkeypatch):
    content, numbers = np.float32(noise(128, 160) / 255), pair.predict(centre(styles[0]))
    fast = pair.paint(content, numbers)
    monkeypatch.setattr("pyimagesearch.art.tflite_painter.MOST_DELEGATED", 1000)
    np.testing.assert_allclose(pair.paint(content, numbers), fast, atol=2e-3)


def test_strength_and_parts_mix_the_predicted_numbers(pair, photograph, styles):
    content, own = np.float32(photograph[:64, :64] / 255), centre(photograph)
    first, second = (pair.predict(centre(style)) for style in styles)
    mix = StyleMix([centre(style) for style in styles], (0.25, 0.75), own, 0.6)
    expected = pair.paint(content, np.float32(0.6 * (0.25 * first + 0.75 * second) + 0.4 * pair.predict(own)))
    np.testing.assert_allclose(pair(content, mix), expected, atol=1e-4)


class Hub(tf.Module):
    """A module with the call of Magenta's: it paints the content in the mean colour of the style."""

    @tf.function(input_signature=[tf.TensorSpec([None, None, None, 3]), tf.TensorSpec([None, None, None, 3])])
    def __call__(self, content, style):
        """Also tells the sides of the style, which is 256x256, as the content's blue."""
        mean = tf.reduce_mean(style, axis=[1, 2], keepdims=True)
        seen = tf.cast(tf.shape(style)[1] * tf.shape(style)[2], tf.float32) / 65536.0
        return [tf.concat([(0.5 * content + 0.5 * mean)[..., :2], tf.fill(tf.shape(content[..., :1]), seen)], axis=3)]


@pytest.fixture(scope="module")
def hub(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("hub")
    tf.saved_model.save(Hub(), str(path))
    return path


def test_a_saved_model_is_called_as_tensorflow_hubs_module_is(hub, photograph):
    style = np.full((30, 50, 3), (200, 100, 50), np.uint8)
    made = paint(load_painter(str(hub)), [style], photograph[:101, :90], StyleSettings(size=None))
    assert made.shape == (101, 90, 3)
    expected = np.rint((photograph[:101, :90, :2].astype(float) + style[0, 0, :2]) / 2)
    assert np.abs(made[:, :, :2] - expected).max() <= 1
    assert (made[:, :, 2] == 255).all()


def test_without_a_folder_kagglehub_finds_what_it_has_downloaded_before(hub, tmp_path, photograph, monkeypatch):
    cached = tmp_path / "models" / painters.HANDLE
    cached.parent.mkdir(parents=True)
    cached.symlink_to(hub)
    (cached.parent / "2.complete").touch()
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path))
    Image.fromarray(photograph).save(tmp_path / "photo.png")
    command = ["style", "--fast", str(tmp_path / "photo.png"), str(tmp_path / "photo.png"), "--size", "100"]
    assert main([*command, "-o", str(tmp_path / "out.png")]) == 0
    assert picture_io.read_rgb(tmp_path / "out.png").shape == (100, 100, 3)


def test_without_a_network_the_other_ways_are_named(tmp_path):
    program = "import sys; from pyimagesearch.art.painters import load_painter; load_painter(None)"
    environment = {**os.environ, "KAGGLEHUB_CACHE": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    environment |= dict.fromkeys(("https_proxy", "HTTPS_PROXY"), "http://127.0.0.1:9")
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, env=environment
    )
    last = ended.stderr.strip().splitlines()[-1]
    assert "InputError: Magenta's networks could not be downloaded (Connection refused); unpack" in last
    assert "arbitrary-image-stylization-v1/tensorFlow1/256/2 in a folder, and name it with `fast_models`" in last


@pytest.fixture
def files(tmp_path, noise, monkeypatch):
    """A folder with pictures and with folders of what are no networks, which is the current one."""
    monkeypatch.chdir(tmp_path)
    for name, sides in {"photo.png": (40, 48), "wave.png": (50, 60), "narrow.png": (4, 400)}.items():
        Image.fromarray(noise(*sides)).save(name)
    for name, file in {"empty": None, "broken": "saved_model.pb", "text": "a.tflite"}.items():
        Path(name).mkdir()
        if file:
            Path(name, file).write_text("no network")
    plain = tf.Module()
    plain.weight = tf.Variable(1.0)
    tf.saved_model.save(plain, "no_call")


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        (["--fast-models", "nowhere"], "--fast-models nowhere: no such folder"),
        (
            ["--fast-models", "empty"],
            "--fast-models empty: holds neither a SavedModel (saved_model.pb) nor .tflite files",
        ),
        (["--fast-models", "broken"], "--fast-models broken: is no SavedModel that can be loaded ("),
        (["--fast-models", "no_call"], "--fast-models no_call: is a SavedModel that cannot be called with a content"),
        (["--fast-models", "text"], "--fast-models text/a.tflite: is no TFLite file"),
        (
            ["--fast-models", "HUB", "--strength", "0.5"],
            "paints one style, at full --strength; the pair of .tflite files",
        ),
        (["--fast-models", "HUB", "narrow.png"], "paints one style, at full --strength"),
        (["--fast-models", "HUB", "--epochs", "2"], "--epochs: not with --fast, which optimises nothing"),
        (["--fast-models", "HUB", "--size", "16384"], "of memory, but"),
    ],
)
@pytest.mark.usefixtures("files")
def test_what_are_no_networks_is_refused_in_one_line(hub, capsys, monkeypatch, arguments, wrong):
    if "16384" in arguments:
        monkeypatch.setattr("pyimagesearch.art.fast_style.memory.available", lambda: 10**9)
    arguments = [str(hub) if argument == "HUB" else argument for argument in arguments]
    pictures = ["photo.png", "wave.png", *(argument for argument in arguments if argument.endswith(".png"))]
    flags = [argument for argument in arguments if not argument.endswith(".png")]
    assert main(["style", "--fast", *pictures, "-o", "out.png", *flags]) == 2
    err = capsys.readouterr().err.splitlines()
    assert len(err) == 1
    assert wrong in err[0]
    assert not Path("out.png").exists()


@pytest.mark.usefixtures("files")
def test_what_is_no_picture_is_said_before_networks_are_loaded(capsys):
    Path("text.jpg").write_text("no picture")
    command = ["style", "--fast", "--fast-models", "nowhere", "text.jpg", "wave.png", "-o", "out.png"]
    assert main(command) == 2
    assert capsys.readouterr().err.startswith("srgan: text.jpg: ")


@pytest.mark.usefixtures("files")
def test_a_picture_that_is_too_small_is_named(hub, capsys):
    command = ["style", "--fast", "--fast-models", str(hub), "narrow.png", "wave.png", "-o", "out.png"]
    assert main([*command, "--size", "full"]) == 2
    assert capsys.readouterr().err.startswith(
        "srgan: narrow.png: is too small: 400x4 pixels become 400x4, of which each"
    )


def test_a_pair_needs_one_network_of_each_kind(test_data, tmp_path):
    predictor = (test_data / "style" / "style_predict_quantized_256.tflite").read_bytes()
    (tmp_path / "a.tflite").write_bytes(predictor[:1000])
    with pytest.raises(InputError, match=r"a.tflite: is a damaged TFLite file"):
        load_painter(str(tmp_path))
    for name in ("a.tflite", "b.tflite"):
        (tmp_path / name).write_bytes(predictor)
    with pytest.raises(InputError, match=r"must hold two .tflite files, one .* received a.tflite, b.tflite"):
        load_painter(str(tmp_path))
