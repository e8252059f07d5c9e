"""The precision in which a trained generator computes."""

import keras


def set_inference_precision(model: keras.Model, precision: str) -> None:
    """Have a generator compute in float32 ("float32"), or in float32 but for its inner convolutions ("bfloat16").

    A bfloat16 has 8 bits of precision, as many as a sample of a picture. So the first convolution, which sees the
    picture, and the last, which makes its detail, stay in float32, and so does all that is added up: the sums of
    residual blocks, and the bicubic picture. The variables stay in float32.
    """
    for layer in model.layers:
        layer.dtype_policy = "float32"
    if precision == "bfloat16":
        convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
        for layer in convolutions[1:-1]:
            layer.dtype_policy = "mixed_bfloat16"
