"""Scores that papers published, at x4. Standard library only.

All are means over the pictures of PSNR in dB and SSIM on Y with 4 pixels cropped, LR by MATLAB's bicubic. Most papers
score the raw values of Set14's grey picture, which gives about 0.09 dB less there than ours, which scores it as RGB.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    """The row of a method. scores: {data set: (PSNR in dB, SSIM)}. ssim_compares: false where SSIM is that of another
    tool."""

    method: str
    paper: str
    scores: dict[str, tuple[float, float]]
    ssim_compares: bool = True


SCALE = 4
# PSNR in dB of bicubic by our protocol. An evaluation with another value has other pictures.
BICUBIC = {"Set5": 28.43, "Set14": 26.09}
TOLERANCE = 0.02  # dB

PUBLISHED = (
    Published(
        "bicubic", "MATLAB's imresize, as later papers tabulate it",
        {"Set5": (28.42, 0.8104), "Set14": (26.00, 0.7027), "BSD100": (25.96, 0.6675), "Urban100": (23.14, 0.6577)},
    ),
    Published(
        "SRCNN", "Dong et al., TPAMI 2016 (arXiv 1501.00092), as later papers tabulate it",
        {"Set5": (30.48, 0.8628), "Set14": (27.50, 0.7513), "BSD100": (26.90, 0.7101), "Urban100": (24.52, 0.7221)},
    ),
    Published(
        "FSRCNN", "Dong et al., ECCV 2016 (arXiv 1608.00367), as later papers tabulate it",
        {"Set5": (30.72, 0.8660), "Set14": (27.61, 0.7550), "BSD100": (26.98, 0.7150), "Urban100": (24.62, 0.7280)},
    ),
    Published(
        "ESPCN", "Shi et al., CVPR 2016 (arXiv 1609.05158), as Ledig et al. tabulate it",
        {"Set5": (30.76, 0.8784), "Set14": (27.66, 0.8004), "BSD100": (27.02, 0.7442)},
        ssim_compares=False,
    ),
    Published(
        "SRResNet", "Ledig et al., CVPR 2017 (arXiv 1609.04802)",
        {"Set5": (32.05, 0.9019), "Set14": (28.49, 0.8184), "BSD100": (27.58, 0.7620)},
        ssim_compares=False,
    ),
    Published(
        "SRGAN-VGG54", "Ledig et al., CVPR 2017 (arXiv 1609.04802)",
        {"Set5": (29.40, 0.8472), "Set14": (26.02, 0.7397), "BSD100": (25.16, 0.6688)},
        ssim_compares=False,
    ),
    Published(
        "EDSR-baseline", "Lim et al., CVPRW 2017 (arXiv 1707.02921), as later papers tabulate it",
        {"Set5": (32.09, 0.8938), "Set14": (28.58, 0.7813), "BSD100": (27.57, 0.7357), "Urban100": (26.04, 0.7849)},
    ),
    Published(
        "EDSR", "Lim et al., CVPRW 2017 (arXiv 1707.02921)",
        {"Set5": (32.46, 0.8968), "Set14": (28.80, 0.7876), "BSD100": (27.71, 0.7420), "Urban100": (26.64, 0.8033)},
    ),
    Published(
        "RRDB (DF2K)", "Wang et al., ESRGAN, ECCVW 2018 (arXiv 1809.00219)",
        {"Set5": (32.73, 0.9011), "Set14": (28.99, 0.7917), "BSD100": (27.85, 0.7455), "Urban100": (27.03, 0.8153)},
    ),
)  # fmt: skip
