"""VGG19's feature distance: its definition, by hand; tiles that change nothing; what is refused."""

import numpy as np
import pytest
from keras.applications.vgg19 import VGG19, preprocess_input

from pyimagesearch.errors import InputError
from pyimagesearch.evaluation import perceptual
from pyimagesearch.models import build_vgg


@pytest.fixture(scope="module")
def distance():
    return perceptual.FeatureDistance("random")


def test_it_is_the_mean_square_of_the_content_losss_features(distance, noise):
    hr, sr = noise(48, 64), noise(48, 64, seed=1)
    vgg = build_vgg(["block5_conv4"], "random")
    a, b = (vgg(picture[None].astype(np.float32))["block5_conv4"].numpy() / 12.75 for picture in (sr, hr))
    assert a.shape == (1, 3, 4, 512)
    found = distance("one.png", {"model": sr}, hr)
    assert found == {"model": pytest.approx(np.square(a - b).mean(), rel=1e-4)}


def test_equal_pictures_have_no_distance_and_each_model_has_its_own(distance, noise):
    hr = noise(33, 50)
    found = distance("one.png", {"same": hr, "darker": hr - hr // 16, "dark": hr // 2}, hr)
    assert found["same"] == 0
    assert 0 < found["darker"] < found["dark"]


@pytest.mark.parametrize(("height", "width"), [(401, 35), (35, 401), (40, 32)])
def test_tiles_change_nothing(distance, noise, monkeypatch, height, width):
    hr, sr = noise(height, width), noise(height, width, seed=1)
    whole = distance("one.png", {"model": sr}, hr)["model"]
    monkeypatch.setattr(perceptual, "TILE", 144)
    assert distance("one.png", {"model": sr}, hr)["model"] == pytest.approx(whole, rel=1e-4)


def test_less_context_would_change_it(distance, noise, monkeypatch):
    hr, sr = noise(256, 32), noise(256, 32, seed=1)
    whole = distance("one.png", {"model": sr}, hr)["model"]
    monkeypatch.setattr(perceptual, "TILE", 64)
    monkeypatch.setattr(perceptual, "CONTEXT", 32)
    assert distance("one.png", {"model": sr}, hr)["model"] != pytest.approx(whole, rel=1e-4)


def test_too_small_a_picture_is_named(distance, noise):
    with pytest.raises(InputError, match=r"^one\.png: 40x15 pixels are too few for VGG19; 16 a side are needed"):
        distance("one.png", {}, noise(15, 40))


def test_with_trained_weights_it_is_keras_own_vgg19s(test_data, noise):
    path = str(test_data / "vgg19" / "vgg19_imagenet_notop.h5")
    distance = perceptual.FeatureDistance(path)
    assert distance.identity.startswith("sha256:")
    hr, sr = noise(64, 48), noise(64, 48, seed=1)
    keras_own = VGG19(include_top=False, weights=path)
    features = []
    for picture in (sr, hr):
        x = preprocess_input(picture[None].astype(np.float32))
        for layer in keras_own.layers[1:]:
            x = layer(x)
            if layer.name == "block5_conv4":
                break
        features.append(x.numpy() / 12.75)
    expected = np.square(features[0] - features[1]).mean()
    assert distance("one.png", {"model": sr}, hr)["model"] == pytest.approx(expected, rel=1e-3)
