"""A process that decodes and encodes strangers' pictures, so that no picture can harm the server.

The server (`picture_workers`) starts it, sends jobs to its stdin and reads the results from its stdout. Before each job
it limits its own CPU time and memory; the kernel ends it beyond the first. The server kills it at a request's deadline.
It imports no TensorFlow, so that it is small and starts in less than half a second.

A message is a line of JSON, whose `length` says how many bytes follow it. Jobs:

    {"job": "decode"} and a picture's file
        -> {"shape", "dtype", "rest"} and the samples, then `rest` bytes of metadata
    {"job": "encode", "suffix", "shape", "dtype", "rest"} and larger samples, then the same metadata
        -> {} and a picture's file

The metadata are opaque to the server: pickled here and unpickled here only.
"""

import contextlib
import dataclasses
import json
import os
import pickle
import signal
import sys
import time
from io import BufferedReader
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from pyimagesearch.errors import InputError
from pyimagesearch.images import opencv, picture_io
from pyimagesearch.images.picture_io import TooManyPixels, Upload

SECONDS, SECONDS_PER_MEGAPIXEL = 2, 1  # of CPU time for one job
DECODE_BYTES_PER_PIXEL = 128  # RGBA of 32-bit floats, and its copies in 64 bits
ENCODE_BYTES_PER_BYTE = 6  # of samples: OpenCV's order of channels, the file and its copies
SPARE_BYTES = 64 << 20
FILE_COPIES = 4

Head = dict[str, Any]
Content = bytes | memoryview | np.ndarray


def main() -> None:
    """Work until stdin ends. argv[1]: the largest number of pixels that is decoded."""
    most = int(sys.argv[1])
    for number in (signal.SIGINT, signal.SIGTERM):  # sent to the whole group; the server ends its workers itself
        signal.signal(number, signal.SIG_IGN)
    source, sink = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print must not get into the results
    opencv.limit_pixels(most)
    try:
        opencv.load_opencv()
    except InputError as error:
        send(sink, {"code": "missing_library", "message": str(error)})
        return
    _be_the_first_to_die()
    send(sink, {})
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # decoders complain of strangers' pictures, which are answered
    while message := receive(source):
        send(sink, *_answer(*message, most))
        message = None  # so that its memory is free while the next job is awaited


def send(sink: BinaryIO, head: Head, *contents: Content) -> None:
    """Write a message."""
    views = [memoryview(content).cast("B") for content in contents if len(content)]  # type: ignore[arg-type]
    sink.write(json.dumps(head | {"length": sum(view.nbytes for view in views)}).encode() + b"\n")
    for view in views:
        sink.write(view)
    sink.flush()


def receive(source: BufferedReader) -> tuple[Head, memoryview] | None:
    """Read a message; None at the end of the stream."""
    line = source.readline()
    if not line.endswith(b"\n"):
        return None
    head = json.loads(line)
    array = np.empty(head["length"], np.uint8)  # unlike a bytearray, it is not filled with zeros first
    content: memoryview = array.data
    return (head, content) if source.readinto(content) == len(content) else None


def _answer(head: Head, content: memoryview, most: int) -> tuple[Any, ...]:
    try:
        return _decode(content, most) if head["job"] == "decode" else _encode(head, content)
    except MemoryError:
        code, message = "memory", "this picture needs more memory than any of its size should"
    except TooManyPixels as error:
        code, message = "too_many_pixels", str(error)
    except InputError as error:
        code, message = "not_a_picture", str(error)
    return ({"code": code, "message": message},)


def _decode(content: memoryview, most: int) -> tuple[Any, ...]:
    _limit(most, len(content) * FILE_COPIES + most * DECODE_BYTES_PER_PIXEL)
    picture = picture_io.read(Upload(content), most)
    samples = np.ascontiguousarray(picture.samples)
    rest = pickle.dumps(dataclasses.replace(picture, samples=None))  # type: ignore[arg-type]
    return {"shape": samples.shape, "dtype": samples.dtype.str, "rest": len(rest)}, samples, rest


def _encode(head: Head, content: memoryview) -> tuple[Any, ...]:
    samples = content[: len(content) - head["rest"]]
    array = np.frombuffer(samples, head["dtype"]).reshape(head["shape"])
    _limit(array.shape[0] * array.shape[1], len(samples) * ENCODE_BYTES_PER_BYTE)
    picture = dataclasses.replace(pickle.loads(content[len(samples) :]), samples=array)
    return {}, picture_io.encode(head["suffix"], picture)


def _limit(pixels: int, size: int) -> None:
    """Let the next job take CPU time for so many pixels and `size` bytes more than this process holds now."""
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        return
    seconds = time.process_time() + SECONDS + SECONDS_PER_MEGAPIXEL * pixels / 1e6
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, resource.RLIM_INFINITY))
    with contextlib.suppress(OSError):  # no /proc
        lines = Path("/proc/self/status").read_text().splitlines()
        held = next(int(line.split()[1]) for line in lines if line.startswith("VmData")) * 1024
        resource.setrlimit(resource.RLIMIT_DATA, (held + size + SPARE_BYTES, resource.RLIM_INFINITY))


def _be_the_first_to_die() -> None:
    """Let Linux end this process rather than the server where memory is short, and write no core files."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
    with contextlib.suppress(ModuleNotFoundError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main()
