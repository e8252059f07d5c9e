"""Between FFmpeg's frames and arrays."""

from typing import TYPE_CHECKING

import numpy as np

from pyimagesearch.images import yuv
from pyimagesearch.images.yuv import Coding
from pyimagesearch.inference.film.pyav import load_pyav

if TYPE_CHECKING:
    import av

SAMPLING = {(1, 1): "444", (1, 2): "440", (2, 1): "422", (2, 2): "420", (4, 1): "411", (4, 4): "410"}


def planar_name(coding: Coding) -> str:
    """FFmpeg's name of the planes of a coding, such as yuv420p or yuv422p10le."""
    depth = "" if coding.bits == 8 else f"{coding.bits}le"
    return f"yuv{SAMPLING[coding.across, coding.down]}p{depth}"


def rgb_of(frame: "av.VideoFrame", coding: Coding | None) -> np.ndarray:
    """A frame as RGB (H, W, 3): uint8 for 8 bits, else uint16 over all 16 bits. coding: None for RGB frames."""
    if coding is None:
        deep = max(part.bits for part in frame.format.components) > 8
        return frame.to_ndarray(format="rgb48le" if deep else "rgb24")
    if len(frame.format.components) == 1:
        luma = _plane(frame, 0, coding)
        small = (-(-luma.shape[0] // coding.down), -(-luma.shape[1] // coding.across))
        chroma = np.full(small, 1 << (coding.bits - 1), luma.dtype)
        return yuv.to_rgb((luma, chroma, chroma), coding)
    name = planar_name(coding)
    if frame.format.name not in (name, name.replace("yuv", "yuvj")):
        frame = frame.reformat(format=name)  # the same samples in another order
    return yuv.to_rgb((_plane(frame, 0, coding), _plane(frame, 1, coding), _plane(frame, 2, coding)), coding)


def _plane(frame: "av.VideoFrame", number: int, coding: Coding) -> np.ndarray:
    plane = frame.planes[number]
    kind = np.dtype("u1" if coding.bits == 8 else "<u2")
    rows = np.frombuffer(memoryview(plane), kind).reshape(-1, plane.line_size // kind.itemsize)
    return rows[: plane.height, : plane.width]


def frame_of(rgb: np.ndarray, coding: Coding) -> "av.VideoFrame":
    """A frame of RGB (H, W, 3), uint8 or uint16."""
    frame = load_pyav().VideoFrame(rgb.shape[1], rgb.shape[0], planar_name(coding))
    for number, samples in enumerate(yuv.from_rgb(rgb, coding)):
        _plane(frame, number, coding)[...] = samples
    frame.colorspace, frame.color_range = coding.matrix, 2 if coding.full else 1
    return frame
