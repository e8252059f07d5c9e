"""VGG19's feature distance: its definition, by hand; tiles that change nothing; what is refused."""

from pathlib import Path

import numpy as np
import pytest
import scipy.linalg
from keras.applications.vgg19 import VGG19, preprocess_input
from PIL import Image

from pyimagesearch.errors import InputError
from pyimagesearch.evaluation import html_report, perceptual, score_tables, scoring
from pyimagesearch.models import build_vgg


@pytest.fixture(scope="module")
def distance():
    return perceptual.FeatureDistance("random")


def test_it_is_the_mean_square_of_the_content_losss_features(distance, noise):
    hr, sr = noise(48, 64), noise(48, 64, seed=1)
    vgg = build_vgg(["block5_conv4"], "random")
    a, b = (vgg(picture[None].astype(np.float32))["block5_conv4"].numpy() / 12.75 for picture in (sr, hr))
    assert a.shape == (1, 3, 4, 512)
    found = distance("one.png", {"model": sr}, hr)
    assert found == {"model": pytest.approx(np.square(a - b).mean(), rel=1e-4)}


def test_equal_pictures_have_no_distance_and_each_model_has_its_own(distance, noise):
    hr = noise(33, 50)
    found = distance("one.png", {"same": hr, "darker": hr - hr // 16, "dark": hr // 2}, hr)
    assert found["same"] == 0
    assert 0 < found["darker"] < found["dark"]


@pytest.mark.parametrize(("height", "width"), [(401, 35), (35, 401), (40, 32)])
def test_tiles_change_nothing(distance, noise, monkeypatch, height, width):
    hr, sr = noise(height, width), noise(height, width, seed=1)
    whole = distance("one.png", {"model": sr}, hr)["model"]
    monkeypatch.setattr(perceptual, "TILE", 144)
    assert distance("one.png", {"model": sr}, hr)["model"] == pytest.approx(whole, rel=1e-4)


def test_less_context_would_change_it(distance, noise, monkeypatch):
    hr, sr = noise(256, 32), noise(256, 32, seed=1)
    whole = distance("one.png", {"model": sr}, hr)["model"]
    monkeypatch.setattr(perceptual, "TILE", 64)
    monkeypatch.setattr(perceptual, "CONTEXT", 32)
    assert distance("one.png", {"model": sr}, hr)["model"] != pytest.approx(whole, rel=1e-4)


def test_too_small_a_picture_is_named(distance, noise):
    with pytest.raises(InputError, match=r"^one\.png: 40x15 pixels are too few for VGG19; 16 a side are needed"):
        distance("one.png", {}, noise(15, 40))


def test_with_trained_weights_it_is_keras_own_vgg19s(test_data, noise):
    path = str(test_data / "vgg19" / "vgg19_imagenet_notop.h5")
    distance = perceptual.FeatureDistance(path)
    assert distance.identity.startswith("sha256:")
    hr, sr = noise(64, 48), noise(64, 48, seed=1)
    keras_own = VGG19(include_top=False, weights=path)
    features = []
    for picture in (sr, hr):
        x = preprocess_input(picture[None].astype(np.float32))
        for layer in keras_own.layers[1:]:
            x = layer(x)
            if layer.name == "block5_conv4":
                break
        features.append(x.numpy() / 12.75)
    expected = np.square(features[0] - features[1]).mean()
    assert distance("one.png", {"model": sr}, hr)["model"] == pytest.approx(expected, rel=1e-3)


def test_the_frechet_distance_is_that_of_gaussians_by_the_matrix_square_root():
    """Against scipy's, of correlated features."""
    rng = np.random.default_rng(0)
    statistics, moments = [], []
    for shift in (0, 1):
        features = rng.normal(shift, 1 + shift, (40 * 8, 50 * 8, 5)) @ rng.normal(size=(5, 5))
        gathered = perceptual.PatchStatistics(5)
        gathered.add(features[: 20 * 8])
        gathered.add(features[20 * 8 :])
        statistics.append(gathered)
        patches = features.reshape(40, 8, 50, 8, 5).mean(axis=(1, 3)).reshape(-1, 5)
        moments.append((patches.mean(axis=0), np.cov(patches, rowvar=False, bias=True)))
    (mean, covariance), (other_mean, other_covariance) = moments
    root = scipy.linalg.sqrtm(covariance @ other_covariance).real
    expected = np.sum((mean - other_mean) ** 2) + np.trace(covariance + other_covariance - 2 * root)
    expected /= np.trace(other_covariance)
    assert perceptual.frechet_distance(*statistics) == pytest.approx(expected, rel=1e-6)
    assert perceptual.frechet_distance(statistics[0], statistics[0]) == pytest.approx(0, abs=1e-6)


def test_textures_count_and_their_places_do_not(noise):
    """The same pictures in another order have no Frechet distance, though each is far from its HR."""
    measure = perceptual.FeatureDistance("random")
    pictures = [noise(96, 96, seed) for seed in range(3)]
    for hr, other in zip(pictures, pictures[1:] + pictures[:1], strict=True):
        assert measure("a", {"moved": other, "flat": np.full_like(hr, 128)}, hr)["moved"] > 0
    frechet = measure.frechet()
    assert abs(frechet["moved"]) < 1e-3 * frechet["flat"]


def test_it_is_a_mean_of_the_report_without_a_cell_for_each_picture(tmp_path, noise):
    (tmp_path / "hr").mkdir()
    for seed in range(2):
        Image.fromarray(noise(64, 64, seed)).save(tmp_path / "hr" / f"{seed}.png")
    worst = html_report.WorstCases()
    report = scoring.evaluate_folder(str(tmp_path / "hr"), "bicubic", vgg_weights="random", on_scored=worst)
    assert report["models"]["bicubic"]["mean"]["vgg19_frechet"] > 0
    assert "vgg19_frechet" not in report["models"]["bicubic"]["pictures"]["0.png"]
    for text in (score_tables.table(report), score_tables.picture_tables(report), score_tables.markdown(report)):
        assert "Frechet" in text
    assert "Frechet" in Path(html_report.write_scores(str(tmp_path / "page"), report, worst)).read_text()


def test_the_distances_of_the_middle_are_those_of_the_same_pictures(noise, monkeypatch):
    hr, sr = [noise(64, 96, seed=seed) for seed in (0, 1)], [noise(64, 96, seed=seed) // 2 for seed in (0, 1)]
    distance = perceptual.FeatureDistance("random")
    each = [distance("a.png", {"model": one}, other)["model"] for one, other in zip(sr, hr, strict=True)]
    middle = perceptual.MiddleDistances(hr, "random")
    assert middle(sr)["vgg19_distance"] == pytest.approx(np.mean(each), rel=1e-5)
    assert middle(sr)["vgg19_frechet"] == pytest.approx(distance.frechet()["model"], rel=1e-5)
    assert middle(hr) == pytest.approx({"vgg19_distance": 0, "vgg19_frechet": 0}, abs=1e-4)
    monkeypatch.setattr(perceptual, "CENTRE", 64)
    cut = perceptual.MiddleDistances([hr[0][:, 16:80]], "random")([sr[0][:, 16:80]])
    assert perceptual.MiddleDistances([hr[0]], "random")([sr[0]]) == cut


@pytest.mark.parametrize("height", [32, 31], ids=["one patch", "none"])
def test_without_patches_to_compare_there_is_no_frechet_distance(height, tmp_path, noise, caplog):
    hr = noise(height, 60)
    assert np.isnan(perceptual.MiddleDistances([hr], "random")([hr // 2])["vgg19_frechet"])
    (tmp_path / "hr").mkdir()
    Image.fromarray(hr).save(tmp_path / "hr/a.png")
    with caplog.at_level("INFO"):
        report = scoring.evaluate_folder(str(tmp_path / "hr"), "bicubic", vgg_weights="random")
    assert "vgg19_frechet" not in report["models"]["bicubic"]["mean"]
    assert "Frechet distance: left out" in caplog.text
