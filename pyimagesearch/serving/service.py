"""What the endpoints share: a body in, a larger picture's file out, within the limits."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from fastapi import Request
from starlette.requests import ClientDisconnect

from pyimagesearch.serving import bodies, formats
from pyimagesearch.serving.engine import Engine
from pyimagesearch.serving.errors import ServiceError
from pyimagesearch.serving.limits import Limits
from pyimagesearch.serving.line import Line
from pyimagesearch.serving.picture_workers import PictureWorkers
from pyimagesearch.serving.results import Results

T = TypeVar("T")
PNG = ["image/png"]
Amounts = Mapping[str, float]  # where the sliders stand


@dataclass(frozen=True)
class Result:
    """A picture's file."""

    data: memoryview
    mime: str
    model_seconds: float  # of them for the upscaler alone


class Service:
    """What the endpoints share."""

    def __init__(self, engine: Engine, workers: PictureWorkers, limits: Limits):
        self.engine, self.workers, self.limits = engine, workers, limits
        self.line = Line(limits.queue)
        self.results = Results()

    async def read_and_run(self, request: Request, amounts: Amounts, mimes: Sequence[str]) -> tuple[Result, str]:
        """The result of the picture that the request's body holds, and the picture's name."""
        self.engine.check(amounts)
        async with _deadline(self.limits.seconds):
            async with self.line.upload(request):
                sent = await bodies.read_picture(request, self.limits.bytes)
            return await self._run(request, sent.data, amounts, mimes), sent.name

    async def read_and_run_base64(self, request: Request) -> Result:
        """The result of the picture in the JSON that the request's body holds."""
        async with _deadline(self.limits.seconds):
            async with self.line.upload(request):
                sent, amounts = await bodies.read_base64(request, self.limits.bytes)
            self.engine.check(amounts)
            return await self._run(request, sent.data, amounts, PNG)

    async def _run(self, request: Request, data: bytes, amounts: Amounts, mimes: Sequence[str]) -> Result:
        if not data:
            raise ServiceError(422, "no_picture", "the body is empty; send a picture's file")
        return await _while_connected(request, self._upscale(data, amounts, mimes))

    async def _upscale(self, data: bytes, amounts: Amounts, mimes: Sequence[str]) -> Result:
        """Decode at once, beside other requests; compute and encode in turn."""
        lr = await self.workers.decode(data)
        mime = formats.first_that_holds(lr.samples, self.engine.scale, mimes)
        async with self.line.turn():
            sr, seconds = await self.line.compute(lambda stop: self.engine(lr.samples, amounts, stop))
            return Result(await self.workers.encode(formats.SUFFIXES[mime], sr, lr.metadata), mime, seconds)


@asynccontextmanager
async def _deadline(seconds: float) -> AsyncIterator[None]:
    """Cancel what is inside after so many seconds, and answer 504."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        message = f"it took more than {seconds:g} s; try a smaller picture, or later"
        raise ServiceError(504, "too_slow", message) from None


async def _while_connected(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, which is cancelled when the client has gone."""
    task, gone = asyncio.create_task(work), asyncio.create_task(_disconnected(request))
    try:
        await asyncio.wait((task, gone), return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientDisconnect
        return task.result()
    finally:
        task.cancel()
        gone.cancel()


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
