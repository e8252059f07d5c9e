"""Style transfer by optimisation: a picture is changed until VGG19 sees the content's shapes and the styles' textures.

Gatys et al. (CVPR 2016) for one size; larger pictures begin small, where a step is cheap and reaches far, and end with
few steps at their full size (Gatys et al., CVPR 2017, section 6).
"""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pyimagesearch.art.style_loss import StyleLoss
from pyimagesearch.art.style_settings import CONTENT_LAYERS, STYLE_LAYERS, StyleSettings
from pyimagesearch.art.transfer import Snapshot, Transfer
from pyimagesearch.errors import InputError
from pyimagesearch.models import build_vgg

OF_THE_NETWORK = ("content_layers", "style_layers", "weights")


class StyleTransferrer:
    """Paints pictures in the style of others.

    Example:
        transferrer = StyleTransferrer(optimizer="lbfgs")
        painted = transferrer.transfer(style, content)  # uint8 (H, W, 3) each; the longest side of `painted` is 512
    """

    def __init__(
        self,
        content_layers: Sequence[str] = CONTENT_LAYERS,
        style_layers: Sequence[str] = STYLE_LAYERS,
        **settings: Any,
    ):
        """content_layers, style_layers: convolutions of VGG19, such as "block5_conv2". settings: more fields of
        StyleSettings, such as weights="vgg19_notop.h5". Raises InputError."""
        self.settings = StyleSettings(tuple(content_layers), tuple(style_layers), **settings)
        layers = list(dict.fromkeys([*content_layers, *style_layers]))
        self.extractor = build_vgg(layers, self.settings.weights, argument="`weights`")
        self._losses: dict[tuple, StyleLoss] = {}  # compiled, by what they differ in

    def transfer(
        self,
        style: np.ndarray | Sequence[np.ndarray],
        content: np.ndarray,
        epochs: int = 10,
        steps_per_epoch: int = 100,
        *,
        mask: np.ndarray | None = None,
        on_step: Callable[[Snapshot], object] = lambda _: None,
        **settings: Any,
    ) -> np.ndarray:
        """The content in the style of one or several pictures.

        Args:
            style: a picture, or several: uint8 or uint16 (H, W), (H, W, 2), (H, W, 3) or (H, W, 4).
            content: one picture of the same kinds.
            epochs, steps_per_epoch: their product is the number of steps; each level after the first takes a quarter of
                the steps of the level before it.
            mask: a picture of the content's shape: white is stylised, and black stays.
            on_step: called after each step.
            settings: other fields of StyleSettings than at construction, for this call.

        Returns:
            A picture of the content's dtype, in RGB, with alpha if the content has it; grey stays grey unless
            the colours come from the style. Its longest side is `size`.

        Raises:
            InputError: an argument is wrong, or a picture is too small.
        """
        job = self.plan(style, content, mask=mask, epochs=epochs, steps_per_epoch=steps_per_epoch, **settings)
        snapshot = None
        for snapshot in job.steps():
            on_step(snapshot)
        assert snapshot is not None
        return job.picture(snapshot)

    def plan(
        self,
        style: np.ndarray | Sequence[np.ndarray],
        content: np.ndarray,
        *,
        mask: np.ndarray | None = None,
        **settings: Any,
    ) -> Transfer:
        """The same transfer, to be taken step by step."""
        styles = [style] if isinstance(style, np.ndarray) else list(style)
        chosen = dataclasses.replace(self.settings, **settings)
        if any(getattr(chosen, name) != getattr(self.settings, name) for name in OF_THE_NETWORK):
            raise InputError(f"{', '.join(f'`{name}`' for name in OF_THE_NETWORK)} are those of the StyleTransferrer")
        return Transfer(self._loss(chosen, masked=mask is not None), styles, content, mask, chosen)

    def _loss(self, settings: StyleSettings, *, masked: bool) -> StyleLoss:
        kind = (settings.content_weight, settings.style_weight, settings.tile, masked)
        if kind not in self._losses:
            self._losses[kind] = StyleLoss(
                self.extractor, settings.content_layers, settings.style_layers, tile=settings.tile, masked=masked,
                content_weight=settings.content_weight, style_weight=settings.style_weight,
            )  # fmt: skip
        return self._losses[kind]
