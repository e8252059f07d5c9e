"""A film's picture stream: what it says of itself, what is refused, and its frames in order."""

import struct
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyimagesearch.errors import InputError
from pyimagesearch.images.yuv import WEIGHTS, Coding
from pyimagesearch.inference.film.deinterlacing import Deinterlacer
from pyimagesearch.inference.film.hdr import HDR_TRANSFERS, Light, light_of
from pyimagesearch.inference.film.pyav import ffmpeg_errors, load_pyav

if TYPE_CHECKING:
    import av

BT709, UNSPECIFIED, BT601_625, BT601_525 = 1, 2, 5, 6
FULL_RANGE = 2
HD = (1280, 720)  # from this size on, films that do not say their matrix are taken for BT.709, as players do
MICROSECONDS = 1_000_000  # FFmpeg's durations of containers
JUMP_S = 1.0  # back in time: another film begins, not a frame out of order
RATE = Fraction(25)  # where a film has none; only the encoder's rate control uses it


@dataclass(frozen=True)
class Description:
    """What a film says of its pictures, by its first frame.

    coding: None for RGB. matrix, primaries, transfer: code points of ITU-T H.273. display: the nine numbers of the
    display matrix, which turns or mirrors the pictures, or None. frames: how many there may be, 0 if nothing says it.
    """

    path: Path
    height: int
    width: int
    coding: Coding | None
    bits: int
    primaries: int
    transfer: int
    time_base: Fraction
    rate: Fraction
    pixel_aspect: Fraction | None
    display: tuple[int, ...] | None
    light: Light
    frames: int

    @property
    def turned(self) -> bool:
        """Whether the pictures are shown on their side, so that their width becomes the height."""
        return self.display is not None and self.display[0] == 0


class Film:
    """An open film. first: its first frame. read: frames so far; damaged: what could not be decoded of them."""

    def __init__(self, path: Path, container: "av.container.InputContainer", stream: "av.VideoStream"):
        self.path, self.container, self.stream = path, container, stream
        self.damaged = self.read = 0
        self._base = stream.time_base or Fraction(1, MICROSECONDS)  # all that are read have one
        stream.thread_type = "AUTO"
        self._decoded = self._in_order()
        try:
            self.first = next(self._decoded)
        except StopIteration:
            raise InputError(f"{path}: holds no picture that can be decoded; the file is damaged or empty") from None
        self.description = _describe(path, container, stream, self.first, self._base)

    def frames(self) -> Iterator["av.VideoFrame"]:
        """Every frame once, in the order in which they are shown, progressive. Raises InputError where one is of
        another size or format than the first, and where times jump back."""
        yield self.first
        with ffmpeg_errors(self.path, "cannot be decoded"):
            for frame in self._decoded:
                if _kind(frame) != _kind(self.first):
                    raise InputError(
                        f"{self.path}: its pictures change from {_kind(self.first)} to {_kind(frame)} at "
                        f"{float(frame.time):.1f} s; cut it there and upscale the parts"
                    )
                yield frame

    def _in_order(self) -> Iterator["av.VideoFrame"]:
        """The frames, each with a time after that of the one before; what cannot have one is counted as damaged."""
        base = self._base
        step = max(1, round(1 / ((self.stream.average_rate or RATE) * base)))
        last = None
        for frame in Deinterlacer(self.path, base).progressive(self._decode()):
            if frame.pts is None:
                frame.pts = 0 if last is None else last + step
            if last is not None and (last - frame.pts) * base > JUMP_S:
                raise InputError(
                    f"{self.path}: its times jump back from {float(last * base):.1f} s to "
                    f"{float(frame.pts * base):.1f} s; write it anew with one timeline, for example with ffmpeg"
                )
            if last is not None and frame.pts <= last:
                self.damaged += 1
                continue
            last = frame.pts
            self.read += 1
            yield frame

    def complaints(self) -> list[str]:
        """What was wrong with the frames, once all are read."""
        said = []
        if self.damaged:
            said.append(f"{self.damaged} damaged packets or frames; the frame before each stays longer")
        if self.stream.frames > self.read + self.damaged:
            said.append(
                f"its header names {self.stream.frames} frames, but it holds {self.read}; it may have been cut off"
            )
        return said

    def _decode(self) -> Iterator["av.VideoFrame"]:
        av = load_pyav()
        packets = self.container.demux(self.stream)
        while True:
            try:
                packet = next(packets)
                frames = packet.decode()
            except StopIteration:
                return
            except EOFError:
                return
            except av.error.FFmpegError as error:
                if isinstance(error, OSError):
                    raise
                self.damaged += 1
                continue
            for frame in frames:
                self.damaged += frame.is_corrupt
                yield frame


