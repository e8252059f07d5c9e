"""The presets: what each is for, what it costs and what it scores. Standard library only."""

from dataclasses import dataclass

from pyimagesearch.config import TrainConfig
from pyimagesearch.config_groups import (
    DataConfig,
    DiscriminatorConfig,
    FinetuneConfig,
    IntervalsConfig,
    NetworkConfig,
    PretrainConfig,
)
from pyimagesearch.errors import InputError


@dataclass(frozen=True)
class Preset:
    """A configuration and what its user should expect of it."""

    config: TrainConfig
    source: str
    hardware: str
    expected_time: str
    expected_score: str


# The 2022 SRGAN tutorial's numbers: 2500 epochs of 10 steps a phase, batch 64 on each replica.
TUTORIAL = Preset(
    config=TrainConfig(
        preset="tutorial",
        network=NetworkConfig(name="srresnet", options={"filters": 64, "blocks": 16, "upsample_filters": 128}),
        discriminator=DiscriminatorConfig(name="tutorial"),
        data=DataConfig(batch=64),
        pretrain=PretrainConfig(steps=25_000, loss="mse", rate=1e-4),
        finetune=FinetuneConfig(steps=25_000, rate=1e-5, concatenate_batches=True),
    ),
    source="the 2022 SRGAN tutorial with TFRecords",
    hardware="one or several GPUs, or a TPU",
    expected_time="not run to its end here (no GPU)",
    expected_score="not measured here",
)

# Ledig et al., "Photo-Realistic Single Image Super-Resolution Using a GAN", CVPR 2017, section 3.2. The paper trains
# the GAN for 10^5 steps at 1e-4 and 10^5 at 1e-5; here the rate falls along a cosine over as many steps.
PAPER = Preset(
    config=TrainConfig(
        preset="paper",
        network=NetworkConfig(name="srresnet", options={"filters": 64, "blocks": 16, "upsample_filters": 256}),
        discriminator=DiscriminatorConfig(name="paper"),
        data=DataConfig(batch=16),
        pretrain=PretrainConfig(steps=1_000_000, loss="mse", rate=1e-4),
        finetune=FinetuneConfig(steps=200_000, rate=1e-4, decay="cosine"),
        intervals=IntervalsConfig(validate_every=5000, checkpoint_every=2000),
    ),
    source="Ledig et al., CVPR 2017 (arXiv 1609.04802)",
    hardware="one GPU",
    expected_time="not run to its end here (no GPU)",
    expected_score="published: Set5 32.05 dB (SRResNet), 29.40 dB (SRGAN)",
)

# A small net without BatchNorm that adds its output to the bicubic picture: for CPUs, browsers and phones.
LIGHT = Preset(
    config=TrainConfig(
        preset="light",
        network=NetworkConfig(name="light", options={"filters": 48, "blocks": 10}),
        discriminator=DiscriminatorConfig(name="tutorial", options={"filters": 32}),
        data=DataConfig(crop=128, batch=8),
        pretrain=PretrainConfig(steps=60_000, loss="l1", rate=1e-3, decay="cosine"),
        finetune=FinetuneConfig(
            steps=2500,
            rate=5e-4,
            decay="cosine",
            losses={"content": 1.0, "adversarial": 1e-3, "grid": 200.0},
            # Each weight makes a layer's share of the loss about a third of block5_conv4's; block4_conv4's is larger.
            content_layers={
                "block1_conv2": 0.0012,
                "block2_conv2": 0.00027,
                "block3_conv4": 2.5e-5,
                "block4_conv4": 0.002,
                "block5_conv4": 1,
            },
        ),
        intervals=IntervalsConfig(sample_every=2000),
        ema=0.999,
    ),
    source="this project",
    hardware="2 CPU cores with bfloat16",
    expected_time="phase 1 54 min; phase 2 33 min",
    expected_score="phase 1: Set5 31.46 dB, Set14 28.11 dB, after further runs (its card) 31.70 and 28.30; "
    "phase 2 from the second of them: 27.59 dB on Set14, VGG19 distance 16% lower",
)

# Lim et al., CVPR Workshops 2017: the baseline of 16 blocks, as a 2023 article trains it, with crops of 96. There the
# rate halves after 200,000 of the 300,000 steps; here it falls along a cosine, which ends lower. The paper's own crops
# are of 192, and its large model is filters=256, blocks=32, residual_scale=0.1.
EDSR = Preset(
    config=TrainConfig(
        preset="edsr",
        network=NetworkConfig(name="edsr", options={"filters": 64, "blocks": 16}),
        data=DataConfig(batch=16),
        pretrain=PretrainConfig(steps=300_000, loss="l1", rate=1e-4, decay="cosine"),
        finetune=FinetuneConfig(steps=0),
        intervals=IntervalsConfig(validate_every=5000, checkpoint_every=2000),
    ),
    source="Lim et al., CVPR Workshops 2017 (arXiv 1707.02921)",
    hardware="one GPU",
    expected_time="not run to its end here (no GPU)",
    expected_score="published: Set5 32.09 dB (crops of 192)",
)

