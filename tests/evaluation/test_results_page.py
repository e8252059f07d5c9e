"""`srgan results`: docs/results.md from evaluations, with the published figures, and what it refuses."""

import json
from pathlib import Path

import pytest
from PIL import Image

from pyimagesearch.cli.main import main
from pyimagesearch.evaluation.published_scores import BICUBIC, PUBLISHED
from pyimagesearch.evaluation.results_page import page, read_reports

DOCS = Path(__file__).parents[2] / "docs"

MEAN = {
    "psnr_y": 28.4312, "ssim_y": 0.8113, "psnr_rgb": 26.7, "ssim_rgb": 0.7734, "psnr_rgb_whole": 26.71,
    "ssim_rgb_whole": 0.7735, "lr_consistency_db": 37.24, "seconds": 0.01, "megapixels_per_s": 12.3,
}  # fmt: skip


@pytest.fixture
def write(tmp_path):
    """write(name, models) writes an evaluation and returns its path; models: {name: PSNR on Y}."""

    def write(name, models, **more):
        rows = {model: {**MEAN, "psnr_y": psnr} for model, psnr in models.items()}
        found = {model: {"mean": row, "pictures": {"a.png": row, "b.png": row}} for model, row in rows.items()}
        report = {"hr": "/secret/place", "lr": "lr", "scale": 4, "device": "CPU, 2 cores", "lr_from": "files"}
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({**report, "models": found, **more}))
        return str(path)

    return write


def run(capsys, *arguments) -> tuple[int, str]:
    code = main(["results", *map(str, arguments)])
    return code, capsys.readouterr().err


def test_the_page_has_our_scores_beside_the_published_ones(write, tmp_path, capsys):
    out = tmp_path / "results.md"
    paths = write("set5.json", {"bicubic": 28.43, "light": 31.31}), write("Set14.json", {"bicubic": 26.09})
    assert run(capsys, *paths, "-o", out) == (0, "")
    text = out.read_text()
    set5, set14 = text.split("\n## ")[1:3]
    assert set5.startswith("Set5\n")
    assert set14.startswith("Set14\n")
    assert "| **light, ours** | 31.31 | 0.8113 | 26.70 | 0.7734 | 26.71 | 0.7735 | 37.24 | 0.010 | 12.30 |" in set5
    assert "| Y, 4 px cropped: PSNR dB | Y, 4 px cropped: SSIM | RGB, 4 px cropped: PSNR dB |" in set5
    for row in PUBLISHED:
        mark = "" if row.ssim_compares else "†"
        for name, section in (("Set5", set5), ("Set14", set14)):
            psnr, ssim = row.scores[name]
            assert f"| {row.method}, published | {psnr:.2f} | {ssim:.4f}{mark} |" in section
        assert f"| {row.method} | {row.paper} |" in text
    assert "2 pictures, x4; LR as the data set brings it; speed on CPU, 2 cores." in set5
    assert "/secret" not in text
    assert "`psnr_rgb_whole`" in text


def test_every_row_of_a_table_has_as_many_cells(write, tmp_path, capsys):
    out = tmp_path / "results.md"
    assert run(capsys, write("set5.json", {"bicubic": 28.43}), "-o", out)[0] == 0
    for table in out.read_text().split("\n\n"):
        if table.startswith("|"):
            assert len({line.count("|") for line in table.splitlines()}) == 1


def test_pictures_that_nobody_published_have_ours_alone(write, tmp_path, capsys):
    out = tmp_path / "results.md"
    assert run(capsys, write("holiday.json", {"a/b/light.keras": 30.0}), "-o", out)[0] == 0
    text = out.read_text()
    assert "\n## holiday\n" in text
    assert "| **light, ours** |" in text
    assert "published |" not in text
    assert "Published figures" not in text


def test_other_scales_do_not_stand_beside_x4(write, tmp_path, capsys):
    out = tmp_path / "results.md"
    assert run(capsys, write("set5.json", {"bicubic": 33.66}, scale=2), "-o", out)[0] == 0
    assert "\n## Set5 x2\n" in out.read_text()
    assert "published |" not in out.read_text()


def test_files_of_the_same_pictures_are_put_together(write):
    paths = [
        write("one/set5.json", {"light": 31.3, "bicubic": 28.43}),
        write("two/set5.json", {"bicubic": 28.43, "srcnn": 30.0, "edsr": 32.0}),
    ]
    reports = read_reports(paths)
    assert list(reports) == ["Set5"]
    assert list(reports["Set5"]["models"]) == ["light", "bicubic", "srcnn", "edsr"]