@contextmanager
def open_film(path: Path) -> Iterator[Film]:
    """Open a film. Raises InputError where it is none, is damaged from its start, or holds what would be lost."""
    av = load_pyav()
    with ExitStack() as opened:
        with ffmpeg_errors(path, "is no film that can be read, or damaged"):
            container = opened.enter_context(av.open(str(path)))
            cover = av.stream.Disposition.attached_pic
            streams = [stream for stream in container.streams.video if not stream.disposition & cover]
            if not streams:
                raise InputError(f"{path}: holds no moving picture")
            if streams[0].codec_context is None:
                raise InputError(f"{path}: its pictures have a codec that is not known here")
            film = Film(path, container, streams[0])
        yield film


def _kind(frame: "av.VideoFrame") -> str:
    return f"{frame.width}x{frame.height} {frame.format.name}"


def side_data_of(frame: "av.VideoFrame") -> dict[str, bytes]:
    """A frame's side data by FFmpeg's names of the kinds."""
    kinds: Iterable[Any] = frame.side_data  # which gives values, unlike other mappings
    return {data.type.name: bytes(data) for data in kinds}


def _describe(
    path: Path,
    container: "av.container.InputContainer",
    stream: "av.VideoStream",
    frame: "av.VideoFrame",
    time_base: Fraction,
) -> Description:
    side_data = side_data_of(frame)
    light = light_of(side_data)
    parts = frame.format.components
    if any(part.is_alpha for part in parts) or frame.format.has_palette:
        raise InputError(
            f"{path}: its pictures ({frame.format.name}) have transparency or a palette, which films lose here"
        )
    if light.dynamic and frame.color_trc not in HDR_TRANSFERS:
        raise InputError(f"{path}: {light.dynamic[0]} without a picture that is right without it, which is not read")
    bits = max(part.bits for part in parts)
    rate = stream.average_rate or stream.guessed_rate or RATE
    return Description(
        path,
        frame.height,
        frame.width,
        None if frame.format.is_rgb else _coding(path, stream, frame, bits),
        bits,
        frame.color_primaries,
        frame.color_trc,
        time_base,
        rate,
        stream.sample_aspect_ratio,
        _display(path, side_data.get("DISPLAYMATRIX")),
        light,
        stream.frames or round(Fraction(container.duration or 0, MICROSECONDS) * rate),
    )


def _coding(path: Path, stream: "av.VideoStream", frame: "av.VideoFrame", bits: int) -> Coding:
    layout = frame.format
    matrix = frame.colorspace
    if matrix == UNSPECIFIED:
        matrix = BT709 if frame.width >= HD[0] or frame.height >= HD[1] else BT601_525
    if matrix not in WEIGHTS:
        raise InputError(f"{path}: its colour matrix ({matrix} of ITU-T H.273) is not known here; convert it to BT.709")
    jpeg = layout.name.startswith("yuvj")
    across, down = (2, 2)  # grey films become 4:2:0, which everything plays
    if len(layout.components) > 1:
        across, down = 64 // layout.chroma_width(64), 64 // layout.chroma_height(64)
    centred = stream.codec_context.codec.canonical_name == "mjpeg" and across > 1
    return Coding(matrix, jpeg or frame.color_range == FULL_RANGE, bits, across, down, centred)


def _display(path: Path, data: bytes | None) -> tuple[int, ...] | None:
    """The display matrix; None for the one that changes nothing. Raises InputError for other than quarter turns."""
    if data is None:
        return None
    matrix = struct.unpack("=9i", data[:36])
    one = 1 << 16
    linear = (matrix[0], matrix[1], matrix[3], matrix[4])
    if linear == (one, 0, 0, one):
        return None
    quarter = sorted(map(abs, linear)) == [0, 0, one, one] and (linear[0] == 0) == (linear[3] == 0)
    if not quarter:
        raise InputError(f"{path}: is turned or stretched by other than quarter turns, which is not kept here")
    return matrix
