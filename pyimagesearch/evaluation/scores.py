"""Every score: what it means, how it is computed, how it is averaged. A new score is one function in this file.

Tables, JSON, Markdown, the HTML report and the results page show what is registered here, in this order. An example:

    @score(
        "mae_rgb", protocol="RGB, whole", quantity="MAE", digits=2, lower_is_better=True,
        definition="mean absolute difference over the three channels, nothing cropped",
    )
    def mae_rgb(sr: np.ndarray, pair: Pair, scale: int) -> float:
        return float(np.abs(sr.astype(float) - pair.hr).mean())
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pyimagesearch.data.pairs import Pair
from pyimagesearch.evaluation import metrics
from pyimagesearch.images import resize
from pyimagesearch.system.registry import Registry

Compute = Callable[[np.ndarray, Pair, int], float]  # of sr (scale*h, scale*w, 3) in uint8 RGB, its pair, the scale
Mean = Callable[[str, Sequence[Mapping[str, float]]], float]  # of a score's key and the scores of every picture


def over_pictures(key: str, pictures: Sequence[Mapping[str, float]]) -> float:
    """The arithmetic mean of a score; every picture counts the same."""
    return float(np.mean([scores[key] for scores in pictures]))


def over_seconds(key: str, pictures: Sequence[Mapping[str, float]]) -> float:
    """The mean of a speed, weighted by seconds: all that was made over all the time that it took."""
    weights = [scores["seconds"] for scores in pictures]
    return float(np.average([scores[key] for scores in pictures], weights=weights))


@dataclass(frozen=True)
class Score:
    """A score, which is one column of every table.

    key: its name in JSON. protocol: the heading over the column, in which {scale} is filled in; neighbours with the
    same one share it. quantity: what is measured, with the unit. digits: after the decimal point, in tables.
    definition: one line for readers, in which {scale} is filled in. compute: the value for one picture; None where
    `scoring.score_pair` measures it, because it takes more than the picture: a clock, or a network.
    mean: how pictures are averaged. of_folder: only a whole folder has it, no single picture.
    """

    key: str
    protocol: str
    quantity: str
    digits: int
    definition: str
    compute: Compute | None = None
    lower_is_better: bool = False
    mean: Mean = over_pictures
    of_folder: bool = False


SCORES: Registry[Score] = Registry("score")
USUAL = ("psnr_y", "ssim_y")  # the protocol that papers print
COMMON = (
    "Scores are those of the 8-bit picture that the upscaler gives; grey pictures count as RGB; means are over "
    "pictures; equal pictures have 100 dB."
)


def score(
    key: str, *, protocol: str, quantity: str, digits: int, definition: str,
    lower_is_better: bool = False, mean: Mean = over_pictures,
) -> Callable[[Compute], Compute]:  # fmt: skip
    """Register a function of (sr, pair, scale) as the score `key`; the arguments are those of `Score`."""

    def add(compute: Compute) -> Compute:
        SCORES.register(key)(Score(key, protocol, quantity, digits, definition, compute, lower_is_better, mean))
        return compute

    return add


def measured_score(key: str, **facts: Any) -> None:
    """Register a score that `scoring.score_pair` measures; the arguments are those of `Score`."""
    SCORES.register(key)(Score(key, **facts))


_Y = "Y of BT.601 as MATLAB's rgb2ycbcr, 16 to 235, not rounded; {scale} pixels cropped on every side: the usual one"
_RGB = "the three channels, {scale} pixels cropped on every side"
_WHOLE = "the three channels, nothing cropped"
_SSIM = "SSIM with an 11x11 Gaussian window of sigma 1.5, K1 0.01, K2 0.03, mean over windows inside the picture"
_Y_CROPPED, _RGB_CROPPED, _RGB_WHOLE = "Y, {scale} px cropped", "RGB, {scale} px cropped", "RGB, whole"


@score("psnr_y", protocol=_Y_CROPPED, quantity="PSNR dB", digits=2, definition=f"PSNR on {_Y}")
def psnr_y(sr: np.ndarray, pair: Pair, scale: int) -> float:
    return float(metrics.psnr_y(sr[None], pair.hr[None], scale)[0])


@score("ssim_y", protocol=_Y_CROPPED, quantity="SSIM", digits=4, definition=f"{_SSIM}, on {_Y}")
def ssim_y(sr: np.ndarray, pair: Pair, scale: int) -> float:
    return float(metrics.ssim_y(sr[None], pair.hr[None], scale)[0])


@score("psnr_rgb", protocol=_RGB_CROPPED, quantity="PSNR dB", digits=2, definition=f"PSNR over {_RGB}")
def psnr_rgb(sr: np.ndarray, pair: Pair, scale: int) -> float:
    return float(metrics.psnr_rgb(sr[None], pair.hr[None], scale)[0])


@score(
    "ssim_rgb", protocol=_RGB_CROPPED, quantity="SSIM", digits=4, definition=f"the same SSIM, mean over {_RGB}"
)  # fmt: skip
def ssim_rgb(sr: np.ndarray, pair: Pair, scale: int) -> float:
    return float(metrics.ssim_rgb(sr[None], pair.hr[None], scale)[0])


@score("psnr_rgb_whole", protocol=_RGB_WHOLE, quantity="PSNR dB", digits=2, definition=f"PSNR over {_WHOLE}")
def psnr_rgb_whole(sr: np.ndarray, pair: Pair, scale: int) -> float:
    return float(metrics.psnr_rgb(sr[None], pair.hr[None], 0)[0])


@score(
    "ssim_rgb_whole", protocol=_RGB_WHOLE, quantity="SSIM", digits=4, definition=f"the same SSIM, mean over {_WHOLE}"
)  # fmt: skip
def ssim_rgb_whole(sr: np.ndarray, pair: Pair, scale: int) -> float:
    return float(metrics.ssim_rgb(sr[None], pair.hr[None], 0)[0])


@score(
    "lr_consistency_db", protocol="LR consistency", quantity="dB", digits=2,
    definition="RGB PSNR between LR and the output downscaled by MATLAB-equivalent bicubic, 2 LR pixels cropped",
)  # fmt: skip
def lr_consistency_db(sr: np.ndarray, pair: Pair, scale: int) -> float:
    return lr_consistency(sr, pair.lr, scale)


def lr_consistency(sr: np.ndarray, lr: np.ndarray, scale: int) -> float:
    """RGB PSNR in dB between LR (h, w, 3) and the downscaled SR (scale*h, scale*w, 3), 2 LR pixels cropped."""
    return float(metrics.psnr_rgb(resize.downscale(sr, scale)[None], lr[None], 2)[0])


measured_score(
    "vgg19_distance", protocol="VGG19", quantity="MSE", digits=4, lower_is_better=True,
    definition="MSE between the VGG19 features of SR and HR after the ReLU of block5_conv4, each divided by 12.75, "
    "nothing cropped; lower is nearer",
)  # fmt: skip
measured_score(
    "vgg19_frechet", protocol="VGG19", quantity="Frechet", digits=4, lower_is_better=True, of_folder=True,
    definition="Frechet distance between the VGG19 features of all SR and of all HR pictures, taken together, over the "
    "variance of HR's: means over 32x32 pixels of block3_conv4 after its ReLU",
)  # fmt: skip
measured_score(
    "niqe", protocol="NIQE", quantity="no HR", digits=2, lower_is_better=True,
    definition="distance of the picture's statistics from those of clean photographs, without HR (Mittal et al. 2013); "
    "lower looks more natural",
)  # fmt: skip
measured_score(
    "seconds", protocol="Speed", quantity="s", digits=3, lower_is_better=True,
    definition="one call of the upscaler, tiles included; compiling and files are not",
)  # fmt: skip
measured_score(
    "megapixels_per_s", protocol="Speed", quantity="MP/s", digits=2, mean=over_seconds,
    definition="output megapixels a second; the mean is all megapixels over all s",
)  # fmt: skip


def all_scores() -> list[Score]:
    """Every registered score, in the order of the columns."""
    return [SCORES[key] for key in SCORES]


def scores_in(report: Mapping[str, Any]) -> list[Score]:
    """The scores that a report holds for every model, in the order of the columns."""
    means = [model["mean"] for model in report["models"].values()]
    return [score for score in all_scores() if all(score.key in mean for mean in means)]


def definitions(report: Mapping[str, Any]) -> dict[str, str]:
    """What each score of the report is, in words."""
    return {score.key: score.definition.format(scale=report["scale"]) for score in scores_in(report)}
