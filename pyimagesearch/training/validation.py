"""Scores of the weights at hand on whole validation pictures, and which weights of a phase are its best."""

import functools
import math
from collections.abc import Mapping, Sequence

import tensorflow as tf

from pyimagesearch.data.pairs import Pair
from pyimagesearch.evaluation import scoring
from pyimagesearch.evaluation.perceptual import TextureDistance
from pyimagesearch.inference.upscaler import AnyUpscaler, BicubicUpscaler

FRECHET = "vgg19_frechet"


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
            self._texture = TextureDistance([pair.hr for pair in pairs], vgg_weights) if vgg_weights else None

    def __call__(self) -> dict[str, float]:
        """The means of PSNR and SSIM on Y, and the Frechet distance where there is VGG19."""
        return self._scores(self._upscaler)

    @functools.cached_property
    def bicubic(self) -> dict[str, float]:
        """The same of bicubic."""
        return self._scores(BicubicUpscaler(self._upscaler.scale))

    def _scores(self, upscaler: AnyUpscaler) -> dict[str, float]:
        with tf.device(self._device):
            outputs = [upscaler(pair.lr) for pair in self._pairs]
            scale = upscaler.scale
            rows = [scoring.scores_on_y(sr, pair, scale) for sr, pair in zip(outputs, self._pairs, strict=True)]
            return scoring.mean_scores(rows) | ({FRECHET: self._texture(outputs)} if self._texture else {})


def rank(scores: Mapping[str, float]) -> float:
    """What a phase's best weights have the most of: PSNR in phase 1, texture like HR's in phase 2.

    The texture is compared by the Frechet distance, as GANs are by FID: PSNR would choose the first weights of phase 2,
    and the distance of each picture from its HR chooses smooth ones.
    """
    frechet = scores.get(FRECHET, math.nan)
    return scores["psnr_y"] if math.isnan(frechet) else -frechet


def idle_validations(scores: Mapping[int, Mapping[str, float]]) -> int:
    """How many of a phase's validations, in order of their steps, follow the best one."""
    ranks = [rank(values) for values in scores.values()]
    return len(ranks) - 1 - ranks.index(max(ranks)) if ranks else 0