# Dong et al., "Image Super-Resolution Using Deep Convolutional Networks", TPAMI 2016, as a 2021 TensorFlow cookbook
# trains it: MSE, Adam 1e-3 decaying, and labels that leave out what the convolutions cannot see.
SRCNN = Preset(
    config=TrainConfig(
        preset="srcnn",
        network=NetworkConfig(name="srcnn", options={"filters": 64}),
        data=DataConfig(batch=4),
        pretrain=PretrainConfig(steps=120_000, loss="mse", rate=1e-3, decay="cosine"),
        finetune=FinetuneConfig(steps=0),
        intervals=IntervalsConfig(log_every=500, validate_every=5000, checkpoint_every=5000),
    ),
    source="Dong et al., TPAMI 2016 (arXiv 1501.00092)",
    hardware="2 CPU cores with bfloat16",
    expected_time="29 min",
    expected_score="Set5 29.97 dB, Set14 27.18 dB (bicubic 28.43, 26.09)",
)

# A 2019 book on GANs: SRGAN on a folder of faces (CelebA there), whole pictures of 256 x 256 pixels and no pretraining.
FACES = Preset(
    config=TrainConfig(
        preset="faces",
        network=NetworkConfig(name="faces", options={"filters": 64, "blocks": 16, "upsample_filters": 256}),
        discriminator=DiscriminatorConfig(name="patch"),
        data=DataConfig(crop=256, augment="flip", batch=1),
        pretrain=PretrainConfig(steps=0),
        finetune=FinetuneConfig(
            steps=20_000,
            rate=2e-4,
            content_layers={"block3_conv3": 1.0},
            content_scale=1.0,
            content_input="signed",
            discriminator_loss="mse",
        ),
        intervals=IntervalsConfig(sample_every=100),
        adam_beta1=0.5,
    ),
    source="a 2019 book on GANs",
    hardware="one GPU",
    expected_time="not run to its end here (no GPU)",
    expected_score="not measured here",
)

# Minutes on two cores and nothing to download: VGG19 with random weights stands in for the trained one (Liu et al.,
# "A Generic Perceptual Loss for Modeling Structured Output Dependencies", CVPR 2021).
DEMO = Preset(
    config=TrainConfig(
        preset="demo",
        network=NetworkConfig(name="light", options={"filters": 32, "blocks": 8}),
        discriminator=DiscriminatorConfig(name="tutorial", options={"filters": 32}),
        data=DataConfig(batch=8),
        pretrain=PretrainConfig(steps=2000, loss="l1", rate=5e-4, decay="cosine"),
        finetune=FinetuneConfig(
            steps=200,
            rate=2e-4,
            decay="cosine",
            # Random features hold a picture far more tightly than trained ones, so their weight is lower.
            losses={"content": 0.02, "adversarial": 0.02, "pixel": 0.1},
            content_layers={"block2_conv2": 1.0},
            vgg_weights="random",
        ),
        intervals=IntervalsConfig(log_every=50, validate_every=500, sample_every=1000, checkpoint_every=500),
        ema=0.95,
    ),
    source="this project",
    hardware="2 CPU cores",
    expected_time="about 3 min",
    expected_score="astronaut and chelsea 30.3 dB pretrained, 30.05 dB SRGAN (bicubic 29.16)",
)

# Seconds: every part of the pipeline at its smallest, for tests and for trying an installation.
SMOKE = Preset(
    config=TrainConfig(
        preset="smoke",
        network=NetworkConfig(name="srresnet", options={"filters": 8, "blocks": 1, "upsample_filters": 16}),
        discriminator=DiscriminatorConfig(name="tutorial", options={"filters": 4}),
        data=DataConfig(crop=32, batch=4),
        pretrain=PretrainConfig(steps=8, rate=1e-3),
        finetune=FinetuneConfig(steps=6, rate=1e-3, content_layers={"block2_conv2": 1.0}, vgg_weights="random"),
        intervals=IntervalsConfig(
            steps_per_call=2, log_every=2, validate_every=4, validation_pictures=1, sample_every=8, checkpoint_every=2
        ),
        ema=0.9,
        precision="float32",
    ),
    source="this project",
    hardware="any",
    expected_time="20 s",
    expected_score="none: it shows that everything runs",
)

PRESETS = {preset.config.preset: preset for preset in (TUTORIAL, PAPER, LIGHT, EDSR, SRCNN, FACES, DEMO, SMOKE)}


def get_config(name: str) -> TrainConfig:
    """The configuration of the preset `name`; InputError lists the valid names."""
    if name not in PRESETS:
        raise InputError(f"unknown preset {name}; valid presets: {', '.join(PRESETS)}")
    return PRESETS[name].config
