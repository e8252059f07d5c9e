"""Scores of whole pictures: what they mean, what is refused, and `srgan evaluate` from end to end."""

import json
import math
import re
import time
import weakref
from pathlib import Path

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from pyimagesearch import evaluation, images, protocols
from pyimagesearch.cli import main
from pyimagesearch.data.sources import Pair
from pyimagesearch.errors import UserError
from pyimagesearch.upscaler import BicubicUpscaler, Upscaler

SCORES = {score.key for score in protocols.SCORES} - {"vgg19_distance"}


def smooth(height: int, width: int, seed: int = 0) -> np.ndarray:
    """A picture without overshoots or hard edges, so that bicubic does well on it."""
    y, x = np.mgrid[:height, :width]
    waves = np.stack([np.sin(y / (9 + c + seed)) * np.cos(x / (11 + 2 * c)) for c in range(3)], axis=-1)
    return np.rint(128 + 90 * waves).astype(np.uint8)


@pytest.fixture
def folders(tmp_path):
    """HR pictures of two sizes, and their x4 LR pictures in DIV2K's names."""
    hr, lr = tmp_path / "hr", tmp_path / "lr"
    hr.mkdir()
    lr.mkdir()
    for number, size in enumerate([(64, 80), (49, 63)]):
        picture = smooth(*size, seed=number)
        images.write(hr / f"000{number}.png", picture)
        images.write(lr / f"000{number}x4.png", images.downscale(images.crop_to_multiple(picture, 4), 4))
    return hr, lr


class Oracle:
    """Knows the HR picture."""

    def __init__(self, hr: np.ndarray, scale: int):
        self.hr, self.scale = hr, scale

    def __call__(self, _):
        return self.hr


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


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_a_perfect_upscaler_has_perfect_scores(scale):
    hr = smooth(48 * 2, 72 * 2)
    pair = Pair("one.png", images.downscale(hr, scale), hr)
    outputs, scores = evaluation.score_pair(pair, {"oracle": Oracle(hr, scale)})
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
    found = evaluation.scores(sr, Pair("one.png", images.downscale(hr, scale), hr), scale)
    expected = by_hand(sr, hr, scale)
    assert len({round(value, 4) for value in expected.values()}) == 6  # no two protocols agree on these pictures
    assert {key: found[key] for key in expected} == pytest.approx(expected, abs=1e-4)


def test_a_grey_picture_counts_as_rgb(tmp_path, noise):
    grey = noise(40, 48)[:, :, 0]
    for mode, samples in (("grey", grey), ("rgb", np.repeat(grey[:, :, None], 3, axis=2))):
        (tmp_path / mode).mkdir()
        images.write(tmp_path / mode / "one.png", samples)
    scored = [
        evaluation.score_pair(pair, {"bicubic": BicubicUpscaler(4)})[1]["bicubic"]
        for mode in ("grey", "rgb")
        for pair in evaluation.folder_pairs(str(tmp_path / mode), None, 4)
    ]
    for score in SCORES - {"seconds", "megapixels_per_s"}:
        assert scored[0][score] == scored[1][score]


def test_seconds_are_those_of_the_call_alone_and_models_are_warm_before(folders):
    class Slow:
        scale, calls = 4, 0

        def __call__(self, lr):
            self.calls += 1
            time.sleep(0.3 if self.calls == 1 else 0.02)
            return images.upscale_bicubic(lr, 4)

    hr, lr = map(str, folders)
    slow = Slow()
    report = evaluation.evaluate(evaluation.folder_pairs(hr, lr, 4), {"slow": slow}, hr=hr, lr=lr)
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
            yield Pair(f"{number}.png", images.downscale(hr, 4), hr)
            del hr
            most = max(most, sum(reference() is not None for reference in alive))

    evaluation.evaluate(pairs(), {"bicubic": BicubicUpscaler(4)}, hr="made", lr=None)
    assert most <= 2  # the pair that was scored last, and the next


