"""pyiqa's scores: by the library itself where it is installed, and else by a stand-in with its interface.

The stand-in replaces the imports of pyiqa and PyTorch alone: they are gigabytes, and most scores need a download.
"""

import json
import sys
import types

import numpy as np
import pytest
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio

from pyimagesearch.cli.main import main
from pyimagesearch.errors import InputError
from pyimagesearch.evaluation import scores
from pyimagesearch.evaluation.iqa import PyIQA


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    """Scores that a test adds are gone after it."""
    monkeypatch.setattr(scores.SCORES, "_entries", dict(scores.SCORES._entries))


class Metric:
    """As pyiqa.create_metric gives them: called with one or two batches (1, 3, H, W) in [0, 1]."""

    def __init__(self, metric_mode, lower_better, compute):
        self.metric_mode, self.lower_better, self._compute = metric_mode, lower_better, compute

    def __call__(self, *batches):
        assert all(batch.shape[:2] == (1, 3) and batch.min() >= 0 and batch.max() <= 1 for batch in batches)
        return self._compute(*batches)


def unreachable(*_):
    raise OSError("no route to\nhost")


@pytest.fixture
def stand_in(monkeypatch):
    known = {
        "distance": lambda: Metric("FR", True, lambda sr, hr: np.abs(sr - hr).mean()),
        "brightness": lambda: Metric("NR", False, lambda sr: sr.mean()),
        "far": unreachable,
        "picky": lambda: Metric("NR", False, lambda _: 1 / 0),
    }
    library = types.ModuleType("pyiqa")
    library.__version__, library.list_models = "9.9", lambda: [*known]
    library.create_metric = lambda name, device: known[name]()  # noqa: ARG005 - the name that pyiqa gives it
    torch = types.ModuleType("torch")
    torch.from_numpy = lambda array: array
    monkeypatch.setitem(sys.modules, "pyiqa", library)
    monkeypatch.setitem(sys.modules, "torch", torch)


@pytest.mark.usefixtures("stand_in")
def test_scores_are_columns_of_their_own(tmp_path, noise, capsys):
    hr = noise(40, 40)
    (tmp_path / "hr").mkdir()
    Image.fromarray(hr).save(tmp_path / "hr/a.png")
    flags = ["--hr", str(tmp_path / "hr"), "--iqa", "distance,brightness", "--json", str(tmp_path / "scores.json")]
    assert main(["evaluate", *flags]) == 0
    report = json.loads((tmp_path / "scores.json").read_text())
    mean = report["models"]["bicubic"]["mean"]
    assert 0 < mean["iqa_distance"] < 1
    assert mean["iqa_brightness"] == pytest.approx(hr.mean() / 255, abs=0.01)
    assert report["iqa_from"] == "pyiqa 9.9"
    assert "against HR" in report["protocols"]["iqa_distance"]
    assert scores.SCORES["iqa_distance"].lower_is_better
    assert "brightness" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("distanc", "`iqa` distanc: pyiqa has no such score; it has distance and others"),
        ("far", "`iqa` far: pyiqa cannot load it (no route to host); it downloads weights once"),
    ],
)
@pytest.mark.usefixtures("stand_in")
def test_what_cannot_be_loaded_is_one_line(name, wrong):
    with pytest.raises(InputError) as refused:
        PyIQA(name)
    assert str(refused.value) == wrong


@pytest.mark.usefixtures("stand_in")
def test_a_picture_that_a_score_cannot_take_is_named(noise):
    with pytest.raises(InputError, match=r"^a\.png: pyiqa's picky fails \(division by zero\); leave one of them out"):
        PyIQA("picky")("a.png", {"model": noise(8, 8)}, noise(8, 8))


def test_without_the_extra_it_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyiqa", None)
    with pytest.raises(InputError, match=r"`iqa` needs pyiqa, which is missing: pip install -e \"\.\[iqa\]\""):
        PyIQA("lpips")


def test_the_librarys_own_psnr_is_scikit_images(noise):
    """PSNR is one of its scores without a download."""
    pytest.importorskip("pyiqa", reason='pyiqa is not installed: pip install -e ".[iqa]"')
    hr, sr = noise(64, 64), noise(64, 64, seed=1)
    found = PyIQA("psnr")("a.png", {"model": sr}, hr)["model"]
    assert found == pytest.approx(peak_signal_noise_ratio(hr, sr), rel=1e-4)
