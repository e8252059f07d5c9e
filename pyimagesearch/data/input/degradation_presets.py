"""How LR pictures are damaged in training: what, how probably, how strongly. Standard library only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pyimagesearch.errors import InputError


@dataclass(frozen=True)
class Step:
    """One of degradations.DEGRADATIONS, its probability, and its options."""

    name: str
    probability: float
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class DegradationPreset:
    """Stages in their order; of each stage's alternatives at most one is applied.

    clean: how probably a picture is not damaged at all, but made smaller by bicubic.
    """

    description: str
    clean: float
    stages: tuple[tuple[Step, ...], ...]


def _blurs(probability: float, sigma: tuple[float, float], ringing: float) -> tuple[Step, ...]:
    """All shapes in the shares of Wang et al., and a sinc filter in place of `ringing` of them."""
    shares = {
        ("gaussian", False): 0.45, ("gaussian", True): 0.25, ("generalised", False): 0.12, ("generalised", True): 0.03,
        ("plateau", False): 0.12, ("plateau", True): 0.03,
    }  # fmt: skip
    blurred = probability * (1 - ringing)
    return (
        Step("sinc", probability * ringing),
        *(
            Step("blur", blurred * share, {"shape": shape, "anisotropic": anisotropic, "sigma": sigma})
            for (shape, anisotropic), share in shares.items()
        ),
    )


def _noise(gaussian: float, sigma: tuple[float, float], poisson: float, strength: tuple[float, float]):
    """Two kinds, each in grey with a probability of 0.4."""
    return (
        Step("gaussian_noise", gaussian, {"sigma": sigma, "grey": 0.4}),
        Step("poisson_noise", poisson, {"strength": strength, "grey": 0.4}),
    )


# The probabilities and ranges that RealESRGAN x4plus was trained with. There HR is sharpened before it is damaged; here
# it is not.
FULL = DegradationPreset(
    description="the second-order degradations of Real-ESRGAN, for large networks",
    clean=0.0,
    stages=(
        _blurs(1.0, (0.2, 3.0), ringing=0.1),
        (Step("resize", 0.2, {"factor": (1.0, 1.5)}), Step("resize", 0.7, {"factor": (0.15, 1.0)})),
        _noise(0.5, (1.0, 30.0), 0.5, (0.05, 3.0)),
        (Step("jpeg", 1.0, {"quality": (30, 95)}),),
        _blurs(0.8, (0.2, 1.5), ringing=0.1),
        (
            Step("resize", 0.3, {"factor": (1.0, 1.2), "of_lr": True}),
            Step("resize", 0.4, {"factor": (0.3, 1.0), "of_lr": True}),
            Step("resize", 0.3, {"factor": (1.0, 1.0), "of_lr": True}),
        ),
        _noise(0.5, (1.0, 25.0), 0.5, (0.05, 2.5)),
        (Step("finish", 1.0, {"ringing": 0.8, "compressed": 1.0, "quality": (30, 95)}),),
    ),
)

# A small network that sees the full range learns to blur everything. Here most pictures are damaged once, and less.
MILD = DegradationPreset(
    description="weaker, and mostly damaged once: for small networks",
    clean=0.08,
    stages=(
        _blurs(0.8, (0.2, 3.0), ringing=0.05),
        (Step("resize", 0.1, {"factor": (1.0, 1.3)}), Step("resize", 0.3, {"factor": (0.4, 1.0)})),
        _noise(0.25, (1.0, 20.0), 0.2, (0.05, 2.0)),
        (Step("jpeg", 0.3, {"quality": (35, 95)}),),
        _blurs(0.25, (0.2, 1.2), ringing=0.1),
        (
            Step("resize", 0.15, {"factor": (1.0, 1.2), "of_lr": True}),
            Step("resize", 0.15, {"factor": (0.7, 1.0), "of_lr": True}),
            Step("resize", 0.7, {"factor": (1.0, 1.0), "of_lr": True}),
        ),
        _noise(0.45, (1.0, 24.0), 0.3, (0.05, 2.5)),
        (Step("finish", 1.0, {"ringing": 0.2, "compressed": 0.8, "quality": (25, 95)}),),
    ),
)

DEGRADATION_PRESETS = {"mild": MILD, "full": FULL}


def get_degradations(name: str) -> DegradationPreset:
    """The preset `name`; InputError lists the valid names."""
    if name not in DEGRADATION_PRESETS:
        raise InputError(f"unknown degradations {name}; valid: {', '.join(DEGRADATION_PRESETS)}")
    return DEGRADATION_PRESETS[name]