def test_as_many_pixels_as_the_scale_are_cropped_and_two_of_the_lr_picture():
    hr = smooth(96, 96)
    lr = images.downscale(hr, 4)

    def framed(width: int) -> dict[str, float]:
        sr = hr.copy()
        sr[:width], sr[-width:], sr[:, :width], sr[:, -width:] = 0, 0, 0, 0
        return evaluation.scores(sr, Pair("one.png", lr, hr), 4)

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
    pair = Pair("one.png", images.downscale(hr, 4), hr)
    brighter = evaluation.scores(hr + 10, pair, 4)  # hr stays below 245
    assert brighter["lr_consistency_db"] == pytest.approx(20 * math.log10(255 / 10), abs=0.1)


@pytest.mark.parametrize(("scale", "least"), [(2, 15), (3, 17), (4, 20), (8, 40)])
def test_a_picture_that_is_too_small_to_score_is_named(scale, least):
    evaluation.check_size(Pair("one.png", None, np.zeros((least, 99, 3), np.uint8)), scale)
    with pytest.raises(UserError, match=rf"^one\.png: 99x{least - 1} pixels are too few to score; {least} a side"):
        evaluation.check_size(Pair("one.png", None, np.zeros((least - 1, 99, 3), np.uint8)), scale)


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_the_smallest_picture_that_is_accepted_has_finite_scores(scale):
    for least in range(11, 60):
        hr = images.crop_to_multiple(smooth(least, least), scale)
        pair = Pair("one.png", images.downscale(hr, scale), hr)
        try:
            evaluation.check_size(pair, scale)
        except UserError:
            continue
        _, scores = evaluation.score_pair(pair, {"bicubic": BicubicUpscaler(scale)})
        assert all(math.isfinite(value) for value in scores["bicubic"].values())
        return
    pytest.fail("no size was accepted")


def test_the_report_has_the_mean_and_every_picture_of_every_model(folders, save_generator):
    hr, lr = map(str, folders)
    path, model = save_generator("light", 4)
    upscalers = {"bicubic": BicubicUpscaler(4), str(path): Upscaler(model, 4)}
    report = evaluation.evaluate(evaluation.folder_pairs(hr, lr, 4), upscalers, hr=hr, lr=lr)
    assert {key: report[key] for key in ("hr", "lr", "scale")} == {"hr": hr, "lr": lr, "scale": 4}
    assert list(report["models"]) == ["bicubic", str(path)]
    for found in report["models"].values():
        assert list(found["pictures"]) == ["0000.png", "0001.png"]
        for score in SCORES - {"megapixels_per_s"}:
            values = [picture[score] for picture in found["pictures"].values()]
            assert found["mean"][score] == pytest.approx(sum(values) / 2)
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert report["lr_from"] == "files"
    assert "CPU" in report["device"] or "GPU" in report["device"]
    means = [found["mean"]["psnr_y"] for found in report["models"].values()]
    assert means[0] > means[1] + 1  # the untrained model is worse, and its scores are its own


def test_lr_pictures_are_made_where_none_are_given(folders):
    hr, lr = map(str, folders)
    for made, given in zip(evaluation.folder_pairs(hr, None, 4), evaluation.folder_pairs(hr, lr, 4), strict=True):
        assert made.name == given.name
        np.testing.assert_array_equal(made.lr, given.lr)
        np.testing.assert_array_equal(made.hr, given.hr)


