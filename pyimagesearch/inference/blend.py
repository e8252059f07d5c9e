"""The pixel-wise mix of two generators."""

import keras

from pyimagesearch.errors import InputError
from pyimagesearch.inference.receptive_field import ReceptiveField, receptive_field
from pyimagesearch.inference.upscaler import BICUBIC, AnyUpscaler, Upscaler, load_upscaler
from pyimagesearch.models import loading

# The models unless others are named.
MODEL = "light"
GAN_MODEL = "light-gan"


class Blend(keras.Model):
    """The pixel-wise mix of two generators of one scale: `amount` * gan + (1 - `amount`) * psnr."""

    def __init__(self, psnr: keras.Model, gan: keras.Model, amount: float = 0.0):
        super().__init__(name="blend")
        self.psnr, self.gan = psnr, gan
        # A variable, so that another amount needs no other program.
        self.amount = self.add_weight(shape=(), initializer=keras.initializers.Constant(amount), trainable=False)

    def call(self, lr, training=False):
        """(B, H, W, 3) to (B, scale*H, scale*W, 3); each output is clipped, as it would be alone."""
        psnr, gan = (keras.ops.clip(model(lr, training=training), 0.0, 255.0) for model in (self.psnr, self.gan))
        return (1.0 - self.amount) * psnr + self.amount * gan

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

    def of(self, amount: float) -> Upscaler:
        """The upscaler with `amount`, in [0, 1], of the GAN model. The next call changes the mix of this upscaler."""
        if amount in self._alone:
            return self._alone[amount]
        self._blend.amount.assign(amount)
        return self._mixed


def load_blend(model: str | None, gan_model: str | None, blend: float | None) -> AnyUpscaler:
    """The upscaler of `model`, or with `blend` the mix of `model` and `gan_model`.

    blend: from 0, `model` alone, to 1, `gan_model` alone. Raises InputError.
    """
    if blend is None:
        if gan_model:
            raise InputError("`gan_model` belongs to `blend`, which is missing; name a single model by `model`")
        return load_upscaler(model or MODEL)
    if not 0 <= blend <= 1:
        raise InputError(f"`blend` must be at least 0 (`model` alone) and at most 1 (`gan_model` alone), not {blend}")
    if model not in (None, MODEL, BICUBIC) and not gan_model:
        raise InputError(
            f"`blend` mixes `model` with `gan_model`, which is missing; without both, {MODEL} with {GAN_MODEL}"
        )
    return load_blends(model or MODEL, gan_model or GAN_MODEL).of(blend)


def load_all(model: str | None, gan_model: str | None) -> tuple[list[str], AnyUpscaler | Blends]:
    """The names of one model, or of two that can be mixed, by default those that ship; and their upscalers."""
    if model and not gan_model:
        return [model], load_upscaler(model)
    names = [model or MODEL, gan_model or GAN_MODEL]
    return names, load_blends(*names)


def load_blends(psnr_name: str, gan_name: str) -> Blends:
    """The upscalers of two models that can be mixed. Raises InputError where they cannot."""
    if BICUBIC in (psnr_name, gan_name):
        raise InputError("`gan_model` and `blend` mix two trained models; bicubic is none")
    psnr, gan = loading.load_generator(psnr_name), loading.load_generator(gan_name)
    scale, other = loading.generator_scale(psnr), loading.generator_scale(gan)
    if scale != other:
        raise InputError(f"`blend`: {psnr_name} is x{scale}, but {gan_name} is x{other}; name models of one scale")
    return Blends(psnr, gan, scale)
