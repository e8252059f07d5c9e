"""The benchmarks run every side and write the promised JSON. No speed is asserted."""

import dataclasses
import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from helpers.score_pictures import smooth
from PIL import Image

from pyimagesearch.benchmarks import loader, measure, quality, records, step
from pyimagesearch.benchmarks.tutorial import TutorialTraining, tutorial_batches, write_tutorial_records
from pyimagesearch.cli.main import main
from pyimagesearch.data.pairs import Pair
from pyimagesearch.images import picture_io
from pyimagesearch.models import build_vgg
from pyimagesearch.presets import get_config
from pyimagesearch.training.driver import Progress
from pyimagesearch.training.phases import build_finetune


def test_the_tutorials_step_runs_the_generator_twice_and_learns_from_the_same_losses():
    config = get_config("smoke")
    vgg = build_vgg([*config.finetune.content_layers], "random")
    ours = build_finetune(config, tf.distribute.get_strategy(), "float32", vgg, None).training
    calls = []

    def generator(lr, training):
        calls.append(training)
        return ours.generator(lr, training=training)

    generator.trainable_variables = ours.generator.trainable_variables
    theirs = TutorialTraining(config, generator, ours.discriminator, vgg, ours.optimizer, ours.discriminator_optimizer)
    hr = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), np.uint8)
    before = [variable.numpy() for variable in ours.generator.trainable_variables]
    metrics = theirs.train_step(tf.constant(hr[:, ::4, ::4]), tf.constant(hr))
    assert calls == [True, True]
    assert all(np.isfinite(float(value)) for value in metrics.values())
    after = [variable.numpy() for variable in ours.generator.trainable_variables]
    assert any(not np.array_equal(a, b) for a, b in zip(before, after, strict=True))


