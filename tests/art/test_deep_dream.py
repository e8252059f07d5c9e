"""`DeepDreamer` in Python: its arguments, and what it promises of arrays."""

import numpy as np
import pytest

from pyimagesearch import DeepDreamer, InputError


@pytest.fixture(scope="module")
def dreamer():
    return DeepDreamer(octave_powers=(-1, 0), layers=["block1_conv2"], backbone="vgg19", weights="random")


def test_the_progress_adds_up_to_what_was_announced(dreamer, noise):
    told = []
    dreamer.dream(noise(20, 30), steps=3, on_pixels=told.append)
    assert sum(told) == dreamer.count_pixels(20, 30, 3) == 3 * (20 * 30 + 15 * 23)


def test_hidden_black_does_not_bleed_into_what_is_seen(dreamer):
    picture = np.full((24, 24, 4), 200, np.uint8)
    picture[:, :12] = 0  # hidden, and black
    seen = np.full((24, 24, 4), 200, np.uint8)
    seen[:, :12, 3] = 0  # hidden, in the colour of what is seen
    found, expected = (dreamer.dream(each, steps=2) for each in (picture, seen))
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("shape", [(12, 14), (12, 14, 1), (12, 14, 2), (12, 14, 3), (12, 14, 4)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_dream_is_of_the_pictures_kind(dreamer, shape, dtype):
    picture = np.random.default_rng(0).integers(0, np.iinfo(dtype).max + 1, shape).astype(dtype)
    before = picture.copy()
    dream = dreamer.dream(picture, steps=1)
    assert (dream.shape, dream.dtype) == (shape, dtype)
    assert (dream != picture).any()
    np.testing.assert_array_equal(picture, before)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"octave_scale": 1.0}, "`octave_scale` must be 1.01 to 4, received 1"),
        ({"octave_powers": ()}, "octaves are one or more powers of -20 to 20, received none"),
        ({"layers": []}, "takes one or more layers, each once; valid for inception_v3: mixed0, "),
        ({"layers": ["mixed3", "mixed3"]}, "takes one or more layers, each once; valid for inception_v3: mixed0, "),
        ({"backbone": "resnet"}, "`backbone` must be inception_v3 or vgg19, received resnet"),
    ],
)
def test_wrong_arguments_are_refused(options, text):
    with pytest.raises(InputError) as refused:
        DeepDreamer(weights="random", **options)
    assert text in str(refused.value)


def test_what_is_no_picture_is_refused(dreamer, noise):
    with pytest.raises(InputError, match=r"^`picture` must be one picture"):
        dreamer.dream(noise(20, 20).astype(float))
    with pytest.raises(InputError, match=r"^`guide` must be one picture"):
        dreamer.dream(noise(20, 20), guide=[1, 2])
