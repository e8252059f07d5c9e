"""The endpoints."""

from enum import Enum
from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from pydantic import BaseModel, Field

from pyimagesearch import __version__
from pyimagesearch.serving import browser, describe, docs_page, example, formats, metrics
from pyimagesearch.serving.answers import Delivery, base64_length, in_json, of_file, size_of
from pyimagesearch.serving.art_endpoints import add_art
from pyimagesearch.serving.errors import ServiceError, add_handlers
from pyimagesearch.serving.formats import PNG
from pyimagesearch.serving.job import Version
from pyimagesearch.serving.job_endpoints import add_jobs
from pyimagesearch.serving.options import Wanted, WantedQuery, checked, refuse_unknown
from pyimagesearch.serving.service import Service
from pyimagesearch.serving.static import Page

TAGS: list[str | Enum] = ["one picture"]
BASE64_EXAMPLE = (
    'printf \'{"image":"data:image/png;base64,%s"}\' "$(base64 -w0 icon.png)" | curl --json @- {here}/v1/upscale/base64'
)
SERVER_TAGS: list[str | Enum] = ["server"]


class LimitsAnswer(BaseModel):
    bytes: int
    pixels: int
    seconds: float
    pictures: int


class Health(BaseModel):
    """What the server is, and what it takes."""

    status: str
    version: str
    scale: int
    scales: list[int]
    formats: list[str]
    models: list[str]
    sliders: list[str]
    blend: bool
    art: list[str] = Field(description="dream, style and fast: what the server makes; empty without --art")
    art_mixes: bool = Field(description="whether fast takes several styles and a strength; true where there is no fast")
    limits: LimitsAnswer
    browser: browser.BrowserAnswer | None


class Base64Result(BaseModel):
    image: str


class GenerateResult(BaseModel):
    result: str


def create_app(service: Service, offered: browser.Browser | None = None) -> FastAPI:
    """The application of docs/serving.md. offered: with which browsers enlarge pictures by themselves."""
    app = FastAPI(
        title="srgan", version=__version__, docs_url=None, redoc_url=None, openapi_url=None,
        redirect_slashes=False,  # a redirect would repeat the client's Host
        openapi_tags=describe.TAGS, dependencies=[Depends(refuse_unknown)],
        description=f"Pictures in, the same pictures up to {service.engine.scale} times larger out. "
        'Errors are {"error": {"code": …, "message": …}}.',
    )  # fmt: skip
    add_handlers(app)
    _add_upscaling(app, service)
    _add_generate(app, service)
    add_jobs(app, service)
    add_art(app, service)
    _add_pages(app, service, offered)
    browser.add_routes(app, service, offered)
    example.add_route(app, service.engine)
    metrics.add_route(app, service.metrics)
    return app


def _add_upscaling(app: FastAPI, service: Service) -> None:
    place = [Depends(service.places.place)]

    @app.post(
        "/v1/upscale", dependencies=place, response_class=Response, tags=TAGS,
        openapi_extra=describe.picture_body()
        | describe.example("curl -F image=@photo.jpg '{here}/v1/upscale?scale=2&format=jpeg' -o photo_x2.jpg"),
        responses=describe.pictures(*formats.SUFFIXES, headers=describe.PICTURE_HEADERS)
        | describe.errors(403, 406, 408, 413, 422, 503, 504),
    )  # fmt: skip
    async def upscale(request: Request, wanted: WantedQuery) -> Response:
        """Upscale a picture. The answer is the first of PNG, JPEG and WebP that Accept names and that can hold it."""
        mimes = formats.acceptable(request.headers.get("accept")) if wanted.format == "auto" else formats.PNG
        job = await service.run(request, checked(wanted, service.engine, mimes))
        picture = job.pictures[0]
        file, mime = service.jobs.take(job)
        headers = {
            "content-disposition": formats.disposition(formats.result_name(picture.name, job.task.label, mime)),
            "server-timing": f"model;dur={picture.model_seconds * 1000:.1f}",
            "vary": "accept",
        }
        return Delivery(
            of_file(file), service.limits.seconds, length=size_of(file), media_type=mime, headers=headers
        )  # fmt: skip

    @app.post(
        "/v1/upscale/base64", dependencies=place, response_model=Base64Result, response_description="the result",
        openapi_extra=describe.base64_body() | describe.example(BASE64_EXAMPLE),
        responses=describe.errors(403, 408, 413, 422, 503, 504), tags=TAGS,
    )  # fmt: skip
    async def upscale_base64(request: Request) -> Response:
        """Upscale a picture in a data URL; the answer is one in a data URL, a PNG unless it says otherwise."""
        file, mime = service.jobs.take(await service.run_base64(request))
        before, after = f'{{"image":"data:{mime};base64,'.encode(), b'"}'
        length = len(before) + base64_length(size_of(file)) + len(after)
        pieces = in_json(before, file, after)
        return Delivery(pieces, service.limits.seconds, length=length, media_type="application/json")


