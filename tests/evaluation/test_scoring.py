"""Scores of whole pictures: what they mean, which pictures are too small for them, and what a report of them holds."""

import json
import math
import time
import weakref
from pathlib import Path

import numpy as np
import pytest
from helpers.score_pictures import SCORES, smooth
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from pyimagesearch.data.pairs import Pair
from pyimagesearch.errors import InputError
from pyimagesearch.evaluation import device, scoring
from pyimagesearch.evaluation.folders import folder_pairs
from pyimagesearch.evaluation.models import load_upscalers
from pyimagesearch.images import resize
from pyimagesearch.inference.upscaler import BicubicUpscaler, Upscaler


class Oracle:
    """Knows the HR picture."""

    def __init__(self, hr: np.ndarray, scale: int):
        self.hr, self.scale = hr, scale

    def __call__(self, _):
        return self.hr


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_a_perfect_upscaler_has_perfect_scores(scale):
    hr = smooth(48 * 2, 72 * 2)
    pair = Pair("one.png", resize.downscale(hr, scale), hr)
    outputs, scores = scoring.score_pair(pair, {"oracle": Oracle(hr, scale)})
    np.testing.assert_array_equal(outputs["oracle"], hr)
    found = scores["oracle"]
    assert set(found) == SCORES
    for score in ("psnr_y", "psnr_rgb", "psnr_rgb_whole", "lr_consistency_db"):
        assert found[score] == pytest.approx(100, abs=1e-3)
    for score in ("ssim_y", "ssim_rgb", "ssim_rgb_whole"):
        assert found[score] == pytest.approx(1, abs=1e-6)
    assert found["seconds"] > 0
    assert found["megapixels_per_s"] == pytest.approx(hr.shape[0] * hr.shape[1] / 1e6 / found["seconds"])


def by_hand(sr: np.ndarray, hr: np.ndarray, scale: int) -> dict[str, float]:
    """Every protocol from scikit-image, in float64."""
    inside = (slice(scale, -scale), slice(scale, -scale))
    ssim = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}
    y = [16 + picture[inside].astype(np.float64) @ [65.738, 129.057, 25.064] / 256 for picture in (sr, hr)]
    cropped, whole = (sr[inside], hr[inside]), (sr, hr)
    return {
        "psnr_y": peak_signal_noise_ratio(y[1], y[0], data_range=255),
        "ssim_y": structural_similarity(*y, **ssim),
        "psnr_rgb": peak_signal_noise_ratio(*cropped[::-1]),
        "ssim_rgb": structural_similarity(*cropped, **ssim, channel_axis=-1),
        "psnr_rgb_whole": peak_signal_noise_ratio(*whole[::-1]),
        "ssim_rgb_whole": structural_similarity(*whole, **ssim, channel_axis=-1),
    }


