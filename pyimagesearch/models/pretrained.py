"""The trained networks of keras.applications without their tops: downloaded, random, or from a file."""

import warnings
from collections.abc import Callable
from pathlib import Path

import keras

from pyimagesearch.errors import InputError, one_line

Application = Callable[..., keras.Model]  # such as keras.applications.VGG19


def load_without_top(application: Application, name: str, weights: str, argument: str) -> keras.Model:
    """The convolutions of a network, for pictures of any size.

    weights: "imagenet" (Keras' download), "random" (He-normal with a fixed seed) or the path of an .h5 file.
    name: of the network, and argument: of what gave `weights`, for messages.
    Raises InputError.
    """
    choices = f"{argument} also takes random (no download) or the path of an .h5 file of {name} without its top"
    if weights not in ("imagenet", "random"):
        check_exists(weights, argument)
    try:
        if weights != "random":
            with warnings.catch_warnings(action="ignore"):  # of each layer that a wrong file lacks; it is refused below
                return application(include_top=False, weights=weights)
        base = application(include_top=False, weights=None)
    except Exception as error:
        if weights == "imagenet":
            reason = one_line(error)
            raise InputError(f"{argument} imagenet: Keras could not download {name} ({reason}); {choices}") from None
        raise InputError(f"{argument} {weights}: not the weights of {name} without its top; {choices}") from None
    for number, layer in enumerate(layer for layer in base.layers if hasattr(layer, "kernel")):
        layer.kernel.assign(keras.initializers.HeNormal(seed=number)(layer.kernel.shape))
    return base


def check_exists(weights: str, argument: str) -> None:
    """Raise InputError unless the file of weights is there."""
    if not Path(weights).is_file():
        raise InputError(f"{argument}: no such file {weights}; give imagenet, random or the path of an .h5 file")
