"""`srgan evaluate` from end to end: what it prints and writes, and what it refuses."""

import errno
import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.score_pictures import SCORES, smooth
from PIL import Image

from pyimagesearch.cli.main import main
from pyimagesearch.evaluation import scoring
from pyimagesearch.evaluation.folders import scale_of_folders
from pyimagesearch.images import picture_io


def run(capsys, *arguments) -> tuple[int, str, str]:
    code = main(["evaluate", *map(str, arguments)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def refusal(capsys, *arguments) -> str:
    """The one line with which `srgan evaluate` refuses its input."""
    code, _, err = run(capsys, *arguments)
    assert code == 2, err
    assert err.count("\n") == 1
    assert err.startswith("srgan: ")
    return err


def left_out(capsys, *arguments) -> str:
    """The line for the one picture without scores, where the others have some."""
    code, out, err = run(capsys, *arguments)
    assert code == 1
    assert "more left out) of " in out
    line, last = err.splitlines()
    assert last.startswith("srgan: 1 of ")
    assert last.endswith(" failed; the others are scored, and the means are theirs")
    return line


@pytest.mark.parametrize("rounded_up", [0, 1], ids=["down", "up"])
@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_the_scale_is_read_off_the_pictures_however_their_sizes_were_rounded(tmp_path, scale, rounded_up, capsys):
    hr = Image.fromarray(smooth(97, 49))
    hr.save(tmp_path / "one.png")  # no scale but 7 divides either
    (tmp_path / "lr").mkdir()
    lr = hr.resize((49 // scale + rounded_up, 97 // scale + rounded_up), Image.Resampling.BOX)
    lr.save(tmp_path / "lr" / "one.png")
    assert scale_of_folders(str(tmp_path), str(tmp_path / "lr")) == scale
    code, out, _ = run(capsys, "--hr", tmp_path, "--lr", tmp_path / "lr")
    assert code == 0
    assert f"Y, {scale} px cropped" in out


def test_json_is_whole_or_not_there(tmp_path):
    path = tmp_path / "new" / "scores.json"
    scoring.write_json(path, {"scale": 4})
    assert json.loads(path.read_text()) == {"scale": 4}
    with pytest.raises(TypeError):
        scoring.write_json(path, {"scale": object()})
    assert json.loads(path.read_text()) == {"scale": 4}
    assert [file.name for file in path.parent.iterdir()] == ["scores.json"]


def test_json_that_the_disk_cannot_take_leaves_the_old_one(tmp_path, monkeypatch):
    path = tmp_path / "scores.json"
    scoring.write_json(path, {"scale": 4})

    def full(beside, *_, **__):
        Path(beside).write_bytes(b'{"sca')
        raise OSError("No space left on device")

    monkeypatch.setattr("pyimagesearch.system.files.open", full, raising=False)
    with pytest.raises(OSError, match="No space left"):
        scoring.write_json(path, {"scale": 2})
    assert json.loads(path.read_bytes()) == {"scale": 4}
    assert [file.name for file in tmp_path.iterdir()] == ["scores.json"]


def test_evaluate_prints_a_table_and_writes_json(folders, save_generator, tmp_path, capsys):
    hr, lr = folders
    model, out = save_generator("light", 4)[0], tmp_path / "scores.json"
    code, printed, err = run(capsys, "--hr", hr, "--lr", lr, "--model", "bicubic", "--model", model, "--json", out)
    assert (code, err) == (0, "")
    report = json.loads(out.read_text())
    assert list(report["models"]) == ["bicubic", str(model)]
    assert (report["hr"], report["lr"], report["scale"]) == (str(hr), str(lr), 4)
    assert report["models"][str(model)]["sha256"] == hashlib.sha256(model.read_bytes()).hexdigest()
    assert "sha256" not in report["models"]["bicubic"]
    heading, quantities, *lines = printed.splitlines()[-6:-2]
    protocols_named = ["Y, 4 px cropped", "RGB, 4 px cropped", "RGB, whole", "LR consistency", "Speed"]
    assert re.split(r"  +", heading.strip()) == protocols_named
    assert quantities.split()[:4] == ["PSNR", "dB", "SSIM", "PSNR"]
    for line, (name, found) in zip(lines, report["models"].items(), strict=True):
        assert line.startswith(name)
        mean = found["mean"]
        scores = [f"{mean[f'psnr_{which}']:.2f} {mean[f'ssim_{which}']:.4f}" for which in ("y", "rgb", "rgb_whole")]
        assert line.removeprefix(name).split()[:6] == " ".join(scores).split()
    for name, picture in report["models"][str(model)]["pictures"].items():
        assert re.search(rf"^{name} +{picture['psnr_y']:.2f}", printed, re.MULTILINE)
    assert f"(2 pictures of {hr}, x4; LR from {lr}; on " in printed
    assert "MATLAB" not in printed  # the LR pictures were given
    assert report["protocols"].keys() == SCORES


def test_evaluate_scores_bicubic_where_no_model_is_named_and_says_how_lr_was_made(folders, capsys):
    code, printed, _ = run(capsys, "--hr", folders[0])
    assert code == 0
    assert (
        f"(2 pictures of {folders[0]}, x4; LR made by MATLAB-equivalent bicubic, HR cut to multiples of 4;" in printed
    )
    assert "\nbicubic" in printed


def test_evaluate_refuses_models_of_different_scales(folders, save_generator, capsys):
    two, four = (save_generator("light", scale)[0] for scale in (2, 4))
    err = refusal(capsys, "--hr", folders[0], "--model", two, "--model", four)
    assert "models of different scales" in err
    assert f"{two} x2" in err
    assert f"{four} x4" in err


def test_evaluate_refuses_lr_pictures_of_another_scale_than_the_models(folders, save_generator, capsys):
    err = refusal(capsys, "--hr", folders[0], "--lr", folders[1], "--model", save_generator("light", 2)[0])
    assert "these pictures are 1/4 of the HR ones, but the models are x2" in err


def test_evaluate_names_an_lr_picture_of_a_wrong_size(folders, capsys):
    hr, lr = folders
    Image.fromarray(smooth(20, 15)).save(lr / "0001x4.png")
    err = left_out(capsys, "--hr", hr, "--lr", lr)
    assert f"{lr / '0001x4.png'}: 15x20 pixels are not 1/4 of 0001.png's" in err
    Image.fromarray(smooth(30, 30)).save(lr / "0000x4.png")
    assert "are not 1/2, 1/3, 1/4 or 1/8 of 0000.png's 80x64" in refusal(capsys, "--hr", hr, "--lr", lr)


def test_evaluate_names_the_picture_that_has_no_lr_picture(folders, capsys):
    (folders[1] / "0001x4.png").unlink()
    assert "no LR picture for 0001.png" in refusal(capsys, "--hr", folders[0], "--lr", folders[1])
    (folders[1] / "0000x4.png").rename(folders[1] / "other.png")
    err = refusal(capsys, "--hr", folders[0], "--lr", folders[1])
    assert "no LR picture for 0000.png (looked for 0000, 0000x4," in err


def test_evaluate_refuses_lr_pictures_without_an_hr_picture(folders, capsys):
    hr, lr = folders
    Image.fromarray(smooth(20, 15)).save(lr / "0002x4.png")
    assert f"{hr}: no HR picture for {lr / '0002x4.png'}; " in refusal(capsys, "--hr", hr, "--lr", lr)
    Image.fromarray(picture_io.read_rgb(lr / "0000x4.png")).save(lr / "0000.png")  # which of the two is meant?
    assert "0000x4.png (nor for 1 more)" in refusal(capsys, "--hr", hr, "--lr", lr)


def test_a_picture_that_is_too_small_costs_no_scores_of_others(folders, tmp_path, capsys):
    Image.fromarray(smooth(19, 80)).save(folders[0] / "0002.png")
    page, out = tmp_path / "page", tmp_path / "scores.json"
    line = left_out(capsys, "--hr", folders[0], "--json", out, "--page", page)
    assert "0002.png: 80x16 pixels are too few to score; 20 a side" in line
    report = json.loads(out.read_text())
    assert report["left_out"] == [line]
    assert list(report["models"]["bicubic"]["pictures"]) == ["0000.png", "0001.png"]
    assert f"Left out: {line}" in (page / "index.html").read_text()


def test_a_folder_of_which_no_picture_can_be_scored_is_refused_and_leaves_no_file(folders, tmp_path, capsys):
    for path in folders[0].iterdir():
        Image.fromarray(smooth(4, 4)).save(path)
    outputs = [flag for name in ("json", "markdown", "page") for flag in (f"--{name}", tmp_path / name)]
    assert "0000.png: 4x4 pixels are too few to score" in refusal(capsys, "--hr", folders[0], *outputs)
    assert not any((tmp_path / name).exists() for name in ("json", "markdown", "page"))


@pytest.mark.parametrize("flag", ["--json", "--markdown", "--page"])
def test_what_cannot_be_written_is_found_before_the_scores(folders, tmp_path, flag, monkeypatch, capsys):
    (tmp_path / "notes").write_text("mine")
    monkeypatch.setattr(scoring, "evaluate_folder", None)  # not called
    err = refusal(capsys, "--hr", folders[0], flag, tmp_path / "notes" / "out")
    assert f"{flag} {tmp_path / 'notes'}" in err
    assert "is not a folder" in err


def test_scores_are_printed_although_their_file_cannot_be_written_after_all(folders, tmp_path, monkeypatch, capsys):
    def full(path, _):
        raise OSError(errno.ENOSPC, "No space left on device", path)

    monkeypatch.setattr(scoring, "write_json", full)
    code, out, err = run(capsys, "--hr", folders[0], "--json", tmp_path / "a.json")
    assert code == 2
    assert "\nbicubic  " in out
    assert err == f"srgan: {tmp_path / 'a.json'}: no space is left on the disk; free some, or name another place\n"


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        (["--hr", "nowhere"], "nowhere: no such folder"),
        (["--hr", "HR", "--lr", "nowhere"], "nowhere: no such folder"),
        (["--hr", "HR", "--model", "nowhere.keras"], "nowhere.keras: no such model"),
        (["--hr", "HR", "--model", "HR/0000.png"], "not a .keras file"),
        ([], "--hr DIR is missing; without HR, --lr DIR and --page DIR make a page"),
        (["--lr", "HR"], "--hr DIR is missing; without HR, --lr DIR and --page DIR make a page"),
        (["--lr", "HR", "--page", "page", "--json", "a.json"], "--json belongs to --hr DIR"),
        (["--lr", "HR", "--page", "page", "--vgg-weights", "random"], "--vgg-weights belongs to --hr DIR"),
        (["--hr", "HR", "--vgg-weights", "nowhere.h5"], "--vgg-weights: no such file nowhere.h5"),
        (["--hr", "HR", "--page", " "], "argument --page: is empty"),
        (["--hr", "HR", "--colour"], "unrecognized arguments: --colour"),
    ],
)
def test_evaluate_refuses_wrong_input_in_one_line(folders, arguments, wrong, capsys):
    assert wrong in refusal(capsys, *[argument.replace("HR", str(folders[0])) for argument in arguments])


def test_evaluate_names_a_corrupt_picture(folders, capsys):
    (folders[0] / "0001.png").write_bytes((folders[0] / "0001.png").read_bytes()[:200])
    assert "0001.png: corrupt or truncated picture" in left_out(capsys, "--hr", folders[0])


def test_two_pictures_of_one_stem_do_not_hide_each_other(tmp_path, capsys):
    for suffix in ("png", "bmp"):
        Image.fromarray(smooth(40, 40)).save(tmp_path / f"one.{suffix}")
    out = tmp_path / "scores.json"
    assert run(capsys, "--hr", tmp_path, "--json", out)[0] == 0
    assert list(json.loads(out.read_text())["models"]["bicubic"]["pictures"]) == ["one.bmp", "one.png"]


def test_evaluate_writes_markdown_with_every_protocol_and_picture(folders, tmp_path, capsys):
    out = tmp_path / "new" / "scores.md"
    assert run(capsys, "--hr", folders[0], "--markdown", out, "--json", tmp_path / "a.json")[0] == 0
    text, report = out.read_text(), json.loads((tmp_path / "a.json").read_text())
    for protocol in ("Y, 4 px cropped: PSNR dB", "RGB, 4 px cropped: SSIM", "RGB, whole: PSNR dB"):
        assert f"| {protocol} |" in text
    mean = report["models"]["bicubic"]["mean"]
    assert f"| bicubic | {mean['psnr_y']:.2f} | {mean['ssim_y']:.4f} | {mean['psnr_rgb']:.2f} |" in text
    for picture in ("0000.png", "0001.png"):
        assert f"| {picture} | {report['models']['bicubic']['pictures'][picture]['psnr_y']:.2f} |" in text
    for key in SCORES:
        assert f"| `{key}` | " in text


def test_a_name_that_is_no_utf_8_is_scored_and_written(capsys, tmp_path):
    (tmp_path / "hr").mkdir()
    Image.fromarray(smooth(40, 40)).save(tmp_path / "hr" / os.fsdecode(b"caf\xe9.png"))
    outputs = [flag for name in ("json", "markdown", "page") for flag in (f"--{name}", tmp_path / name)]
    code, out, err = run(capsys, "--hr", tmp_path / "hr", *outputs)
    assert (code, err) == (0, "")
    assert r"caf\udce9.png" in out
    assert r"caf\udce9.png" in (tmp_path / "page" / "index.html").read_text()
    assert list(json.loads((tmp_path / "json").read_text())["models"]["bicubic"]["pictures"]) == ["caf\udce9.png"]


@pytest.mark.slow
def test_a_reader_that_goes_away_costs_no_scores(folders, tmp_path):
    command = [
        sys.executable,
        "-m",
        "pyimagesearch",
        "evaluate",
        "--hr",
        folders[0],
        "--json",
        tmp_path / "scores.json",
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(60) == 1
    assert "models" in json.loads((tmp_path / "scores.json").read_text())
