"""Scores of the weights at hand on whole validation pictures, and which weights of a phase are its best."""

import functools
import math
from collections.abc import Mapping, Sequence

import tensorflow as tf

from pyimagesearch.data.pairs import Pair
from pyimagesearch.evaluation import scoring
from pyimagesearch.evaluation.perceptual import MiddleDistances
from pyimagesearch.inference.upscaler import AnyUpscaler, BicubicUpscaler

BY_VGG19 = ("vgg19_distance", "vgg19_frechet")
ERROR = "relative_error"


class Validator:
    """Scores the validation pictures with an upscaler whose weights change between calls.

    vgg_weights: phase 2's, whose pictures are compared with HR's texture too; phase 1 has none. device: of the
    networks; None for the default.
    """

    def __init__(
        self, pairs: Sequence[Pair], upscaler: AnyUpscaler, *, vgg_weights: str | None = None, device: str | None = None
    ):
        self._pairs, self._upscaler, self._device = pairs, upscaler, device
        with tf.device(device):
            self._distances = MiddleDistances([pair.hr for pair in pairs], vgg_weights) if vgg_weights else None

    def __call__(self) -> dict[str, float]:
        """The means of PSNR and SSIM on Y; where there is VGG19, also its distances and the relative error of a GAN."""
        scores = self._scores(self._upscaler)
        return scores | ({ERROR: relative_error(scores, self.bicubic)} if self._distances else {})

    @functools.cached_property
    def bicubic(self) -> dict[str, float]:
        """The same of bicubic."""
        return self._scores(BicubicUpscaler(self._upscaler.scale))

    def _scores(self, upscaler: AnyUpscaler) -> dict[str, float]:
        with tf.device(self._device):
            outputs = [upscaler(pair.lr) for pair in self._pairs]
            scale = upscaler.scale
            rows = [scoring.scores_on_y(sr, pair, scale) for sr, pair in zip(outputs, self._pairs, strict=True)]
            return scoring.mean_scores(rows) | (self._distances(outputs) if self._distances else {})


def relative_error(scores: Mapping[str, float], bicubic: Mapping[str, float]) -> float:
    """The mean of three errors, each as a part of bicubic's: MSE, VGG19's distance and its Frechet distance.

    No single one judges a GAN: MSE prefers its first weights, the distance from each HR picture smooth ones, and the
    Frechet distance overlooks a weave and colours that move. What cannot be measured, in small pictures, is left out.
    """
    ratios = [10 ** ((bicubic["psnr_y"] - scores["psnr_y"]) / 10)]
    ratios += [scores[name] / bicubic[name] for name in BY_VGG19 if bicubic[name] > 0]  # also not where it is nan
    return math.fsum(ratios) / len(ratios)


def rank(scores: Mapping[str, float]) -> float:
    """What a phase's best weights have the most of: PSNR in phase 1, the least relative error in phase 2."""
    return -scores[ERROR] if ERROR in scores else scores["psnr_y"]


def idle_validations(scores: Mapping[int, Mapping[str, float]]) -> int:
    """How many of a phase's validations, in order of their steps, follow the best one."""
    ranks = [rank(values) for values in scores.values()]
    return len(ranks) - 1 - ranks.index(max(ranks)) if ranks else 0
