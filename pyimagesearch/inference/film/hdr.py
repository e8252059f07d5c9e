"""What a film says of its light: transfer function, mastering display, light levels."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

HDR_TRANSFERS = {16: "PQ", 18: "HLG"}  # code points of ITU-T H.273, table 3
DYNAMIC = {
    "DYNAMIC_HDR_PLUS": "HDR10+",
    "DYNAMIC_HDR_VIVID": "HDR Vivid",
    "DOVI_RPU_BUFFER": "Dolby Vision",
    "DOVI_METADATA": "Dolby Vision",
}
MASTERING = struct.Struct("=20i2i")  # AVMasteringDisplayMetadata: 10 fractions, then two flags
COORDINATE = 50_000  # units of chromaticity in SMPTE ST 2086, as HEVC's message codes it
LUMINANCE = 10_000  # units of cd/m2


@dataclass(frozen=True)
class Light:
    """Static HDR metadata in the notation of x265: `mastering` for master-display, `levels` for max-cll; "" for none.

    dynamic: names of dynamic metadata that the film holds too, which are not kept.
    """

    mastering: str = ""
    levels: str = ""
    dynamic: tuple[str, ...] = ()


def light_of(side_data: Mapping[str, bytes]) -> Light:
    """side_data: of a frame, by FFmpeg's names of the kinds."""
    dynamic = tuple(dict.fromkeys(name for kind, name in DYNAMIC.items() if kind in side_data))
    levels = side_data.get("CONTENT_LIGHT_LEVEL", b"")
    return Light(
        _mastering(side_data.get("MASTERING_DISPLAY_METADATA", b"")),
        "{},{}".format(*struct.unpack("=2I", levels[:8])) if levels else "",
        dynamic,
    )


def _mastering(data: bytes) -> str:
    """SMPTE ST 2086 as G(x,y)B(x,y)R(x,y)WP(x,y)L(max,min); "" where the primaries or the luminance are missing."""
    if len(data) < MASTERING.size:
        return ""
    *numbers, has_primaries, has_luminance = MASTERING.unpack(data[: MASTERING.size])
    if not (has_primaries and has_luminance):
        return ""
    values = [Fraction(top, bottom or 1) for top, bottom in zip(numbers[::2], numbers[1::2], strict=True)]
    red, green, blue, white = (
        "({},{})".format(*(round(value * COORDINATE) for value in values[start : start + 2])) for start in (0, 2, 4, 6)
    )
    least, most = (round(value * LUMINANCE) for value in values[8:10])
    return f"G{green}B{blue}R{red}WP{white}L({most},{least})"
