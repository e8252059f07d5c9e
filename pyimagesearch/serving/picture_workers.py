"""Decoding and encoding in processes of their own, which end where a picture takes too long or too much memory."""

import asyncio
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from pyimagesearch.errors import MissingLibraryError, RunError
from pyimagesearch.serving.decode_worker import Content, Head, receive, send
from pyimagesearch.serving.errors import ServiceError

logger = logging.getLogger(__name__)

DECODERS = 2  # pictures that are decoded at once
WORKERS = DECODERS + 1  # one more, so that results are encoded whatever is being decoded
JOBS = 1_000  # after which a worker is replaced, in case that a decoder leaks
PIPE_BYTES = 1 << 20
PACKAGE_ROOT = Path(__file__).parents[2]
ONE_THREAD = {name: "1" for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "OPENCV_FOR_THREADS_NUM")}
TOO_COSTLY = "this picture takes more time or memory than any of its size should; save it anew"
NO_MEMORY = "the server has too little memory for this picture now; try a smaller one, or later"


@dataclass(frozen=True)
class Decoded:
    """samples: as those of images.Picture. metadata: what `encode` puts into the result's file, opaque."""

    samples: np.ndarray
    metadata: bytes


class WorkerEnded(Exception):
    """A worker ended during its job; `code` is its exit code, or minus the number of the signal."""

    def __init__(self, code: int):
        super().__init__(f"ended with {code}")
        self.code = code


