"""PSNR and SSIM against scikit-image, TensorFlow, NumPy and the published bicubic scores."""

import numpy as np
import pytest
import skimage.data
import tensorflow as tf
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from pyimagesearch.data.pairs import Pair
from pyimagesearch.evaluation import metrics, scoring
from pyimagesearch.evaluation.folders import folder_pairs
from pyimagesearch.images import resize
from pyimagesearch.inference.upscaler import BicubicUpscaler

SIZES = [(11, 11), (13, 29), (41, 32), (64, 47)]


def two_pictures(height: int, width: int, noise: float = 12) -> tuple[np.ndarray, np.ndarray]:
    """A smooth random picture and a noisy copy, uint8 RGB."""
    rng = np.random.default_rng(height * 1000 + width)
    y, x = np.mgrid[:height, :width]
    clean = 128 + 100 * np.sin(y / 5)[..., None] * np.cos(x / 7)[..., None] * np.array([1, 0.7, 0.3])
    noisy = clean + rng.normal(0, noise, clean.shape)
    return tuple(np.clip(np.rint(picture), 0, 255).astype(np.uint8) for picture in (noisy, clean))


def y_by_hand(rgb: np.ndarray) -> np.ndarray:
    r, g, b = (rgb[..., channel].astype(np.float64) for channel in range(3))
    return 16 + (65.738 * r + 129.057 * g + 25.064 * b) / 256


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_psnr_equals_scikit_images(height, width):
    a, b = two_pictures(height, width)
    expected = peak_signal_noise_ratio(b, a, data_range=255)
    assert metrics.psnr(a[None], b[None]).numpy() == pytest.approx([expected], abs=1e-4)


def test_psnr_by_hand():
    a, b = np.full((1, 4, 4), 100.0), np.full((1, 4, 4), 110.0)
    assert float(metrics.psnr(a, b)[0]) == pytest.approx(20 * np.log10(255 / 10), abs=1e-5)


def test_equal_pictures_give_100_db_instead_of_infinity():
    a = two_pictures(16, 16)[0][None]
    assert float(metrics.psnr(a, a)[0]) == pytest.approx(100, abs=1e-4)


@pytest.mark.parametrize("noise", [2, 12, 60])
@pytest.mark.parametrize(("height", "width"), SIZES)
def test_ssim_equals_scikit_images_over_the_valid_region(height, width, noise):
    a, b = (y_by_hand(picture) for picture in two_pictures(height, width, noise))
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}
    _, whole = structural_similarity(a, b, full=True, **options)
    expected = whole[5:-5, 5:-5].mean()
    assert float(metrics.ssim(a[None], b[None])[0]) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("strip", [1, 7, 54, 53, 55])
def test_ssim_in_strips_is_that_of_the_whole(strip, monkeypatch):
    a, b = (y_by_hand(picture)[None] for picture in two_pictures(64, 47))
    whole = float(metrics.ssim(a, b)[0])
    monkeypatch.setattr(metrics, "STRIP", strip)
    assert float(metrics.ssim(a, b)[0]) == pytest.approx(whole, abs=1e-6)


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_ssim_equals_tensorflows(height, width):
    a, b = (y_by_hand(picture)[None, ..., None].astype("float32") for picture in two_pictures(height, width))
    expected = tf.image.ssim(a, b, max_val=255.0)
    np.testing.assert_allclose(metrics.ssim(a[..., 0], b[..., 0]), expected, atol=1e-4)


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_ssim_equals_an_independent_one(height, width):
    """Wang et al. 2004, eq. 13, with the two-dimensional window written out, in float64."""
    a, b = (y_by_hand(picture) for picture in two_pictures(height, width))
    window = np.exp(-np.add.outer(np.arange(-5, 6) ** 2, np.arange(-5, 6) ** 2) / (2 * 1.5**2))
    window /= window.sum()
    values = []
    for top in range(height - 10):
        for left in range(width - 10):
            x, y = (picture[top : top + 11, left : left + 11] for picture in (a, b))
            mean_x, mean_y = (window * x).sum(), (window * y).sum()
            var_x, var_y = (window * (x - mean_x) ** 2).sum(), (window * (y - mean_y) ** 2).sum()
            covariance = (window * (x - mean_x) * (y - mean_y)).sum()
            c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
            luminance = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
            values.append(luminance * (2 * covariance + c2) / (var_x + var_y + c2))
    assert float(metrics.ssim(a[None], b[None])[0]) == pytest.approx(np.mean(values), abs=1e-4)


@pytest.mark.parametrize("border", [0, 3])
def test_ssim_rgb_is_scikit_images_mean_over_channels(border):
    sr, hr = two_pictures(33, 40)
    inside = (slice(border, 33 - border), slice(border, 40 - border))
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}
    expected = structural_similarity(sr[inside], hr[inside], channel_axis=-1, **options)
    assert float(metrics.ssim_rgb(sr[None], hr[None], border)[0]) == pytest.approx(expected, abs=1e-4)


def test_ssim_of_bright_flat_pictures_keeps_its_digits():
    # E[x^2] - E[x]^2 cancels where a picture is bright and nearly flat.
    rng = np.random.default_rng(3)
    a, b = 250 + rng.normal(0, 0.5, (2, 32, 32))
    _, whole = structural_similarity(
        a, b, full=True, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255
    )
    assert float(metrics.ssim(a[None], b[None])[0]) == pytest.approx(whole[5:-5, 5:-5].mean(), abs=1e-4)


