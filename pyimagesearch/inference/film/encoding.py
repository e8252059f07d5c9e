"""The encoder of a film: which codec, at which quality, with which planes, and its packets."""

import dataclasses
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pyimagesearch.errors import InputError
from pyimagesearch.images.yuv import Coding
from pyimagesearch.inference.film.formats import CONTAINERS, check_crf
from pyimagesearch.inference.film.hdr import HDR_TRANSFERS
from pyimagesearch.inference.film.pictures import frame_of, planar_name
from pyimagesearch.inference.film.pyav import load_pyav, reason_of
from pyimagesearch.inference.film.source import BT709, Description

if TYPE_CHECKING:
    import av

SEGMENT = 60  # frames that are encoded, kept and lost together; each segment begins with a whole picture


@dataclass(frozen=True)
class Codec:
    """An encoder of FFmpeg. crf: the default quality. options: for every film."""

    library: str
    crf: int
    options: dict[str, str] = field(default_factory=dict)


CODECS = {
    "h264": Codec("libx264", 18),
    "hevc": Codec("libx265", 20),
    "av1": Codec("libsvtav1", 24, {"preset": "8"}),
    "vp9": Codec("libvpx-vp9", 24, {"b": "0", "deadline": "good", "cpu-used": "4", "row-mt": "1"}),
}


@dataclass(frozen=True)
class Plan:
    """How a film is encoded; two runs of one plan on one machine make the same packets.

    codec: a name of CODECS. height, width: of the frames. The other fields are as in Description.
    """

    codec: str
    crf: int
    height: int
    width: int
    coding: Coding
    primaries: int
    transfer: int
    time_base: Fraction
    rate: Fraction
    pixel_aspect: Fraction | None
    mastering: str
    levels: str


def plan(film: Description, target: Path, height: int, width: int, *, codec: str | None, crf: int | None) -> Plan:
    """Choose what is not given. Raises InputError where the container, codec or size cannot hold the film."""
    allowed = CONTAINERS[target.suffix.lower()]
    if codec is None:
        codec = allowed[0] if film.bits == 8 else next(name for name in ("hevc", "av1") if name in allowed)
    if codec not in allowed:
        raise InputError(f"{target}: {target.suffix} holds {', '.join(allowed)}, not `codec` {codec}")
    chosen = CODECS[codec]
    check_crf(crf, codec)
    coding = _written(film, codec)
    if (coding.across == 2 and width % 2) or (coding.down == 2 and height % 2):
        raise InputError(
            f"{film.path}: would become {width}x{height}, but its chroma has half the size, which needs even numbers; "
            f"name `size` {width - width % 2}x{height - height % 2}"
        )
    if film.light.mastering and codec != "hevc":
        raise InputError(
            f"{film.path}: its HDR10 metadata are kept in hevc alone here; name an .mp4 or .mkv, `codec` hevc"
        )
    return Plan(
        codec, chosen.crf if crf is None else crf, height, width, coding, film.primaries, film.transfer,
        film.time_base, film.rate, film.pixel_aspect, film.light.mastering, film.light.levels,
    )  # fmt: skip


def _written(film: Description, codec: str) -> Coding:
    """The coding of the result: the film's own, or the next richer one that the codec has."""
    source = film.coding or Coding(BT709, full=False, bits=film.bits, across=1, down=1)
    across, down = min(source.across, 2), min(source.down, 2)
    if (across, down) == (1, 2):
        down = 1
    bits = next(depth for depth in (8, 10, 12) if depth >= min(source.bits, 12))
    if film.transfer in HDR_TRANSFERS:
        bits = max(bits, 10)
    coding = dataclasses.replace(source, bits=bits, across=across, down=down, centred=False)
    if planar_name(coding) not in _formats(CODECS[codec].library):
        able = [name for name, other in CODECS.items() if planar_name(coding) in _formats(other.library)]
        raise InputError(
            f"{film.path}: {codec} holds no {planar_name(coding)} here; name another `codec`: {', '.join(able)}"
        )
    return coding


def _formats(library: str) -> set[str]:
    return {each.name for each in load_pyav().codec.Codec(library, "w").video_formats or ()}


def configure(context: "av.VideoCodecContext", chosen: Plan) -> None:
    """Set up an encoder that is not open yet."""
    av = load_pyav()
    codec = CODECS[chosen.codec]
    context.width, context.height, context.pix_fmt = chosen.width, chosen.height, planar_name(chosen.coding)
    context.time_base, context.framerate = chosen.time_base, chosen.rate
    context.gop_size = SEGMENT
    context.colorspace, context.color_range = chosen.coding.matrix, 2 if chosen.coding.full else 1
    context.color_primaries, context.color_trc = chosen.primaries, chosen.transfer
    if chosen.pixel_aspect:
        context.sample_aspect_ratio = chosen.pixel_aspect
    context.flags |= av.codec.context.Flags.global_header
    context.options = {"crf": str(chosen.crf), **codec.options, **_own_options(chosen)}


def _own_options(chosen: Plan) -> dict[str, str]:
    if chosen.codec != "hevc":
        return {}
    words = ["log-level=none", "open-gop=0"]
    words += [f"master-display={chosen.mastering}"] if chosen.mastering else []
    words += [f"max-cll={chosen.levels}"] if chosen.levels else []
    return {"x265-params": ":".join(words)}


def encode(chosen: Plan, pictures: Iterable[tuple[np.ndarray, int, int]]) -> list["av.Packet"]:
    """The packets of one segment, in the order of decoding.

    pictures: RGB arrays, each with its time and duration in the plan's time base. Raises InputError where the encoder
    does not take such pictures.
    """
    av = load_pyav()
    os.environ.setdefault("SVT_LOG", "0")  # SVT-AV1 prints its settings otherwise, and an error at Ctrl-C
    context = av.CodecContext.create(CODECS[chosen.codec].library, "w")
    configure(context, chosen)
    try:
        context.open()
    except av.error.FFmpegError as error:
        raise InputError(
            f"{chosen.codec} does not encode {chosen.width}x{chosen.height} {planar_name(chosen.coding)} "
            f"({reason_of(error)}); name another `codec` or `size`"
        ) from None
    packets = []
    for rgb, time, duration in pictures:
        frame = frame_of(rgb, chosen.coding)
        frame.pts, frame.duration, frame.time_base = time, duration, chosen.time_base
        frame.color_primaries, frame.color_trc = chosen.primaries, chosen.transfer
        packets += context.encode(frame)
    return packets + context.encode(None)
