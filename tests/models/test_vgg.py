"""VGG19 for the content loss: its numbers are Keras', and its weights come from where the user says."""

import warnings
from urllib.error import URLError

import keras
import numpy as np
import pytest

from pyimagesearch.errors import InputError
from pyimagesearch.models import build_vgg, weights_identity


@pytest.fixture(scope="module")
def deepest() -> keras.Model:
    return build_vgg(["block5_conv4"], "random")


def rgb(side: int = 32) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (2, side, side, 3)).astype("float32")


def kerass_own(weights) -> keras.Model:
    reference = keras.applications.VGG19(include_top=False, weights=None)
    reference.set_weights(weights)
    return reference


def test_pictures_are_prepared_as_keras_prepares_them(deepest):
    found = deepest.get_layer("preprocess")(rgb())
    np.testing.assert_allclose(found, keras.applications.vgg19.preprocess_input(rgb()), atol=1e-4)


def test_features_equal_those_of_keras_vgg19_at_the_tutorials_layer(deepest):
    reference = kerass_own(deepest.get_weights())
    to_layer_20 = keras.Model(reference.input, reference.layers[20].output)
    expected = to_layer_20(keras.applications.vgg19.preprocess_input(rgb())).numpy()
    found = deepest(rgb())["block5_conv4"].numpy()
    assert found.shape == (2, 2, 2, 512)
    assert found.min() == 0 < found.max()  # after the ReLU
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * expected.max())


@pytest.mark.parametrize(
    ("layer", "shape"),
    [("block1_conv1", (2, 32, 32, 64)), ("block2_conv2", (2, 16, 16, 128)), ("block3_conv3", (2, 8, 8, 256))],
)
def test_any_conv_layer_can_be_compared(deepest, layer, shape):
    reference = kerass_own(deepest.get_weights())
    to_layer = keras.Model(reference.input, reference.get_layer(layer).output)
    expected = to_layer(keras.applications.vgg19.preprocess_input(rgb())).numpy()
    assert expected.shape == shape
    found = build_vgg([layer], "random")(rgb())[layer]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5 * expected.max())


def test_features_before_the_relu_are_those_of_which_it_takes_the_negative_ones_away():
    names = ["block1_conv2", "block5_conv4"]
    before, after = build_vgg(names, "random", before_relu=True)(rgb()), build_vgg(names, "random")(rgb())
    for name in names:
        assert before[name].numpy().min() < 0
        np.testing.assert_allclose(np.maximum(before[name], 0), after[name], rtol=1e-4, atol=1e-3)


def test_signed_input_is_rgb_in_minus_one_to_one():
    extractor = build_vgg(["block3_conv3"], "random", "signed")
    white_and_mean = np.float32([[[[255, 0, 127.5]]]])
    np.testing.assert_allclose(extractor.get_layer("signed")(white_and_mean), [[[[1, -1, 0]]]], atol=1e-6)
    reference = kerass_own(build_vgg(["block5_conv4"], "random").get_weights())
    to_layer = keras.Model(reference.input, reference.get_layer("block3_conv3").output)
    expected = to_layer(rgb() / 127.5 - 1).numpy()
    np.testing.assert_allclose(extractor(rgb())["block3_conv3"], expected, rtol=1e-3, atol=1e-4 * expected.max())


def test_it_is_frozen(deepest):
    assert deepest.trainable_variables == []


def test_random_weights_are_the_same_each_time(deepest):
    keras.utils.set_random_seed(7)  # the run's seed must not matter: a run that goes on builds them again
    again = build_vgg(["block2_conv2"], "random").get_weights()
    for a, b in zip(again, deepest.get_weights(), strict=False):
        np.testing.assert_array_equal(a, b)
    assert again[0].std() > 0


def test_each_random_layer_has_weights_of_its_own(deepest):
    same_shape = [deepest.get_layer(f"block5_conv{number}").kernel.numpy() for number in (1, 2)]
    assert np.abs(same_shape[0] - same_shape[1]).max() > 0.01


def test_a_file_that_does_not_exist_is_named():
    for refuse in (weights_identity, lambda path: build_vgg(["block1_conv1"], path)):
        with pytest.raises(InputError) as refused:
            refuse("nowhere/vgg.h5")
        assert str(refused.value).startswith("--vgg-weights: no such file nowhere/vgg.h5; give imagenet, random or")


def test_a_file_of_other_weights_is_refused(tmp_path):
    garbage = tmp_path / "garbage.h5"
    garbage.write_bytes(b"no HDF5 at all" * 100)
    other = tmp_path / "other.weights.h5"
    keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)]).save_weights(other)
    for path in (garbage, other):
        with pytest.raises(InputError) as refused, warnings.catch_warnings(action="error"):  # Keras' are not heard
            build_vgg(["block1_conv1"], str(path))
        text = str(refused.value)
        assert text.startswith(f"--vgg-weights {path}: not the weights of VGG19 without its top")
        assert "\n" not in text


def test_imagenet_without_a_network_names_the_other_choices(monkeypatch, tmp_path):
    def no_network(*_):
        raise URLError("Name or service not known")

    monkeypatch.setattr("keras.src.utils.file_utils.urlretrieve", no_network)
    monkeypatch.setattr("keras.src.utils.file_utils.config.keras_home", lambda: str(tmp_path))  # nothing cached
    with pytest.raises(InputError) as refused:
        build_vgg(["block1_conv1"], "imagenet")
    text = str(refused.value)
    assert "--vgg-weights imagenet: Keras could not download VGG19 (URL fetch failure" in text
    assert "random (no download)" in text
    assert "the path of an .h5 file of VGG19 without its top" in text
    assert "\n" not in text


def test_the_identity_of_weights_is_their_content_and_not_their_place(tmp_path):
    for name, content in (("a.h5", b"1"), ("b.h5", b"1"), ("c.h5", b"2")):
        (tmp_path / name).write_bytes(content)
    a, b, c = (weights_identity(str(tmp_path / name)) for name in ("a.h5", "b.h5", "c.h5"))
    assert a == b != c
    assert [weights_identity(name) for name in ("imagenet", "random")] == ["imagenet", "random"]


def test_real_weights_load_from_a_file(test_data):
    path = test_data / "vgg19" / "vgg19_imagenet_notop.h5"
    extractor = build_vgg(["block5_conv4"], str(path))
    reference = keras.applications.VGG19(include_top=False, weights=str(path))
    for found, expected in zip(extractor.get_weights(), reference.get_weights(), strict=True):
        np.testing.assert_array_equal(found, expected)
    # Trained edge detectors answer to an edge and not to a flat picture.
    edge = np.zeros((1, 32, 32, 3), "float32")
    edge[:, :, 16:] = 255
    first = build_vgg(["block1_conv1"], str(path))(edge)["block1_conv1"].numpy()[0]
    assert np.abs(first[16, 15:17] - first[16, 8]).max() > 50
