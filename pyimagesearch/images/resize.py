"""Resizing with MATLAB's antialiased bicubic kernel, which the benchmarks of super-resolution use. NumPy only."""

import math

import numpy as np

STRIP = 1 << 20  # pixels that are resized at once


def crop_to_multiple(picture: np.ndarray, multiple: int) -> np.ndarray:
    """Cut right and bottom so that both sides divide by `multiple`."""
    height, width = picture.shape[:2]
    return picture[: height - height % multiple, : width - width % multiple]


def cubic(x: np.ndarray) -> np.ndarray:
    """The weights at distances `x` (pixels) of Keys' cubic convolution kernel, a = -0.5 (IEEE TASSP 29(6), 1981)."""
    x = np.abs(x)
    near = (1.5 * x - 2.5) * x * x + 1.0
    far = ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
    return np.where(x <= 1, near, np.where(x <= 2, far, 0.0))


def _taps(length: int, out_length: int) -> tuple[np.ndarray, np.ndarray]:
    """Source indices and weights, each (out_length, taps), of a one-dimensional bicubic resize."""
    factor = out_length / length
    stretch = min(factor, 1.0)  # a downscale widens the kernel: this is the antialiasing
    support = 4.0 / stretch
    centre = (np.arange(out_length) + 0.5) / factor - 0.5
    indices = np.floor(centre - support / 2)[:, None].astype(np.int64) + np.arange(int(np.ceil(support)) + 2)
    weights = cubic((centre[:, None] - indices) * stretch)
    weights /= weights.sum(axis=1, keepdims=True)
    if stretch < 1:
        inside = indices.clip(0, length - 1)  # the border's pixels, repeated
    else:
        inside = np.concatenate([np.arange(length), np.arange(length)[::-1]])[indices % (2 * length)]  # mirrored
    return inside, weights.astype(np.float32)


def _resize_axis(samples: np.ndarray, out_length: int, axis: int) -> np.ndarray:
    return _weighted(samples, *_taps(samples.shape[axis], out_length), axis)


def _weighted(samples: np.ndarray, indices: np.ndarray, weights: np.ndarray, axis: int) -> np.ndarray:
    shape = [1, 1, 1]
    shape[axis] = len(indices)
    out: np.ndarray | None = None
    for tap in np.flatnonzero(np.any(weights != 0, axis=0)):
        term = np.take(samples, indices[:, tap], axis=axis) * weights[:, tap].reshape(shape)
        out = term if out is None else np.add(out, term, out=out)
    assert out is not None
    return out


