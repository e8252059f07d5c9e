"""Between the Y'CbCr planes of films and RGB pictures: matrix, range, bit depth and siting of the chroma.

ITU-R BT.601, BT.709 and BT.2020 (constant luminance excluded), and the ranges of ITU-T H.273, 8.3. NumPy only. A plane
is uint8 for 8 bits, else uint16 with the value in its low bits. RGB is uint8 for 8 bits, else uint16 over all 16 bits.
"""

from dataclasses import dataclass

import numpy as np

# Weights of red and blue in luma by the code points of ITU-T H.273, table 4. 2 is "unspecified".
WEIGHTS = {
    1: (0.2126, 0.0722),  # BT.709
    4: (0.30, 0.11),  # FCC
    5: (0.299, 0.114),  # BT.601, 625 lines
    6: (0.299, 0.114),  # BT.601, 525 lines
    7: (0.212, 0.087),  # SMPTE 240M
    9: (0.2627, 0.0593),  # BT.2020, non-constant luminance
}
STRIP = 64  # rows that are converted at once: their floats fit into the cache

Planes = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Coding:
    """How planes code colours.

    matrix: a key of WEIGHTS. full: 0 to 2**bits - 1 instead of the studio range, 16 to 235 of 8 bits.
    across, down: luma samples for a chroma sample, 1, 2 or 4. centred: whether the chroma lies between luma columns, as
    in JPEG, and not at the first of them, as in MPEG; between rows it always lies in the middle.
    """

    matrix: int
    full: bool
    bits: int = 8
    across: int = 2
    down: int = 2
    centred: bool = False

    @property
    def levels(self) -> tuple[float, float, float, float]:
        """Luma's lowest value and span, chroma's middle and span."""
        most, unit = float(2**self.bits - 1), 2.0 ** (self.bits - 8)
        middle = float(2 ** (self.bits - 1))
        return (0.0, most, middle, most) if self.full else (16 * unit, 219 * unit, middle, 224 * unit)

    def to_rgb_matrix(self) -> np.ndarray:
        """(3, 3): rows R, G, B of [0, 1] luma and [-0.5, 0.5] Cb, Cr."""
        return np.linalg.inv(self.from_rgb_matrix())

    def from_rgb_matrix(self) -> np.ndarray:
        """(3, 3): rows luma, Cb, Cr of RGB in [0, 1]."""
        red, blue = WEIGHTS[self.matrix]
        luma = np.array([red, 1 - red - blue, blue])
        cb = (np.array([0, 0, 1]) - luma) / (2 * (1 - blue))
        cr = (np.array([1, 0, 0]) - luma) / (2 * (1 - red))
        return np.stack([luma, cb, cr])


def to_rgb(planes: Planes, coding: Coding) -> np.ndarray:
    """RGB (H, W, 3) of Y (H, W), Cb and Cr (H / down, W / across, both rounded up). Chroma is interpolated linearly.

    >>> to_rgb((np.full((4, 6), 235, np.uint8), *[np.full((2, 3), 128, np.uint8)] * 2), Coding(1, full=False))[0, 0]
    array([255, 255, 255], dtype=uint8)
    """
    luma = planes[0]
    height, width = luma.shape
    kind = np.uint8 if coding.bits == 8 else np.uint16
    most = 255.0 if coding.bits == 8 else 65535.0
    low, span, middle, chroma_span = coding.levels
    matrix = (coding.to_rgb_matrix() / [span, chroma_span, chroma_span] * most).astype(np.float32)
    offset = matrix @ np.array([low, middle, middle], np.float32) - np.float32(0.5)  # casting rounds down
    chroma = [_enlarged(plane, height, width, coding) for plane in planes[1:]]
    rgb = np.empty((height, width, 3), kind)
    for top in range(0, height, STRIP):
        rows = slice(top, top + STRIP)
        coded = np.stack([luma[rows], *(plane[rows] for plane in chroma)], axis=2, dtype=np.float32)
        samples = coded @ matrix.T - offset
        rgb[rows] = np.clip(samples, 0, most, out=samples)
    return rgb


