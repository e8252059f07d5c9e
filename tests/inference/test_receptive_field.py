"""How far a network looks around decides how tiles overlap: declared, measured, or refused."""

import keras
import numpy as np
import pytest
from keras import layers

from pyimagesearch.errors import InputError
from pyimagesearch.inference.receptive_field import ReceptiveField, measure, receptive_field
from pyimagesearch.inference.upscaler import CONTEXT, Upscaler
from pyimagesearch.models.loading import load_generator


def network(*inside: layers.Layer, name="unregistered") -> keras.Model:
    """The picture plus what the layers make of it, at the same size."""
    lr = keras.Input((None, None, 3))
    x = layers.Rescaling(1 / 255)(lr)
    for layer in inside:
        x = layer(x)
    return keras.Model(lr, layers.Add()([lr, layers.Rescaling(200.0)(x)]), name=name)


def dilated() -> keras.Model:
    return network(
        *(layers.Conv2D(4, 3, padding="same", dilation_rate=rate, activation="relu") for rate in (4, 8, 16)),
        layers.Conv2D(3, 3, padding="same"),
    )


def depthwise() -> keras.Model:
    convolutions = [layers.DepthwiseConv2D(9, padding="same", depthwise_initializer="he_normal") for _ in range(7)]
    return network(*convolutions, layers.Conv2D(3, 1))


def strided() -> keras.Model:
    """An encoder and a decoder: 4 times smaller inside."""
    down = [layers.Conv2D(8, 5, strides=2, padding="same", activation="elu") for _ in range(2)]
    up = [layers.Conv2DTranspose(8, 4, strides=2, padding="same", activation="elu") for _ in range(2)]
    return network(*down, layers.Conv2D(8, 9, padding="same"), *up, layers.Conv2D(3, 1))


@pytest.mark.parametrize(
    ("build", "field"),
    [
        (dilated, ReceptiveField(4 + 8 + 16 + 1)),
        (depthwise, ReceptiveField(7 * 4)),
        (strided, ReceptiveField(27, period=4)),
    ],
)
def test_tiles_of_any_network_join_without_a_seam(build, field, noise):
    model = build()
    found = receptive_field(model, 1)
    assert (found.pixels, found.period) == (pytest.approx(field.pixels, abs=2), field.period)
    lr = noise(121, 70)
    whole = Upscaler(model, 1, tile=1000)(lr).astype(int)
    tiled = Upscaler(model, 1, tile=33)(lr).astype(int)  # no multiple of the period
    assert np.abs(whole - lr).mean() > 5  # otherwise equal tiles would prove little
    assert np.abs(tiled - whole).max() <= 1


def test_a_measured_field_is_the_one_that_is_declared(save_generator):
    model = save_generator("light", 4)[1]
    declared, measured = receptive_field(model, 4), measure(model, 4)
    assert measured.period == declared.period == 1
    assert measured.pixels == pytest.approx(declared.pixels, abs=2)


def test_weights_that_start_at_zero_do_not_hide_the_field():
    layer = layers.Conv2D(3, 9, padding="same", kernel_initializer="zeros")
    assert receptive_field(network(layer), 1) == ReceptiveField(4)


@pytest.mark.parametrize("name", ["light", "light-gan"])
def test_the_context_of_a_generator_that_ships(name):
    assert Upscaler(load_generator(name), 4).context == CONTEXT == 24


def _sees_all() -> keras.Model:
    return network(layers.Conv2D(3, 3, padding="same"), layers.GlobalAveragePooling2D(keepdims=True))


def _sees_nothing() -> keras.Model:
    lr = keras.Input((None, None, 3))
    return keras.Model(lr, layers.Rescaling(0.0, offset=9.0)(lr))


@pytest.mark.parametrize(("build", "reason"), [(_sees_all, "tiles of it would not join"), (_sees_nothing, "gradient")])
def test_a_network_that_cannot_be_measured_is_refused_in_one_line(build, reason):
    with pytest.raises(InputError, match=reason) as refused:
        Upscaler(build(), 1)
    assert "\n" not in str(refused.value)
