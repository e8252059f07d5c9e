"""Resizing as the field's benchmarks do it: MATLAB's antialiased bicubic. NumPy alone."""

import math

import numpy as np

STRIP = 1 << 20  # pixels that are resized in one go


def crop_to_multiple(picture: np.ndarray, multiple: int) -> np.ndarray:
    """Cut right and bottom so that both sides divide by `multiple`."""
    height, width = picture.shape[:2]
    return picture[: height - height % multiple, : width - width % multiple]


def cubic(x: np.ndarray) -> np.ndarray:
    """Weights at distances `x`, in pixels: Keys' cubic convolution kernel, a = -0.5 (IEEE TASSP 29(6), 1981)."""
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
    indices, weights = _taps(samples.shape[axis], out_length)
    shape = [1, 1, 1]
    shape[axis] = out_length
    out: np.ndarray | None = None
    for tap in np.flatnonzero(np.any(weights != 0, axis=0)):
        term = np.take(samples, indices[:, tap], axis=axis) * weights[:, tap].reshape(shape)
        out = term if out is None else np.add(out, term, out=out)
    assert out is not None
    return out


def resize_bicubic(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """MATLAB's imresize(picture, [height width], "bicubic"), antialiased: the kernel of the field's benchmarks.

    (H, W, channels) of uint8 or uint16, in and out. A downscale equals the LR files that papers use, to one level: they
    repeat the border's pixels and round after each of the two passes. An upscale mirrors the border and rounds once, as
    models can.
    """
    kind = picture.dtype
    samples = _resize_axis(picture.astype(np.float32), height, 0)
    if height < picture.shape[0]:
        samples = to_whole(samples, kind)
    samples = _resize_axis(samples, width, 1)
    return to_whole(samples, kind)


def to_whole(samples: np.ndarray, kind: np.dtype) -> np.ndarray:
    """Float samples rounded and clipped to the integers of `kind`; works on `samples` in place."""
    return np.clip(np.rint(samples, out=samples), 0, np.iinfo(kind).max, out=samples).astype(kind)


def downscale(hr: np.ndarray, scale: int) -> np.ndarray:
    """The LR picture (H/scale, W/scale, 3) of an HR picture whose sides divide by `scale`.

    resize_bicubic for a whole factor, several times as fast and without a copy of the picture in float32.
    """
    return _shrink_axis(_shrink_axis(hr, scale, 0), scale, 1)


def shrink_weights(scale: int) -> tuple[np.ndarray, np.ndarray]:
    """Where the pixels lie that make one pixel of a downscale, from `scale` times its place, and their weights."""
    centre = (scale - 1) / 2  # of the first output pixel
    offsets = np.arange(math.floor(centre - 2 * scale) + 1, math.ceil(centre + 2 * scale))  # inside the kernel
    weights = cubic((centre - offsets) / scale)
    return offsets, (weights / weights.sum()).astype(np.float32)


def _shrink_axis(samples: np.ndarray, scale: int, axis: int) -> np.ndarray:
    """One pass of a downscale: every output pixel has the same weights, which slide over strips of the picture."""
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
        part = np.pad(samples[strip], padding, mode="edge").astype(np.float32)
        # (rows, columns, channels, taps); einsum is one call without Python's lock
        windows = np.lib.stride_tricks.sliding_window_view(part, len(weights), axis=axis)
        windows = windows[::scale] if axis == 0 else windows[:, ::scale]
        total = np.einsum("hwct,t->hwc", windows, weights)
        out[strip] = to_whole(total, out.dtype)
    return out


def upscale_bicubic(lr: np.ndarray, scale: int) -> np.ndarray:
    """(H, W, 3) to (scale*H, scale*W, 3): the baseline that every model is compared with."""
    return resize_bicubic(lr, lr.shape[0] * scale, lr.shape[1] * scale)
