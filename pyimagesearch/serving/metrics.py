"""What the server counts, for Prometheus: GET /metrics.

No label holds what a client chose: endpoints are counted by their template, such as /v1/jobs/{id}, unknown paths and
methods as one. So the number of series does not grow with the number of requests.
"""

import math
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request
from fastapi.responses import Response
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector
from prometheus_client.exposition import choose_encoder

from pyimagesearch import __version__
from pyimagesearch.serving import describe
from pyimagesearch.serving.job import Picture

if TYPE_CHECKING:
    from pyimagesearch.serving.service import Service

SECONDS = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3000)  # bounds of the histograms' buckets
OTHER = "other"  # a method or a path that the service does not have
TEXT, OPEN_METRICS = "text/plain", "application/openmetrics-text"
TAGS: list[str | Enum] = ["server"]


class Metrics:
    """The counts of one server, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)  # memory, CPU seconds and open files of the server's own process

        def counter(name: str, what: str, *labels: str) -> Counter:
            return Counter(f"srgan_{name}", what, labels, registry=self.registry)

        def seconds(name: str, what: str, *labels: str) -> Histogram:
            return Histogram(f"srgan_{name}_seconds", what, labels, buckets=SECONDS, registry=self.registry)

        self._requests = counter(
            "http_requests", "Requests that were answered; 499: the client had gone.", "method", "endpoint", "status"
        )
        self._request_seconds = seconds(
            "http_request_duration", "From a request's header to the end of its answer.", "endpoint"
        )
        self._received = counter("http_received_bytes", "Of the bodies of requests.", "endpoint")
        self._sent = counter("http_sent_bytes", "Of the bodies of answers.", "endpoint")
        self._pictures = counter(
            "pictures",
            "Pictures of accepted requests and jobs that have ended: done, failed (error: its code) or cancelled.",
            "state", "error",
        )  # fmt: skip
        self._pixels = counter("picture_pixels", "Of pictures that are done (in) and of their results (out).", "side")
        self._line_seconds = seconds("picture_line", "That a picture waited in line before the work on it began.")
        self._work_seconds = seconds("picture_work", "Of work on a picture by the models.")
        for state in ("done", "cancelled"):
            self._pictures.labels(state, "")  # 0 from the start, so that the first one is seen as an increase
        for side in ("in", "out"):
            self._pixels.labels(side)

    def answered(self, method: str, endpoint: str, status: int) -> None:
        """Count an answer, before the client can see it."""
        self._requests.labels(method, endpoint, status).inc()

    def bad_request(self) -> None:
        """Count the answer to what is no HTTP/1.1, and so has no method and no endpoint."""
        self.answered(OTHER, OTHER, 400)

    def request_ended(self, endpoint: str, seconds: float, received: int, sent: int) -> None:
        """Count the time and the bytes of a request."""
        self._request_seconds.labels(endpoint).observe(seconds)
        self._received.labels(endpoint).inc(received)
        self._sent.labels(endpoint).inc(sent)

    def picture_ended(self, picture: Picture) -> None:
        """Count a picture of an accepted job, with its inputs, before the client can see that it has ended."""
        error, ticket = picture.error, picture.ticket
        if error is None:
            assert picture.height
            assert picture.width
            self._pictures.labels("done", "").inc()
            self._pixels.labels("in").inc(sum(math.prod(stored.kind.shape[:2]) for stored in picture.inputs))
            self._pixels.labels("out").inc(picture.height * picture.width)
        elif error.code == "cancelled":
            self._pictures.labels("cancelled", "").inc()
        else:
            self._pictures.labels("failed", error.code).inc()
        if ticket and ticket.begun:
            self._line_seconds.observe(ticket.waited)
            self._work_seconds.observe(ticket.worked)

    def watch(self, service: "Service") -> None:
        """Tell of the queue, the line and the models of a service as they are at each scrape."""
        places, line, engine = service.places, service.line, service.engine

        def gauge(name: str, what: str, value: Callable[[], float]) -> None:
            Gauge(f"srgan_{name}", what, registry=self.registry).set_function(value)

        gauge("queue_places", "Requests and jobs that are admitted at once (--queue).", lambda: service.limits.queue)
        gauge("queue_places_taken", "Requests and jobs that are admitted now.", lambda: places.taken)
        gauge("line_pictures_waiting", "Pictures in line for the models.", lambda: line.pictures()[0])
        gauge("line_pictures_working", "Pictures that the models have begun.", lambda: line.pictures()[1])
        gauge("line_work_seconds", "Of work that is in line, as foreseen.", line.seconds)
        Info("srgan_build", "This server.", registry=self.registry).info({"version": __version__})
        models = Info("srgan_model", "A model that serves.", ["model"], registry=self.registry)
        for model in engine.models:
            models.labels(model).info({"scale": str(engine.scale)})


def add_route(app: FastAPI, metrics: Metrics) -> None:
    """Answer GET /metrics with all that was counted."""
    shown: dict[int | str, Any] = {200: {"description": "the metrics", "content": {TEXT: {}, OPEN_METRICS: {}}}}
    scrape = describe.example("curl {here}/metrics")

    @app.get(
        "/metrics", tags=TAGS, response_class=Response, responses=shown | describe.errors(422), openapi_extra=scrape
    )
    async def scraped(request: Request) -> Response:
        """Counts for Prometheus, as text, or as OpenMetrics if Accept asks for it."""
        encode, mime = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(metrics.registry), headers={"content-type": mime})