def resize_bicubic(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """MATLAB's imresize(picture, [height width], "bicubic"), with antialiasing.

    picture: uint8 or uint16 (H, W, channels); the result is (height, width, channels) of the same type.

    A downscale equals the LR files of the benchmarks to one level: it repeats the border's pixels and rounds after each
    of the two passes. An upscale mirrors the border and rounds once.

    >>> resize_bicubic(np.zeros((96, 128, 3), np.uint8), 24, 32).shape
    (24, 32, 3)
    """
    kind = picture.dtype
    samples = _resize_axis(picture.astype(np.float32), height, 0)
    if height < picture.shape[0]:
        samples = to_whole(samples, kind)
    samples = _resize_axis(samples, width, 1)
    return to_whole(samples, kind)


def source_rows(length: int, height: int, rows: slice) -> slice:
    """The rows of a picture of `length` rows that some rows of its resize to `height` rows are made of."""
    indices = _taps(length, height)[0][rows]
    return slice(int(indices.min()), int(indices.max()) + 1)


def resized_rows(picture: np.ndarray, height: int, width: int, rows: slice, length: int | None = None) -> np.ndarray:
    """Some rows of resize_bicubic(picture, height, width) in float32, neither rounded nor clipped.

    picture: (H, W, channels) of any type; only the rows that are needed are converted. length: H, where `picture` holds
    its `source_rows` alone. The result is (rows, width, channels).
    """
    needed = source_rows(length or len(picture), height, rows)
    indices, weights = (taps[rows] for taps in _taps(length or len(picture), height))
    part = picture if length else picture[needed]
    return _resize_axis(_weighted(part.astype(np.float32), indices - needed.start, weights, 0), width, 1)


def bands(height: int, width: int) -> list[slice]:
    """The rows of a picture of this size in groups of at most STRIP pixels, or of one row."""
    step = max(1, STRIP // width)
    return [slice(top, min(top + step, height)) for top in range(0, height, step)]


def resize_in_bands(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """resize_bicubic without a copy of the whole picture in float32. It rounds once, also where it downscales."""
    out = np.empty((height, width, picture.shape[2]), picture.dtype)
    for rows in bands(height, width):
        out[rows] = to_whole(resized_rows(picture, height, width, rows), picture.dtype)
    return out


def to_whole(samples: np.ndarray, kind: np.dtype) -> np.ndarray:
    """Round float samples and clip them to the range of the integer type `kind`. Overwrites `samples`."""
    return np.clip(np.rint(samples, out=samples), 0, np.iinfo(kind).max, out=samples).astype(kind)


def downscale(hr: np.ndarray, scale: int) -> np.ndarray:
    """The LR picture, uint8 (H/scale, W/scale, 3), of an HR picture, uint8 (H, W, 3), whose sides divide by `scale`.

    The same as resize_bicubic for a whole factor, but several times as fast, and without a float32 copy of the picture.

    >>> downscale(np.zeros((96, 128, 3), np.uint8), 4).shape
    (24, 32, 3)
    """
    return _shrink_axis(_shrink_axis(hr, scale, 0), scale, 1)


def shrink_weights(scale: int) -> tuple[np.ndarray, np.ndarray]:
    """The HR pixels that one LR pixel is made of: their offsets from `scale` times its position, and their weights."""
    offsets, weights = cell_weights(scale, 1)
    return offsets, weights[0]


def cell_weights(pixels: int, fewer: int) -> tuple[np.ndarray, np.ndarray]:
    """How each `pixels` pixels of a row become `fewer`, by antialiased bicubic.

    Returns the offsets of the pixels that count from the first of the cell, and their weights, float32 (fewer, taps).
    """
    stretch = pixels / fewer
    centres = (np.arange(fewer) + 0.5) * stretch - 0.5
    offsets = np.arange(math.floor(centres[0] - 2 * stretch) + 1, math.ceil(centres[-1] + 2 * stretch))
    weights = cubic((centres[:, None] - offsets) / stretch)
    return offsets, (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def _shrink_axis(samples: np.ndarray, scale: int, axis: int) -> np.ndarray:
    """One pass of a downscale. All output pixels have the same weights, which slide over strips of the picture."""
    offsets, weights = shrink_weights(scale)
    length, across = samples.shape[axis], 1 - axis
    padding = [(0, 0)] * 3
    padding[axis] = (-offsets[0], max(0, offsets[-1] + 1 - scale))
    shape = list(samples.shape)
    shape[axis] //= scale
    out = np.empty(shape, np.uint8)
    step = max(1, STRIP // length)
    for start in range(0, samples.shape[across], step):
        strip = (slice(None),) * across + (slice(start, start + step),)
        padded = np.pad(samples[strip], padding, mode="edge").astype(np.float32)
        # (rows, columns, channels, taps); einsum releases Python's lock
        windows = np.lib.stride_tricks.sliding_window_view(padded, len(weights), axis=axis)
        windows = windows[::scale] if axis == 0 else windows[:, ::scale]
        total = np.einsum("hwct,t->hwc", windows, weights)
        out[strip] = to_whole(total, out.dtype)
    return out


def upscale_bicubic(lr: np.ndarray, scale: int) -> np.ndarray:
    """uint8 (H, W, 3) to (scale*H, scale*W, 3) by bicubic: the baseline of all comparisons."""
    return resize_bicubic(lr, lr.shape[0] * scale, lr.shape[1] * scale)
