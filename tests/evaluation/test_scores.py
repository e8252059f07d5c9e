"""The registry of scores: a new one reaches every output; the built-in ones keep their keys and order."""

import copy
import json

import numpy as np
import pytest
from PIL import Image

from pyimagesearch.errors import InputError
from pyimagesearch.evaluation import html_report, results_page, score_tables, scores, scoring
from pyimagesearch.images import resize


@pytest.fixture
def toy_score(monkeypatch):
    """A score that a test adds, for this test alone: the largest error of any sample."""
    monkeypatch.setattr(scores, "SCORES", copy.deepcopy(scores.SCORES))

    @scores.score(
        "largest_error", protocol="RGB, {scale} times", quantity="levels", digits=1, lower_is_better=True,
        definition="the largest error of any sample at x{scale}", mean=lambda key, rows: max(row[key] for row in rows),
    )  # fmt: skip
    def largest_error(sr, pair, scale):
        return float(np.abs(sr.astype(int) - pair.hr).max()) + scale / 10


class Brighter:
    """Bicubic, and so many levels more."""

    scale = 4

    def __init__(self, more):
        self.more = more

    def __call__(self, lr):
        return resize.upscale_bicubic(lr, 4) + np.uint8(self.more)


@pytest.fixture
def report(tmp_path):
    """Of two flat pictures, by two models that are 10 and 20 levels too bright."""
    (tmp_path / "hr").mkdir()
    for number in (0, 1):
        Image.fromarray(np.full((40, 48, 3), 100 + number, np.uint8)).save(tmp_path / "hr" / f"{number}.png")
    return lambda **more: scoring.evaluate_folder(
        str(tmp_path / "hr"), {"near": Brighter(10), "far": Brighter(20)}, **more
    )


@pytest.mark.usefixtures("toy_score")
def test_a_new_score_is_in_json_tables_markdown_and_pages(report, tmp_path):
    worst = html_report.WorstCases()
    scores = report(on_scored=worst)
    assert scores["models"]["near"]["pictures"]["0.png"]["largest_error"] == pytest.approx(10.4)
    assert scores["models"]["far"]["mean"]["largest_error"] == pytest.approx(20.4)  # as its `mean` says
    assert scores["protocols"]["largest_error"] == "the largest error of any sample at x4"
    table = score_tables.table(scores)
    assert "RGB, 4 times" in table
    assert "levels" in table
    assert "20.4" in table
    markdown = score_tables.markdown(scores)
    assert "| RGB, 4 times: levels |" in markdown
    assert "| `largest_error` | the largest error of any sample at x4 |" in markdown
    page = (tmp_path / html_report.write_scores(str(tmp_path / "page"), scores, worst)).read_text()
    means = page.split("</table>")[0]
    assert "<th scope=colgroup colspan=1>RGB, 4 times" in means
    assert "<td class=best>10.4" in means  # lower is better
    (tmp_path / "mine.json").write_text(json.dumps(scores))
    results = results_page.page(results_page.read_reports([str(tmp_path / "mine.json")]), command=["mine.json"])
    assert "RGB, 4 times: levels |" in results
    assert "| `largest_error` | the largest error of any sample at x`scale` |" in results


def test_a_report_that_was_written_before_the_score_existed_is_read_as_it_is(report, tmp_path, request):
    (tmp_path / "old.json").write_text(json.dumps(report()))
    request.getfixturevalue("toy_score")
    text = results_page.page(results_page.read_reports([str(tmp_path / "old.json")]), command=["old.json"])
    assert "`psnr_y`" in text
    assert "largest_error" not in text


def test_keys_and_their_order_are_those_that_readers_of_json_know(report):
    scores = report(vgg_weights="random")
    computed = [
        "psnr_y", "ssim_y", "psnr_rgb", "ssim_rgb", "psnr_rgb_whole", "ssim_rgb_whole", "lr_consistency_db",
    ]  # fmt: skip
    model = scores["models"]["near"]
    assert list(scores) == ["hr", "lr", "scale", "device", "models", "lr_from", "vgg_weights", "protocols"]
    assert list(model["pictures"]["0.png"]) == [*computed, "seconds", "megapixels_per_s", "vgg19_distance"]
    assert list(model["mean"]) == [*computed, "vgg19_distance", "vgg19_frechet", "seconds", "megapixels_per_s"]
    assert list(scores["protocols"]) == list(model["mean"])
    assert json.loads(json.dumps(scores, allow_nan=False)) == scores


def test_one_name_or_many_can_be_evaluated_from_python(tmp_path, report):
    report()  # writes the pictures
    one = scoring.evaluate_folder(str(tmp_path / "hr"), "bicubic")
    many = scoring.evaluate_folder(str(tmp_path / "hr"), ["bicubic", "light"])
    assert list(one["models"]) == ["bicubic"]
    assert list(many["models"]) == ["bicubic", "light"]
    assert "sha256" in many["models"]["light"]


def test_upscalers_of_different_scales_are_refused_by_the_argument(tmp_path, report):
    report()
    other = Brighter(0)
    other.scale = 2
    with pytest.raises(InputError, match=r"^`model`: models of different scales: one x4, two x2$"):
        scoring.evaluate_folder(str(tmp_path / "hr"), {"one": Brighter(0), "two": other})
