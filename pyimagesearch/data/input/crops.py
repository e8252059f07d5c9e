"""Many aligned, augmented crops at once, out of pixels that lie in rows.

One indexed read per picture makes the crop, its flips and its quarter turn: one operation for a block of tiles costs a
tenth of slicing, transposing and flipping them one by one.
"""

import tensorflow as tf


def cut_crops(
    lr: tf.Tensor,
    hr: tf.Tensor,
    starts: tf.Tensor,
    shapes: tf.Tensor,
    draws: tf.Tensor,
    *,
    crop: int,
    scale: int,
    augment: str = "dihedral",
) -> tuple[tf.Tensor, tf.Tensor]:
    """A crop of each of n pictures: lr (n, crop/scale, crop/scale, 3), hr (n, crop, crop, 3), uint8.

    lr (p, 3) and hr (p * scale**2, 3), uint8: the pixels of all pictures, one after the other, row by row. starts (n,),
    int32 or int64: where each begins, in LR pixels. shapes (n, 2) of the same type: height and width of its LR side.
    draws (n, 3), float32 in [0, 1): top, left, and which of the square's eight symmetries ("dihedral") or of two, as it
    is and flipped left-right ("flip"); LR and HR share all three.
    """
    size = crop // scale
    # draws are below 1, but their product with a large room may be rounded up to it.
    room = shapes - size
    offsets = tf.minimum(tf.cast(draws[:, :2] * tf.cast(room + 1, tf.float32), shapes.dtype), room)
    symmetry = tf.cast(draws[:, 2] * 2, tf.int32) * 2 if augment == "flip" else tf.cast(draws[:, 2] * 8, tf.int32)

    def cut(pixels: tf.Tensor, factor: int) -> tf.Tensor:
        indices = _indices(starts * factor**2, shapes[:, 1] * factor, offsets * factor, symmetry, size * factor)
        return tf.gather_nd(pixels, indices[..., None])  # twice as fast as gather, for whatever reason

    return cut(lr, 1), cut(hr, scale)


def _indices(starts: tf.Tensor, widths: tf.Tensor, offsets: tf.Tensor, symmetry: tf.Tensor, side: int) -> tf.Tensor:
    """Which pixel comes to each place of the crops: (n, side, side).

    Every symmetry of the square is a flip or none along each side, then a transposition or none: walking the picture's
    rows upwards or downwards, its columns to the right or to the left, and the one or the other first.
    """
    flip_rows, flip_columns, transpose = symmetry % 2 == 1, symmetry // 2 % 2 == 1, symmetry // 4 == 1
    one = tf.ones_like(widths)
    down, right = tf.where(flip_rows, -widths, widths), tf.where(flip_columns, -one, one)
    top = offsets[:, 0] + tf.where(flip_rows, (side - 1) * one, 0 * one)
    left = offsets[:, 1] + tf.where(flip_columns, (side - 1) * one, 0 * one)
    corner = starts + top * widths + left
    steps = tf.range(side, dtype=widths.dtype)
    rows = tf.where(transpose, right, down)[:, None] * steps
    columns = tf.where(transpose, down, right)[:, None] * steps
    return (corner[:, None] + rows)[:, :, None] + columns[:, None, :]