def test_other_pictures_of_the_same_names_are_not_put_together(write, tmp_path, capsys):
    paths = write("one/a.json", {"bicubic": 28.0, "light": 31.3}), write("two/a.json", {"bicubic": 22.0, "edsr": 32.0})
    code, err = run(capsys, *paths, "-o", tmp_path / "a.md")
    assert code == 2
    assert "bicubic has 22.00 dB here and 28.00 in another file of the same name" in err


def test_where_lr_comes_from_is_said_only_where_it_is_known(write, tmp_path, capsys):
    assert run(capsys, write("a.json", {"light": 31.3}, lr_from=None), "-o", tmp_path / "a.md") == (0, "")
    assert "2 pictures, x4; speed on CPU, 2 cores." in (tmp_path / "a.md").read_text()


@pytest.mark.parametrize("name", BICUBIC)
def test_what_is_not_set5_is_not_called_set5(write, name, tmp_path, capsys):
    code, err = run(capsys, write(f"{name}.json", {"bicubic": BICUBIC[name] + 0.05}), "-o", tmp_path / "a.md")
    assert code == 2
    assert f"{name}.json: bicubic has {BICUBIC[name] + 0.05:.2f} dB here and {BICUBIC[name]} dB on {name}" in err
    assert err.count("\n") == 1
    assert not (tmp_path / "a.md").exists()


@pytest.mark.parametrize(
    ("more", "wrong"),
    [
        ({"device": "CPU, 96 cores"}, "does not match another file of the same name in its device"),
        ({"lr_from": "MATLAB-equivalent bicubic"}, "in its lr_from"),
        ({"vgg_weights": "imagenet"}, "in its vgg_weights"),
    ],
)
def test_what_was_measured_differently_is_not_put_into_one_table(write, more, wrong, tmp_path, capsys):
    paths = write("one/a.json", {"light": 31.3}), write("two/a.json", {"edsr": 32.0}, **more)
    code, err = run(capsys, *paths, "-o", tmp_path / "a.md")
    assert code == 2
    assert wrong in err


def test_a_model_that_is_there_twice_is_named(write, tmp_path, capsys):
    paths = write("one/a.json", {"light": 31.3}), write("two/a.json", {"light": 31.4})
    code, err = run(capsys, *paths, "-o", tmp_path / "a.md")
    assert code == 2
    assert "light is in another file of the same name too" in err


@pytest.mark.parametrize("text", ["", "{}", "[]", "nonsense", '{"models": {}, "scale": 4}', '{"ours": {"seconds": 1}}'])
def test_other_json_is_refused_in_one_line(tmp_path, text, capsys):
    (tmp_path / "set5.json").write_text(text)
    code, err = run(capsys, tmp_path / "set5.json", "-o", tmp_path / "a.md")
    assert code == 2
    assert err == f"srgan: {tmp_path / 'set5.json'}: not what srgan evaluate --json writes\n"
    assert (
        run(capsys, tmp_path / "none.json")[1]
        == f"srgan: {tmp_path / 'none.json'}: no such file; srgan evaluate --json writes it\n"
    )


def test_what_evaluate_writes_can_be_read(tmp_path, capsys, noise):

    (tmp_path / "hr").mkdir()
    Image.fromarray(noise(40, 40)).save(tmp_path / "hr" / "one.png")
    assert main(["evaluate", "--hr", str(tmp_path / "hr"), "--json", str(tmp_path / "mine.json")]) == 0
    capsys.readouterr()
    assert run(capsys, tmp_path / "mine.json", "-o", tmp_path / "a.md") == (0, "")
    assert "1 picture, x4; LR by MATLAB-equivalent bicubic" in (tmp_path / "a.md").read_text()


def test_a_score_that_is_no_number_is_refused(write, tmp_path, capsys):
    path = Path(write("a.json", {"light": 31.3}))
    path.write_text(path.read_text().replace("37.24", '"much"'))
    assert run(capsys, path, "-o", tmp_path / "a.md") == (2, f"srgan: {path}: not what srgan evaluate --json writes\n")


def test_docs_results_is_what_the_command_writes(monkeypatch):
    monkeypatch.chdir(DOCS.parent)
    files = ["docs/scores/set5.json", "docs/scores/set14.json"]
    assert (DOCS / "results.md").read_text() == page(read_reports(files), command=files)
