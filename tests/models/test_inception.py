"""InceptionV3 for dreams: its numbers are Keras', and what its layers need of a picture is known."""

import keras
import numpy as np
import pytest

from pyimagesearch.models.inception import INCEPTION_LAYERS, build_inception
from pyimagesearch.models.vgg import VGG_LAYERS


@pytest.fixture(scope="module")
def kerass_own() -> keras.Model:
    """Keras' network with random numbers everywhere, also in the statistics of batch normalisation."""
    model = keras.applications.InceptionV3(include_top=False, weights=None)
    rng = np.random.default_rng(0)
    model.set_weights(
        [rng.uniform(0.5, 1.5, w.shape) if w.ndim == 1 else rng.normal(0, 0.05, w.shape) for w in model.get_weights()]
    )
    return model


@pytest.fixture(scope="module")
def weights(kerass_own, tmp_path_factory) -> str:
    path = str(tmp_path_factory.mktemp("inception") / "inception_v3.weights.h5")
    kerass_own.save_weights(path)
    return path


def test_features_equal_those_of_keras(kerass_own, weights):
    rgb = np.random.default_rng(1).integers(0, 256, (1, 83, 91, 3)).astype("float32")
    names = ["mixed3", "mixed5"]
    extractor = build_inception(names, weights)
    assert extractor.trainable_variables == []
    assert extractor.count_params() < 0.4 * kerass_own.count_params()  # no deeper than is asked
    found = extractor(rgb)
    reference = keras.Model(kerass_own.input, [kerass_own.get_layer(name).output for name in names])
    expected = reference(keras.applications.inception_v3.preprocess_input(rgb.copy()), training=False)
    for name, each in zip(names, expected, strict=True):
        assert found[name].shape == each.shape == (1, 3, 4, 768)
        np.testing.assert_allclose(found[name], each, rtol=1e-3, atol=1e-4 * float(np.abs(each).max()))


@pytest.mark.parametrize("layer", ["mixed2", "mixed3", "mixed7", "mixed8"])  # where the least side changes
def test_the_least_side_of_a_layer_is_the_one_from_which_it_gives_features(kerass_own, layer):
    assert _gives_features(kerass_own, layer, INCEPTION_LAYERS[layer])
    assert not _gives_features(kerass_own, layer, INCEPTION_LAYERS[layer] - 1)


@pytest.mark.parametrize("layer", ["block1_conv1", "block1_pool", "block5_conv4", "block5_pool"])
def test_the_same_for_vgg19(layer):
    model = keras.applications.VGG19(include_top=False, weights=None)
    assert list(VGG_LAYERS) == [each.name for each in model.layers[1:]]
    assert _gives_features(model, layer, VGG_LAYERS[layer])
    assert VGG_LAYERS[layer] == 1 or not _gives_features(model, layer, VGG_LAYERS[layer] - 1)


def _gives_features(model, layer, side):
    part = keras.Model(model.input, model.get_layer(layer).output)
    try:
        return min(part.compute_output_shape((1, side, side, 3))) > 0
    except ValueError:
        return False
