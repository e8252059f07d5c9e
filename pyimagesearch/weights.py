"""Finds a trained generator by path and loads it."""

import zipfile

import keras
import numpy as np

import pyimagesearch.models.blocks  # noqa: F401  (registers the layers that a saved generator is made of)
from pyimagesearch.errors import UserError
from pyimagesearch.files import exists, local_copy


def load_generator(path: str) -> keras.Model:
    """The generator saved at `path` (a .keras file, local or gs://), computing in float32."""
    if not exists(path):
        raise UserError(f"{path}: no such model; name bicubic or a .keras file such as outputs/models/generator.keras")
    with local_copy(path) as local:
        return _load(path, local)


def _load(path: str, local: str) -> keras.Model:
    """The generator in the file `local`, which people know as `path`."""
    if not zipfile.is_zipfile(local):
        raise UserError(f"{path}: not a .keras file, or a truncated one")
    try:
        model = keras.models.load_model(local, compile=False)
        for layer in model.layers:  # where it was saved in mixed precision
            layer.dtype_policy = "float32"
        generator_scale(model)
    except Exception as error:
        raise UserError(f"{path}: not a generator that can be loaded ({' '.join(str(error).split())[:200]})") from None
    return model


def generator_scale(model: keras.Model) -> int:
    """How many times larger `model` makes a picture."""
    side = 8
    out = model(np.zeros((1, side, side, 3), "float32"))
    if len(out.shape) != 4 or out.shape[-1] != 3 or out.shape[1] != out.shape[2] or out.shape[1] % side:
        raise ValueError(f"it gives {tuple(out.shape)} for pictures of (1, {side}, {side}, 3)")
    return out.shape[1] // side
