"""pyimagesearch.data.input.degradations: kernels and damage against other implementations, and their determinism."""

import dataclasses
import io

import cv2
import numpy as np
import pytest
import scipy.ndimage
import skimage.data
from helpers.batches import assert_equal_batches, take
from PIL import Image

from pyimagesearch.data.input import blur_kernels
from pyimagesearch.data.input.degradation_presets import (
    DEGRADATION_PRESETS,
    FULL,
    DegradationPreset,
    Step,
    get_degradations,
)
from pyimagesearch.data.input.degradations import DEGRADATIONS, degrade
from pyimagesearch.data.input.loader import open_records
from pyimagesearch.errors import InputError
from pyimagesearch.images.resize import downscale

SIZE = (16, 16)


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.fixture(scope="module")
def photograph():
    """A part of a photograph, float32 in [0, 1]."""
    return skimage.data.astronaut()[:128, 160:288].astype(np.float32) / 255


def grey(level, side=256):
    return np.full((side, side, 3), level, np.float32)


# Kernels


def test_a_round_gaussian_is_opencvs():
    line = cv2.getGaussianKernel(21, 1.7)
    np.testing.assert_allclose(blur_kernels.gaussian(21, 1.7, 1.7, 0.4), line @ line.T, atol=1e-6)


def test_a_turned_gaussian_has_its_moments():
    """Its covariance is R diag(sigma**2) R'."""
    kernel, angle = blur_kernels.gaussian(41, 4.0, 2.0, 0.5), 0.5
    y, x = np.mgrid[-20:21, -20:21]
    covariance = [[(kernel * a * b).sum() for b in (x, y)] for a in (x, y)]
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    np.testing.assert_allclose(covariance, turn @ np.diag([16, 4]) @ turn.T, rtol=0.01)


def test_exponents_of_one_and_more_give_the_gaussian_and_flatter_tops():
    plain = blur_kernels.gaussian(21, 2, 2, 0)
    np.testing.assert_allclose(blur_kernels.generalised(21, 2, 2, 0, 1.0), plain, atol=1e-7)
    middle = plain[10, 10] / plain[10, 11]
    assert (
        blur_kernels.generalised(21, 2, 2, 0, 3.0)[10, 10] / blur_kernels.generalised(21, 2, 2, 0, 3.0)[10, 11] < middle
    )
    flat = blur_kernels.plateau(21, 3, 3, 0, 2.0)
    assert flat[10, 10] / flat[10, 11] < 1.02


@pytest.mark.parametrize("cutoff", [np.pi / 3, np.pi / 2, 2.5])
def test_a_sinc_keeps_low_frequencies_and_stops_high_ones(cutoff):
    response = np.abs(np.fft.fft2(blur_kernels.sinc(61, cutoff), (256, 256)))
    frequency = 2 * np.pi * np.abs(np.fft.fftfreq(256))
    radius = np.hypot(frequency[:, None], frequency)
    assert response[radius < cutoff - 0.25].min() > 0.85
    assert response[(radius > cutoff + 0.25) & (radius < np.pi)].max() < 0.15


# What is done to a picture


def test_a_blur_is_the_convolution_with_its_kernel(photograph):
    ours = DEGRADATIONS["blur"](
        photograph, rng(), SIZE, shape="gaussian", anisotropic=False, sigma=(1.5, 1.5), side=(21, 21)
    )
    kernel = blur_kernels.gaussian(21, 1.5, 1.5, 0)[:, :, None]
    np.testing.assert_allclose(ours, scipy.ndimage.convolve(photograph, kernel, mode="reflect"), atol=1e-5)


@pytest.mark.parametrize("shape", ["gaussian", "generalised", "plateau"])
@pytest.mark.parametrize("anisotropic", [False, True])
def test_every_blur_keeps_flat_areas_and_takes_detail(photograph, shape, anisotropic):
    options = {"shape": shape, "anisotropic": anisotropic, "sigma": (1.0, 2.0)}
    np.testing.assert_allclose(DEGRADATIONS["blur"](grey(0.4), rng(), SIZE, **options), 0.4, atol=1e-5)
    blurred = DEGRADATIONS["blur"](photograph, rng(), SIZE, **options)
    assert np.abs(np.diff(blurred, axis=0)).mean() < 0.9 * np.abs(np.diff(photograph, axis=0)).mean()