@pytest.mark.parametrize(("height", "width", "scale"), [(48, 64, 2), (51, 39, 3), (60, 44, 4), (64, 40, 8)])
def test_every_protocol_is_what_its_name_says(height, width, scale, noise):
    hr = smooth(height, width)
    sr = np.clip(hr + noise(height, width).astype(int) // 6 - 20, 0, 255).astype(np.uint8)
    found = scoring.compute_scores(sr, Pair("one.png", resize.downscale(hr, scale), hr), scale)
    expected = by_hand(sr, hr, scale)
    assert len({round(value, 4) for value in expected.values()}) == 6  # no two protocols agree on these pictures
    assert {key: found[key] for key in expected} == pytest.approx(expected, abs=1e-4)


def test_a_grey_picture_counts_as_rgb(tmp_path, noise):
    grey = noise(40, 48)[:, :, 0]
    for mode, samples in (("grey", grey), ("rgb", np.repeat(grey[:, :, None], 3, axis=2))):
        (tmp_path / mode).mkdir()
        Image.fromarray(samples).save(tmp_path / mode / "one.png")
    scored = [
        scoring.score_pair(pair, {"bicubic": BicubicUpscaler(4)})[1]["bicubic"]
        for mode in ("grey", "rgb")
        for pair in folder_pairs(str(tmp_path / mode), None, 4)
    ]
    for score in SCORES - {"seconds", "megapixels_per_s"}:
        assert scored[0][score] == scored[1][score]


def test_seconds_are_those_of_the_call_alone_and_models_are_warm_before(folders):
    class Slow:
        scale, calls = 4, 0

        def __call__(self, lr):
            self.calls += 1
            time.sleep(0.3 if self.calls == 1 else 0.02)
            return resize.upscale_bicubic(lr, 4)

    hr, lr = map(str, folders)
    slow = Slow()
    report = scoring.evaluate(folder_pairs(hr, lr, 4), {"slow": slow}, hr=hr, lr=lr)
    rows = report["models"]["slow"]["pictures"]
    assert slow.calls == 3
    assert all(0.02 <= row["seconds"] < 0.2 for row in rows.values())
    megapixels = (64 * 80 + 48 * 60) / 1e6
    mean = report["models"]["slow"]["mean"]["megapixels_per_s"]
    assert mean == pytest.approx(megapixels / sum(row["seconds"] for row in rows.values()))


def test_one_pair_is_in_memory_at_a_time():
    alive, most = [], 0

    def pairs():
        nonlocal most
        for number in range(6):
            hr = smooth(40, 40, seed=number)
            alive.append(weakref.ref(hr))
            yield Pair(f"{number}.png", resize.downscale(hr, 4), hr)
            del hr
            most = max(most, sum(reference() is not None for reference in alive))

    scoring.evaluate(pairs(), {"bicubic": BicubicUpscaler(4)}, hr="made", lr=None)
    assert most <= 2  # the pair that was scored last, and the next


def test_as_many_pixels_as_the_scale_are_cropped_and_two_of_the_lr_picture():
    hr = smooth(96, 96)
    lr = resize.downscale(hr, 4)

    def framed(width: int) -> dict[str, float]:
        sr = hr.copy()
        sr[:width], sr[-width:], sr[:, :width], sr[:, -width:] = 0, 0, 0, 0
        return scoring.compute_scores(sr, Pair("one.png", lr, hr), 4)

    inside, outside = framed(4), framed(5)
    assert framed(1)["psnr_rgb_whole"] < 50
    for score in ("psnr_y", "psnr_rgb"):
        assert inside[score] == pytest.approx(100, abs=1e-3)
        assert outside[score] < 50
    assert inside["ssim_y"] == pytest.approx(1, abs=1e-6)
    assert outside["ssim_y"] < 0.999
    assert inside["ssim_rgb"] == pytest.approx(1, abs=1e-6)
    assert inside["ssim_rgb_whole"] < 0.999
    # The downscale's kernel carries a frame of 2 SR pixels into the first LR pixels, which do not count.
    assert framed(1)["lr_consistency_db"] > 50
    assert framed(12)["lr_consistency_db"] < 50


def test_lr_consistency_sees_a_shift_of_colour():
    hr = smooth(64, 64)
    pair = Pair("one.png", resize.downscale(hr, 4), hr)
    brighter = scoring.compute_scores(hr + 10, pair, 4)  # hr stays below 245
    assert brighter["lr_consistency_db"] == pytest.approx(20 * math.log10(255 / 10), abs=0.1)


@pytest.mark.parametrize(("scale", "least"), [(2, 15), (3, 17), (4, 20), (8, 40)])
def test_a_picture_that_is_too_small_to_score_is_named(scale, least):
    scoring.check_size(Pair("one.png", None, np.zeros((least, 99, 3), np.uint8)), scale)
    with pytest.raises(InputError, match=rf"^one\.png: 99x{least - 1} pixels are too few to score; {least} a side"):
        scoring.check_size(Pair("one.png", None, np.zeros((least - 1, 99, 3), np.uint8)), scale)


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_the_smallest_picture_that_is_accepted_has_finite_scores(scale):
    for least in range(11, 60):
        hr = resize.crop_to_multiple(smooth(least, least), scale)
        pair = Pair("one.png", resize.downscale(hr, scale), hr)
        try:
            scoring.check_size(pair, scale)
        except InputError:
            continue
        _, scores = scoring.score_pair(pair, {"bicubic": BicubicUpscaler(scale)})
        assert all(math.isfinite(value) for value in scores["bicubic"].values())
        return
    pytest.fail("no size was accepted")


def test_the_report_has_the_mean_and_every_picture_of_every_model(folders, save_generator):
    hr, lr = map(str, folders)
    path, model = save_generator("light", 4)
    upscalers = {"bicubic": BicubicUpscaler(4), str(path): Upscaler(model, 4)}
    report = scoring.evaluate(folder_pairs(hr, lr, 4), upscalers, hr=hr, lr=lr)
    assert {key: report[key] for key in ("hr", "lr", "scale")} == {"hr": hr, "lr": lr, "scale": 4}
    assert list(report["models"]) == ["bicubic", str(path)]
    for found in report["models"].values():
        assert list(found["pictures"]) == ["0000.png", "0001.png"]
        for score in SCORES - {"megapixels_per_s"}:
            values = [picture[score] for picture in found["pictures"].values()]
            assert found["mean"][score] == pytest.approx(sum(values) / 2)
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert report["lr_from"] == "files"
    assert report["device"] == device.device_name()
    means = [found["mean"]["psnr_y"] for found in report["models"].values()]
    assert means[0] > means[1] + 1  # the untrained model is worse, and its scores are its own


def test_the_device_is_told_from_others_of_its_kind(monkeypatch):
    monkeypatch.setattr(device.tf.config, "list_physical_devices", lambda _: [])
    monkeypatch.setattr(device.os, "cpu_count", lambda: 3)
    of_linux = "processor\t: 0\nmodel name\t: Fast 9000 @ 3 GHz\n\nprocessor\t: 1\nmodel name\t: Fast 9000 @ 3 GHz\n"
    monkeypatch.setattr(Path, "read_text", lambda _: of_linux)
    assert device.device_name() == "Fast 9000 @ 3 GHz, 3 cores"
    monkeypatch.setattr(Path, "read_text", lambda _: "")
    monkeypatch.setattr(device.platform, "processor", lambda: "arm")
    assert device.device_name() == "arm, 3 cores"


def test_lr_pictures_are_made_where_none_are_given(folders):
    hr, lr = map(str, folders)
    for made, given in zip(folder_pairs(hr, None, 4), folder_pairs(hr, lr, 4), strict=True):
        assert made.name == given.name
        np.testing.assert_array_equal(made.lr, given.lr)
        np.testing.assert_array_equal(made.hr, given.hr)


def test_bicubic_takes_the_scale_of_the_models(save_generator):
    path = str(save_generator("light", 2)[0])
    found = load_upscalers(["bicubic", path])
    assert list(found) == ["bicubic", path]
    assert [upscaler.scale for upscaler in found.values()] == [2, 2]
    assert load_upscalers(["bicubic"])["bicubic"].scale == 4
    assert load_upscalers(["bicubic"], lr_scale=3)["bicubic"].scale == 3
