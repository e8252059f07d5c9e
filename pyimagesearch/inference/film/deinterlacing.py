"""Interlaced frames become progressive ones, by FFmpeg's bwdif (Bob Weaver)."""

import logging
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from pyimagesearch.inference.film.pyav import load_pyav

if TYPE_CHECKING:
    import av

logger = logging.getLogger(__name__)


class Deinterlacer:
    """From the first interlaced frame on, all frames go through the filter, which leaves progressive ones as they are.
    It makes one frame of the two fields of each, so that the number and the times of frames stay."""

    def __init__(self, path: Path, time_base: Fraction):
        self._path, self._base = path, time_base
        self._graph: av.filter.Graph | None = None

    def progressive(self, frames: Iterable["av.VideoFrame"]) -> Iterator["av.VideoFrame"]:
        """The frames, each with its time in `time_base`."""
        for frame in frames:
            if self._graph is None and not frame.interlaced_frame:
                yield frame
                continue
            if self._graph is None:
                logger.info("%s: is interlaced, and is deinterlaced by bwdif", self._path)
                self._graph = self._new_graph(frame)
            self._graph.vpush(frame)
            yield from self._pull()
        if self._graph is not None:
            self._graph.vpush(None)
            yield from self._pull()

    def _new_graph(self, frame: "av.VideoFrame") -> "av.filter.Graph":
        graph = load_pyav().filter.Graph()
        buffer = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=self._base)
        bwdif = graph.add("bwdif", "mode=send_frame:deint=interlaced")
        graph.link_nodes(buffer, bwdif, graph.add("buffersink")).configure()
        return graph

    def _pull(self) -> Iterator["av.VideoFrame"]:
        av = load_pyav()
        assert self._graph
        while True:
            try:
                frame = self._graph.vpull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            if frame.pts is not None:  # the filter counts in halves of the time base
                halves = (frame.time_base or self._base) / self._base
                frame.pts, frame.duration = round(frame.pts * halves), round((frame.duration or 0) * halves)
                frame.time_base = self._base
            yield frame