@pytest.mark.slow
def test_benchmark_step_prints_ratios_and_writes_every_side(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(step, "ROUNDS", 1)
    monkeypatch.setattr(step, "get_config", lambda _: get_config("smoke"))  # small networks
    assert main(["benchmark", "step", "--batch", "1", "--json", str(tmp_path / "step.json")]) == 0
    found = json.loads((tmp_path / "step.json").read_text())
    assert found["precision"] in ("float32", "bfloat16")
    for side in ("ours", "ours_float32", "tutorial"):
        assert found[side]["seconds"] > 0
    assert capsys.readouterr().out.count("x the tutorial's speed") == 3


def test_the_tutorials_loader_gives_aligned_crops_and_reads_whole_pictures(tmp_path, noise):
    lr = noise(100, 120)
    pair = Pair("a", lr, lr.repeat(4, axis=0).repeat(4, axis=1))
    write_tutorial_records([pair], str(tmp_path / "a.tfrec"))
    before = measure.bytes_read()
    for small, large in tutorial_batches(str(tmp_path / "a.tfrec"), 8).take(5).as_numpy_iterator():
        assert small.shape == (8, 24, 24, 3)
        np.testing.assert_array_equal(large, small.repeat(4, axis=1).repeat(4, axis=2))
    assert measure.bytes_read() - before > 40 * (pair.lr.nbytes + pair.hr.nbytes)


def test_pictures_for_benchmarks_differ_and_have_their_size(tmp_path, monkeypatch):
    monkeypatch.setattr(measure, "SIZE", (120, 200))
    measure.make_pictures(tmp_path, 14)
    pictures = [picture_io.read_rgb(path) for path in sorted(tmp_path.iterdir())]
    assert {picture.shape for picture in pictures} == {(120, 200, 3)}
    assert len({picture.tobytes() for picture in pictures}) == 14


def test_peak_memory_is_that_since_it_was_forgotten():
    np.ones(300_000_000, np.uint8)
    before = measure.peak_memory()
    measure.forget_peak_memory()
    assert measure.peak_memory() < before - 200_000_000


@pytest.mark.parametrize(("loaded", "waits"), [(100.0, "loader waits"), (10.0, "training step waits")])
def test_the_verdict_says_who_waits_for_the_fastest_phase(loaded, waits):
    assert waits in loader.verdict(loaded, {"pretrain": 50.0, "finetune": 5.0})


def test_too_few_pictures_are_refused(tmp_path, noise, capsys):
    for number in range(3):
        Image.fromarray(noise(100, 100, number)).save(tmp_path / f"{number}.png")
    assert main(["benchmark", "loader", "--images", str(tmp_path)]) == 2
    assert "holds 2 training pictures; at least 24 are needed" in capsys.readouterr().err
    assert main(["benchmark", "records", "--pictures", "1"]) == 2
    assert "--pictures must be at least 2, received 1" in capsys.readouterr().err


@pytest.mark.slow
def test_benchmark_loader_measures_every_side_and_says_who_waits(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(loader, "ROUNDS", 1)
    monkeypatch.setattr(loader, "SECONDS", 0.5)
    monkeypatch.setattr(measure, "SIZE", (678, 1020))  # half of DIV2K's
    json_path, plot = tmp_path / "loader.json", tmp_path / "loader.png"
    command = ["benchmark", "loader", "--preset", "smoke", "--json", str(json_path), "--plot", str(plot)]
    assert main([*command, "--degrade", "mild"]) == 0
    found = json.loads(json_path.read_text())
    for side in ("ours", "ours_cached", "degraded", "tutorial"):
        assert found[side]["crops_per_s"] > 0
        assert found[side]["peak_rss_mb"] > 100
    assert found["ours"]["bytes_per_crop"] < 250_000
    assert found["ours_cached"]["bytes_per_crop"] < 1000
    assert found["tutorial"]["bytes_per_crop"] > 2_000_000  # a whole picture of 1020x678
    assert set(found["step"]["crops_per_s"]) == {"pretrain", "finetune"}
    assert picture_io.read_rgb(plot).shape[1] > 500
    assert found["verdict"] in capsys.readouterr().out


@pytest.mark.slow
def test_benchmark_records_writes_on_all_cores_and_on_one(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(records, "ROUNDS", 1)
    monkeypatch.setattr(measure, "SIZE", (300, 400))
    json_path, plot = tmp_path / "records.json", tmp_path / "records.png"
    command = ["benchmark", "records", "--pictures", "4", "--json", str(json_path), "--plot", str(plot)]
    assert main(command) == 0
    found = json.loads(json_path.read_text())
    assert all(found[side][key] > 0 for side in ("ours", "one_core") for key in ("pictures_per_s", "mb_per_s"))
    assert picture_io.read_rgb(plot).shape[1] > 500
    assert "x one core's speed" in capsys.readouterr().out


def test_a_large_folder_is_listed_and_planned_and_its_manifest_written_and_read(tmp_path, capsys):
    json_path = tmp_path / "plan.json"
    command = ["benchmark", "plan", "--pictures", "2000", "--shards", "500", "--json", str(json_path)]
    assert main(command) == 0
    found = json.loads(json_path.read_text())
    assert found["200"]["shards"]["count"] < found["2000"]["shards"]["count"]
    for side in ("200", "2000"):
        assert all(found[side][step]["cpu_seconds"] >= 0 for step in ("listing", "catalog", "planning"))
    assert all(found["manifest"][step]["seconds"] > 0 for step in ("making", "writing", "loading"))
    assert "A manifest of 500 shards:" in capsys.readouterr().out


@pytest.mark.slow
def test_benchmark_quality_trains_both_sides_for_as_long(tmp_path, capsys, monkeypatch):
    small = get_config("smoke").with_values(
        {"network.name": "light", "network.filters": 8, "network.blocks": 1, "pretrain.loss": "l1", "precision": "auto"}
    )
    monkeypatch.setattr(quality, "get_config", lambda name: dataclasses.replace(small, preset=name))
    json_path, plot = tmp_path / "quality.json", tmp_path / "quality.png"
    command = ["benchmark", "quality", "--preset", "smoke", "--minutes", "0.3", "--json", str(json_path)]
    assert main([*command, "--plot", str(plot)]) == 0
    found = json.loads(json_path.read_text())
    assert found["pictures"] == 2  # astronaut and chelsea
    assert found["bicubic"]["psnr_y"] == pytest.approx((26.84 + 31.48) / 2, abs=0.01)
    for side, preset in (("ours", "smoke"), ("tutorial", "tutorial")):
        curve = found[side]["curve"]
        assert found[side]["preset"] == preset
        assert found[side]["psnr_y"] == curve[-1]["psnr_y"] > found["bicubic"]["psnr_y"]
        assert [point["seconds"] for point in curve] == sorted(point["seconds"] for point in curve)
        assert curve[-1]["step"] > curve[0]["step"] > 0
        assert 9 < found[side]["seconds"] < 60
    assert found["tutorial"]["precision"] == "float32"
    assert picture_io.read_rgb(plot).shape[1] > 500
    assert capsys.readouterr().out.count(" dB") >= 1 + len(found["ours"]["curve"]) + len(found["tutorial"]["curve"])


@pytest.mark.slow
def test_benchmark_upscale_measures_both_ratios(tmp_path, capsys, save_generator):
    command = ["benchmark", "upscale", "--rounds", "1", "--model", str(save_generator("light", 4)[0])]
    assert main([*command, "--json", str(tmp_path / "upscale.json")]) == 0
    found = json.loads((tmp_path / "upscale.json").read_text())
    assert all(found[side]["seconds"] > 0 for side in ("bare", "upscaler", "local", "served", "workers", "in_process"))
    assert found["ratios"]["served"] == pytest.approx(found["served"]["seconds"] / found["local"]["seconds"])
    assert "the server takes" in capsys.readouterr().out


@pytest.mark.slow
def test_benchmark_runtimes_compares_what_is_installed(tmp_path, capsys, save_generator):
    (tmp_path / "photos").mkdir()
    for number in range(8):
        Image.fromarray(smooth(96, 112, number)).save(tmp_path / f"photos/{number}.png")
    command = ["benchmark", "runtimes", "--rounds", "2", "--model", str(save_generator("light", 4)[0])]
    command += ["--images", str(tmp_path / "photos")]
    assert main([*command, "--json", str(tmp_path / "runtimes.json")]) == 0
    found = json.loads((tmp_path / "runtimes.json").read_text())["runtimes"]
    names = {"TensorFlow float32", "TensorFlow XLA", "TensorFlow bfloat16", "ONNX Runtime", "LiteRT"}
    names |= {"ONNX Runtime int8", "LiteRT int8"}
    if find_spec("openvino"):
        names |= {"OpenVINO float32", "OpenVINO bfloat16"}
    assert set(found) == names
    exact = {name: side["difference"] for name, side in found.items() if "int8" not in name}
    assert all(difference <= (2 if "bfloat16" in name else 1) for name, difference in exact.items())
    said = capsys.readouterr().out
    assert all(name in said for name in found)
    assert ("left out: openvino is missing" in said) == (find_spec("openvino") is None)


@pytest.mark.slow
def test_benchmark_style_walks_all_sides_to_one_loss(tmp_path, capsys):
    json_path = tmp_path / "style.json"
    command = ["benchmark", "style", "--size", "64", "--steps", "12", "--weights", "random", "--json", str(json_path)]
    assert main(command) == 0
    found = json.loads(json_path.read_text())
    assert found["source"]["steps"] == 12
    assert found["source"]["loss"] == found["curves"]["source"][-1]["loss"]
    for side in ("adam", "lbfgs"):
        assert found["curves"][side][0]["loss"] == pytest.approx(found["curves"]["source"][0]["loss"], rel=1e-4)
        assert found["curves"][side][found[side]["steps"] - 1]["loss"] <= found["source"]["loss"]
        assert found[side]["speed"] == pytest.approx(found["source"]["seconds"] / found[side]["seconds"])
    assert capsys.readouterr().out.count("x the source's speed") == 2


@pytest.mark.parametrize(("flag", "wrong"), [("--size", "--size must be at least 64"), ("--steps", "at least 1")])
def test_benchmark_style_refuses_what_is_too_little(flag, wrong, capsys):
    assert main(["benchmark", "style", "--weights", "random", flag, "0"]) == 2
    assert f"{wrong}, received 0" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        (["--minutes", "0"], "--minutes must be above 0, received 0"),
        (["--minutes", "nan"], "--minutes must be above 0, received nan"),
        (["--lr", "somewhere"], "--lr belongs to --hr DIR, which is missing"),
        (["--preset", "none"], "unknown preset none"),
        (["--images", "nowhere"], "nowhere: no such folder"),
        (["--hr", "nowhere"], "nowhere: no such folder"),
        (["--hr", "small"], "one.png: 16x12 pixels are too few to score; 20 a side are needed"),
        (["--plot", "curve"], "--plot FILE must end in .png or .pdf, received curve"),
        (["--plot", "curve.bmp"], "--plot FILE must end in .png or .pdf, received curve.bmp"),
    ],
)
def test_benchmark_quality_refuses_wrong_input_before_it_trains(arguments, wrong, capsys, noise, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("small").mkdir()
    Image.fromarray(noise(12, 16)).save("small/one.png")
    monkeypatch.setattr(quality, "write_dataset", lambda *_, **__: pytest.fail("it began"))
    assert main(["benchmark", "quality", *arguments]) == 2
    assert wrong in capsys.readouterr().err


def test_the_steps_that_fit_are_those_of_a_trial_without_compiling():
    calls = [(1, 5.0), (2, 1.0), (4, 2.0), (99, 99.0)]  # steps and seconds; the first call compiles
    progress = [Progress(0, count, seconds, losses={}, measures={}, stop=False) for count, seconds in calls]
    assert quality.steps_within(progress, 65.0, trial=3.0) == 120  # 6 steps in 3 s, for 60 s
