"""The networks' layers, shapes and numbers of parameters, against the papers and sources that describe them."""

import keras
import pytest
from helpers.small_networks import pictures

from pyimagesearch.models import build_discriminator, build_generator
from pyimagesearch.presets import get_config


# Sizes of layers, from the descriptions of the networks and not from the code.
def _conv(size: int, inputs: int, filters: int) -> int:
    return size * size * inputs * filters + filters


def _norm(channels: int) -> int:
    return 4 * channels  # scale, shift, and the two moving statistics


def _srresnet_parameters(first_upsampling: int, scale_stages: int) -> int:
    """16 blocks of 64; each upsampling conv has `first_upsampling` filters, a quarter of them after the shuffle."""
    block = _conv(3, 64, 64) + _norm(64) + 64 + _conv(3, 64, 64) + _norm(64)
    count = _conv(9, 3, 64) + 64 + 16 * block + _conv(3, 64, 64) + _norm(64)
    channels = 64
    for _ in range(scale_stages):
        count += _conv(3, channels, first_upsampling) + first_upsampling // 4
        channels = first_upsampling // 4
    return count + _conv(9, channels, 3)


@pytest.mark.parametrize(("preset", "upsampling"), [("tutorial", 128), ("paper", 256)])
def test_srresnet_has_as_many_parameters_as_its_source_describes(preset, upsampling):
    assert build_generator(get_config(preset)).count_params() == _srresnet_parameters(upsampling, scale_stages=2)


@pytest.mark.parametrize(("scale", "published"), [(2, 1_370_000), (3, 1_550_000), (4, 1_518_000)])
def test_edsr_has_as_many_parameters_as_its_authors_count(scale, published):
    count = _conv(3, 3, 64) + 16 * 2 * _conv(3, 64, 64) + _conv(3, 64, 64) + _conv(3, 64, 3)
    count += 2 * _conv(3, 64, 256) if scale == 4 else _conv(3, 64, 64 * scale**2)
    assert build_generator(get_config("edsr").with_values({"network.scale": scale})).count_params() == count
    assert count == pytest.approx(published, rel=0.003)


def test_srcnn_and_faces_have_as_many_parameters_as_their_sources_describe():
    srcnn = _conv(9, 3, 64) + _conv(1, 64, 32) + _conv(5, 32, 3)
    assert build_generator(get_config("srcnn")).count_params() == srcnn == 20_099
    faces = _conv(9, 3, 64) + 16 * 2 * (_conv(3, 64, 64) + _norm(64)) + _conv(3, 64, 64) + _norm(64)
    faces += _conv(3, 64, 256) + _conv(3, 256, 256) + _conv(9, 256, 3)
    assert build_generator(get_config("faces")).count_params() == faces == 2_042_691


@pytest.mark.parametrize(
    ("preset", "filters", "blocks", "count"), [("light", 48, 10, 458_592), ("demo", 32, 8, 171_984)]
)
def test_light_has_as_many_parameters_as_the_docs_say(preset, filters, blocks, count):
    arithmetic = _conv(3, 3, filters) + 2 * blocks * _conv(3, filters, filters) + _conv(3, filters, filters)
    arithmetic += _conv(3, filters, 3 * 4**2)  # whose channels the pixel shuffle makes into 4x4 RGB pixels
    assert build_generator(get_config(preset)).count_params() == arithmetic == count


@pytest.mark.parametrize(("preset", "count"), [("light", 1_176_225), ("smoke", 19_013)])
def test_the_small_discriminators_have_as_many_parameters_as_the_docs_say(preset, count):
    filters = get_config(preset).discriminator.options["filters"]
    arithmetic = _conv(3, 3, filters) + _conv(3, filters, filters) + _norm(filters)
    for width in (filters, 2 * filters, 4 * filters):
        arithmetic += _conv(3, width, 2 * width) + _conv(3, 2 * width, 2 * width) + 2 * _norm(2 * width)
    assert build_discriminator(get_config(preset)).count_params() == arithmetic + 8 * filters + 1 == count


# Kernels in order, and the side of their output for LR pictures of 24 pixels a side.
TRUNK = [((9, 9, 3, 64), 24)] + 33 * [((3, 3, 64, 64), 24)]
EDSR = [((3, 3, 3, 64), 24)] + 33 * [((3, 3, 64, 64), 24)]
CONVOLUTIONS = {
    ("tutorial", 4): [*TRUNK, ((3, 3, 64, 128), 24), ((3, 3, 32, 128), 48), ((9, 9, 32, 3), 96)],
    ("paper", 4): [*TRUNK, ((3, 3, 64, 256), 24), ((3, 3, 64, 256), 48), ((9, 9, 64, 3), 96)],
    ("edsr", 2): [*EDSR, ((3, 3, 64, 256), 24), ((3, 3, 64, 3), 48)],
    ("edsr", 3): [*EDSR, ((3, 3, 64, 576), 24), ((3, 3, 64, 3), 72)],
    ("edsr", 4): [*EDSR, ((3, 3, 64, 256), 24), ((3, 3, 64, 256), 48), ((3, 3, 64, 3), 96)],
    ("light", 4): [((3, 3, 3, 48), 24), *22 * [((3, 3, 48, 48), 24)]],  # the last: 4x4 RGB pixels
    ("srcnn", 4): [((9, 9, 3, 64), 100), ((1, 1, 64, 32), 100), ((5, 5, 32, 3), 96)],  # of 96 pixels and 6 at each side
    ("faces", 4): [*TRUNK, ((3, 3, 64, 256), 48), ((3, 3, 256, 256), 96), ((9, 9, 256, 3), 96)],
}


