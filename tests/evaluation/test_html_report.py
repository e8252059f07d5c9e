"""The pages of `srgan evaluate`: whole, without a network, worst cases that are the worst."""

import json
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from pyimagesearch.cli.main import main
from pyimagesearch.data.pairs import Pair
from pyimagesearch.evaluation import figures, html_report, score_tables, scoring
from pyimagesearch.images import picture_io, resize


class Page(HTMLParser):
    """What a page shows and refers to."""

    def __init__(self, path):
        super().__init__()
        self.links, self.text = [], ""
        self.html = path.read_text()
        self.feed(self.html)

    def handle_starttag(self, _, attributes):
        self.links += [value for name, value in attributes if name in ("src", "href")]

    def handle_data(self, data):
        self.text += data


def check_links(folder, page: Page) -> None:
    """Every picture is there, can be read, and lies beside the page; nothing comes from elsewhere."""
    assert page.links
    assert "//" not in page.html
    for name in page.links:
        assert "/" not in name
        if name.endswith(".png"):
            assert picture_io.read_rgb(folder / name).size
        else:
            assert (folder / name).read_text().rstrip().endswith("</svg>")
    assert {path.name for path in folder.iterdir()} == {"index.html", *page.links}


@pytest.fixture
def photographs(tmp_path):
    """A folder of four pictures, from easy to hard for bicubic."""
    folder = tmp_path / "a & <b>"
    folder.mkdir()
    y, x = np.mgrid[:72, :96]
    for number, period in enumerate((31, 17, 9, 5)):
        wave = np.rint(128 + 100 * np.sin(x / period) * np.cos(y / period)).astype(np.uint8)
        Image.fromarray(np.repeat(wave[:, :, None], 3, axis=2)).save(folder / f"{number}.png")
    return folder


def test_the_page_of_scores_has_all_that_it_refers_to(photographs, save_generator, tmp_path, capsys):
    model, folder = str(save_generator("light", 4)[0]), tmp_path / "page"
    arguments = ["--hr", photographs, "--model", "bicubic", "--model", model, "--vgg-weights", "random"]
    code = main(["evaluate", *map(str, arguments), "--page", str(folder), "--json", str(tmp_path / "a.json")])
    printed = capsys.readouterr()
    assert (code, printed.err) == (0, "")
    assert str(folder / "index.html") in printed.out
    page, report = Page(folder / "index.html"), json.loads((tmp_path / "a.json").read_text())
    check_links(folder, page)
    assert set(page.links) == {
        "pictures.svg", "protocols.svg", "speed.svg", "perception.svg", "worst_1.png", "worst_2.png",
    }  # fmt: skip
    assert "a & <b>" in page.text  # the folder's name, escaped
    for name, found in report["models"].items():
        assert name in page.text
        assert f"{found['mean']['psnr_y']:.2f}" in page.text
        for row in found["pictures"].values():
            assert f"{row['vgg19_distance']:.4f}" in page.text
    for protocol in ("Y, 4 px cropped", "RGB, 4 px cropped", "RGB, whole", "LR consistency", "VGG19"):
        assert protocol in page.text


def test_the_best_of_each_column_is_bold(photographs, save_generator, tmp_path):
    model, folder = str(save_generator("light", 4)[0]), tmp_path / "page"
    assert (
        main(["evaluate", "--hr", str(photographs), "--model", model, "--model", "bicubic", "--page", str(folder)]) == 0
    )
    means = (folder / "index.html").read_text().split("</table>")[0]
    bicubic = means.split("<tr>")[-1]
    assert bicubic.count("class=best") >= 7  # in all but the two columns of speed: the other model is untrained
    assert 9 <= means.count("class=best") <= 11  # both where speeds are equal


def pair_of(level: int, name: str) -> tuple[Pair, np.ndarray]:
    """A flat pair, and an SR picture with an error of `level` in one place."""
    hr = np.full((256, 400, 3), 100, np.uint8)
    sr = hr.copy()
    sr[200:220, 330:350] += np.uint8(level)
    return Pair(name, resize.downscale(hr, 4), hr), sr


def test_worst_cases_are_the_pictures_with_the_lowest_scores_and_show_the_place():
    worst = html_report.WorstCases()
    for level in (10, 70, 30, 50, 20):
        pair, sr = pair_of(level, f"{level}.png")
        worst(pair, {"model": sr}, {"model": scoring.compute_scores(sr, pair, 4)})
    rows = worst.rows()["model"]
    assert [panels[0].caption for panels, _ in rows] == ["70.png", "50.png", "30.png"]
    panels, region = rows[0]
    assert [panel.title for panel in panels] == ["LR", "bicubic", "model", "HR"]
    assert len({panel.picture.shape for panel in panels}) == 1
    assert panels[2].picture.max() == 170
    assert region.of(panels[2].picture).max() == 170  # what is enlarged shows the error
    assert panels[3].picture.max() == 100