class Worker:
    """One process of `decode_worker`. Its methods block; `kill` may be called by any thread and unblocks them."""

    def __init__(self, pixels: int):
        self.jobs = 0
        paths = [str(PACKAGE_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "pyimagesearch.serving.decode_worker", str(pixels)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True, pipesize=PIPE_BYTES,
            env=os.environ | ONE_THREAD | {"PYTHONPATH": os.pathsep.join(paths)},
        )  # fmt: skip

    def wait_until_ready(self) -> None:
        """Return when it can take a job. Raises MissingLibraryError or RunError where it cannot start."""
        try:
            head, _ = self._receive()
        except WorkerEnded as error:
            raise RunError(f"the process that decodes pictures cannot start ({error})") from None
        if head.get("code"):
            raise MissingLibraryError(head["message"])

    def run(self, head: Head, *contents: Content) -> tuple[Head, memoryview]:
        """The answer to a job. Raises WorkerEnded."""
        self.jobs += 1
        try:
            send(self.process.stdin, head, *contents)  # type: ignore[arg-type]
        except OSError:
            raise WorkerEnded(self.process.wait()) from None
        return self._receive()

    def _receive(self) -> tuple[Head, memoryview]:
        message = receive(self.process.stdout)  # type: ignore[arg-type]
        if message is None:
            raise WorkerEnded(self.process.wait())
        return message

    def kill(self) -> None:
        """End the process at once."""
        self.process.kill()


class PictureWorkers:
    """Reads and writes picture files by warm workers; use it as a context manager, which starts and ends them."""

    def __init__(self, pixels: int):
        """pixels: of a picture that is decoded, at most."""
        self._pixels = pixels
        self._all: set[Worker] = set()
        self._idle: asyncio.Queue[Worker] = asyncio.Queue()
        self._decoders = asyncio.Semaphore(DECODERS)
        self._threads = ThreadPoolExecutor(2 * WORKERS, "picture")  # twice: replacing a worker takes one as well
        self._replacing: set[asyncio.Task] = set()

    def __enter__(self) -> Self:
        self._all = {Worker(self._pixels) for _ in range(WORKERS)}
        return self

    def wait_until_ready(self) -> None:
        """Return when all workers can take a job. Raises MissingLibraryError or RunError."""
        for worker in self._all:
            worker.wait_until_ready()
            self._idle.put_nowait(worker)

    def __exit__(self, *_: object) -> None:
        for worker in self._all:
            worker.kill()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def decode(self, data: bytes) -> Decoded:
        """The picture in the bytes of a file. Raises ServiceError."""
        async with self._decoders:
            head, content = await self._run({"job": "decode"}, data)
        if head.get("code") == "memory":
            raise ServiceError(422, "too_costly", TOO_COSTLY)
        length = len(content) - head["rest"]
        return Decoded(
            np.frombuffer(content[:length], head["dtype"]).reshape(head["shape"]), content[length:].tobytes()
        )

    async def encode(
        self, suffix: str, source: Path, target: Path, metadata: bytes, *,
        samples: tuple[Sequence[int], str] | None = None, quality: int | None = None, width: int | None = None,
    ) -> None:  # fmt: skip
        """Write the file `target` in the format of a suffix such as ".png".

        source: a file of samples, whose shape and dtype `samples` is, or without them a PNG that this method wrote.
        quality: 1 to 100 for JPEG and WebP; None for that of the picture that came in. width: pixels to which the
        picture is resized; None for its own.

        Raises ServiceError.
        """
        shape, dtype = samples or (None, None)
        head = {
            "job": "encode", "suffix": suffix, "source": str(source), "target": str(target), "quality": quality,
            "shape": shape, "dtype": dtype, "width": width,
        }  # fmt: skip
        head, _ = await self._run(head, metadata)
        if head.get("code") == "memory":
            raise ServiceError(503, "out_of_memory", NO_MEMORY, {"Retry-After": "10"})

    async def unzip(
        self, source: Path, folder: Path, *, most_files: int, most_bytes: int, most_total: int
    ) -> list[Head]:
        """The files in a zip file, as decode_worker tells them. Raises ServiceError."""
        head = {"job": "unzip", "source": str(source), "folder": str(folder), "most_files": most_files}
        async with self._decoders:
            answer, _ = await self._run(head | {"most_bytes": most_bytes, "most_total": most_total}, b"")
        if answer.get("code") == "memory":
            raise ServiceError(422, "too_costly", "this zip file takes more memory than any of its size should")
        return answer["members"]

    async def _run(self, head: Head, *contents: Content) -> tuple[Head, memoryview]:
        """The answer of an idle worker. Cancelled or failing, it kills the worker."""
        worker = await self._idle.get()
        try:
            answer = await asyncio.get_running_loop().run_in_executor(self._threads, worker.run, head, *contents)
        except WorkerEnded as error:
            self._replace(worker)
            raise _refusal(error) from None
        except BaseException:
            self._replace(worker)
            raise
        if worker.jobs < JOBS:
            self._idle.put_nowait(worker)
        else:
            self._replace(worker)
        code = answer[0].get("code")
        if code and code != "memory":
            raise ServiceError(413 if code == "too_many_pixels" else 422, code, answer[0]["message"])
        return answer

    def _replace(self, worker: Worker) -> None:
        worker.kill()
        task = asyncio.create_task(self._start_another(worker))
        self._replacing.add(task)
        task.add_done_callback(self._replacing.discard)

    async def _start_another(self, ended: Worker) -> None:
        """Put a new worker into the place of one that was killed, as soon as it is ready."""
        loop = asyncio.get_running_loop()
        self._all.discard(ended)
        await loop.run_in_executor(self._threads, ended.process.wait)
        while True:
            worker = Worker(self._pixels)
            self._all.add(worker)
            try:
                await loop.run_in_executor(self._threads, worker.wait_until_ready)
                break
            except (MissingLibraryError, RunError) as error:
                self._all.discard(worker)
                logger.warning("%s", error)
                await asyncio.sleep(1)
        self._idle.put_nowait(worker)


def _refusal(ended: WorkerEnded) -> ServiceError:
    if ended.code == -signal.SIGKILL:  # not by us: Linux ends workers first where memory is short
        return ServiceError(503, "out_of_memory", NO_MEMORY, {"Retry-After": "10"})
    if ended.code == -signal.SIGXCPU:
        return ServiceError(422, "too_costly", TOO_COSTLY)
    return ServiceError(422, "not_a_picture", f"a decoder failed at this picture ({ended}); save it anew")