def test_ssim_of_equal_pictures_is_one():
    a = y_by_hand(two_pictures(20, 17)[0])[None]
    assert float(metrics.ssim(a, a)[0]) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("border", [0, 2, 4])
@pytest.mark.parametrize(("height", "width"), [(21, 35), (40, 27)])
def test_scores_on_y_equal_a_handwritten_version(height, width, border):
    sr, hr = two_pictures(height, width)
    inside = (slice(border, height - border), slice(border, width - border))
    a, b = y_by_hand(sr)[inside], y_by_hand(hr)[inside]
    expected = 10 * np.log10(255**2 / np.mean((a - b) ** 2))
    assert float(metrics.psnr_y(sr[None], hr[None], border)[0]) == pytest.approx(expected, abs=1e-4)
    expected = metrics.ssim(a[None], b[None])
    np.testing.assert_allclose(metrics.ssim_y(sr[None], hr[None], border), expected, atol=1e-5)


@pytest.mark.parametrize("border", [0, 3])
def test_psnr_rgb_counts_the_three_channels_inside_the_border(border):
    sr, hr = two_pictures(23, 18)
    inside = (slice(border, 23 - border), slice(border, 18 - border))
    expected = peak_signal_noise_ratio(hr[inside], sr[inside], data_range=255)
    assert float(metrics.psnr_rgb(sr[None], hr[None], border)[0]) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("metric", [metrics.psnr_y, metrics.ssim_y, metrics.psnr_rgb, metrics.ssim_rgb])
def test_pixels_outside_the_border_do_not_count(metric):
    sr, hr = two_pictures(30, 30)
    framed = sr.copy()
    framed[:4], framed[-4:], framed[:, :4], framed[:, -4:] = 0, 0, 0, 0
    assert float(metric(framed[None], hr[None], 4)[0]) == float(metric(sr[None], hr[None], 4)[0])
    assert float(metric(framed[None], hr[None], 3)[0]) != float(metric(sr[None], hr[None], 3)[0])


def test_each_picture_of_a_batch_has_its_own_score():
    pairs = [two_pictures(24, 24, noise) for noise in (3, 30)]
    sr, hr = (np.stack(side) for side in zip(*pairs, strict=True))
    for metric in (metrics.psnr_y, metrics.ssim_y, metrics.psnr_rgb, metrics.ssim_rgb):
        alone = [float(metric(a[None], b[None], 2)[0]) for a, b in pairs]
        np.testing.assert_allclose(metric(sr, hr, 2), alone, rtol=1e-5)


@pytest.mark.parametrize(
    ("name", "psnr_y", "count"), [("Set5", 28.43, 5), pytest.param("Set14", 26.09, 14, marks=pytest.mark.slow)]
)
def test_bicubic_scores_what_the_field_publishes(test_data, name, psnr_y, count):
    folder = test_data / "benchmarks" / name
    hr, lr = str(folder / "HR"), str(folder / "LR_bicubic_x4")
    report = scoring.evaluate(folder_pairs(hr, lr, 4), {"bicubic": BicubicUpscaler(4)}, hr=hr, lr=lr)
    found = report["models"]["bicubic"]
    assert len(found["pictures"]) == count
    assert found["mean"]["psnr_y"] == pytest.approx(psnr_y, abs=0.02)


@pytest.mark.parametrize(
    ("name", "psnr_y", "ssim_y"),
    [("Set5", 28.43, 0.811), pytest.param("Set14", 26.09, 0.705, marks=pytest.mark.slow)],
)
def test_the_lr_pictures_that_we_make_score_as_the_fields(test_data, name, psnr_y, ssim_y):
    hr = str(test_data / "benchmarks" / name / "HR")
    report = scoring.evaluate(folder_pairs(hr, None, 4), {"bicubic": BicubicUpscaler(4)}, hr=hr, lr=None)
    mean = report["models"]["bicubic"]["mean"]
    assert mean["psnr_y"] == pytest.approx(psnr_y, abs=0.02)
    assert mean["ssim_y"] == pytest.approx(ssim_y, abs=0.001)
    assert mean["psnr_rgb"] < psnr_y - 1  # the protocol matters


@pytest.mark.parametrize(("name", "psnr_y"), [("astronaut", 26.84), ("chelsea", 31.48)])
def test_bicubic_of_two_photographs_that_every_machine_has(name, psnr_y):
    hr = resize.crop_to_multiple(getattr(skimage.data, name)(), 4)
    pair = Pair(name, resize.downscale(hr, 4), hr)
    _, found = scoring.score_pair(pair, {"bicubic": BicubicUpscaler(4)})
    assert found["bicubic"]["psnr_y"] == pytest.approx(psnr_y, abs=0.01)


@pytest.mark.parametrize(("scale", "side"), [(2, 16), (3, 12), (4, 8), (8, 4), (8, 2)])
def test_lr_consistency_is_the_psnr_of_the_downscaled_picture(scale, side):
    rng = np.random.default_rng(0)
    sr = rng.integers(0, 256, (2, side * scale, side * scale, 3), np.uint8)
    lr = rng.integers(0, 256, (2, side, side, 3), np.uint8)
    border = min(2, (side - 1) // 2)
    for ours, big, small in zip(metrics.lr_consistency(sr, lr, scale), sr, lr, strict=True):
        back = resize.downscale(big, scale)[border : side - border, border : side - border].astype(float)
        expected = peak_signal_noise_ratio(
            small[border : side - border, border : side - border].astype(float), back, data_range=255
        )
        # Pictures of 2x2 have no inner part, and their borders are mirrored here and repeated there.
        assert float(ours) == pytest.approx(expected, abs=0.05 if border else 2.0)
