"""ICC profiles: made of what a PNG or an AVIF says about its colours, and applied where a format cannot hold one."""

import io
import struct

import numpy as np
from PIL import Image, ImageCms

from pyimagesearch.images.picture import UnreadablePicture

XY = tuple[tuple[float, float], ...]  # chromaticities of white, red, green and blue
SRGB: XY = ((0.3127, 0.3290), (0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
# By their numbers in cICP (ITU-T H.273, tables 2 and 3).
PRIMARIES: dict[int, XY] = {
    1: SRGB,
    9: ((0.3127, 0.3290), (0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),  # BT.2020
    11: ((0.314, 0.351), (0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),  # DCI-P3
    12: ((0.3127, 0.3290), (0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),  # Display P3
}
GAMMAS = {4: 2.2, 5: 2.8, 8: 1.0}
BT709, SRGB_CURVE = (1, 6, 14, 15), 13
HDR = {16: "PQ", 18: "HLG"}
D50 = np.array([0.9642, 1.0, 0.8249])  # white of all profiles (ICC.1:2001-04, annex A)
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
USUAL_GAMMA = (0.43, 0.48)  # written by many programs, which mean sRGB
NEAR = 0.005  # of chromaticities; sRGB's are written with some rounding
TABLE = 1024  # points of a curve


def of_png(chunks: dict[bytes, bytes], *, grey: bool) -> bytes | None:
    """A profile with the colours that cICP, or gAMA and cHRM, describe; None where they are sRGB or not described.

    chunks: contents by kind. Raises UnreadablePicture for HDR.
    """
    if len(cicp := chunks.get(b"cICP", b"")) == 4:  # goes before all others (W3C PNG, section 4.3)
        return of_numbers(cicp[0], cicp[1], grey=grey)
    if b"iCCP" in chunks or b"sRGB" in chunks:
        return None
    gamma = int.from_bytes(chunks.get(b"gAMA", b"")[:4]) / 1e5
    primaries = _chromaticities(chunks.get(b"cHRM", b""))
    usual = not gamma or USUAL_GAMMA[0] < gamma < USUAL_GAMMA[1]
    if usual and (grey or np.allclose(primaries, SRGB, atol=NEAR)):
        return None
    curve = _curve(SRGB_CURVE) if usual else _power(1 / gamma)
    assert curve is not None
    return _profile(primaries, curve, grey=grey)


def of_numbers(primaries: int, transfer: int, *, grey: bool) -> bytes | None:
    """The same for the numbers of ITU-T H.273. BT.709 counts as sRGB: writers of AVIF mean that.

    Raises UnreadablePicture for HDR.
    """
    if transfer in HDR:
        raise UnreadablePicture(f"a picture in HDR ({HDR[transfer]}); tone-map it to sRGB first")
    colours, curve = PRIMARIES.get(primaries), _curve(transfer)
    if colours is None or curve is None or (colours == SRGB and transfer in (SRGB_CURVE, *BT709)):
        return None
    return _profile(colours, curve, grey=grey)


def to_srgb(samples: np.ndarray, icc: bytes) -> np.ndarray:
    """uint8 samples of any number of channels in sRGB; as they are where the profile is broken or does not fit."""
    channels = samples.shape[2] if samples.ndim == 3 else 1
    colours = samples if channels in (1, 3) else samples[..., :-1]
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        image = Image.fromarray(np.ascontiguousarray(colours[..., 0] if channels == 2 else colours))
        converted = ImageCms.profileToProfile(image, profile, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (OSError, ImageCms.PyCMSError):
        return samples
    assert converted is not None
    result = np.array(converted if channels > 2 else converted.convert("L"))
    return np.dstack([result, samples[..., -1]]) if channels in (2, 4) else result


def _chromaticities(content: bytes) -> XY:
    """Those of a cHRM chunk; sRGB's where it is missing or impossible."""
    if len(content) != 32:
        return SRGB
    values = [value / 1e5 for value in struct.unpack(">8I", content)]
    pairs = tuple(zip(values[::2], values[1::2], strict=True))
    possible = all(y > 0 and x + y <= 1 for x, y in pairs) and abs(np.linalg.det(_columns(pairs[1:]))) > NEAR
    return pairs if possible else SRGB


def _columns(pairs: XY) -> np.ndarray:
    """XYZ of chromaticities, each with a luminance of 1."""
    return np.array([[x / y, 1.0, (1 - x - y) / y] for x, y in pairs]).T


def _curve(transfer: int) -> bytes | None:
    """The curve of a transfer function by its number in cICP."""
    levels = np.linspace(0, 1, TABLE)
    if transfer in GAMMAS:
        return _power(GAMMAS[transfer])
    if transfer in (SRGB_CURVE, *BT709):
        return _table(np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4))
    return None


def _power(exponent: float) -> bytes:
    return _table(np.linspace(0, 1, TABLE) ** exponent)


def _table(linear: np.ndarray) -> bytes:
    return b"curv" + struct.pack(">II", 0, len(linear)) + np.rint(linear * 65535).astype(">u2").tobytes()


def _profile(primaries: XY, curve: bytes, *, grey: bool) -> bytes:
    """A profile of version 2 for a display (ICC.1:2001-04, 6.3.1)."""
    tags = {b"desc": _description("colours of the file"), b"cprt": b"text\0\0\0\0none\0", b"wtpt": _xyz(D50)}
    if grey:
        tags[b"kTRC"] = curve
    else:
        white = _columns(primaries[:1])[:, 0]
        columns = _columns(primaries[1:])
        columns = columns * np.linalg.solve(columns, white)
        adapted = np.linalg.inv(BRADFORD) @ np.diag((BRADFORD @ D50) / (BRADFORD @ white)) @ BRADFORD @ columns
        for name, column in zip((b"r", b"g", b"b"), adapted.T, strict=True):
            tags[name + b"XYZ"], tags[name + b"TRC"] = _xyz(column), curve
    table, contents = struct.pack(">I", len(tags)), b""
    for tag, content in tags.items():
        table += tag + struct.pack(">II", 132 + 12 * len(tags) + len(contents), len(content))
        contents += content + bytes(-len(content) % 4)
    head = struct.pack(">I4sI4s4s4s", 132 + 12 * len(tags) + len(contents), b"\0\0\0\0", 0x02400000, b"mntr",
                       b"GRAY" if grey else b"RGB ", b"XYZ ")  # fmt: skip
    white_point = struct.pack(">3i", *np.rint(D50 * 65536).astype(int))
    header = head + bytes(12) + b"acsp" + bytes(28) + white_point
    return header.ljust(128, b"\0") + table + contents


def _xyz(values: np.ndarray) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *np.rint(values * 65536).astype(int))


def _description(text: str) -> bytes:
    return b"desc" + struct.pack(">II", 0, len(text) + 1) + text.encode() + bytes(1 + 4 + 4 + 2 + 1 + 67)
