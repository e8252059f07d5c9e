"""Finds a trained generator, by the name of one that ships or by path, and loads it."""

import warnings
import zipfile
from pathlib import Path

import keras
import numpy as np

import pyimagesearch.models.blocks  # noqa: F401  (registers the layers that a saved generator is made of)
from pyimagesearch.errors import InputError, one_line
from pyimagesearch.models.precision import set_inference_precision
from pyimagesearch.system.files import exists, local_copy, paths_in, sha256_of

# The generators inside the package, each with its card in docs/models/, and the SHA-256 of its file.
SHIPPED = {
    "light": "c151bfd6ed602351e66427ea1933fe8eb2a3e99299d0aacee11f92efa7d7bb98",
    "light-gan": "4c5eedc3f4e4d8af2015a9c6c3023cdae4b8ccb5c43b016127d9a7cdfb3969f5",
    "photo": "c155a5c84ee645cc0e9f222c47fe3bffe3596d95df34686934c8e98a5ba1d27d",
    "photo-gan": "e0ba280c48b0e555fceca7c721f1e2df0e19ff4afd6a22460a13acca7806eb4a",
}
FOLDER = Path(__file__).parent / "trained"


def load_generator(name: str, precision: str = "float32") -> keras.Model:
    """The generator called `name` (one of SHIPPED), or saved at this path (a .keras file, local or gs://), computing
    in a precision of set_inference_precision."""
    model = _load_shipped(name) if name in SHIPPED else _load_path(name)
    set_inference_precision(model, precision)
    return model


def _load_path(name: str) -> keras.Model:
    if not exists(name):
        known = ", ".join(["bicubic", *SHIPPED])
        raise InputError(f"{name}: no such model; name {_siblings(name) or f'{known} or a .keras file of a run'}")
    with local_copy(name) as local:
        return _load(name, local)


def _load_shipped(name: str) -> keras.Model:
    path = FOLDER / f"{name}.keras"
    try:
        digest = sha256_of(path)
    except OSError:
        digest = ""
    if digest != SHIPPED[name]:
        state = "is not the file that this version came with" if digest else "is missing"
        raise InputError(f"{name}: {path} {state}; install the project again")
    return _load(name, str(path))


def _load(path: str, local: str) -> keras.Model:
    """The generator in the file `local`, which people know as `path`."""
    model = _load_any(path, local, "generator")
    try:
        set_inference_precision(model, "float32")  # where it was saved in mixed precision
        generator_scale(model)
    except Exception:  # whatever another network raises for a picture
        raise InputError(
            f"{path}: not a generator that can be loaded: it makes no larger RGB picture of an RGB one; name a .keras "
            "file that training wrote, such as outputs/models/generator.keras"
        ) from None
    return model


def load_model(path: str) -> keras.Model:
    """The network saved in the .keras file `path`, local or gs://, whatever it is. Raises InputError."""
    if not exists(path):
        raise InputError(f"{path}: no such file; name {_siblings(path) or 'a .keras file of a run'}")
    with local_copy(path) as local:
        return _load_any(path, local, "model")


def _siblings(path: str) -> str:
    """The models in the folder of a file that is not there, for the message; empty without any."""
    if not path.endswith(".keras"):
        return ""
    return " or ".join(sorted(paths_in(path.rpartition("/")[0] or ".", ".keras")))


def _load_any(path: str, local: str, kind: str) -> keras.Model:
    if not zipfile.is_zipfile(local):
        raise InputError(f"{path}: not a .keras file, or a truncated one")
    try:
        with warnings.catch_warnings(action="ignore"):  # of what a wrong file lacks; it is refused below
            return keras.models.load_model(local, compile=False)
    except Exception as error:
        raise InputError(f"{path}: not a {kind} that can be loaded ({one_line(error)[:200]})") from None


def file_sha256(name: str) -> str:
    """The SHA-256 of the file that load_generator takes: which weights a score is of."""
    if name in SHIPPED:
        return SHIPPED[name]
    with local_copy(name) as local:
        return sha256_of(local)


def generator_scale(model: keras.Model) -> int:
    """How many times larger `model` makes a picture."""
    side = 8
    out = model(np.zeros((1, side, side, 3), "float32"))
    if len(out.shape) != 4 or out.shape[-1] != 3 or out.shape[1] != out.shape[2] or out.shape[1] % side:
        raise ValueError(f"it gives {tuple(out.shape)} for pictures of (1, {side}, {side}, 3)")
    return out.shape[1] // side