def _enlarged(plane: np.ndarray, height: int, width: int, coding: Coding) -> np.ndarray:
    """A chroma plane at luma's size, float32."""
    samples = plane.astype(np.float32)
    samples = _interpolated(samples, height, coding.down, (coding.down - 1) / 2, axis=0)
    return _interpolated(samples, width, coding.across, (coding.across - 1) / 2 if coding.centred else 0.0, axis=1)


def _interpolated(samples: np.ndarray, length: int, factor: int, first: float, axis: int) -> np.ndarray:
    """first: where the first sample lies, in samples of the result."""
    if factor == 1:
        return samples
    places = (np.arange(length, dtype=np.float32) - np.float32(first)) / factor
    before = np.floor(places).astype(np.int64)
    weights = np.expand_dims(places - before, 1 - axis)
    last = samples.shape[axis] - 1
    left, right = (np.take(samples, index.clip(0, last), axis=axis) for index in (before, before + 1))
    return left + (right - left) * weights


def from_rgb(rgb: np.ndarray, coding: Coding) -> Planes:
    """Y, Cb and Cr, as for to_rgb, of RGB (H, W, 3), uint8 or uint16. Chroma is the mean over what it stands for.

    Between columns that is the mean of three, weighted 1, 2, 1, around the first of a pair (MPEG's siting); `centred`
    is not used. Raises ValueError for chroma that is not the whole or half of luma: no encoder here takes it.
    """
    if (coding.across, coding.down) not in ((1, 1), (2, 1), (2, 2)) or coding.centred:
        raise ValueError(f"chroma is written at 1x1, 2x1 or 2x2, at MPEG's siting, received {coding}")
    height, width = rgb.shape[:2]
    kind = np.uint8 if coding.bits == 8 else np.uint16
    low, span, middle, chroma_span = coding.levels
    most = float(np.iinfo(rgb.dtype).max)
    matrix = (coding.from_rgb_matrix() * np.array([[span], [chroma_span], [chroma_span]]) / most).astype(np.float32)
    small = (-(-height // coding.down), -(-width // coding.across))
    planes = (np.empty((height, width), kind), np.empty(small, kind), np.empty(small, kind))
    highest = 2**coding.bits - 1
    for top in range(0, height, STRIP):
        strip = rgb[top : top + STRIP].astype(np.float32)
        coded = strip @ matrix.T  # (rows, W, 3)
        _store(planes[0][top : top + STRIP], coded[:, :, 0] + low, highest)
        rows = slice(top // coding.down, (top + STRIP) // coding.down)
        chroma = _reduced(coded[:, :, 1:], coding) + middle
        _store(planes[1][rows], chroma[:, :, 0], highest)
        _store(planes[2][rows], chroma[:, :, 1], highest)
    return planes


def _store(place: np.ndarray, samples: np.ndarray, most: int) -> None:
    """Round into the integers of `place`. Below 0 and above `most` is what bright colours in full range may reach."""
    place[...] = np.clip(samples + np.float32(0.5), 0, most)


def _reduced(chroma: np.ndarray, coding: Coding) -> np.ndarray:
    """Chroma (rows, W, 2) of a strip that begins at a whole chroma row, at the size of the chroma planes."""
    if coding.down == 2:
        if len(chroma) % 2:
            chroma = np.concatenate([chroma, chroma[-1:]])
        chroma = (chroma[0::2] + chroma[1::2]) / 2
    if coding.across == 2:
        left = np.concatenate([chroma[:, :1], chroma[:, 1:-1:2]], axis=1)[:, : -(-chroma.shape[1] // 2)]
        right = chroma[:, 1::2]
        if right.shape[1] < left.shape[1]:
            right = np.concatenate([right, chroma[:, -1:]], axis=1)
        chroma = (left + 2 * chroma[:, 0::2] + right) / 4
    return chroma
