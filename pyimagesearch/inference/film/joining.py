"""The segments of a film become one file again, beside the audio and the subtitles of the source, packet by packet."""

import heapq
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from pyimagesearch.errors import InputError
from pyimagesearch.inference.film import segments
from pyimagesearch.inference.film.encoding import CODECS, Plan, configure
from pyimagesearch.inference.film.pyav import ffmpeg_errors, load_pyav
from pyimagesearch.inference.film.source import Film

if TYPE_CHECKING:
    import av

COPIED = ("audio", "subtitle")
# Of metadata: what describes the file or stream that was, not the one that is written.
OWN_METADATA = ("encoder", "major_brand", "minor_version", "compatible_brands", "vendor_id")
CHAPTER_NAMES = "bin_data"  # what FFmpeg calls the codec of MP4's track of chapters
STATISTICS = ("BPS", "DURATION", "NUMBER_OF_", "_STATISTICS")  # which Matroska's tools add

TimedPacket = tuple[Fraction, int, "av.Packet"]


def check_copies(film: Film, target: Path) -> list[str]:
    """What of the film the result will lack, as phrases. Raises InputError where `target` cannot hold its sound or
    subtitles: asked before the work, not after it."""
    left_out = []
    with load_pyav().open(str(target), "w") as output:  # nothing is written before the first packet
        for stream in film.container.streams:
            if stream.type in COPIED:
                _copy_stream(output, stream, target, film)
            elif not (stream is film.stream or _is_kept_otherwise(stream, film, target)):
                left_out.append(f"stream {stream.index} ({stream.type})")
    return left_out


def _is_kept_otherwise(stream: "av.stream.Stream", film: Film, target: Path) -> bool:
    """Whether it is an attachment, which Matroska holds beside the streams, or MP4's track of the chapters' names."""
    if stream.type == "attachment":
        return _holds_attachments(target)
    return stream.type == "data" and stream.name == CHAPTER_NAMES and bool(film.container.chapters())


def join(film: Film, parts: Sequence[Path], chosen: Plan, target: Path) -> None:
    """Write `target` from the segments `parts` and the streams of the film. Raises InputError, OSError."""
    av = load_pyav()
    with ffmpeg_errors(target, "cannot be written"), av.open(str(target), "w") as output:
        output.metadata.update(_kept(film.container.metadata))
        video = output.add_stream(CODECS[chosen.codec].library, rate=chosen.rate)
        configure(video.codec_context, chosen)
        video.time_base = chosen.time_base
        _describe_pictures(video, film, chosen)
        copies = {}
        for stream in film.container.streams:
            if stream.type in COPIED:
                copies[stream.index] = _copy_stream(output, stream, target, film)
            elif isinstance(stream, av.stream.AttachmentStream) and _holds_attachments(target):
                output.add_attachment(stream.name or "attachment", stream.mimetype or "", stream.data)
        if chapters := film.container.chapters():
            output.set_chapters(chapters)
        output.start_encoding()
        for _, _, packet in heapq.merge(
            _pictures(parts, chosen, video), _others(film, copies), key=lambda timed: timed[:2]
        ):
            output.mux_one(packet)


def _describe_pictures(video: "av.VideoStream", film: Film, chosen: Plan) -> None:
    video.metadata.update(_kept(film.stream.metadata))
    video.disposition = film.stream.disposition
    if chosen.codec == "hevc" and video.container.format.name in ("mp4", "mov", "ipod"):
        video.codec_context.codec_tag = "hvc1"  # Apple's players take no hev1
    if display := film.description.display:
        moved = [*display]
        for place, (now, before) in {
            6: (chosen.width, film.description.width), 7: (chosen.height, film.description.height)
        }.items():  # fmt: skip
            moved[place] = display[place] * now // before
        video.set_display_matrix(moved)


def _copy_stream(
    output: "av.container.OutputContainer", stream: "av.stream.Stream", target: Path, film: Film
) -> "av.stream.Stream":
    try:
        copy = output.add_stream_from_template(stream, opaque=True)
    except (ValueError, AttributeError):
        codec = stream.codec_context.name if stream.codec_context else "unknown"
        raise InputError(
            f"{film.path}: its stream {stream.index}, {stream.type} in {codec}, does not go into {target.suffix}; "
            "name a .mkv file"
        ) from None
    copy.metadata.update(_kept(stream.metadata))
    copy.disposition = stream.disposition
    return copy


def _holds_attachments(target: Path) -> bool:
    return target.suffix.lower() == ".mkv"


def _kept(metadata: dict[str, str]) -> dict[str, str]:
    return {
        name: value for name, value in metadata.items()
        if name.lower() not in OWN_METADATA and not name.upper().startswith(STATISTICS)
    }  # fmt: skip


def _others(film: Film, copies: dict[int, "av.stream.Stream"]) -> Iterator[TimedPacket]:
    """The packets of audio and subtitles, as they are in the source."""
    sources = [stream for stream in film.container.streams if stream.index in copies]
    if not sources:
        return
    with ffmpeg_errors(film.path, "cannot be read again"), load_pyav().open(str(film.path)) as again:
        for number, packet in enumerate(again.demux(*(again.streams[stream.index] for stream in sources))):
            if packet.size == 0:  # the end of a stream
                continue
            time = (packet.dts if packet.dts is not None else packet.pts or 0) * packet.time_base
            packet.stream = copies[packet.stream_index]
            yield time, number, packet


def _pictures(parts: Sequence[Path], chosen: Plan, video: "av.VideoStream") -> Iterator[TimedPacket]:
    """The packets of all segments, with times of decoding that grow over their borders.

    The packet that is decoded n-th gets the time at which the picture that is shown (n - delay)-th is shown. `delay` is
    the largest number of places by which a picture is decoded later than it is shown, so that none is late.
    """
    av = load_pyav()
    delay = max(_delay(part) for part in parts)
    shown: list[int] = []  # times of the pictures before and of this segment
    for part in parts:
        packets = segments.listed(part)
        before = shown[-delay:] if delay else []
        times = sorted(packet.pts for packet in packets)
        if not before:
            step = max(1, round(1 / (chosen.rate * chosen.time_base)))
            before = [times[0] - step * (delay - n) for n in range(delay)]
        shown = before + times
        for number, (packet, data) in enumerate(zip(packets, segments.payloads(part), strict=True)):
            made = av.Packet(data)
            made.pts, made.dts, made.duration = packet.pts, shown[number], packet.duration
            made.time_base, made.is_keyframe, made.stream = chosen.time_base, packet.key, video
            yield made.dts * chosen.time_base, -1, made


def _delay(part: Path) -> int:
    times = [packet.pts for packet in segments.listed(part)]
    place = {time: number for number, time in enumerate(sorted(times))}
    return max(number - place[time] for number, time in enumerate(times))