def test_ringing_overshoots_at_edges():
    edge = grey(0.3, 64)
    edge[:, 32:] = 0.7
    ringing = DEGRADATIONS["sinc"](edge, rng(), SIZE, cutoff=(1.2, 1.2), side=(21, 21))
    assert ringing.max() > 0.72
    assert ringing.min() < 0.28


def test_gaussian_noise_has_its_strength_and_grey_noise_is_the_same_in_all_channels():
    def noise(probability):
        return DEGRADATIONS["gaussian_noise"](grey(0.5), rng(), SIZE, sigma=(20, 20), grey=probability) - 0.5

    for probability in (0, 1):
        assert noise(probability).std() * 255 == pytest.approx(20, rel=0.02)
    np.testing.assert_array_equal(noise(1)[:, :, :1].repeat(3, axis=2), noise(1))
    assert abs(np.corrcoef(noise(0)[..., 0].ravel(), noise(0)[..., 1].ravel())[0, 1]) < 0.02


@pytest.mark.parametrize("level", [0.05, 0.5, 0.9])
def test_poisson_noise_grows_with_the_root_of_the_light(level):
    """Of N photons on average, the standard deviation is the root of N."""
    noise = DEGRADATIONS["poisson_noise"](grey(level), rng(), SIZE, strength=(1, 1), grey=0) - level
    assert noise.std() == pytest.approx(np.sqrt(level / 255), rel=0.02)
    assert abs(noise.mean()) < 1e-3
    stronger = DEGRADATIONS["poisson_noise"](grey(level), rng(), SIZE, strength=(2, 2), grey=0) - level
    np.testing.assert_allclose(stronger, 2 * noise, atol=1e-6)


def test_a_jpeg_is_that_of_its_quality(photograph):
    picture = (photograph * 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=40)
    ours = DEGRADATIONS["jpeg"](picture.astype(np.float32) / 255, rng(), SIZE, quality=(40, 40)) * 255
    assert np.abs(ours - np.asarray(Image.open(file), np.float32)).mean() < 0.5
    assert np.abs(ours - picture).mean() > 2


@pytest.mark.parametrize(("factor", "of_lr", "expected"), [(0.5, False, (64, 64)), (1.5, True, (24, 48))])
def test_a_resize_is_of_the_picture_or_of_lr(photograph, factor, of_lr, expected):
    resized = DEGRADATIONS["resize"](photograph, rng(), (16, 32), factor=(factor, factor), of_lr=of_lr)
    assert resized.shape == (*expected, 3)


def test_the_end_is_of_the_size_of_lr_and_its_jpeg_comes_before_or_after_the_resize(photograph):
    """After it, the blocks are 8 pixels of LR wide, before it 4."""
    ends = [
        DEGRADATIONS["finish"](photograph, rng(seed), (64, 64), ringing=0.0, compressed=1.0, quality=(10, 10))
        for seed in range(20)
    ]
    assert {end.shape for end in ends} == {(64, 64, 3)}
    steps = [np.abs(np.diff(end.mean(axis=2), axis=1)).mean(axis=0) for end in ends]
    jpeg_first = [step[3::8].mean() > 0.5 * step[7::8].mean() for step in steps]
    assert 4 <= sum(jpeg_first) <= 16


def test_the_end_leaves_some_pictures_without_jpeg(photograph):
    """As cameras and screenshots write them: noise that no JPEG has smoothed."""
    options = {"ringing": 0.0, "quality": (10, 10)}
    never, often = (
        [DEGRADATIONS["finish"](photograph, rng(seed), (128, 128), compressed=part, **options) for seed in range(40)]
        for part in (0.0, 0.75)
    )
    assert all((end == photograph).all() for end in never)
    assert 4 <= sum((end == photograph).all() for end in often) <= 16


# Presets


@pytest.mark.parametrize("preset", DEGRADATION_PRESETS.values(), ids=DEGRADATION_PRESETS)
def test_every_step_of_a_preset_is_known_and_its_alternatives_are_probabilities(preset):
    for stage in preset.stages:
        assert all(step.name in DEGRADATIONS for step in stage)
        assert all(step.probability > 0 for step in stage)
        assert sum(step.probability for step in stage) <= 1 + 1e-9


