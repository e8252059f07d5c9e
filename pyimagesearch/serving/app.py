"""The endpoints."""

import asyncio
import base64
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from pydantic import BaseModel
from starlette.types import Receive, Scope, Send

from pyimagesearch import __version__
from pyimagesearch.serving import bodies, describe, formats
from pyimagesearch.serving.engine import Engine
from pyimagesearch.serving.errors import add_handlers
from pyimagesearch.serving.limits import Limits
from pyimagesearch.serving.picture_workers import PictureWorkers
from pyimagesearch.serving.service import PNG, Service
from pyimagesearch.serving.static import Page

CHUNK = 1 << 18  # bytes that are sent at once


class LimitsAnswer(BaseModel):
    bytes: int
    pixels: int
    seconds: float


class Health(BaseModel):
    """What the server is, and what it takes."""

    status: str
    version: str
    scale: int
    models: list[str]
    sliders: list[str]
    blend: bool
    limits: LimitsAnswer


class Base64Result(BaseModel):
    image: str


class GenerateResult(BaseModel):
    result: str


class Delivery(Response):
    """An answer whose connection is closed where the client does not receive it in time."""

    def __init__(self, data: bytes | memoryview, seconds: float, **kwargs: Any):
        super().__init__(data, **kwargs)
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        try:
            async with asyncio.timeout(self._seconds):
                await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
                whole = memoryview(self.body)
                for start in range(0, len(whole), CHUNK):  # the transport keeps a copy of what it has not sent
                    chunk = bytes(whole[start : start + CHUNK])
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
                await send({"type": "http.response.body", "body": b""})
        except TimeoutError:
            pass  # uvicorn closes the connection and logs it


def _amount(meaning: str) -> Any:
    return Query(ge=0, le=1, allow_inf_nan=False, description=f"where models can be mixed: {meaning} (default 1)")


def create_app(engine: Engine, workers: PictureWorkers, limits: Limits) -> FastAPI:
    """The application of docs/serving.md around loaded models."""
    app = FastAPI(
        title="srgan", version=__version__, docs_url=None, redoc_url=None, openapi_url=None,
        redirect_slashes=False,  # a redirect would repeat the client's Host
        description=f"Pictures in, the same pictures {engine.scale} times larger out. "
        'Errors are {"error": {"code": …, "message": …}}.',
    )  # fmt: skip
    add_handlers(app)
    service = Service(engine, workers, limits)
    _add_upscaling(app, service)
    _add_generate(app, service)
    _add_pages(app, service)
    return app


def _add_upscaling(app: FastAPI, service: Service) -> None:
    place = [Depends(service.line.place)]
    seconds = service.limits.seconds

    @app.post(
        "/v1/upscale", dependencies=place, response_class=Response, openapi_extra=describe.picture_body(),
        responses=describe.pictures(*formats.SUFFIXES, headers=describe.PICTURE_HEADERS)
        | describe.errors(403, 406, 408, 413, 422, 503, 504),
    )  # fmt: skip
    async def upscale(
        request: Request,
        clean: Annotated[float | None, _amount("0 keeps grain and grit, 1 removes noise and JPEG blocks")] = None,
        crisp: Annotated[float | None, _amount("0 keeps to what the picture shows, 1 adds likely detail")] = None,
        blend: Annotated[float | None, _amount("the old name of crisp")] = None,
    ) -> Response:
        """Upscale a picture. The answer is the first of PNG, JPEG and WebP that Accept names and that can hold it."""
        mimes = formats.acceptable(request.headers.get("accept"))
        amounts = bodies.amounts_of(clean, crisp, blend)
        result, name = await service.read_and_run(request, amounts, mimes)
        headers = {
            "content-disposition": formats.disposition(name, service.engine.scale, result.mime),
            "server-timing": f"model;dur={result.model_seconds * 1000:.1f}",
            "vary": "accept",
        }
        return Delivery(result.data, seconds, media_type=result.mime, headers=headers)

    @app.post(
        "/v1/upscale/base64", dependencies=place, response_model=Base64Result, openapi_extra=describe.base64_body(),
        responses=describe.errors(403, 408, 413, 422, 503, 504),
    )  # fmt: skip
    async def upscale_base64(request: Request) -> Response:
        """Upscale a picture in a data URL; the answer is a PNG in a data URL."""
        result = await service.read_and_run_base64(request)
        body = b'{"image":"data:image/png;base64,' + base64.b64encode(result.data) + b'"}'
        return Delivery(body, seconds, media_type="application/json")


def _add_generate(app: FastAPI, service: Service) -> None:
    ext = {"type": "string", "description": "the file's ending; the content decides, whatever it says"}

    @app.post(
        "/generate", dependencies=[Depends(service.line.place)], response_model=GenerateResult,
        openapi_extra=describe.picture_body(ext=ext), responses=describe.errors(403, 408, 413, 422, 503, 504),
    )  # fmt: skip
    async def generate(request: Request) -> Response:
        """Upscale a picture and keep the PNG for a download."""
        result, _ = await service.read_and_run(request, {}, PNG)
        return JSONResponse({"result": service.results.keep(result.data)})

    @app.get(
        "/download/{name}", response_class=Response, responses=describe.pictures(*PNG) | describe.errors(404),
    )  # fmt: skip
    async def download(name: str) -> Response:
        """A result of /generate, for some minutes after it was made."""
        return Delivery(service.results.get(name), service.limits.seconds, media_type=PNG[0])


def _add_pages(app: FastAPI, service: Service) -> None:
    page = Page()

    @app.get("/healthz")
    async def healthz() -> Health:
        """What the server is, and what it takes."""
        engine, limits = service.engine, service.limits
        allowed = LimitsAnswer(bytes=limits.bytes, pixels=limits.pixels, seconds=limits.seconds)
        about: dict[str, Any] = {"scale": engine.scale, "models": engine.models, "sliders": engine.sliders}
        return Health(status="ok", version=__version__, limits=allowed, blend="crisp" in engine.sliders, **about)

    @app.get("/", response_class=Response, responses=describe.file("text/html") | describe.errors(404))
    async def index(request: Request) -> Response:
        """The page for people."""
        return page("index.html", request)

    @app.get("/page/{name}", response_class=Response, responses=describe.file("*/*") | describe.errors(404))
    async def file_of_page(name: str, request: Request) -> Response:
        """A file of the page."""
        return page(name, request)

    @app.get("/docs", response_class=HTMLResponse)
    async def docs() -> Response:
        """This document for people."""
        return HTMLResponse(describe.page(app), headers={"content-security-policy": describe.DOCS_POLICY})

    @app.get("/openapi.json")
    async def openapi() -> dict[str, Any]:
        """This document for programs."""
        return app.openapi()
