"""Presets with the settings of papers, books and tutorials. Standard library only."""

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

# Papers that count VGG19's features from pictures with ImageNet's mean and deviation (0.226) taken off; ours are from
# pictures in levels of 255, so that features are larger by about this.
IMAGENET_SCALE = 1 / (255 * 0.226)
# Wang et al., "Real-ESRGAN", section 4.1: the layers before their ReLU and their weights.
REAL_LAYERS = {
    "block1_conv2": 0.1,
    "block2_conv2": 0.1,
    "block3_conv4": 1.0,
    "block4_conv4": 1.0,
    "block5_conv4": 1.0,
}

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

# Wang et al., "ESRGAN", ECCV Workshops 2018: both phases with its rates. The paper's discriminator is Ledig et al.'s.
ESRGAN = Preset(
    config=TrainConfig(
        preset="esrgan",
        network=NetworkConfig(name="rrdb", options={"filters": 64, "growth": 32, "blocks": 23}),
        discriminator=DiscriminatorConfig(name="paper"),
        data=DataConfig(crop=128, batch=16),
        pretrain=PretrainConfig(steps=1_000_000, loss="l1", rate=2e-4, decay="fifths"),
        finetune=FinetuneConfig(
            steps=400_000,
            rate=1e-4,
            decay="eighths",
            losses={"content": 1.0, "adversarial": 5e-3, "pixel": 1e-2},
            content_scale=IMAGENET_SCALE,
            content_criterion="l1",
            content_before_relu=True,
            discriminator_loss="relativistic",
        ),
        intervals=IntervalsConfig(validate_every=5000, checkpoint_every=2000),
    ),
    source="Wang et al., ECCV Workshops 2018 (arXiv 1809.00219)",
    hardware="one GPU with 24 GB",
    expected_time="not run to its end here (no GPU)",
    expected_score="published: Set5 32.73 dB (RRDB, phase 1, trained on DF2K)",
)

# Wang et al., "Real-ESRGAN", section 4.1; x4plus. The paper trains with the same rates without decay.
REAL_ESRGAN = Preset(
    config=TrainConfig(
        preset="real-esrgan",
        network=NetworkConfig(name="rrdb", options={"filters": 64, "growth": 32, "blocks": 23}),
        discriminator=DiscriminatorConfig(name="unet", options={"filters": 64}),
        data=DataConfig(crop=256, batch=48, degradations="full"),
        pretrain=PretrainConfig(steps=1_000_000, loss="l1", sharpen=True, rate=2e-4),
        finetune=FinetuneConfig(
            steps=400_000,
            rate=1e-4,
            losses={"content": 1.0, "adversarial": 0.1, "pixel": 1.0},
            sharpen=True,
            content_layers=REAL_LAYERS,
            content_scale=IMAGENET_SCALE,
            content_criterion="l1",
            content_before_relu=True,
        ),
        intervals=IntervalsConfig(validate_every=5000, checkpoint_every=2000),
        ema=0.999,
    ),
    source="Wang et al., ICCV Workshops 2021 (arXiv 2107.10833)",
    hardware="four GPUs with 32 GB",
    expected_time="not run to its end here (no GPU)",
    expected_score="not measured here",
)