@pytest.mark.parametrize(("preset", "scale"), CONVOLUTIONS)
def test_every_layer_of_a_generator_has_the_shape_that_its_source_says(preset, scale):
    generator = build_generator(get_config(preset).with_values({"network.scale": scale}))
    convolutions = [layer for layer in generator.layers if isinstance(layer, keras.layers.Conv2D)]
    outputs = keras.Model(generator.input, [layer.output for layer in convolutions])(pictures(1, 24, 24))
    found = [(tuple(layer.kernel.shape), out.shape[1]) for layer, out in zip(convolutions, outputs, strict=True)]
    assert found == CONVOLUTIONS[preset, scale]
    assert all(out.shape[1] == out.shape[2] for out in outputs)


def _kinds(model: keras.Model, *left_out: type) -> list[str]:
    return [type(layer).__name__ for layer in model.layers if not isinstance(layer, left_out)]


def test_faces_has_batch_norm_after_relu_and_nearest_neighbours_before_its_convolutions():
    generator = build_generator(get_config("faces"))
    convolutions = [layer for layer in generator.layers if isinstance(layer, keras.layers.Conv2D)]
    block = ["relu", "linear"]
    assert [layer.activation.__name__ for layer in convolutions] == [
        "relu",
        *16 * block,
        "linear",
        "relu",
        "relu",
        "linear",
    ]
    block = ["Conv2D", "BatchNormalization", "Conv2D", "BatchNormalization", "Add"]
    ends = ["Conv2D", "BatchNormalization", "Add", *2 * ["NearestUpsample", "Conv2D"]]
    ends += ["Conv2D", "Activation", "Rescaling"]
    assert _kinds(generator) == ["InputLayer", "Rescaling", "Conv2D", *16 * block, *ends]


def test_the_momentum_of_faces_batch_norms_is_its_sources():
    for network in (build_generator(get_config("faces")), build_discriminator(get_config("faces"))):
        assert {layer.momentum for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)} == {
            0.8
        }


def _discriminator_parameters(head: int) -> int:
    body = _conv(3, 3, 64) + _conv(3, 64, 64) + _norm(64)
    for inputs, width in ((64, 128), (128, 256), (256, 512)):
        body += _conv(3, inputs, width) + _norm(width) + _conv(3, width, width) + _norm(width)
    return body + head


POOLED_OR_FLAT = {
    # 64 s1, 64 s1, then a strided and a plain conv of each width; pooled to 512 numbers and one Dense.
    "tutorial": ([(64, 1), (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1)], 512 + 1),
    # Every second conv is strided: 96 pixels become 6, then Dense 1024 and Dense 1.
    "paper": (
        [(64, 1), (64, 2), (128, 1), (128, 2), (256, 1), (256, 2), (512, 1), (512, 2)],
        (6 * 6 * 512 + 1) * 1024 + 1024 + 1,
    ),
}


@pytest.mark.parametrize("name", POOLED_OR_FLAT)
def test_a_discriminator_has_the_layers_and_parameters_of_its_source(name):
    convolutions, head = POOLED_OR_FLAT[name]
    discriminator = build_discriminator(get_config(name))
    found = [layer for layer in discriminator.layers if isinstance(layer, keras.layers.Conv2D)]
    assert [(layer.filters, layer.strides[0]) for layer in found] == convolutions
    assert {layer.kernel_size for layer in found} == {(3, 3)}
    slopes = [layer.negative_slope for layer in discriminator.layers if isinstance(layer, keras.layers.LeakyReLU)]
    assert slopes == [0.2] * 9
    normed = [layer for layer in discriminator.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert len(normed) == 7  # none after the first conv
    assert discriminator.count_params() == _discriminator_parameters(head)


def test_the_patch_discriminator_judges_each_place_of_a_16x16_map():
    discriminator = build_discriminator(get_config("faces"))
    found = [layer for layer in discriminator.layers if isinstance(layer, keras.layers.Conv2D)]
    assert [(layer.filters, layer.strides[0], layer.output.shape[1]) for layer in found] == [
        (64, 1, 256), (64, 2, 128), (128, 1, 128), (128, 2, 64), (256, 1, 64), (256, 2, 32), (512, 1, 32), (512, 2, 16),
    ]  # fmt: skip
    block = ["Conv2D", "LeakyReLU", "BatchNormalization"]
    head = ["Dense", "LeakyReLU", "Dense"]
    assert _kinds(discriminator) == ["InputLayer", "Rescaling", "Conv2D", "LeakyReLU", *7 * block, *head]
    assert {layer.negative_slope for layer in discriminator.layers if "leaky" in layer.name} == {0.2}
    assert discriminator.output_shape == (None, 16, 16, 1)
    assert discriminator.count_params() == _discriminator_parameters(512 * 1024 + 1024 + 1024 + 1)


def test_rrdb_and_the_unet_have_as_many_parameters_as_their_authors_networks():
    """Those of RealESRGAN_x4plus.pth and of its discriminator."""
    dense = sum(_conv(3, 64 + 32 * number, 32) for number in range(4)) + _conv(3, 64 + 4 * 32, 64)
    rrdb = _conv(3, 3, 64) + 23 * 3 * dense + _conv(3, 64, 64) + 3 * _conv(3, 64, 64) + _conv(3, 64, 3)
    assert build_generator(get_config("esrgan")).count_params() == rrdb == 16_697_987
    unet = build_discriminator(get_config("real-esrgan"))
    assert sum(weight.numpy().size for weight in unet.trainable_weights) == 4_376_897
