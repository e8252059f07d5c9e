"""Presets of this project, for two CPU cores. Standard library only."""

import dataclasses

from pyimagesearch.config import TrainConfig
from pyimagesearch.config_groups import (
    DataConfig,
    DiscriminatorConfig,
    FinetuneConfig,
    IntervalsConfig,
    NetworkConfig,
    PretrainConfig,
)
from pyimagesearch.presets.base import Preset

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

# The net of `light`, from its weights, for noisy, blurred and compressed photographs.
PHOTO = Preset(
    config=TrainConfig(
        preset="photo",
        network=dataclasses.replace(LIGHT.config.network, start="light"),
        discriminator=LIGHT.config.discriminator,
        data=DataConfig(crop=128, batch=8, degradations="mild"),
        pretrain=PretrainConfig(steps=16_000, loss="l1", rate=5e-4, decay="cosine"),
        finetune=FinetuneConfig(
            steps=2500,
            rate=4e-4,
            decay="cosine",
            # Pixels hold the colours, which the two others let go. The discriminator has about a tenth of the pull.
            losses={"content": 1.0, "adversarial": 0.06, "pixel": 12.0, "grid": 600.0},
            content_layers=LIGHT.config.finetune.content_layers,
        ),
        intervals=IntervalsConfig(sample_every=2000),
        ema=0.998,
    ),
    source="this project",
    hardware="2 CPU cores with bfloat16",
    expected_time="not run to its end with exactly these settings; photo and photo-gan took 79 and 129 min",
    expected_score="photo and photo-gan, by several runs (their cards): 24.60 and 24.39 dB on 12 damaged photographs "
    "(bicubic 23.90)",
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
