"""Colour conversion."""


def luma(rgb):
    """Y of BT.601 in studio range, as MATLAB's rgb2ycbcr: RGB in [0, 255], (..., 3) -> (...) in [16, 235].

    Plain arithmetic: works on NumPy arrays and on the tensors of any Keras backend.
    """
    return (65.738 * rgb[..., 0] + 129.057 * rgb[..., 1] + 25.064 * rgb[..., 2]) / 256.0 + 16.0
