"""What a request asks for beside its picture: parameters of the address, or fields of JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Query, Request
from fastapi.dependencies.models import Dependant
from pydantic import BaseModel, ConfigDict, Field

from pyimagesearch.serving import formats
from pyimagesearch.serving.engine import Engine
from pyimagesearch.serving.errors import ServiceError

Format = Literal["auto", "png", "jpeg", "webp"]
HIGHEST_SCALE = 8
PAGE_PATHS = ("/", "/page/{name}")
FORMAT = "png, jpeg, webp, or auto"
QUALITY = "of a JPEG or WebP; without it that of the picture that came in, or a high one"


class Wanted(BaseModel):
    """How a picture is to be enlarged, and the format of its result."""

    model_config = ConfigDict(extra="forbid")

    clean: float | None = Field(
        default=None, ge=0, le=1, allow_inf_nan=False, examples=[1.0],
        description="where models can be mixed: 0 keeps grain and grit, 1 removes noise and JPEG blocks (default 1)",
    )  # fmt: skip
    crisp: float | None = Field(
        default=None, ge=0, le=1, allow_inf_nan=False, examples=[0.5],
        description="where models can be mixed: 0 keeps to what the picture shows, 1 adds likely detail (default 1)",
    )  # fmt: skip
    blend: float | None = Field(default=None, ge=0, le=1, allow_inf_nan=False, description="the old name of crisp")
    model: str | None = Field(
        default=None,
        max_length=200,
        examples=["photo-gan"],
        description="one of the models of /healthz, in place of a mix",
    )
    scale: int | None = Field(
        default=None, ge=1, le=HIGHEST_SCALE, examples=[2],
        description="how many times larger: one of the scales of /healthz (default: the largest); 1 cleans only",
    )  # fmt: skip
    format: Format = Field(default="auto", examples=["jpeg"], description=FORMAT)
    quality: int | None = Field(default=None, ge=1, le=100, examples=[90], description=QUALITY)


@dataclass(frozen=True)
class Options:
    """A Wanted that was checked. amounts: where the sliders stand. mimes: of the result, the first that can hold it."""

    amounts: Mapping[str, float]
    scale: int
    mimes: Sequence[str]
    quality: int | None = None


WantedQuery = Annotated[Wanted, Query()]


def checked(wanted: Wanted, engine: Engine, auto: Sequence[str] = tuple(formats.PNG)) -> Options:
    """What is wanted, if these models can do it. auto: the MIME types of format=auto. Raises ServiceError 422."""
    if wanted.crisp is not None and wanted.blend is not None:
        raise ServiceError(422, "bad_parameter", "blend is the old name of crisp; leave blend out")
    named = {"clean": wanted.clean, "crisp": wanted.blend if wanted.crisp is None else wanted.crisp}
    amounts = {name: amount for name, amount in named.items() if amount is not None}
    engine.check(amounts)
    if wanted.model is not None:
        if amounts:
            reason = f"model stands for a place of the sliders; leave {next(iter(amounts))} out"
            raise ServiceError(422, "bad_parameter", reason)
        amounts = engine.amounts_of(wanted.model)
    scale = engine.scale if wanted.scale is None else wanted.scale
    if scale not in engine.scales:
        known = ", ".join(map(str, engine.scales))
        raise ServiceError(422, "bad_parameter", f"scale: one of {known}, received {scale}")
    return Options(amounts, scale, mimes_of(wanted.format, wanted.quality, auto), wanted.quality)


def mimes_of(name: Format, quality: int | None, auto: Sequence[str]) -> Sequence[str]:
    """The MIME types that a format stands for. Raises ServiceError 422 for a quality that it does not have."""
    if quality is not None and name not in ("jpeg", "webp"):
        raise ServiceError(422, "bad_parameter", "quality: belongs to format=jpeg and format=webp; name one of them")
    return auto if name == "auto" else [formats.NAMES[name]]


def refuse_unknown(request: Request) -> None:
    """A dependency of FastAPI: raises ServiceError 422 for a query parameter that the endpoint does not have.

    Not for the page and its files, whose address people share with what other programs append to it.
    """
    route = request.scope["route"]
    if route.path in PAGE_PATHS:
        return
    known = sorted(_query_names(route.dependant))
    for name in request.query_params:
        if name not in known:
            valid = f"it takes {', '.join(known)}" if known else "it takes none"
            reason = f"{request.url.path} has no parameter {name[:50]!r}; {valid}"
            raise ServiceError(422, "unknown_parameter", reason)


def _query_names(dependant: Dependant) -> set[str]:
    names: set[str] = set()
    for field in dependant.query_params:
        model = field.field_info.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            names |= set(model.model_fields)
        else:
            names.add(field.alias)
    return names.union(*map(_query_names, dependant.dependencies))