@pytest.mark.parametrize("preset", DEGRADATION_PRESETS.values(), ids=DEGRADATION_PRESETS)
def test_the_same_draws_give_the_same_picture_and_others_another(preset, noise):
    hr = noise(64, 96)
    first, again, other = (degrade(hr, 4, preset, rng([1, number])) for number in (5, 5, 6))
    assert first.shape == (16, 24, 3)
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_the_full_preset_damages_more_than_the_mild_one():
    hr = skimage.data.astronaut()[:256, :256]
    clean = downscale(hr, 4).astype(float)
    errors = {
        name: np.mean([np.abs(degrade(hr, 4, preset, rng(seed)) - clean).mean() for seed in range(40)])
        for name, preset in DEGRADATION_PRESETS.items()
    }
    assert 2 < errors["mild"] < 0.8 * errors["full"]


def test_a_clean_picture_is_made_smaller_by_bicubic(noise):
    hr = noise(64, 64)
    always = dataclasses.replace(FULL, clean=1.0)
    np.testing.assert_array_equal(degrade(hr, 4, always, rng()), downscale(hr, 4))


def test_alternatives_come_as_often_as_they_say():
    hr = np.full((16, 16, 3), 128, np.uint8)
    stage = (
        Step("gaussian_noise", 0.3, {"sigma": (5, 5), "grey": 0}),
        Step("gaussian_noise", 0.2, {"sigma": (5, 5), "grey": 1}),
    )
    small = Step("resize", 1.0, {"factor": (1.0, 1.0), "of_lr": True})
    kinds = {"none": 0, "grey": 0, "colour": 0}
    for seed in range(2000):
        lr = degrade(hr, 2, DegradationPreset("", 0, (stage, (small,))), rng(seed)).astype(int)
        flat = (lr == 128).all()
        kinds["none" if flat else "grey" if (np.ptp(lr, axis=2) <= 1).all() else "colour"] += 1
    assert kinds["none"] == pytest.approx(1000, abs=100)
    assert kinds["grey"] == pytest.approx(400, abs=80)


def test_an_unknown_preset_is_refused_with_the_known_ones():
    with pytest.raises(InputError, match="unknown degradations wild; valid: mild, full"):
        get_degradations("wild")


# In the loader


def test_lr_is_made_of_the_hr_crops(dataset):
    folder, manifest = dataset()
    plain, damaged = take(folder, manifest, 4), take(folder, manifest, 4, degradations="mild")
    for (clean_lr, clean_hr), (lr, hr) in zip(plain, damaged, strict=True):
        np.testing.assert_array_equal(hr, clean_hr)
        assert lr.shape == clean_lr.shape
        assert lr.dtype == np.uint8
        assert (lr != clean_lr).any()


def test_batches_with_degradations_depend_on_the_seed_and_their_number_alone(dataset):
    folder, manifest = dataset()
    whole = take(folder, manifest, 6, degradations="full")
    assert_equal_batches(take(folder, manifest, 6, degradations="full"), whole)
    assert_equal_batches(take(folder, manifest, 3, degradations="full", start_step=3), whole[3:])
    for host in range(2):
        share = take(folder, manifest, 6, degradations="full", hosts=2, host=host)
        assert_equal_batches(share, [(lr[host::2], hr[host::2]) for lr, hr in whole])
    parts = take(folder, manifest, 4, degradations="full", hosts=2, host=1, part=1)
    for number in range(4):
        np.testing.assert_array_equal(parts[number][0][0], whole[number // 2][0][1 + number % 2 * 2])
    assert any(
        (a[0] != b[0]).any() for a, b in zip(take(folder, manifest, 6, degradations="full", seed=8), whole, strict=True)
    )


def test_the_python_api_refuses_unknown_degradations(dataset):
    folder, _ = dataset()
    with pytest.raises(InputError, match="unknown degradations wild"):
        open_records(folder, degradations="wild")
    lr, hr = next(iter(open_records(folder, batch=2, degradations="mild")))
    assert (lr.shape, hr.shape) == ((2, 8, 8, 3), (2, 32, 32, 3))


@pytest.mark.parametrize(("scale", "crop"), [(2, 16), (3, 18), (4, 16), (8, 16), (8, 24)])
@pytest.mark.parametrize("preset", DEGRADATION_PRESETS.values(), ids=DEGRADATION_PRESETS)
def test_lr_of_the_smallest_crops_has_its_size(preset, scale, crop, noise):
    hr = noise(crop, crop)
    for seed in range(20):
        assert degrade(hr, scale, preset, rng(seed)).shape == (crop // scale, crop // scale, 3)


def test_a_negative_seed_is_refused(dataset):
    with pytest.raises(InputError, match="`seed` must be at least 0, received -1"):
        open_records(dataset()[0], seed=-1, degradations="mild")
