"""The pixel-wise mix of two generators."""

import keras

from pyimagesearch.inference.receptive_field import ReceptiveField, receptive_field
from pyimagesearch.inference.upscaler import Upscaler


class Blend(keras.Model):
    """The pixel-wise mix of two generators of one scale: `part`, which lies in [0, 1], of `gan`, the rest of `psnr`."""

    def __init__(self, psnr: keras.Model, gan: keras.Model, part: float = 0.0):
        super().__init__(name="blend")
        self.psnr, self.gan = psnr, gan
        # A variable, so that another part needs no other program.
        self.part = self.add_weight(shape=(), initializer=keras.initializers.Constant(part), trainable=False)

    def call(self, lr, training=False):
        """(B, H, W, 3) to (B, scale*H, scale*W, 3); each output is clipped, as it would be alone."""
        psnr, gan = (keras.ops.clip(model(lr, training=training), 0.0, 255.0) for model in (self.psnr, self.gan))
        return (1.0 - self.part) * psnr + self.part * gan

    def receptive_field(self, scale: int) -> ReceptiveField:
        """That of both models side by side."""
        return receptive_field(self.psnr, scale) | receptive_field(self.gan, scale)


class Blends:
    """The upscalers of every mix of two generators; the models alone where the mix is one of them."""

    def __init__(self, psnr: keras.Model, gan: keras.Model, scale: int):
        self.scale = scale
        self._blend = Blend(psnr, gan)
        self._mixed = Upscaler(self._blend, scale)
        self._alone = {0.0: Upscaler(psnr, scale), 1.0: Upscaler(gan, scale)}

    def of(self, part: float) -> Upscaler:
        """The upscaler of `part` in [0, 1] of the GAN model; the one of another mix follows it."""
        if part in self._alone:
            return self._alone[part]
        self._blend.part.assign(part)
        return self._mixed
