"""NIQE: its features against distributions that are known, and that it ranks pictures as people do."""

import numpy as np
import pytest
import scipy.ndimage
import scipy.stats
import skimage.data
from PIL import Image

from pyimagesearch.errors import InputError
from pyimagesearch.evaluation import niqe as module
from pyimagesearch.evaluation import score_tables
from pyimagesearch.evaluation.niqe import NIQE, NaturalStatistics, niqe
from pyimagesearch.evaluation.scoring import evaluate_folder


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    """A folder of parts of clean photographs, none of which is the one that is scored."""
    folder = tmp_path_factory.mktemp("clean")
    for name in ("astronaut", "coffee", "rocket", "immunohistochemistry", "hubble_deep_field"):
        picture = getattr(skimage.data, name)()
        for top in range(0, picture.shape[0] - 191, 192):
            for left in range(0, picture.shape[1] - 191, 192):
                part = picture[top : top + 192, left : left + 192]
                Image.fromarray(part).save(folder / f"{name}_{top}_{left}.png")
    return folder


@pytest.fixture(scope="module")
def natural(photographs):
    return NaturalStatistics.fit(str(photographs))


@pytest.fixture(scope="module")
def cat():
    return skimage.data.chelsea()[:288, :384]


@pytest.mark.parametrize("shape", [0.7, 1.0, 2.0, 4.0])
def test_the_shape_of_a_generalised_gaussian_is_found(shape):
    values = scipy.stats.gennorm(shape, scale=1.5).rvs(200_000, random_state=1)
    found, left, right = module.asymmetric_gaussian(values)
    assert found == pytest.approx(shape, rel=0.05)
    assert (left, right) == (pytest.approx(1.5, rel=0.05), pytest.approx(1.5, rel=0.05))


def test_the_sides_of_an_asymmetric_one_are_told_apart():
    halves = np.abs(np.random.default_rng(0).normal(size=200_000))
    values = np.concatenate([-2.0 * halves, 0.5 * halves])  # scipy's scale is the root of two deviations
    # The same number of values on both sides, though a density that is continuous at 0 would have more on the left.
    _, left, right = module.asymmetric_gaussian(values)
    assert left / right == pytest.approx(4, rel=1e-6)


def test_damage_is_less_natural(natural, cat):
    """The worse the blur, the higher."""
    blurred = [scipy.ndimage.gaussian_filter(cat, (sigma, sigma, 0)) for sigma in (1, 2, 4)]
    values = [niqe(picture, natural) for picture in (cat, *blurred)]
    assert values == sorted(values)
    assert values[-1] > 1.5 * values[0]


def test_statistics_in_files_are_those_that_were_fitted(natural, cat, tmp_path):
    others = {"gaussian_window": np.ones((7, 7)), "note": "fitted here"}
    np.savez(tmp_path / "own.npz", mu=natural.mean[None], cov=natural.covariance, **others)
    scipy.io.savemat(tmp_path / "own.mat", {"mu_prisparam": natural.mean[None], "cov_prisparam": natural.covariance})
    expected = niqe(cat, natural)
    for name in ("own.npz", "own.mat"):
        assert niqe(cat, NaturalStatistics.load(str(tmp_path / name))) == pytest.approx(expected, rel=1e-9)


def test_files_of_something_else_and_too_few_photographs_are_refused(tmp_path):
    np.savez(tmp_path / "other.npz", a=np.ones(3))
    (tmp_path / "garbage.mat").write_bytes(b"nothing")
    np.savez(tmp_path / "nan.npz", mean=np.full(36, np.nan), covariance=np.eye(36))
    (tmp_path / "empty.npz").write_bytes(b"")
    (tmp_path / "few").mkdir()
    Image.fromarray(np.zeros((96, 96, 3), np.uint8)).save(tmp_path / "few" / "a.png")
    for name, wrong in (
        ("other.npz", "holds no mean of 36"), ("garbage.mat", "cannot be read"), ("missing.npz", "cannot be read"),
        ("nan.npz", "holds no mean of 36"), ("empty.npz", "cannot be read"),
        ("few", "sharp blocks of 96 pixels; 100 are needed"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=wrong):
            NIQE(str(tmp_path / name))


def test_it_is_a_column_of_evaluates_report_and_says_what_it_was_fitted_to(photographs, cat, tmp_path):
    (tmp_path / "hr").mkdir()
    Image.fromarray(cat).save(tmp_path / "hr" / "cat.png")
    report = evaluate_folder(str(tmp_path / "hr"), "bicubic", niqe=str(photographs))
    score = report["models"]["bicubic"]["pictures"]["cat.png"]["niqe"]
    assert score > NIQE(str(photographs))("cat.png", {"hr": cat}, cat)["hr"]
    assert report["niqe_statistics"].startswith("fitted to clean photographs, sha256:")
    assert "NIQE's parameters fitted to clean photographs" in score_tables.table(report)
    assert "clean photographs" in report["protocols"]["niqe"]


def test_pictures_without_a_block_are_refused_by_name(photographs):
    small = np.zeros((95, 200, 3), np.uint8)
    with pytest.raises(InputError, match=r"small\.png: 200x95 pixels are too few for NIQE"):
        NIQE(str(photographs))("small.png", {"model": small}, small)


def test_a_flat_picture_is_refused_by_name(photographs):
    flat = np.full((96, 96, 3), 128, np.uint8)
    with pytest.raises(InputError, match=r"flat\.png: has no texture that NIQE could measure"):
        NIQE(str(photographs))("flat.png", {"model": flat}, flat)
