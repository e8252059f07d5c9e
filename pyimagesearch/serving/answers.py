"""Answers that are sent piece by piece, whose connection is closed where the client does not receive them in time."""

import asyncio
import base64
import math
import os
import time
import zipfile
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any, BinaryIO

from fastapi.responses import Response
from starlette.types import Receive, Scope, Send

CHUNK = 1 << 18  # bytes that are sent at once; a multiple of 4
BASE64_CHUNK = 3 << 16  # that become one CHUNK
HEAD = "srgan.head"  # in the scope of a request that wants the headers of an answer alone
NO_LIMIT = math.inf  # seconds for what goes on as long as a job does
BYTES_PER_SECOND = 50_000  # that a client has to take on average, after the seconds that it has anyway

Pieces = AsyncIterator[bytes]


class Delivery(Response):
    """An answer in pieces."""

    def __init__(self, pieces: Pieces, seconds: float, *, length: int | None = None, **kwargs: Any):
        """seconds: for the client to take it, and as many more as BYTES_PER_SECOND gives it.

        length: of the pieces together, where it is known.
        """
        super().__init__(**kwargs)
        self._pieces, self._seconds = pieces, seconds
        del self.headers["content-length"]
        if length is not None:
            self.headers["content-length"] = str(length)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        began, sent = asyncio.get_running_loop().time(), 0
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            async with aclosing(self._pieces) as pieces:  # type: ignore[type-var]
                if scope.get(HEAD):
                    await anext(pieces, None)  # so that its file is closed
                    return await send({"type": "http.response.body", "body": b""})
                async for piece in pieces:
                    sent += len(piece)
                    # The transport keeps a copy of what it has not sent, so that this waits for the client.
                    until = began + self._seconds + sent / BYTES_PER_SECOND
                    async with asyncio.timeout_at(None if math.isinf(until) else until):
                        await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        except TimeoutError:
            pass  # uvicorn closes the connection and logs it


async def nothing() -> Pieces:
    """No pieces."""
    return
    yield b""


def size_of(file: BinaryIO) -> int:
    """The bytes of an open file."""
    return os.fstat(file.fileno()).st_size


async def of_file(file: BinaryIO, at_end: Callable[[], object] = lambda: None, size: int = CHUNK) -> Pieces:
    """A file in pieces of `size` bytes; it is closed at the end. at_end: called where all of it was taken."""
    with file:
        while piece := await asyncio.to_thread(file.read, size):
            yield piece
        at_end()


def base64_length(size: int) -> int:
    """The characters that so many bytes become."""
    return -(-size // 3) * 4


async def in_json(before: bytes, file: BinaryIO, after: bytes) -> Pieces:
    """A file in base64 between two other pieces."""
    yield before
    async for piece in of_file(file, size=BASE64_CHUNK):
        yield base64.b64encode(piece)
    yield after


class _Sink:
    """What zipfile writes to: a file that cannot go back, and whose content is taken away piece by piece."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        pass

    def take(self) -> bytes:
        """What was written since the last call."""
        taken, self._pieces = b"".join(self._pieces), []
        return taken


async def zipped(files: AsyncIterator[tuple[str, BinaryIO]], at_end: Callable[[], object]) -> Pieces:
    """A zip file of open files, which are not compressed again, one after the other. at_end: as in of_file."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:  # type: ignore[call-overload]
        async for name, file in files:
            info = zipfile.ZipInfo(name, time.localtime()[:6])
            info.file_size = size_of(file)
            with archive.open(info, "w") as entry:
                async with aclosing(of_file(file)) as pieces:  # type: ignore[type-var]
                    async for piece in pieces:
                        await asyncio.to_thread(entry.write, piece)
                        yield sink.take()
    yield sink.take()
    at_end()
