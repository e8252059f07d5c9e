"""Compares an exported model with the Keras model: the same pictures through both, the file in its own runtime."""

import dataclasses
import os
import signal
import subprocess
import sys
import tempfile

import keras
import numpy as np

from pyimagesearch.errors import RunError
from pyimagesearch.export import runtimes
from pyimagesearch.images import resize

TOLERANCE = 1  # levels of 8 bits: two ways to sum float32 may round a half to either side
# Photographs of scikit-image that it carries itself, and what of them is upscaled: how many, height and width.
PICTURES = {"astronaut": (1, 64, 64), "chelsea": (1, 75, 113), "coffee": (2, 40, 61), "rocket": (1, 128, 171)}


@dataclasses.dataclass(frozen=True)
class Parity:
    """How far a runtime's 8-bit pictures are from the Keras model's."""

    runtime: str
    levels: int  # the largest difference of a sample
    share: float  # of all samples that differ at all

    def __str__(self) -> str:
        return (
            f"{self.runtime}: at most {self.levels} level(s) from the Keras model on parts of {len(PICTURES)} "
            f"photographs of scikit-image, {self.share:.5%} of samples differ"
        )


def pictures() -> list[np.ndarray]:
    """Parts of photographs, (B, H, W, 3), float32 in [0, 255]; odd sizes, none alike."""
    from skimage import data

    pictures = []
    for name, (count, height, width) in PICTURES.items():
        photograph = getattr(data, name)()
        top = (photograph.shape[0] - height) // 2
        parts = [photograph[top : top + height, left : left + width] for left in range(100, 100 + 40 * count, 40)]
        pictures.append(np.stack(parts).astype(np.float32))
    return pictures


def expected(model: keras.Model, lrs: list[np.ndarray]) -> list[np.ndarray]:
    """The 8-bit pictures of the Keras model."""
    srs = (np.array(keras.ops.convert_to_numpy(model(lr, training=False))) for lr in lrs)
    return [resize.to_whole(sr, np.dtype(np.uint8)) for sr in srs]


def compare(path: str, runtime: str, lrs: list[np.ndarray], known: list[np.ndarray]) -> Parity:
    """Run the model at `path` on the pictures. Raises RunError where a sample is more than TOLERANCE levels off, where
    the results are no such pictures, and where the runtime fails of it."""
    results, name = run(path, runtime, lrs, known)
    # Not clipped: what is exported has to keep within [0, 255] by itself.
    differences = [np.abs(np.rint(result) - sr).ravel() for result, sr in zip(results, known, strict=True)]
    parity = Parity(name, int(max(map(np.max, differences))), float(np.mean(np.concatenate(differences) > 0)))
    if parity.levels > TOLERANCE:
        raise RunError(f"{parity}; {TOLERANCE} is accepted")
    return parity


def run(path: str, runtime: str, lrs: list[np.ndarray], known: list[np.ndarray]) -> tuple[list[np.ndarray], str]:
    """What the runtime makes of the pictures, in a process of its own, float32, and its name with its version.

    Raises RunError where it fails, and where its results are not finite or not of the shapes of `known`.
    """
    results, version = _run(path, runtime, lrs)
    name = f"{runtime} {version}"
    for result, sr in zip(results, known, strict=True):
        if result.shape != sr.shape:
            raise RunError(f"{name} gives pictures of {result.shape} in place of {sr.shape}")
        if not np.isfinite(result).all():
            raise RunError(f"{name} gives samples that are no numbers")
    return results, name


def _run(path: str, runtime: str, lrs: list[np.ndarray]) -> tuple[list[np.ndarray], str]:
    with tempfile.TemporaryDirectory() as folder:
        given, made = os.path.join(folder, "lr.npz"), os.path.join(folder, "sr.npz")
        np.savez(given, *lrs)
        command = [sys.executable, "-P", runtimes.__file__, runtime, path, given, made]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        if ended.returncode:
            raise RunError(f"{runtime} {_death(ended)}")
        with np.load(made) as results:
            return [results[name] for name in results.files], ended.stdout.split()[-1]


def _death(ended: subprocess.CompletedProcess) -> str:
    if ended.returncode < 0:
        return f"crashed on it ({signal.Signals(-ended.returncode).name})"
    said = ended.stderr.rpartition("\n  File ")[2].partition("\n")[2]  # a traceback's last line of code, and the error
    return f"cannot run it ({' '.join(said.split())[:300] or 'no reason given'})"
