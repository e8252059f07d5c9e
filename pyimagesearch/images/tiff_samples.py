"""The samples of TIFF files of more than 8 bits, or of a kind that Pillow does not know."""

import io
from typing import NamedTuple

import numpy as np

from pyimagesearch.images import opencv, tiff_directories
from pyimagesearch.images.picture import Source, UnreadablePicture
from pyimagesearch.images.tiff_directories import Directory, Form

WIDTH, HEIGHT = 256, 257
BITS, COMPRESSION, PHOTOMETRIC, ORIENTATION, SAMPLES, PLANAR, EXTRA, FORMAT = 258, 259, 262, 274, 277, 284, 338, 339
PLACES, LENGTHS = (273, 324), (279, 325)  # of strips, of tiles
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB = 0, 1, 2
SEPARATE, PREMULTIPLIED, UNSIGNED, FLOATS = 2, 1, 1, 3


class Layout(NamedTuple):
    """What the tags of a TIFF say about its samples."""

    bits: int
    samples: int
    photometric: int
    separate: bool  # whether each channel is stored by itself
    premultiplied: bool
    kind: int
    compressed: bool


def layout(form: Form, directory: Directory) -> Layout:
    """Of the first picture of a file."""

    def number(tag: int, otherwise: int) -> int:
        return tiff_directories.integers(form, directory, tag, otherwise)[0]

    samples = number(SAMPLES, 1)
    return Layout(
        number(BITS, 1), samples, number(PHOTOMETRIC, WHITE_IS_ZERO), number(PLANAR, 1) == SEPARATE and samples > 1,
        number(EXTRA, 0) == PREMULTIPLIED, number(FORMAT, UNSIGNED), number(COMPRESSION, 1) != 1,
    )  # fmt: skip


def size(form: Form, directory: Directory) -> tuple[int, int]:
    """Height and width as they are stored; 0 where they are missing."""
    height, width = (tiff_directories.integers(form, directory, tag, 0)[0] for tag in (HEIGHT, WIDTH))
    return height, width


def is_deep(found: Layout) -> bool:
    """Whether Pillow would drop bits, or not stretch them."""
    return found.bits > 8 and found.photometric in (WHITE_IS_ZERO, BLACK_IS_ZERO, RGB)


def decode(source: Source, data: bytes, form: Form, directory: Directory, *, stranger: bool) -> np.ndarray:
    """The samples of a TIFF as they are stored, black as 0, colours not multiplied by alpha, of any type.

    stranger: whether only decoders that bound what they inflate may read it.
    """
    found = layout(form, directory)
    if found.samples > 4:
        raise UnreadablePicture(f"{source}: a TIFF of {found.samples} channels; save it as RGB or grey")
    if found.separate:
        samples = np.dstack(
            [_by_opencv(source, data, form, _plane(form, directory, channel)) for channel in range(found.samples)]
        )
    elif (found.samples > 1 and found.photometric != RGB) or (found.kind == FLOATS and found.bits == 16):
        if stranger and found.compressed:
            raise UnreadablePicture(f"{source}: a compressed TIFF of a rare kind; save it as PNG")
        samples = _by_tifffile(data)
    else:
        samples = _by_opencv(source, data, form, directory)
    if samples.dtype == np.uint16 and found.bits < 16:
        samples |= samples >> found.bits  # OpenCV leaves the lowest bits 0: white would not be white
    if found.photometric == WHITE_IS_ZERO and samples.dtype in (np.uint8, np.uint16):
        grey = samples if samples.ndim == 2 else samples[..., :1]
        grey ^= np.iinfo(samples.dtype).max
    return _straight(samples) if found.premultiplied and found.samples in (2, 4) else samples


def _plane(form: Form, directory: Directory, channel: int) -> Directory:
    """The directory of a grey picture which is one of the channels that a file stores by themselves."""
    plane = {tag: value for tag, value in directory.items() if tag not in (PLANAR, EXTRA)}
    for tag, number in ((SAMPLES, 1), (PHOTOMETRIC, BLACK_IS_ZERO)):
        plane[tag] = tiff_directories.short(form, number)
    channels = tiff_directories.integers(form, directory, SAMPLES, 1)[0]
    for tag in (BITS, FORMAT):
        if tag in directory:
            plane[tag] = tiff_directories.short(form, tiff_directories.integers(form, directory, tag, 1)[0])
    for tag in (*PLACES, *LENGTHS):
        if tag in directory:
            numbers = tiff_directories.integers(form, directory, tag, 0)
            part = len(numbers) // channels
            plane[tag] = tiff_directories.whole(form, numbers[channel * part : (channel + 1) * part])
    return plane


def _by_opencv(source: Source, data: bytes, form: Form, directory: Directory) -> np.ndarray:
    # Without the orientation: OpenCV would apply some orientations and fail at others.
    tags = {tag: value for tag, value in directory.items() if tag != ORIENTATION}
    return opencv.decode(source, tiff_directories.with_first(data, form, tags))


def _by_tifffile(data: bytes) -> np.ndarray:
    import tifffile

    with tifffile.TiffFile(io.BytesIO(data)) as tiff:
        return tiff.pages[0].asarray()


def _straight(samples: np.ndarray) -> np.ndarray:
    """Colours that are not multiplied by the alpha behind them."""
    largest = np.iinfo(samples.dtype).max if np.issubdtype(samples.dtype, np.integer) else 1.0
    alpha = samples[..., -1:].astype(np.float64)
    colours = np.minimum(samples[..., :-1] * (largest / np.maximum(alpha, 1e-9)), largest)
    if np.issubdtype(samples.dtype, np.integer):
        colours = np.rint(colours)
    return np.concatenate([np.where(alpha > 0, colours, 0).astype(samples.dtype), samples[..., -1:]], axis=2)
