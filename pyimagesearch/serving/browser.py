"""What pages need to enlarge pictures by themselves, so that no picture leaves the person's computer."""

import asyncio
from collections.abc import Mapping
from enum import Enum
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from pyimagesearch.errors import InputError
from pyimagesearch.export.onnx_graph import OnnxGraph
from pyimagesearch.inference.mixture import AnyModels
from pyimagesearch.inference.upscaler import Upscaler
from pyimagesearch.models.loading import load_generator
from pyimagesearch.serving import browser_runtime, describe
from pyimagesearch.serving.answers import Delivery, of_file, size_of
from pyimagesearch.serving.errors import ServiceError
from pyimagesearch.serving.options import HIGHEST_SCALE, Wanted, checked
from pyimagesearch.serving.service import Service
from pyimagesearch.serving.static import WASM_POLICY, sent_once, tag_of

LIBRARIES = ("onnx", "tf2onnx")
KEPT_SECONDS = 31_536_000  # for which a browser keeps the runtime's files; a year, the longest that browsers keep any
MIME = "application/octet-stream"
TAGS: list[str | Enum] = ["server"]


class BrowserAnswer(BaseModel):
    """What a page has to know of the network to run it.

    runtime: the version of ONNX Runtime Web. margins: for each scale, the LR pixels around a tile that the network sees
    too. period: tiles begin at multiples of so many LR pixels.
    """

    runtime: str
    margins: dict[int, int]
    period: int


class Browser:
    """The network that serves, as ONNX files, and the files of the runtime."""

    def __init__(self, models: AnyModels, folder: Path):
        """Convert the network for every scale, which takes some seconds. folder: as browser_runtime.find gives it.

        Raises InputError where the models have no network, RunError where it cannot be converted.
        """
        upscaler = models.at()
        if not isinstance(upscaler, Upscaler):
            raise InputError(f"`browser` needs a network, and {models.names[0]} is none; name another by `model`")
        network = load_generator(models.names[-1])  # in float32, whatever the precision of this machine
        self.folder, self._models = folder, models
        self._graphs = {scale: OnnxGraph(network, models.scale, scale) for scale in range(1, models.scale + 1)}
        margins = {scale: upscaler.at_scale(scale).context for scale in self._graphs}
        self.answer = BrowserAnswer(runtime=browser_runtime.VERSION, margins=margins, period=upscaler.period)

    def model(self, amounts: Mapping[str, float], scale: int) -> bytes:
        """The ONNX file of a mix at a scale. May be called by several threads while the models are at work."""
        return self._graphs[scale].file(self._models.weights(**amounts))


def check_libraries() -> None:
    """Raise InputError where what converts a network is missing."""
    missing = [library for library in LIBRARIES if find_spec(library) is None]
    if missing:
        raise InputError(f'`browser` needs {", ".join(missing)}: pip install -e ".[export]"')


class Position(BaseModel):
    """Where the sliders stand, and the scale."""

    model_config = ConfigDict(extra="forbid")

    clean: float | None = Field(default=None, ge=0, le=1, allow_inf_nan=False, description="as of /v1/upscale")
    crisp: float | None = Field(default=None, ge=0, le=1, allow_inf_nan=False, description="as of /v1/upscale")
    scale: int | None = Field(default=None, ge=1, le=HIGHEST_SCALE, description="as of /v1/upscale")


def add_routes(app: FastAPI, service: Service, browser: Browser | None) -> None:
    """Answer with the network and with the runtime; with 404 where the server does not offer this."""

    def offered() -> Browser:
        if browser is None:
            message = "this server enlarges pictures by itself alone; its operator can offer more (--browser)"
            raise ServiceError(404, "not_offered", message)
        return browser

    @app.get(
        "/browser/model", tags=TAGS, response_class=Response,
        responses=describe.file(MIME) | describe.errors(404, 422),
        openapi_extra=describe.example("curl '{here}/browser/model?scale=2' -o model_x2.onnx"),
    )  # fmt: skip
    async def model(request: Request, position: Annotated[Position, Query()]) -> Response:
        """The network at a place of the sliders as an ONNX file, for a page that runs it."""
        options = checked(Wanted(**position.model_dump()), service.engine)
        data = await asyncio.to_thread(offered().model, options.amounts, options.scale)
        return sent_once(request, data, tag_of(data), MIME)

    found: dict[int | str, Any] = {200: {"description": "the file", "content": {"*/*": {}}}}

    @app.get(
        "/browser/{version}/{name}", tags=TAGS, response_class=Response,
        responses=found | describe.errors(404, 422),
    )  # fmt: skip
    async def runtime(version: str, name: str) -> Response:
        """A file of ONNX Runtime Web."""
        folder = offered().folder
        if version != browser_runtime.VERSION or name not in browser_runtime.FILES:
            raise ServiceError(404, "not_found", f"the runtime has no file {version[:50]}/{name[:100]}")
        file = (folder / name).open("rb")
        headers = {"cache-control": f"max-age={KEPT_SECONDS}, immutable", "content-security-policy": WASM_POLICY}
        mime = browser_runtime.TYPES[Path(name).suffix]
        return Delivery(
            of_file(file), service.limits.seconds, length=size_of(file), media_type=mime, headers=headers
        )  # fmt: skip
