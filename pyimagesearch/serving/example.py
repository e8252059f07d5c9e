"""The example of the page: a small photograph, enlarged once by the models that serve."""

from enum import Enum

from fastapi import FastAPI, Request
from fastapi.responses import Response

from pyimagesearch.images import picture_io
from pyimagesearch.serving import describe
from pyimagesearch.serving.engine import Engine
from pyimagesearch.serving.static import FOLDER, sent_once, tag_of

SMALL = FOLDER / "example.jpg"  # 160x120, of the photograph `chelsea` of scikit-image (CC0); see docs/serving.md
MIME = "image/jpeg"
TAGS: list[str | Enum] = ["server"]


def enlarged(engine: Engine) -> bytes:
    """The JPEG of what the models make of the example with every slider at 1, as the page has them at first."""
    lr = picture_io.read(str(SMALL))
    sr = engine(lr.samples, {}, engine.scale, lambda _: None)
    return picture_io.encode(".jpg", picture_io.Picture(sr))


def add_route(app: FastAPI, engine: Engine) -> None:
    """Enlarge the example now, and answer GET /example with the result."""
    data = enlarged(engine)
    tag = tag_of(data)

    @app.get("/example", response_class=Response, responses=describe.file(MIME), tags=TAGS)
    async def example(request: Request) -> Response:
        """The example of the page, enlarged by the models of this server."""
        return sent_once(request, data, tag, MIME)
