"""InceptionV3 up to some of its layers: what DeepDream amplifies."""

from collections.abc import Sequence

import keras

from pyimagesearch.models.pretrained import load_without_top

# How many pixels a side a picture needs at least for each layer, in order. The convolutions and poolings of the stem,
# and the two blocks that halve the sides (mixed3 and mixed8), pad nothing.
INCEPTION_LAYERS: dict[str, int] = {
    f"mixed{number}": 27 if number < 3 else 43 if number < 8 else 75 for number in range(11)
}


def build_inception(names: Sequence[str], weights: str, *, argument: str = "`weights`") -> keras.Model:
    """A frozen extractor: RGB (B, H, W, 3) in [0, 255] -> the features (B, h, w, c) of the named concatenations.

    names: of INCEPTION_LAYERS. weights: "imagenet" (Keras' download), "random" (He-normal with a fixed seed) or the
    path of an .h5 file. argument: what messages call the choice of weights.
    Batch normalisation uses its stored statistics.

    Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", arXiv 1512.00567.
    """
    base = load_without_top(keras.applications.InceptionV3, "InceptionV3", weights, argument)
    base.trainable = False
    rgb = keras.Input((None, None, 3), name="rgb")
    signed = keras.layers.Rescaling(1 / 127.5, offset=-1, name="signed")(rgb)  # as preprocess_input does
    features = keras.Model(base.input, {name: base.get_layer(name).output for name in names})(signed, training=False)
    extractor = keras.Model(rgb, features, name="inception_v3")
    extractor.trainable = False
    return extractor
