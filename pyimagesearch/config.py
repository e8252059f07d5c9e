"""The configuration of a training run: a frozen dataclass that refuses nonsense. Standard library only."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from pyimagesearch.errors import InputError

GENERATORS = ("srresnet", "light", "edsr", "srcnn", "faces")
DISCRIMINATORS = ("tutorial", "paper", "patch")
SCALES = (2, 3, 4, 8)
PIXEL_LOSSES = ("mse", "l1", "l1_y")
DISCRIMINATOR_LOSSES = ("bce", "mse")
CONTENT_INPUTS = ("imagenet", "signed")
AUGMENTATIONS = ("dihedral", "flip")
DECAYS = ("constant", "cosine")
OPTIMIZERS = ("adam", "muon")
COMPRESSIONS = ("none", "png")  # of the pixels in the records
PRECISIONS = ("auto", "float32", "bfloat16", "float16")
XLA = ("auto", "on", "off")
DEVICES = ("gpu", "tpu", "cpu")
CONTENT_LAYERS = tuple(
    f"block{block}_conv{conv}" for block, convs in enumerate((2, 2, 4, 4, 4), start=1) for conv in range(1, convs + 1)
)


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """One training run. Fields without a default are what a preset has to decide."""

    preset: str

    # Networks
    generator: str  # one of GENERATORS
    filters: int  # channels of the generator's trunk
    blocks: int  # residual blocks; srcnn has none
    upsample_filters: int = 256  # of srresnet's upsampling convs, before the pixel shuffle, and of faces'
    residual_scale: float = 1.0  # edsr: what a block adds is multiplied by it; the paper's large model needs 0.1
    scale: int = 4
    start: str = ""  # generator whose weights training starts from: "light" or a .keras file; none: random ones
    discriminator: str = "tutorial"  # one of DISCRIMINATORS
    discriminator_filters: int = 64  # of the first conv; later stages have 2, 4 and 8 times as many
    sync_batch_norm: bool = True  # BatchNorm statistics over the global batch, not one replica's part

    # Data
    crop: int = 96  # side of an HR training crop, pixels
    augment: str = "dihedral"  # crops are flipped and turned (all 8 symmetries), or only flipped left-right: "flip"
    batch: int  # crops per replica and step
    global_batch: int = 0  # crops per step over all replicas; 0: batch times the number of replicas
    seed: int = 42  # initial weights, order of the samples, augmentation

    # Phase 1: pixel loss alone
    pretrain_steps: int
    pretrain_loss: str = "mse"  # one of PIXEL_LOSSES
    pretrain_rate: float = 1e-4
    pretrain_decay: str = "constant"  # one of DECAYS, over all of the phase's steps
    label_border: int = 0  # HR pixels at each side of a crop that this loss leaves out: srcnn would see beyond the crop

    # Phase 2: adversarial and content loss
    finetune_steps: int
    finetune_rate: float = 1e-4  # of generator and discriminator
    finetune_decay: str = "constant"
    adversarial_weight: float = 1e-3  # of the BCE in the generator's loss (Ledig et al., eq. 3)
    content_weight: float = 1.0  # of the MSE between VGG19 features
    pixel_weight: float = 0.0  # of an extra L1 on pixels in [0, 1]: holds colours and small nets in place
    grid_weight: float = 0.0  # of the square of what errors repeat every `scale` pixels: keeps grids out of small nets
    # VGG19's layers, after their ReLUs, each with the weight of its MSE: "block2_conv2:0.001,block5_conv4:1"; a single
    # one may go without. All of CONTENT_LAYERS.
    content_layer: str = "block5_conv4"
    content_scale: float = 1 / 12.75  # applied to the features (Ledig et al., section 3.2)
    content_input: str = "imagenet"  # VGG19 sees pictures as it was trained on them; "signed": RGB in [-1, 1]
    discriminator_loss: str = "bce"  # one of DISCRIMINATOR_LOSSES; "mse" is of probabilities
    concatenate_batches: bool = False  # discriminator sees fakes and reals as one batch (one BatchNorm statistic)
    vgg_weights: str = "imagenet"  # "imagenet", "random" or the path of an .h5 file

    optimizer: str = "adam"  # of the generator, one of OPTIMIZERS; muon gains in short runs, a step costs more
    adam_beta1: float = 0.9  # of every Adam: the decay of its mean of the gradients, per step
    ema: float = 0.0  # decay of the moving average of the generator's weights per step, less at first; 0 keeps none
    precision: str = "auto"  # one of PRECISIONS
    xla: str = "auto"  # one of XLA; auto: on for a TPU and for a single GPU

    # Intervals in steps. They change no weights on the way; what is validated, and when, chooses phase 1's best model.
    steps_per_call: int = 20  # at most so many steps run inside one tf.function call
    log_every: int = 100
    validate_every: int = 1000
    validation_pictures: int = 10  # the first so many of the test split
    sample_every: int = 5000
    checkpoint_every: int = 1000
    keep_checkpoints: int = 3

    def __post_init__(self) -> None:
        self._one_of("generator", GENERATORS)
        self._one_of("discriminator", DISCRIMINATORS)
        self._one_of("scale", SCALES)
        self._one_of("pretrain_loss", PIXEL_LOSSES)
        self._one_of("optimizer", OPTIMIZERS)
        self._one_of("pretrain_decay", DECAYS)
        self._one_of("finetune_decay", DECAYS)
        self._one_of("augment", AUGMENTATIONS)
        self._check_content_layers()
        self._one_of("content_input", CONTENT_INPUTS)
        self._one_of("discriminator_loss", DISCRIMINATOR_LOSSES)
        self._one_of("precision", PRECISIONS)
        self._one_of("xla", XLA)
        for name in ("pretrain_steps", "finetune_steps", "seed", "global_batch", "label_border"):
            self._at_least(name, 0)
        if self.seed > 2**31:
            raise InputError(f"seed must be at most {2**31}, received {self.seed}")
        self._at_least("filters", 2 if self.generator == "srcnn" else 1)  # its second convolution has half as many
        self._at_least("blocks", 0 if self.generator == "srcnn" else 1)
        for name in ("upsample_filters", "discriminator_filters", "batch", "steps_per_call",
                     "log_every", "validate_every", "validation_pictures", "sample_every", "checkpoint_every",
                     "keep_checkpoints"):  # fmt: skip
            self._at_least(name, 1)
        for name in ("pretrain_rate", "finetune_rate", "content_scale", "residual_scale"):
            if not 0 < getattr(self, name) < float("inf"):
                raise InputError(f"{name} must be above 0, received {getattr(self, name)}")
        for name in ("adversarial_weight", "content_weight", "pixel_weight", "grid_weight"):
            self._at_least(name, 0)
        for name in ("ema", "adam_beta1"):
            if not 0 <= getattr(self, name) < 1:
                raise InputError(f"{name} must be at least 0 and below 1, received {getattr(self, name)}")
        if self.upsample_filters % 4:
            raise InputError(f"upsample_filters must be a multiple of 4, received {self.upsample_filters}")
        check_crop(self.crop, self.scale)
        if 2 * self.label_border >= self.crop:
            raise InputError(f"label_border must be below half of the crop {self.crop}, received {self.label_border}")

    @property
    def content_layers(self) -> dict[str, float]:
        """The weight of each of VGG19's layers in the content loss."""
        parts = (part.partition(":") for part in self.content_layer.split(","))
        return {layer: float(weight or 1) for layer, _, weight in parts}

    def _check_content_layers(self) -> None:
        try:
            found = self.content_layers
        except ValueError:
            found = {}
        if len(found) <= self.content_layer.count(",") or not set(found) <= set(CONTENT_LAYERS):
            raise InputError(
                f"content_layer must be one or several of {', '.join(CONTENT_LAYERS)}, each with its weight as in "
                f"block2_conv2:0.001,block5_conv4:1; received {self.content_layer}"
            )
        if not all(0 < weight < float("inf") for weight in found.values()):
            raise InputError(f"content_layer: every weight must be above 0, received {self.content_layer}")

    def _one_of(self, name: str, choices: tuple) -> None:
        value = getattr(self, name)
        if value not in choices:
            raise InputError(f"{name} must be one of {', '.join(map(str, choices))}; received {value}")

    def _at_least(self, name: str, least: int) -> None:
        value = getattr(self, name)
        if not least <= value < float("inf"):
            raise InputError(f"{name} must be at least {least}, received {value}")

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    def with_settings(self, settings: list[str]) -> "TrainConfig":
        """A copy with every `FIELD=VALUE` of `settings` applied."""
        fields = {field.name: field.type for field in dataclasses.fields(self) if field.name != "preset"}
        values: dict[str, Any] = {}
        for setting in settings:
            name, equals, text = setting.partition("=")
            if not equals:
                raise InputError(f"--set takes FIELD=VALUE, received {setting}")
            if name not in fields:
                raise InputError(f"--set: unknown field {name}; valid fields: {', '.join(sorted(fields))}")
            values[name] = _parse(name, text, fields[name])
        return dataclasses.replace(self, **values)


def check_crop(crop: int, scale: int, name: str = "crop") -> None:
    """Raise InputError, which calls it `name`, unless `crop` pixels a side align with LR pixels and pass networks."""
    if crop < 16 or crop % scale:
        raise InputError(f"{name} must be at least 16 and a multiple of the scale {scale}, received {crop}")


def _parse(name: str, text: str, kind: Any) -> Any:
    if kind is bool:
        if text.lower() in ("true", "false"):
            return text.lower() == "true"
        raise InputError(f"{name} must be true or false, received {text}")
    try:
        return kind(text)
    except ValueError:
        raise InputError(f"{name} must be {'a whole number' if kind is int else 'a number'}, received {text}") from None
