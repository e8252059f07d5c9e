"""Exports with convolutions in 8 bits: which of them, and what that costs.

Weights, inputs and outputs of these convolutions have 8 bits. All else stays float32: what residual blocks add, the
interpolated picture, and the sum of it and of what the convolutions made.
"""

import dataclasses
import io
import logging
import os
import tempfile
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr
from typing import Protocol

import keras
import numpy as np

from pyimagesearch.data.pairs import Pair
from pyimagesearch.errors import RunError
from pyimagesearch.evaluation.scores import psnr_y
from pyimagesearch.export import parity, runtimes
from pyimagesearch.export.formats import Int8
from pyimagesearch.export.int8_pictures import Pictures
from pyimagesearch.images import resize
from pyimagesearch.system import console

logger = logging.getLogger(__name__)

BUDGET = 0.05  # dB that the convolutions in 8 bits may lose together, as the sum of what each loses alone
LIMIT = 0.15  # dB that the file may lose on held-out pictures
MEASURED = 8  # pictures that each convolution is measured on


class Quantizer(Protocol):
    """A float32 file, calibrated, that is written again with some convolutions in 8 bits."""

    work: dict[str, int]  # multiplications of each convolution for one picture, in the order of the graph

    def write(self, path: str, names: Collection[str]) -> None:
        """Write the file with the convolutions `names` in 8 bits."""


@dataclasses.dataclass(frozen=True)
class Loss:
    """What 8 bits cost: mean PSNR on Y of the Keras model and of the file in a runtime, on held-out pictures."""

    runtime: str
    pictures: int
    folder: str
    exact: float  # dB
    int8: float  # dB
    levels: int  # the largest difference of a sample of 8 bits

    @property
    def decibels(self) -> float:
        """How much lower the PSNR is."""
        return self.exact - self.int8

    def __str__(self) -> str:
        return (
            f"{self.runtime}: {max(0.0, self.decibels):.3f} dB lost on {self.pictures} held-out pictures of "
            f"{self.folder} (PSNR on Y: {self.exact:.2f} dB by the Keras model in float32, {self.int8:.2f} dB with 8 "
            f"bits), at most {self.levels} levels from the Keras model"
        )


@contextmanager
def _quiet() -> Iterator[None]:
    """The quantizers show their progress, and warn of what is meant, such as the memory that keeping all tensors
    needs."""
    with console.hidden_native_stderr(), redirect_stderr(io.StringIO()), warnings.catch_warnings(action="ignore"):
        yield


def write(int8: Int8, source: str, path: str, pictures: Pictures) -> None:
    """Write the float32 file `source` to `path` with 8 bits in the convolutions that can do with them.

    Raises RunError where no convolution can.
    """
    lrs = [_batch(pair) for pair in pictures.calibration]
    with _quiet():
        quantizer = int8.quantizer(source, lrs)
    losses = _losses(quantizer, int8.runtimes[0], source, pictures.calibration)
    exact = staying_float(losses, quantizer.work)
    chosen = [name for name in quantizer.work if name not in exact]
    if not chosen:
        raise RunError(f"each of its {len(losses)} convolutions loses more than {BUDGET} dB with 8 bits")
    with _quiet():
        quantizer.write(path, chosen)
    rest = "; the others lose the most and stay float32" if exact else ""
    share = sum(quantizer.work[name] for name in chosen) / sum(quantizer.work.values())
    logger.info(
        f"8 bits: {len(chosen)} of {len(losses)} convolutions, {share:.0%} of the multiplications, calibrated on "
        f"{len(lrs)} pictures of {pictures.folder}{rest}"
    )


def staying_float(losses: Mapping[str, float], work: Mapping[str, int]) -> set[str]:
    """The convolutions that stay float32, so that the others lose at most BUDGET together: those first that lose the
    most for their work. losses: dB of each alone."""
    left, exact = sum(losses.values()), set()
    for name in sorted(losses, key=lambda name: losses[name] / work[name], reverse=True):
        if left <= BUDGET:
            break
        exact.add(name)
        left -= losses[name]
    return exact


def _losses(quantizer: Quantizer, runtime: str, source: str, pairs: list[Pair]) -> dict[str, float]:
    """How many dB each convolution loses that alone has 8 bits, on some of the pairs; 0 where it gains."""
    pairs = [pairs[index] for index in np.unique(np.linspace(0, len(pairs) - 1, MEASURED).round().astype(int))]
    exact, losses = _mean_psnr(_forward(runtime, source), pairs), {}
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "one" + os.path.splitext(source)[1])
        names = console.progress(
            quantizer.work, total=len(quantizer.work), label="measuring 8 bits", unit="convolution"
        )
        for name in names:
            with _quiet():
                quantizer.write(path, [name])
                losses[name] = max(0.0, exact - _mean_psnr(_forward(runtime, path), pairs))
    return losses


def _forward(runtime: str, path: str) -> Callable[[np.ndarray], np.ndarray]:
    return runtimes.RUNTIMES[runtime](path)[1]


def measure(path: str, runtime: str, model: keras.Model, pictures: Pictures) -> Loss:
    """What the file at `path` loses in a runtime. Raises RunError where that is more than LIMIT, or where it fails."""
    lrs = [_batch(pair) for pair in pictures.held_out]
    known = parity.expected(model, lrs)
    results, name = parity.run(path, runtime, lrs, known)
    made = [resize.to_whole(result, np.dtype(np.uint8)) for result in results]
    levels = max(int(np.abs(a.astype(int) - b).max()) for a, b in zip(made, known, strict=True))
    exact, int8 = (_mean(list(map(_psnr, srs, pictures.held_out))) for srs in (known, made))
    loss = Loss(name, len(lrs), pictures.folder, exact, int8, levels)
    if loss.decibels > LIMIT:
        raise RunError(
            f"{loss}; {LIMIT} dB are accepted: calibrate on more photographs, and on such as it will upscale, "
            "or export in float32"
        )
    return loss


def _batch(pair: Pair) -> np.ndarray:
    return pair.lr[None].astype(np.float32)


def _mean_psnr(forward: Callable[[np.ndarray], np.ndarray], pairs: list[Pair]) -> float:
    srs = (resize.to_whole(forward(_batch(pair)), np.dtype(np.uint8)) for pair in pairs)
    return _mean(list(map(_psnr, srs, pairs)))


def _psnr(sr: np.ndarray, pair: Pair) -> float:
    """PSNR on Y in dB of 8-bit (1, scale*h, scale*w, 3)."""
    return psnr_y(sr[0], pair, pair.hr.shape[0] // pair.lr.shape[0])


def _mean(values: list[float]) -> float:
    return float(np.mean(values))