def test_worst_cases_keep_no_whole_picture():
    worst = html_report.WorstCases()
    pair, sr = pair_of(50, "one.png")
    worst(pair, {"model": sr}, {"model": {"psnr_y": 20.0, "ssim_y": 0.5}})
    for panels, _ in worst.rows()["model"]:
        for panel in panels:
            owner = panel.picture if panel.picture.base is None else panel.picture.base
            assert owner.size <= html_report.WINDOW**2 * 3 * 1.5


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
@pytest.mark.parametrize(("height", "width"), [(24, 48), (216, 24), (240, 312)])
def test_a_worst_case_of_any_size_has_panels_of_one_size(scale, height, width, noise):
    hr = noise(height, width)
    pair = Pair("one.png", resize.downscale(hr, scale), hr)
    outputs = {"bicubic": resize.upscale_bicubic(pair.lr, scale), "model": 255 - hr}
    panels, region = html_report.worst_row(pair, outputs, {"psnr_y": 1.0, "ssim_y": 0.1}, scale)
    assert len({panel.picture.shape for panel in panels}) == 1
    assert region.of(panels[0].picture).shape == (region.height, region.width, 3)
    lr = panels[0].picture[::scale, ::scale]
    np.testing.assert_array_equal(resize.downscale(panels[-1].picture, scale).shape, lr.shape)
    figures.to_array(figures.grid([(panels, region)]))


def test_without_hr_it_makes_a_page_of_lr_beside_sr(photographs, save_generator, tmp_path, capsys):
    model, folder = str(save_generator("light", 4)[0]), tmp_path / "page"
    assert main(["evaluate", "--lr", str(photographs), "--model", model, "--page", str(folder)]) == 0
    assert str(folder / "index.html") in capsys.readouterr().out
    page = Page(folder / "index.html")
    check_links(folder, page)
    assert page.links == [f"picture_{number}.png" for number in (1, 2, 3, 4)]
    for name in ("0.png", "1.png", "2.png", "3.png"):
        assert name in page.text
    assert "No HR pictures were given" in page.text


def test_lr_beside_sr_are_whole_pictures_of_one_size_with_lr_consistency(photographs):
    class Inverter:
        scale = 2

        def __call__(self, lr):
            return 255 - resize.upscale_bicubic(lr, 2)

    panels, _ = html_report.comparison_row(photographs / "0.png", {"inverter": Inverter()})
    assert [panel.title for panel in panels] == ["LR", "bicubic", "inverter"]
    assert {panel.picture.shape for panel in panels} == {(144, 192, 3)}
    bicubic, inverter = (float(panel.caption.split()[-2]) for panel in panels[1:])
    assert bicubic > 35 > 15 > inverter


def test_a_tiny_lr_picture_is_named_and_costs_no_other(tmp_path, capsys, noise):
    for number, height in enumerate((4, 6)):
        Image.fromarray(noise(height, 9)).save(tmp_path / f"{number}.png")
    assert main(["evaluate", "--lr", str(tmp_path), "--page", str(tmp_path / "page")]) == 1
    line, last = capsys.readouterr().err.splitlines()
    assert line.endswith("0.png: 9x4 pixels are too few to compare; 5 a side are needed")
    assert last == "srgan: 1 of 2 picture(s) failed; the page shows the others"
    page = Page(tmp_path / "page" / "index.html")
    assert page.links == ["picture_2.png"]
    assert line in page.text


@pytest.mark.slow
def test_a_page_holds_nothing_of_the_page_before(photographs, tmp_path):
    page = tmp_path / "page"
    assert main(["evaluate", "--hr", str(photographs), "--page", str(page)]) == 0
    (page / "notes.txt").write_text("mine")
    assert main(["evaluate", "--lr", str(photographs), "--page", str(page)]) == 0
    names = {path.name for path in page.iterdir()}
    assert names == {"index.html", "notes.txt", *(f"picture_{number}.png" for number in (1, 2, 3, 4))}


def test_models_of_one_name_are_told_apart_by_their_runs():
    names = ["bicubic", "runs/one/models/generator.keras", "runs/two/models/generator.keras"]
    assert list(score_tables.labels(names).values()) == ["bicubic", "one/generator", "two/generator"]
    assert list(score_tables.labels(names[:2]).values()) == ["bicubic", "generator"]
    same = ["models/a.keras", "a.keras"]
    assert list(score_tables.labels(same).values()) == same
