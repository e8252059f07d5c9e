"""VGG19 up to some of its layers: what the content loss compares."""

import hashlib
import warnings
from collections.abc import Sequence
from pathlib import Path

import keras

from pyimagesearch.errors import InputError

_CHOICES = "--vgg-weights also takes random (no download) or the path of a VGG19 notop .h5 file"


def weights_identity(weights: str) -> str:
    """What tells one choice of weights from another: the name, or the hash of the file."""
    if weights in ("imagenet", "random"):
        return weights
    _check_exists(weights)
    return "sha256:" + hashlib.sha256(Path(weights).read_bytes()).hexdigest()


def _check_exists(weights: str) -> None:
    if not Path(weights).is_file():
        raise InputError(f"--vgg-weights: no such file {weights}; give imagenet, random or the path of an .h5 file")


def build_vgg(
    names: Sequence[str], weights: str, content_input: str = "imagenet", *, before_relu: bool = False
) -> keras.Model:
    """A frozen extractor: RGB (B, H, W, 3) in [0, 255] -> the features (B, h, w, c) after each named layer's ReLU.

    weights: "imagenet" (Keras' download), "random" (He-normal with a fixed seed: Liu et al., CVPR 2021, show that
    even those compare structures usefully) or the path of an .h5 file with Keras' layer names. content_input:
    "imagenet" as VGG19 was trained (BGR, ImageNet's means taken off), "signed" for RGB brought to [-1, 1].
    before_relu: the features before the ReLU (Wang et al., ESRGAN, section 3.3).
    """
    base = _base(weights)
    rgb = keras.Input((None, None, 3), name="rgb")
    signed = keras.layers.Rescaling(1 / 127.5, offset=-1, name="signed")
    x = (signed if content_input == "signed" else _Preprocess(name="preprocess"))(rgb)
    features = {}
    for layer in base.layers[1:]:
        if before_relu and layer.name in names:
            features[layer.name] = _without_relu(layer)(x)
            x = keras.layers.ReLU()(features[layer.name])
        else:
            features[layer.name] = x = layer(x)
        if set(names) <= set(features):
            break
    extractor = keras.Model(rgb, {name: features[name] for name in names}, name="vgg19")
    extractor.trainable = False
    return extractor


def _without_relu(layer: keras.layers.Conv2D) -> keras.layers.Conv2D:
    linear = keras.layers.Conv2D.from_config({**layer.get_config(), "activation": None})
    linear.build((None, None, None, layer.kernel.shape[2]))
    linear.set_weights(layer.get_weights())
    return linear


class _Preprocess(keras.layers.Layer):
    """keras.applications.vgg19.preprocess_input as a layer: RGB to BGR, minus ImageNet's means."""

    def call(self, rgb):
        return keras.ops.flip(rgb, axis=-1) - keras.ops.cast([103.939, 116.779, 123.68], rgb.dtype)


def _base(weights: str) -> keras.Model:
    if weights not in ("imagenet", "random"):
        _check_exists(weights)
    try:
        if weights != "random":
            with warnings.catch_warnings(action="ignore"):  # of each layer that a wrong file lacks; it is refused below
                return keras.applications.VGG19(include_top=False, weights=weights)
        base = keras.applications.VGG19(include_top=False, weights=None)
    except Exception as error:
        if weights == "imagenet":
            reason = " ".join(str(error).split())
            raise InputError(f"--vgg-weights imagenet: Keras could not download VGG19 ({reason}); {_CHOICES}") from None
        raise InputError(f"--vgg-weights {weights}: not the weights of VGG19 without its top; {_CHOICES}") from None
    for number, layer in enumerate(layer for layer in base.layers if layer.weights):
        layer.kernel.assign(keras.initializers.HeNormal(seed=number)(layer.kernel.shape))
    return base
