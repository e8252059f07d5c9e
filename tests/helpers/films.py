"""Small films, made by PyAV."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

RATE = 25
SOUND_RATE = 48000
SUBTITLE = b"Where are we going?"
FONT = bytes(range(256)) * 4


def moving_pictures(count: int, height: int, width: int, seed: int = 0) -> Iterator[np.ndarray]:
    """Smooth colours that move by one pixel a frame, uint8 (H, W, 3)."""
    y, x = np.mgrid[: height + count, : width + count].astype(np.float32)
    phase = np.random.default_rng(seed).uniform(0, 6, 3)
    whole = np.stack([127 + 90 * np.sin(x / 7 + y / (5 + n) + phase[n]) for n in range(3)], axis=2).astype(np.uint8)
    for n in range(count):
        yield np.ascontiguousarray(whole[n : n + height, n : n + width])


def write_film(
    path: Path,
    pictures: Iterable[np.ndarray | av.VideoFrame],
    *,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    times: Iterable[int] | None = None,
    time_base: Fraction = Fraction(1, RATE),
    sound: str | None = None,
    subtitles: str | None = None,
    chapters: list | None = None,
    options: dict[str, str] | None = None,
    container: dict[str, str] | None = None,
    turned: float = 0,
    **tags,
) -> Path:
    """A film of RGB pictures. pictures may be frames too. times: of the frames in `time_base`. options: of the
    encoder, container: of the file. tags:
    attributes of the encoder, such as colorspace."""
    pictures = list(pictures)
    with av.open(str(path), "w", options=container or {}) as output:
        first = pictures[0]
        height, width = first.shape[:2] if isinstance(first, np.ndarray) else (first.height, first.width)
        video = output.add_stream(codec, rate=RATE, width=width, height=height, pix_fmt=pixels, options=options or {})
        video.codec_context.time_base = time_base
        for name, value in tags.items():
            setattr(video.codec_context, name, value)
        if turned:
            video.set_display_rotation(turned)
        audio = output.add_stream(sound, rate=SOUND_RATE) if sound else None
        texts = output.add_mux_stream(subtitles) if subtitles else None
        if path.suffix == ".mkv" and subtitles:
            output.add_attachment("letters.ttf", "font/ttf", FONT)
        if chapters:
            output.set_chapters(chapters)
        for number, (picture, time) in enumerate(zip(pictures, times or range(len(pictures)), strict=False)):
            frame = picture
            if isinstance(picture, np.ndarray):
                frame = av.VideoFrame.from_ndarray(picture, "rgb24").reformat(format=pixels)
            frame.pts, frame.time_base = time, time_base
            output.mux(video.encode(frame))
            if audio:
                _mux_sound(output, audio, number)
        output.mux(video.encode(None))
        if audio:
            output.mux(audio.encode(None))
        if texts:
            length = len(SUBTITLE).to_bytes(2, "big") if subtitles == "mov_text" else b""
            packet = av.Packet(length + SUBTITLE)
            packet.stream, packet.time_base = texts, Fraction(1, 1000)
            packet.pts = packet.dts = 100
            packet.duration = 200
            output.mux(packet)
    return path


def _mux_sound(output, audio, number: int) -> None:
    count = SOUND_RATE // RATE
    time = (np.arange(count) + number * count) / SOUND_RATE
    wave = (np.sin(2 * np.pi * 440 * time) * 9000).astype(np.int16)
    frame = av.AudioFrame.from_ndarray(np.repeat(wave, 2)[None], "s16", "stereo")
    frame.sample_rate, frame.pts, frame.time_base = SOUND_RATE, number * count, Fraction(1, SOUND_RATE)
    output.mux(audio.encode(frame))


def packets(path: Path, kind: str) -> list[tuple]:
    """Of every packet of the streams of a kind: stream, times in seconds, bytes."""
    with av.open(str(path)) as film:
        streams = [stream for stream in film.streams if stream.type == kind]
        return [
            (
                streams.index(packet.stream),
                packet.pts * packet.time_base if packet.pts is not None else None,
                packet.dts * packet.time_base if packet.dts is not None else None,
                bytes(packet),
            )
            for packet in (film.demux(streams) if streams else ())
            if packet.size
        ]


def frames(path: Path) -> list[av.VideoFrame]:
    with av.open(str(path)) as film:
        return list(film.decode(video=0))


def times(path: Path) -> list[Fraction]:
    """When each frame is shown, in seconds."""
    return [frame.pts * frame.time_base for frame in frames(path)]


def sound_of(path: Path) -> bytes:
    return b"".join(data for *_, data in packets(path, "audio"))


def flat_frame(pixels: str, *values: int, height: int = 36, width: int = 64) -> av.VideoFrame:
    """A frame whose planes have one value each."""
    frame = av.VideoFrame(width, height, pixels)
    for plane, value in zip(frame.planes, values, strict=True):
        kind = np.uint16 if frame.format.components[0].bits > 8 else np.uint8
        plane.update(np.full(plane.buffer_size // kind().itemsize, value, kind).tobytes())
    return frame


def planes(frame: av.VideoFrame) -> list[np.ndarray]:
    kind = np.uint16 if frame.format.components[0].bits > 8 else np.uint8
    rows = [np.frombuffer(plane, kind).reshape(-1, plane.line_size // kind().itemsize) for plane in frame.planes]
    return [row[: plane.height, : plane.width] for row, plane in zip(rows, frame.planes, strict=True)]
