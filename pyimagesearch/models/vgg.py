"""VGG19 up to some of its layers: what the content loss compares."""

from collections.abc import Sequence

import keras

from pyimagesearch.models.pretrained import check_exists, load_without_top
from pyimagesearch.system.files import sha256_of

ARGUMENT = "--vgg-weights"  # what messages call the weights unless told otherwise
_CONVOLUTIONS = (2, 2, 4, 4, 4)  # in each block
# How many pixels a side a picture needs at least for each layer, in order: every block ends by halving them.
VGG_LAYERS: dict[str, int] = {
    name: side
    for block, count in enumerate(_CONVOLUTIONS)
    for name, side in [
        *((f"block{block + 1}_conv{number + 1}", 2**block) for number in range(count)),
        (f"block{block + 1}_pool", 2 ** (block + 1)),
    ]
}


def weights_identity(weights: str) -> str:
    """What tells one choice of weights from another: the name, or the hash of the file."""
    if weights in ("imagenet", "random"):
        return weights
    check_exists(weights, ARGUMENT)
    return "sha256:" + sha256_of(weights)


def build_vgg(
    names: Sequence[str],
    weights: str,
    content_input: str = "imagenet",
    *,
    before_relu: bool = False,
    argument: str = ARGUMENT,
) -> keras.Model:
    """A frozen extractor: RGB (B, H, W, 3) in [0, 255] -> the features (B, h, w, c) after each named layer's ReLU.

    weights: "imagenet" (Keras' download), "random" (He-normal with a fixed seed: Liu et al., CVPR 2021, show that
    even those compare structures usefully) or the path of an .h5 file with Keras' layer names. content_input:
    "imagenet" as VGG19 was trained (BGR, ImageNet's means taken off), "signed" for RGB brought to [-1, 1].
    before_relu: the features before the ReLU (Wang et al., ESRGAN, section 3.3). argument: what messages call the
    choice of weights.
    """
    base = load_without_top(keras.applications.VGG19, "VGG19", weights, argument)
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
