"""What each score means. Standard library only."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Score:
    """A column: JSON key, protocol (the heading over the column), quantity with unit, digits, definition."""

    key: str
    protocol: str
    quantity: str
    digits: int
    definition: str


_Y = "Y of BT.601 as MATLAB's rgb2ycbcr, 16 to 235, not rounded; {scale} pixels cropped on every side: the usual one"
_RGB = "the three channels, {scale} pixels cropped on every side"
_WHOLE = "the three channels, nothing cropped"
_SSIM = "SSIM with an 11x11 Gaussian window of sigma 1.5, K1 0.01, K2 0.03, mean over windows inside the picture"
SCORES = (
    Score("psnr_y", "Y, {scale} px cropped", "PSNR dB", 2, f"PSNR on {_Y}"),
    Score("ssim_y", "Y, {scale} px cropped", "SSIM", 4, f"{_SSIM}, on {_Y}"),
    Score("psnr_rgb", "RGB, {scale} px cropped", "PSNR dB", 2, f"PSNR over {_RGB}"),
    Score("ssim_rgb", "RGB, {scale} px cropped", "SSIM", 4, f"the same SSIM, mean over {_RGB}"),
    Score("psnr_rgb_whole", "RGB, whole", "PSNR dB", 2, f"PSNR over {_WHOLE}"),
    Score("ssim_rgb_whole", "RGB, whole", "SSIM", 4, f"the same SSIM, mean over {_WHOLE}"),
    Score(
        "lr_consistency_db", "LR consistency", "dB", 2,
        "RGB PSNR between LR and the output downscaled by MATLAB-equivalent bicubic, 2 LR pixels cropped",
    ),
    Score(
        "vgg19_distance", "VGG19", "MSE", 4,
        "MSE between the VGG19 features of SR and HR after the ReLU of block5_conv4, each divided by 12.75, nothing "
        "cropped; lower is nearer",
    ),
    Score("seconds", "Speed", "s", 3, "one call of the upscaler, tiles included; compiling and files are not"),
    Score("megapixels_per_s", "Speed", "MP/s", 2, "output megapixels a second; the mean is all megapixels over all s"),
)  # fmt: skip
COMMON = (
    "Scores are those of the 8-bit picture that the upscaler gives; grey pictures count as RGB; means are over "
    "pictures; equal pictures have 100 dB."
)


def present(report: Mapping[str, Any]) -> list[Score]:
    """The scores that a report holds, in their order."""
    means = [model["mean"] for model in report["models"].values()]
    return [score for score in SCORES if all(score.key in mean for mean in means)]


def definitions(report: Mapping[str, Any]) -> dict[str, str]:
    """What each score of the report is, in words."""
    return {score.key: score.definition.format(scale=report["scale"]) for score in present(report)}
