"""`srgan benchmark upscale`: seconds of the upscaler beside the bare model, and of the server beside the upscaler."""

import asyncio
import contextlib
import dataclasses
import http.client
import logging
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from pyimagesearch.benchmarks import measure
from pyimagesearch.errors import RunError
from pyimagesearch.evaluation.scoring import write_json
from pyimagesearch.images import picture_io
from pyimagesearch.inference.upscaler import Upscaler
from pyimagesearch.models import loading
from pyimagesearch.serving.limits import Limits
from pyimagesearch.serving.picture_workers import PictureWorkers

logger = logging.getLogger(__name__)

LARGE, SMALL = (540, 960), (256, 256)  # height and width of the LR pictures
LABELS = {
    "bare": "the bare model, 960x540",
    "upscaler": "the upscaler, 960x540",
    "local": "the upscaler, 256x256",
    "served": "the server, 256x256 PNG to PNG",
    "workers": "its PNGs, in worker processes",
    "in_process": "its PNGs, in this process",
}


def run(*, model: str, rounds: int, json_path: str | None) -> None:
    """Log the median seconds of each side and the two ratios; write them as JSON."""
    measure.check(model, rounds)
    generator = loading.load_generator(model)
    with _server(model) as port, PictureWorkers(Limits.pixels) as workers, asyncio.Runner() as runner:
        workers.wait_until_ready()
        medians = measure.medians(_measure(generator, port, workers, runner, rounds))
    seconds = {name: side["seconds"] for name, side in medians.items()}
    ratios = {
        "upscaler": seconds["upscaler"] / seconds["bare"],
        "served": seconds["served"] / seconds["local"],
        "workers": (seconds["workers"] - seconds["in_process"]) / seconds["served"],
    }
    logger.info(f"Median of {rounds} rounds:")
    for name, label in LABELS.items():
        logger.info(f"  {label:32} {seconds[name]:.3f} s")
    logger.info(f"  the upscaler takes {ratios['upscaler']:.2f}x the bare model's time")
    logger.info(f"  the server takes {ratios['served']:.2f}x the upscaler's time")
    logger.info(f"  decoding and encoding in worker processes takes {ratios['workers']:.1%} of a request")
    if json_path:
        write_json(json_path, {**medians, "ratios": ratios, "rounds": rounds})


def _measure(
    generator: keras.Model, port: int, workers: PictureWorkers, runner: asyncio.Runner, rounds: int
) -> dict[str, list[dict[str, float]]]:
    large, small = (measure.photograph(*sides) for sides in (LARGE, SMALL))
    upscaler = Upscaler(generator, loading.generator_scale(generator))
    upscaler.fit_tile()
    signature = [tf.TensorSpec([1, None, None, 3], tf.float32)]
    forward = tf.function(lambda lr: generator(lr, training=False), input_signature=signature)
    batch = tf.constant(large[None], tf.float32)
    sent = picture_io.encode(".png", picture_io.Picture(small))
    sr = upscaler(small)
    sides: dict[str, Callable[[], object]] = {
        "bare": lambda: forward(batch).numpy(),
        "upscaler": lambda: upscaler(large),
        "local": lambda: upscaler(small),
        "served": lambda: _post(port, sent),
        "workers": lambda: runner.run(_in_workers(workers, sent, sr)),
        "in_process": lambda: _in_process(sent, sr),
    }
    for call in sides.values():  # traces and warms up
        call()
    times: dict[str, list[dict[str, float]]] = {name: [] for name in sides}
    for name in measure.turns(list(sides), rounds):
        start = time.perf_counter()
        sides[name]()
        times[name].append({"seconds": time.perf_counter() - start})
    return times


async def _in_workers(workers: PictureWorkers, sent: bytes, sr: np.ndarray) -> None:
    """As the server does it: samples lie in a file, from which a worker makes the picture's."""
    picture = await workers.decode(sent)
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "samples"), Path(folder, "png")
        sr.tofile(source)
        await workers.encode(".png", source, target, picture.metadata, samples=(sr.shape, sr.dtype.str))


def _in_process(sent: bytes, sr: np.ndarray) -> None:
    """The same without other processes."""
    picture = picture_io.read(picture_io.Upload(sent), Limits.pixels)
    picture_io.encode(".png", dataclasses.replace(picture, samples=sr))


def _post(port: int, sent: bytes) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    with contextlib.closing(connection):
        connection.request("POST", "/v1/upscale", sent)
        answer = connection.getresponse()
        if answer.status != 200:
            raise RunError(f"the server answered {answer.status}: {answer.read(300).decode()}")
        return answer.read()


@contextlib.contextmanager
def _server(model: str) -> Iterator[int]:
    """Run `srgan serve` with this model; gives its port, and stops it afterwards."""
    command = [sys.executable, "-m", "pyimagesearch", "serve", "--port", "0", "--model", model]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        address = re.search(r":(\d+) ", process.stdout.readline())
        if not address:
            raise RunError("srgan serve did not start; it says why above")
        yield int(address[1])
    finally:
        process.terminate()
        process.communicate()
