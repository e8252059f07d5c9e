"""What a request for a dream or a style asks for beside its pictures: parameters of the address."""

from typing import Annotated, Literal

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from pyimagesearch.serving.options import FORMAT, QUALITY, Format

SIDES = (32, 1024)  # pixels; one step at the largest is what others in line wait for
MOST_STEPS = 200
MOST_OCTAVES = 6
MOST_STYLES = 4


class WantedArt(BaseModel):
    """What both ask for."""

    model_config = ConfigDict(extra="forbid")

    format: Format = Field(default="auto", examples=["jpeg"], description=f"{FORMAT}: PNG")
    quality: int | None = Field(default=None, ge=1, le=100, examples=[90], description=QUALITY)


class WantedDream(WantedArt):
    """How a picture is dreamt of."""

    size: int = Field(
        default=512, ge=SIDES[0], le=SIDES[1], examples=[512],
        description="pixels of the longest side; a larger picture is made smaller first",
    )  # fmt: skip
    steps: int = Field(default=10, ge=1, le=MOST_STEPS, description="in each octave", examples=[10])
    step_size: float = Field(
        default=0.01, ge=0.001, le=1, allow_inf_nan=False, examples=[0.02],
        description="how far a step goes, in standard deviations of the gradient, where black is -1 and white is 1",
    )  # fmt: skip
    octaves: int = Field(
        default=4, ge=1, le=MOST_OCTAVES, examples=[4],
        description="sizes to dream in: the last is the picture's, and each before it is 1.3 times smaller",
    )  # fmt: skip


class WantedStyle(WantedArt):
    """How a picture is painted."""

    fast: bool | None = Field(
        default=None, examples=[True],
        description="true: at once, by networks trained for it; false: by optimisation, which takes minutes (default: "
        "true, where /healthz has fast under art)",
    )  # fmt: skip
    size: int = Field(
        default=512, ge=SIDES[0], le=SIDES[1], examples=[512], description="pixels of the result's longest side"
    )
    strength: float = Field(
        default=1.0, ge=0, le=2, allow_inf_nan=False, examples=[0.7],
        description="0: the content's own style, 1: that of the style, up to 2: beyond it",
    )  # fmt: skip
    keep_colours: Literal["no", "luminance", "match"] = Field(
        default="no", examples=["luminance"],
        description="luminance: only light and dark are painted; match: the style takes the content's colours first",
    )  # fmt: skip
    steps: int | None = Field(
        default=None, ge=1, le=MOST_STEPS, examples=[40], description="with fast=false, at the first size (default 30)"
    )


DreamQuery = Annotated[WantedDream, Query()]
StyleQuery = Annotated[WantedStyle, Query()]
