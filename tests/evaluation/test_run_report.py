"""The picture report of a run, as `srgan grid` writes it."""

import dataclasses
import functools
import io
import json
import shutil
import time
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pyimagesearch.cli.main import main
from pyimagesearch.data.pairs import Pair
from pyimagesearch.errors import InputError
from pyimagesearch.evaluation import figures, run_report, scoring
from pyimagesearch.images import picture_io, resize
from pyimagesearch.inference.upscaler import BicubicUpscaler, load_upscaler

PRETRAINED, SRGAN = "pretrained_generator.keras", "generator.keras"


@pytest.fixture(scope="module")
def new_run(save_generator):
    """new_run(folder, file, ...) makes a run folder that holds these generators, different ones in different files."""

    def make(folder, *files: str, scales=(4, 4)):
        (folder / "models").mkdir(parents=True)
        for file, scale in zip(files, scales, strict=False):
            path, _ = save_generator("light", scale, 1 if file == PRETRAINED else 2)
            shutil.copy(path, folder / "models" / file)
        return folder

    return make


@pytest.fixture
def make_run(tmp_path, new_run):
    """make_run(file, ...) is such a run folder."""
    return functools.partial(new_run, tmp_path / "run")


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Three HR pictures of different shapes: soft noise."""
    folder = tmp_path_factory.mktemp("photos")
    noise = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    for name, size in (("a.png", (64, 96)), ("b.png", (97, 60)), ("c.png", (50, 50))):
        Image.fromarray(resize.resize_bicubic(noise, *size)).save(folder / name)
    return folder


@dataclasses.dataclass(frozen=True)
class Report:
    """What `srgan grid` did for a run with both generators."""

    folder: Path
    code: int
    out: str
    err: str
    rows: list
    zooms: list

    @property
    def scores(self):
        return json.loads((self.folder / "images" / "scores.json").read_text())


@pytest.fixture(scope="module")
def report(new_run, photos, tmp_path_factory) -> Report:
    """One for all tests that look at it."""
    folder = new_run(tmp_path_factory.mktemp("report") / "run", PRETRAINED, SRGAN)
    out, err, rows, zooms = io.StringIO(), io.StringIO(), [], []
    draw_grid, draw_zoom = figures.grid, figures.zoom
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(figures, "grid", lambda drawn: rows.extend(drawn) or draw_grid(drawn))
        patch.setattr(figures, "zoom", lambda title, shown: zooms.append((title, shown)) or draw_zoom(title, shown))
        code = main(["grid", "--device", "cpu", "--hr", str(photos), "--output", str(folder)])
    return Report(folder, code, out.getvalue(), err.getvalue(), rows, zooms)


@pytest.fixture
def drawn(monkeypatch):
    """The rows of every grid that is drawn."""
    seen = []
    draw = figures.grid

    def grid(rows):
        seen.append(rows)
        return draw(rows)

    monkeypatch.setattr(figures, "grid", grid)
    return seen


def grid(capsys, folder, hr, *arguments) -> tuple[int, str, str]:
    code = main(["grid", "--device", "cpu", "--hr", str(hr), "--output", str(folder), *map(str, arguments)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_grid_writes_the_report_of_a_run_without_records(report):
    assert (report.code, report.err) == (0, "")
    images = report.folder / "images"
    written = sorted(path.name for path in images.iterdir())
    assert written == ["grid.png", "scores.json", "zoom_bicubic.png", "zoom_pretrained.png", "zoom_srgan.png"]
    for path in images.glob("*.png"):
        with Image.open(path) as picture:
            picture.load()
    assert str(images / "grid.png") in report.out
    assert "left out" not in report.out
    assert len(report.rows) == 3
    assert [panel.title for panel in report.rows[0][0]] == ["LR", "bicubic", "pretrained", "SRGAN", "HR"]


def test_each_panel_shows_what_its_title_says(report, photos):
    hr = picture_io.read_rgb(photos / "a.png")
    lr = resize.downscale(hr, 4)
    shown = {panel.title: panel.picture for panel in report.rows[0][0]}
    np.testing.assert_array_equal(shown["LR"], figures.nearest(lr, 4))
    np.testing.assert_array_equal(shown["bicubic"], resize.upscale_bicubic(lr, 4))
    for title, file in (("pretrained", PRETRAINED), ("SRGAN", SRGAN)):
        np.testing.assert_array_equal(shown[title], load_upscaler(str(report.folder / "models" / file), "float32")(lr))
    np.testing.assert_array_equal(shown["HR"], hr)
    assert np.abs(shown["SRGAN"].astype(int) - shown["pretrained"]).max() > 10  # the two are told apart


def test_scores_json_has_the_shape_of_evaluates(report, photos):
    scores = report.scores
    assert {key: scores[key] for key in ("hr", "lr", "scale")} == {"hr": str(photos), "lr": None, "scale": 4}
    assert list(scores["models"]) == ["bicubic", "pretrained", "srgan"]
    for of_model in scores["models"].values():
        assert set(of_model["mean"]) >= {"psnr_y", "ssim_y", "psnr_rgb", "lr_consistency_db", "seconds"}
        assert list(of_model["pictures"]) == ["a.png", "b.png", "c.png"]
    # The captions are these scores.
    captions = {panel.title: panel.caption for panel in report.rows[1][0]}
    for name, title in (("bicubic", "bicubic"), ("pretrained", "pretrained"), ("srgan", "SRGAN")):
        of_picture = scores["models"][name]["pictures"]["b.png"]
        assert captions[title] == f"{of_picture['psnr_y']:.2f} dB / {of_picture['ssim_y']:.4f}"
    assert captions["LR"] == "b.png  15x24"


def test_the_region_of_a_row_is_the_telling_one(report):
    for panels, region in report.rows:
        shown = {panel.title: panel.picture for panel in panels}
        assert region == figures.region_of_largest_error(shown["HR"], shown["bicubic"])


def test_the_zooms_show_every_picture_of_their_model(report):
    assert [title for title, _ in report.zooms] == ["bicubic", "pretrained", "SRGAN"]
    for title, shown in report.zooms:
        assert {panel.title for panel, _ in shown} == {title}
        assert [panel.caption.split()[0] for panel, _ in shown] == ["a.png", "b.png", "c.png"]


@pytest.mark.slow
def test_speeds_are_those_after_the_first_call(make_run, photos, capsys, monkeypatch):
    """The first call compiles, which takes seconds, unlike these pictures."""
    slow_once = [1.5]

    def call(_, lr):
        time.sleep(slow_once.pop() if slow_once else 0)
        return resize.upscale_bicubic(lr, 4)

    monkeypatch.setattr("pyimagesearch.inference.upscaler.Upscaler.__call__", call)
    folder = make_run(SRGAN)
    grid(capsys, folder, photos)
    pictures = json.loads((folder / "images" / "scores.json").read_text())["models"]["srgan"]["pictures"]
    assert max(scores["seconds"] for scores in pictures.values()) < 1


@pytest.mark.parametrize(
    ("kept", "titles", "left_out", "lost"),
    [
        (SRGAN, ["LR", "bicubic", "SRGAN", "HR"], "pretrained", PRETRAINED),
        (PRETRAINED, ["LR", "bicubic", "pretrained", "HR"], "SRGAN", SRGAN),
    ],
)
def test_a_phase_that_was_not_trained_leaves_its_column_out_and_says_so(
    make_run, photos, drawn, capsys, kept, titles, left_out, lost
):
    folder = make_run(kept)
    code, out, _ = grid(capsys, folder, photos)
    assert code == 0
    assert f"{folder / 'models' / lost} does not exist: the column {left_out} is left out" in out
    assert [panel.title for panel in drawn[0][0][0]] == titles
    assert len(list((folder / "images").glob("zoom_*.png"))) == 2


@pytest.mark.slow
def test_a_second_report_leaves_nothing_of_the_first(make_run, photos, capsys):
    folder = make_run(SRGAN)
    assert grid(capsys, folder, photos)[0] == 0
    assert grid(capsys, folder, photos, "--format", "pdf")[0] == 0
    written = sorted(path.name for path in (folder / "images").iterdir())
    assert written == ["grid.pdf", "scores.json", "zoom_bicubic.pdf", "zoom_srgan.pdf"]
    assert (folder / "images" / "grid.pdf").read_bytes().startswith(b"%PDF-")


def test_grid_draws_at_most_as_many_rows_as_asked(make_run, photos, drawn, capsys):
    assert grid(capsys, make_run(SRGAN), photos, "--rows", "2")[0] == 0
    assert [panels[-1].picture.shape[:2] for panels, _ in drawn[0]] == [(64, 96), (96, 60)]


def test_grid_takes_given_lr_pictures(make_run, photos, drawn, tmp_path, capsys):
    lr = tmp_path / "lr"
    lr.mkdir()
    for name, size in (("a.png", (24, 16)), ("b.png", (15, 24)), ("c.png", (12, 12))):
        Image.open(photos / name).resize(size, Image.Resampling.BOX).save(lr / name)
    given = np.asarray(Image.open(lr / "a.png"))
    folder = make_run(SRGAN)
    assert grid(capsys, folder, photos, "--lr", lr)[0] == 0
    np.testing.assert_array_equal(drawn[0][0][0][0].picture, figures.nearest(given, 4))
    assert json.loads((folder / "images" / "scores.json").read_text())["lr"] == str(lr)


@pytest.mark.slow
def test_a_run_of_another_scale_makes_its_lr_pictures_for_it(make_run, photos, drawn, capsys):
    folder = make_run(PRETRAINED, SRGAN, scales=(2, 2))
    assert grid(capsys, folder, photos)[0] == 0
    assert drawn[0][2][0][0].caption == "c.png  25x25"


def test_a_folder_without_models_is_refused(tmp_path, photos, capsys):
    code, _, err = grid(capsys, tmp_path / "empty", photos)
    assert code == 2
    assert err.count("\n") == 1
    assert f"{tmp_path / 'empty'}: holds no trained model" in err
    assert not (tmp_path / "empty").exists()


def test_a_folder_that_cannot_be_written_is_found_before_the_models_run(make_run, photos, capsys, monkeypatch):
    folder = make_run(SRGAN)
    (folder / "images").write_text("mine")
    monkeypatch.setattr(run_report, "load_run", None)  # not called
    code, _, err = grid(capsys, folder, photos)
    assert code == 2
    assert f"--output {folder}/images: nothing can be written there: {folder}/images is not a folder" in err


@pytest.mark.slow
def test_a_picture_that_cannot_be_drawn_costs_no_other(make_run, photos, drawn, tmp_path, capsys):
    shutil.copytree(photos, tmp_path / "hr")
    (tmp_path / "hr" / "a.png").write_text("no picture")
    code, _, err = grid(capsys, make_run(SRGAN), tmp_path / "hr", "--rows", "2")
    assert code == 1
    assert "a.png" in err.splitlines()[0]
    assert [panels[-1].picture.shape[:2] for panels, _ in drawn[0]] == [(96, 60), (48, 48)]  # b.png and c.png


def test_generators_of_two_scales_are_refused(make_run):
    folder = make_run(PRETRAINED, SRGAN, scales=(2, 4))
    with pytest.raises(InputError, match=r"the two generators have different scales \[2, 4\]"):
        run_report.load_run(str(folder))


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        (["--output", "run", "--lr", "x"], "--lr belongs to --hr DIR"),
        (["--hr", "x", "--rows", "0"], "--rows must be at least 1, received 0"),
        (["--hr", "x", "--tfrecords", "y"], "not allowed with argument"),
        (["--hr", "x", "--format", "gif"], "invalid choice: 'gif'"),
    ],
)
def test_grid_refuses_wrong_flags_in_one_line(arguments, wrong, capsys):
    assert main(["grid", "--device", "cpu", *arguments]) == 2
    err = capsys.readouterr().err
    assert wrong in err
    assert err.count("\n") == 1


def test_a_row_works_for_bicubic_alone(noise):
    hr = noise(48, 64)
    pair = Pair("one.png", resize.downscale(hr, 4), hr)
    outputs, scores = scoring.score_pair(pair, {"bicubic": BicubicUpscaler(4)})
    panels, _ = run_report.row(pair, outputs, scores, 4)
    assert [panel.title for panel in panels] == ["LR", "bicubic", "HR"]
    assert list(scores) == ["bicubic"]


def test_a_title_says_how_long_its_model_was_trained(noise):
    hr = noise(48, 64)
    pair = Pair("one.png", resize.downscale(hr, 4), hr)
    outputs, scores = scoring.score_pair(pair, {"bicubic": BicubicUpscaler(4), "srgan": BicubicUpscaler(4)})
    drawn = figures.grid([run_report.row(pair, outputs, scores, 4, {"srgan": "15 of 25,000 steps"})])
    assert [text.get_text() for text in drawn.texts][:5] == ["LR", "bicubic", "SRGAN", "15 of 25,000 steps", "HR"]
