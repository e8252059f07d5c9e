"""The loss of style transfer: against the plain formulas, and in tiles against the whole picture."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from pyimagesearch.art.style_loss import Description, StyleLoss, context, stride, total_variation
from pyimagesearch.art.style_settings import CONTENT_LAYERS, LAYERS, STYLE_LAYERS
from pyimagesearch.models import build_vgg
from pyimagesearch.models.vgg import VGG_LAYERS

WEIGHTS = {"content_weight": 1e4, "style_weight": 1e-2}


@pytest.fixture(scope="module")
def extractor() -> keras.Model:
    return build_vgg([*CONTENT_LAYERS, *STYLE_LAYERS], "random")


def picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((height, width, 3), np.float32)


def plain_features(rgb: tf.Tensor, extractor: keras.Model) -> dict[str, tf.Tensor]:
    """Keras' own VGG19 on what preprocess_input makes of the picture."""
    vgg = keras.applications.VGG19(include_top=False, weights=None)
    for layer in extractor.layers:
        if layer.name in LAYERS:
            vgg.get_layer(layer.name).set_weights(layer.get_weights())
    names = [*CONTENT_LAYERS, *STYLE_LAYERS]
    model = keras.Model(vgg.input, [vgg.get_layer(name).output for name in names])
    return dict(zip(names, model(keras.applications.vgg19.preprocess_input(rgb[None] * 255.0)), strict=True))


def gram(features: np.ndarray) -> np.ndarray:
    height, width, _ = features.shape
    return np.einsum("ijc,ijd->cd", features, features, dtype=np.float64) / (height * width)


def test_gram_matrices_and_features_are_those_of_keras_vgg19(extractor):
    rgb = picture(67, 90)
    found = StyleLoss(extractor, CONTENT_LAYERS, STYLE_LAYERS, tile=512, **WEIGHTS).describe(rgb)
    expected = {name: features.numpy()[0] for name, features in plain_features(tf.constant(rgb), extractor).items()}
    for name in CONTENT_LAYERS:
        np.testing.assert_allclose(found.content[name], expected[name], rtol=1e-3, atol=1e-4 * expected[name].max())
    for name in STYLE_LAYERS:
        np.testing.assert_allclose(found.grams[name], gram(expected[name]), rtol=1e-3)


def test_loss_and_gradient_are_those_of_the_plain_formula(extractor):
    rgb, content, style = picture(64, 80), picture(64, 80, 1), picture(96, 64, 2)
    loss_of = StyleLoss(extractor, CONTENT_LAYERS, STYLE_LAYERS, tile=512, **WEIGHTS)
    loss, gradient = loss_of(rgb, Description(loss_of.describe(content).content, loss_of.describe(style).grams))
    wanted, textures = (plain_features(tf.constant(each), extractor) for each in (content, style))
    with tf.GradientTape() as tape:
        watched = tf.constant(rgb)
        tape.watch(watched)
        seen = plain_features(watched, extractor)
        errors = []
        for name in STYLE_LAYERS:
            mine, theirs = (
                tf.einsum("bijc,bijd->bcd", maps[name], maps[name]) / float(np.prod(maps[name].shape[1:3]))
                for maps in (seen, textures)
            )
            errors.append(tf.reduce_mean((mine - theirs) ** 2))
        content_error = tf.reduce_mean((seen["block5_conv2"] - wanted["block5_conv2"]) ** 2)
        expected = 1e-2 / 5 * tf.add_n(errors) + 1e4 * content_error
    assert loss == pytest.approx(float(expected), rel=1e-4)
    slope = tape.gradient(expected, watched).numpy()
    np.testing.assert_allclose(gradient, slope, rtol=2e-3, atol=1e-4 * np.abs(slope).max())


@pytest.mark.parametrize(
    ("content_layers", "style_layers", "masked"),
    [
        (CONTENT_LAYERS, STYLE_LAYERS, False),
        (CONTENT_LAYERS, STYLE_LAYERS, True),
        (("block3_conv4",), ("block1_conv1", "block3_conv4"), False),
        (("block5_conv4",), ("block5_conv4",), False),
    ],
)
def test_tiles_give_the_loss_and_the_gradient_of_the_undivided_picture(content_layers, style_layers, masked):
    # Neither side divides by 16, and every tile has neighbours that it sees in part.
    rgb, other = picture(99, 141), picture(99, 141, 1)
    masks = [np.random.default_rng(2).random(rgb.shape[:2], np.float32)] if masked else []
    both = build_vgg(list(dict.fromkeys([*content_layers, *style_layers])), "random")
    whole, tiled = (
        StyleLoss(both, content_layers, style_layers, tile=tile, masked=masked, **WEIGHTS) for tile in (256, 64)
    )
    target, again = (loss_of.describe(other, *masks) for loss_of in (whole, tiled))
    for expected, found in zip(target, again, strict=True):
        for name in expected:
            np.testing.assert_allclose(found[name], expected[name], rtol=1e-4, atol=1e-5 * expected[name].max())
    (loss, gradient), (tiled_loss, tiled_gradient) = (loss_of(rgb, target, *masks) for loss_of in (whole, tiled))
    assert tiled_loss == pytest.approx(loss, rel=1e-5)
    np.testing.assert_allclose(tiled_gradient, gradient, atol=1e-5 * np.abs(gradient).max())


def test_a_mask_leaves_only_what_is_white_in_the_gram_matrices(extractor):
    rgb = picture(64, 128)
    mask = np.zeros((64, 128), np.float32)
    mask[:, :64] = 1
    masked = StyleLoss(extractor, CONTENT_LAYERS, ("block1_conv1",), tile=512, masked=True, **WEIGHTS)
    left = plain_features(tf.constant(rgb), extractor)["block1_conv1"].numpy()[0, :, :64]
    np.testing.assert_allclose(masked.describe(rgb, mask).grams["block1_conv1"], gram(left), rtol=1e-4)


def test_total_variation_is_tensorflows_for_each_pixel():
    rgb = picture(21, 34)
    with tf.GradientTape() as tape:
        watched = tf.constant(rgb)
        tape.watch(watched)
        expected = tf.image.total_variation(watched) / (21 * 34)
    value, gradient = total_variation(rgb)
    assert value == pytest.approx(float(expected), rel=1e-5)
    np.testing.assert_allclose(gradient, tape.gradient(expected, watched), atol=1e-7)


@pytest.mark.parametrize(
    ("layer", "pixels", "places"),
    [("block1_conv1", 16, 1), ("block3_conv4", 32, 4), ("block5_conv1", 80, 16), ("block5_conv4", 128, 16)],
)
def test_how_far_a_layer_sees(layer, pixels, places):
    assert (context([layer]), stride(layer)) == (pixels, places)


def test_the_layers_that_may_be_named_are_vgg19s():
    assert set(LAYERS) == {name for name in VGG_LAYERS if "conv" in name}