@pytest.mark.parametrize("rounded_up", [0, 1], ids=["down", "up"])
@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_the_scale_is_read_off_the_pictures_however_their_sizes_were_rounded(tmp_path, scale, rounded_up, capsys):
    images.write(tmp_path / "one.png", smooth(97, 49))  # no scale but 7 divides either
    (tmp_path / "lr").mkdir()
    images.write(tmp_path / "lr" / "one.png", smooth(97 // scale + rounded_up, 49 // scale + rounded_up))
    assert evaluation.scale_of_folders(str(tmp_path), str(tmp_path / "lr")) == scale
    code, out, _ = run(capsys, "--hr", tmp_path, "--lr", tmp_path / "lr")
    assert code == 0
    assert f"Y, {scale} px cropped" in out


def test_bicubic_takes_the_scale_of_the_models(save_generator):
    path = str(save_generator("light", 2)[0])
    found = evaluation.load_upscalers(["bicubic", path])
    assert list(found) == ["bicubic", path]
    assert [upscaler.scale for upscaler in found.values()] == [2, 2]
    assert evaluation.load_upscalers(["bicubic"])["bicubic"].scale == 4
    assert evaluation.load_upscalers(["bicubic"], lr_scale=3)["bicubic"].scale == 3


def test_json_is_whole_or_not_there(tmp_path):
    path = tmp_path / "new" / "scores.json"
    evaluation.write_json(path, {"scale": 4})
    assert json.loads(path.read_text()) == {"scale": 4}
    with pytest.raises(TypeError):
        evaluation.write_json(path, {"scale": object()})
    assert json.loads(path.read_text()) == {"scale": 4}
    assert [file.name for file in path.parent.iterdir()] == ["scores.json"]


def test_json_that_the_disk_cannot_take_leaves_the_old_one(tmp_path, monkeypatch):
    path = tmp_path / "scores.json"
    evaluation.write_json(path, {"scale": 4})

    def full(beside, *_, **__):
        Path(beside).write_bytes(b'{"sca')
        raise OSError("No space left on device")

    monkeypatch.setattr("pyimagesearch.files.open", full, raising=False)
    with pytest.raises(OSError, match="No space left"):
        evaluation.write_json(path, {"scale": 2})
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
    images.write(lr / "0001x4.png", smooth(20, 15))
    err = refusal(capsys, "--hr", hr, "--lr", lr)
    assert f"{lr / '0001x4.png'}: 15x20 pixels are not 1/4 of 0001.png's" in err
    images.write(lr / "0000x4.png", smooth(30, 30))
    assert "are not 1/2, 1/3, 1/4 or 1/8 of 0000.png's 80x64" in refusal(capsys, "--hr", hr, "--lr", lr)


def test_evaluate_names_the_picture_that_has_no_lr_picture(folders, capsys):
    (folders[1] / "0001x4.png").unlink()
    assert "no LR picture for 0001.png" in refusal(capsys, "--hr", folders[0], "--lr", folders[1])


def test_evaluate_refuses_lr_pictures_without_an_hr_picture(folders, capsys):
    hr, lr = folders
    images.write(lr / "0002x4.png", smooth(20, 15))
    assert f"{hr}: no HR picture for {lr / '0002x4.png'}; " in refusal(capsys, "--hr", hr, "--lr", lr)
    images.write(lr / "0000.png", images.read(lr / "0000x4.png"))  # which of the two is meant?
    assert "0000x4.png (nor for 1 more)" in refusal(capsys, "--hr", hr, "--lr", lr)


def test_evaluate_names_a_picture_that_is_too_small_and_writes_nothing(folders, tmp_path, capsys):
    images.write(folders[0] / "0002.png", smooth(19, 80))
    err = refusal(capsys, "--hr", folders[0], "--json", tmp_path / "scores.json")
    assert "0002.png: 80x16 pixels are too few to score; 20 a side" in err
    assert not (tmp_path / "scores.json").exists()


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
    assert "0001.png: corrupt or truncated picture" in refusal(capsys, "--hr", folders[0])


def test_two_pictures_of_one_stem_do_not_hide_each_other(tmp_path, capsys):
    for suffix in ("png", "bmp"):
        images.write(tmp_path / f"one.{suffix}", smooth(40, 40))
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


def test_what_cannot_be_scored_leaves_no_file(folders, tmp_path, capsys):
    images.write(folders[0] / "0002.png", smooth(19, 80))
    page = tmp_path / "page"
    refusal(capsys, "--hr", folders[0], "--markdown", tmp_path / "a.md", "--page", page)
    assert not (tmp_path / "a.md").exists()
    assert not page.exists()
