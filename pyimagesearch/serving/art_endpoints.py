"""The endpoints that put dreams and styles in line."""

from enum import Enum

from fastapi import Depends, FastAPI, Request
from fastapi.responses import Response

from pyimagesearch.serving import describe
from pyimagesearch.serving.art_options import MOST_STYLES, DreamQuery, StyleQuery, WantedDream, WantedStyle
from pyimagesearch.serving.artist import Artist
from pyimagesearch.serving.bodies import Fields
from pyimagesearch.serving.errors import ServiceError
from pyimagesearch.serving.job_answers import JobAnswer, in_line
from pyimagesearch.serving.service import Service

TAGS: list[str | Enum] = ["art"]
DREAM = Fields({"content": 1}, WantedDream.model_fields)
STYLE = Fields({"content": 1, "style": MOST_STYLES}, WantedStyle.model_fields)
CONTENT = ("content", "the picture's file")
STYLES = ("style", f"files of pictures in whose style it is painted, at most {MOST_STYLES}; they count alike")


def add_art(app: FastAPI, service: Service) -> None:
    """Add them to an application."""

    def artist() -> Artist:
        """Raises ServiceError 404 where none serves."""
        if service.artist is None:
            reason = "this server makes no art; its operator can turn it on (srgan serve --art)"
            raise ServiceError(404, "no_art", reason)
        return service.artist

    ready = [Depends(artist), Depends(service.places.place)]
    responses = describe.accepted() | describe.errors(403, 404, 406, 408, 413, 422, 503)

    @app.post(
        "/v1/dream", status_code=202, response_model=JobAnswer, tags=TAGS, dependencies=ready, responses=responses,
        openapi_extra=describe.form_body(CONTENT)
        | describe.example("curl -F content=@photo.jpg '{here}/v1/dream?steps=20&octaves=4'"),
    )  # fmt: skip
    async def dream(request: Request, wanted: DreamQuery) -> Response:
        """Put a dream in line (DeepDream on VGG19): the network draws into the picture what it looks for.

        The answer is a job of one picture, as of `POST /v1/jobs`; its deadline, progress and result are too.
        """
        return in_line(service, await service.open_art(request, artist().dream(wanted), DREAM))

    @app.post(
        "/v1/style", status_code=202, response_model=JobAnswer, tags=TAGS, dependencies=ready, responses=responses,
        openapi_extra=describe.form_body(CONTENT, several=[STYLES])
        | describe.example("curl -F content=@photo.jpg -F style=@wave.jpg '{here}/v1/style?size=512&strength=0.8'"),
    )  # fmt: skip
    async def style(request: Request, wanted: StyleQuery) -> Response:
        """Put a picture in line that is painted in the style of others.

        The answer is a job of one picture, as of `POST /v1/jobs`; its deadline, progress and result are too.
        """
        return in_line(service, await service.open_art(request, artist().style(wanted), STYLE))
