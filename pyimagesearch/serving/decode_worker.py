"""A process that decodes and encodes strangers' pictures, so that no picture can harm the server.

The server (`picture_workers`) starts it, sends jobs to its stdin and reads the results from its stdout. Before each job
it limits its own CPU time and memory; the kernel ends it beyond the first. The server kills it at a request's deadline.
It imports no TensorFlow, so that it is small and starts in less than half a second.

A message is a line of JSON, whose `length` says how many bytes follow it. Jobs:

    {"job": "decode"} and a picture's file
        -> {"shape", "dtype", "rest"} and the samples, then `rest` bytes of metadata
    {"job": "encode", "suffix", "shape", "dtype", "source", "target", "quality"} and the same metadata
        -> {}; the file at the path `target` is the picture whose samples are in the file `source`, or which is the PNG
           `source` where `shape` is null; `quality` is null or that of the encoder
    {"job": "unzip", "source", "folder", "most_files", "most_bytes", "most_total"}
        -> {"members": [{"name", "path"} or {"name", "code"}]}; the paths are new files in `folder`

Paths come from the server, never from a client.

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
from PIL import Image

from pyimagesearch.errors import InputError
from pyimagesearch.images import opencv, picture_io
from pyimagesearch.images.picture_io import TooManyPixels, Upload
from pyimagesearch.inference import sizes
from pyimagesearch.serving import unzip

SECONDS, SECONDS_PER_MEGAPIXEL = 2, 1  # of CPU time for one job
DECODE_BYTES_PER_PIXEL = 128  # RGBA of 32-bit floats, and its copies in 64 bits
ENCODE_BYTES_PER_BYTE = 6  # of samples: OpenCV's order of channels, the file and its copies
SPARE_BYTES = 64 << 20
FILE_COPIES = 4
BYTES_PER_PIXEL_TIME = 50  # that are unpacked in the time that a pixel may take
MOST_RESULT_PIXELS = 2_000_000_000  # that a result can have
FULL_COLOUR_QUALITY = 90  # of a JPEG from which on its colours are as fine as its light

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
        if head["job"] == "unzip":
            _limit(head["most_total"] // BYTES_PER_PIXEL_TIME, SPARE_BYTES)
            return ({"members": unzip.unpack(head)},)
        return _decode(content, most) if head["job"] == "decode" else _encode(head, content)
    except MemoryError:
        code, message = "memory", "this picture needs more memory than any of its size should"
    except unzip.BadZip as error:
        code, message = "bad_zip", str(error)
    except TooManyPixels as error:
        code, message = "too_many_pixels", str(error)
    except InputError as error:
        code, message = "not_a_picture", str(error)
    return ({"code": code, "message": message},)


def _decode(content: memoryview, most: int) -> tuple[Any, ...]:
    _limit(most, len(content) * FILE_COPIES + most * DECODE_BYTES_PER_PIXEL)
    picture = picture_io.read(Upload(content), most)
    samples = np.ascontiguousarray(picture.samples)
    rest = pickle.dumps(dataclasses.replace(picture, samples=samples[:0]))
    return {"shape": samples.shape, "dtype": samples.dtype.str, "rest": len(rest)}, samples, rest


def _encode(head: Head, metadata: memoryview) -> tuple[Any, ...]:
    picture = pickle.loads(metadata)
    shape, source, suffix = head["shape"], Path(head["source"]), head["suffix"]
    samples = _read_own(source) if shape is None else np.memmap(source, head["dtype"], "r", shape=tuple(shape))
    _limit(samples.shape[0] * samples.shape[1], samples.nbytes * ENCODE_BYTES_PER_BYTE)
    if head["width"] is not None:
        height, width = sizes.target_size(samples.shape[:2], (head["width"], None))
        samples = sizes.resized(samples, height, width)
    if head["quality"] is not None:
        coarse = head["quality"] < FULL_COLOUR_QUALITY
        picture.encoder = {
            "JPEG": {"quality": head["quality"], "subsampling": 2 if coarse else 0},
            "WEBP": {"quality": head["quality"]},
        }
    data = picture_io.encode(suffix, picture.with_samples(samples))
    Path(head["target"]).write_bytes(data)
    return ({},)


def _read_own(source: Path) -> np.ndarray:
    """The samples of a PNG that this program wrote, whatever its size."""
    _limit(MOST_RESULT_PIXELS, MOST_RESULT_PIXELS * ENCODE_BYTES_PER_BYTE)
    usual, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        return picture_io.read(source).samples
    finally:
        Image.MAX_IMAGE_PIXELS = usual


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