def _add_generate(app: FastAPI, service: Service) -> None:
    ext = {"type": "string", "description": "the file's ending; the content decides, whatever it says"}

    @app.post(
        "/generate", dependencies=[Depends(service.places.place)], response_model=GenerateResult, tags=TAGS,
        response_description="the name of the result",
        openapi_extra=describe.picture_body(ext=ext) | describe.example("curl -F image=@photo.jpg {here}/generate"),
        responses=describe.errors(403, 408, 413, 422, 503, 504),
    )  # fmt: skip
    async def generate(request: Request) -> Response:
        """Upscale a picture and keep the PNG for a download."""
        job = await service.run(request, checked(Wanted(), service.engine), kept=True)
        return JSONResponse({"result": f"{job.id}.png"})

    @app.get(
        "/download/{name}", response_class=Response, tags=TAGS,
        responses=describe.pictures(*PNG) | describe.errors(404, 422),
    )  # fmt: skip
    async def download(name: str) -> Response:
        """A result of /generate, for some minutes after it was made."""
        job = service.jobs.find(name.removesuffix(".png"))
        if job is None or not name.endswith(".png") or len(job.pictures) != 1 or not job.done_pictures():
            message = "no result has this name, or it has been removed; make it again"
            raise ServiceError(404, "no_such_result", message)
        picture = job.pictures[0]
        file = await service.jobs.result(job, picture, Version(PNG[0]))
        took = of_file(file, lambda: setattr(picture, "downloaded", True))
        return Delivery(took, service.limits.seconds, length=size_of(file), media_type=PNG[0])


def _add_pages(app: FastAPI, service: Service, offered: browser.Browser | None) -> None:
    page = Page()

    refused = describe.errors(422)

    @app.get(
        "/healthz", tags=SERVER_TAGS, response_description="the server", responses=refused,
        openapi_extra=describe.example("curl {here}/healthz"),
    )  # fmt: skip
    async def healthz() -> Health:
        """What the server is, and what it takes."""
        engine, limits = service.engine, service.limits
        allowed = LimitsAnswer(
            bytes=limits.bytes, pixels=limits.pixels, seconds=limits.seconds, pictures=limits.pictures
        )
        about: dict[str, Any] = {"scale": engine.scale, "models": engine.models, "sliders": engine.sliders}
        about |= {"scales": engine.scales, "formats": [*formats.NAMES], "browser": offered and offered.answer}
        artist = service.artist
        about |= {"art": artist.offers if artist else [], "art_mixes": artist is None or artist.mixes}
        return Health(status="ok", version=__version__, limits=allowed, blend="crisp" in engine.sliders, **about)

    @app.get(
        "/", tags=SERVER_TAGS, response_class=Response, responses=describe.file("text/html") | describe.errors(404)
    )
    async def index(request: Request) -> Response:
        """The page for people."""
        return page("index.html", request)

    @app.get(
        "/page/{name}", tags=SERVER_TAGS, response_class=Response, responses=describe.file("*/*") | describe.errors(404)
    )
    async def file_of_page(name: str, request: Request) -> Response:
        """A file of the page."""
        return page(name, request)

    shown: dict[int | str, Any] = {200: {"description": "the document", "content": {"text/html": {}}}}

    @app.get("/docs", tags=SERVER_TAGS, response_class=Response, responses=shown | refused)
    async def docs() -> Response:
        """This document for people."""
        return HTMLResponse(docs_page.page(app), headers={"content-security-policy": docs_page.POLICY})

    @app.get("/openapi.json", tags=SERVER_TAGS, response_description="the document", responses=refused)
    async def openapi() -> dict[str, Any]:
        """This document for programs."""
        return app.openapi()
