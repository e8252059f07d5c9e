"""pyiqa's scores: by the library itself where it is installed, and else by a stand-in with its interface.

The stand-in replaces pyiqa and PyTorch alone, in the worker's real process: they are gigabytes, and most scores need a
download.
"""

import importlib.util
import json

import pytest
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio

from pyimagesearch.cli.main import main
from pyimagesearch.errors import InputError
from pyimagesearch.evaluation import scores
from pyimagesearch.evaluation.iqa import PyIQA

PYIQA = '''
print("loading", flush=True)  # as libraries do
__version__ = "9.9"


class Metric:
    """Called with one or two batches (1, 3, H, W) in [0, 1]."""

    def __init__(self, metric_mode, lower_better, compute):
        self.metric_mode, self.lower_better, self._compute = metric_mode, lower_better, compute

    def __call__(self, *batches):
        assert all(batch.shape[:2] == (1, 3) and 0 <= batch.min() and batch.max() <= 1 for batch in batches)
        return self._compute(*batches)


def unreachable():
    raise OSError("no route to\\nhost")


KNOWN = {
    "distance": lambda: Metric("FR", True, lambda sr, hr: abs(sr - hr).mean()),
    "brightness": lambda: Metric("NR", False, lambda sr: sr.mean()),
    "far": unreachable,
    "picky": lambda: Metric("NR", False, lambda _: 1 / 0),
    "mortal": lambda: Metric("NR", False, lambda _: __import__("os")._exit(3)),
}
list_models = lambda: [*KNOWN]
create_metric = lambda name, device: KNOWN[name]()
'''
TORCH = "import contextlib\nfrom_numpy = lambda array: array\nno_grad = contextlib.nullcontext\n"


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    """Scores that a test adds are gone after it."""
    monkeypatch.setattr(scores.SCORES, "_entries", dict(scores.SCORES._entries))


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    for name, text in (("pyiqa", PYIQA), ("torch", TORCH)):
        (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


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


@pytest.mark.usefixtures("stand_in")
@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("distanc", "`iqa` distanc: pyiqa has no such score; it has distance and others"),
        ("far", "`iqa` far: pyiqa cannot load it (no route to host); it downloads weights once"),
    ],
)
def test_what_cannot_be_loaded_is_one_line(name, wrong):
    with pytest.raises(InputError) as refused:
        PyIQA(name)
    assert str(refused.value) == wrong


@pytest.mark.usefixtures("stand_in")
@pytest.mark.parametrize(("name", "reason"), [("picky", "division by zero"), ("mortal", "its process ended with 3")])
def test_a_picture_that_a_score_cannot_take_is_named(noise, name, reason):
    with pytest.raises(InputError, match=rf"^a\.png: pyiqa's {name} fails \({reason}\); leave one of them out"):
        PyIQA(name)("a.png", {"model": noise(8, 8)}, noise(8, 8))


@pytest.mark.skipif(importlib.util.find_spec("pyiqa") is not None, reason="pyiqa is installed")
def test_without_the_extra_it_says_how_to_install_it():
    with pytest.raises(InputError, match=r"`iqa` needs pyiqa, which is missing: pip install -e \"\.\[iqa\]\""):
        PyIQA("lpips")


@pytest.mark.skipif(importlib.util.find_spec("pyiqa") is None, reason='without pyiqa: pip install -e ".[iqa]"')
def test_the_librarys_own_psnr_is_scikit_images(noise):
    """PSNR is one of its scores without a download."""
    hr, sr = noise(64, 64), noise(64, 64, seed=1)
    found = PyIQA("psnr")("a.png", {"model": sr}, hr)["model"]
    assert found == pytest.approx(peak_signal_noise_ratio(hr, sr), rel=1e-4)
