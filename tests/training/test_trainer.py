"""A whole run in process: phases, where it starts from, what lands in the run folder."""

import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from helpers.smoke_runs import ONE, PHASE_1, SMOKE, history, train, weights
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio

from pyimagesearch.data.dataset.manifest import read_manifest
from pyimagesearch.data.dataset.records import read_pictures
from pyimagesearch.errors import InputError
from pyimagesearch.inference.upscaler import load_upscaler
from pyimagesearch.models import complete
from pyimagesearch.models.generators.light import light
from pyimagesearch.models.loading import load_generator
from pyimagesearch.training import validation
from pyimagesearch.training.driver import compile_steps
from pyimagesearch.training.phases import build_pretrain, copy_weights
from pyimagesearch.training.run import prepare


def scalars(folder: Path) -> set[str]:
    return {
        value.tag
        for path in folder.glob("events*")
        for event in tf.compat.v1.train.summary_iterator(str(path))
        for value in event.summary.value
    }


def test_a_run_leaves_models_checkpoints_config_and_history(finished):
    assert sorted(path.name for path in (finished / "models").iterdir()) == [
        "discriminator.keras",
        "generator.keras",
        "pretrained_generator.keras",
    ]
    assert json.loads((finished / "config.json").read_text())["config"]["preset"] == "smoke"
    rows = history(finished)
    assert [(row["phase"], int(row["step"])) for row in rows] == [
        *(("pretrain", step) for step in (2, 4, 6, 8)),
        *(("finetune", step) for step in (0, 2, 4, 6)),
    ]
    trained = [row for row in rows if row["step"] != "0"]
    assert all(np.isfinite(float(row["loss"])) and float(row["learning_rate"]) == 1e-3 for row in trained)
    assert all(0 <= float(row["accuracy_fake"]) <= 1 for row in trained if row["phase"] == "finetune")
    validated = [(row["phase"], row["step"]) for row in rows if row["validation_psnr_y"]]
    assert validated == [("pretrain", "4"), ("pretrain", "8"), ("finetune", "0"), ("finetune", "4"), ("finetune", "6")]
    assert all(
        row["validation_relative_error"] for row in rows if row["phase"] == "finetune" and row["validation_psnr_y"]
    )
    for name in ("curves.png", "samples/pretrain_0000008.png", "samples/finetune_0000006.png"):
        assert Image.open(finished / name).size > (300, 200)
    log = (finished / "train.log").read_text()
    assert "Starting pretrain: 8 steps" in log
    assert "finetune: best at step" in log
    assert not list(finished.rglob("*.part"))


def test_a_run_lowers_the_pixel_loss(finished):
    losses = [float(row["loss"]) for row in history(finished) if row["phase"] == "pretrain"]
    assert losses[-1] < 0.8 * losses[0]


def test_tensorboard_shows_losses_rates_scores_graphs_and_samples(finished):
    common = {"loss", "learning_rate", "steps_per_second", "validation_psnr_y", "validation_ssim_y", "samples"}
    assert common <= scalars(finished / "logs" / "pretrain")
    adversarial = {"content_loss", "adversarial_loss", "discriminator_loss", "accuracy_real", "accuracy_fake"}
    assert common | adversarial <= scalars(finished / "logs" / "finetune")
    for phase in ("pretrain", "finetune"):
        events = [
            event
            for path in (finished / "logs" / phase).glob("events*")
            for event in tf.compat.v1.train.summary_iterator(str(path))
        ]
        assert any(event.graph_def for event in events)


def test_saved_generators_upscale_in_float32_and_differ_between_phases(finished):
    for name in ("pretrained_generator", "generator"):
        picture = load_upscaler(str(finished / "models" / f"{name}.keras"))(np.zeros((9, 7, 3), np.uint8))
        assert picture.shape == (36, 28, 3)
    pairs = zip(weights(finished, "pretrained_generator"), weights(finished, "generator"), strict=True)
    assert any(not np.array_equal(before, after) for before, after in pairs)


@pytest.mark.slow
def test_float32_and_bfloat16_end_alike(records, pretrained, tmp_path):
    """Within 0.3 dB of each other on a picture, and 10% in what the loss is at the end."""
    prepare(PHASE_1, records, str(tmp_path), strategy=ONE, precision="bfloat16").run()
    (pair,) = read_pictures(records, read_manifest(records), 1)
    psnr = [
        peak_signal_noise_ratio(pair.hr, load_upscaler(str(run / "models" / "pretrained_generator.keras"))(pair.lr))
        for run in (pretrained, tmp_path)
    ]
    assert psnr[0] == pytest.approx(psnr[1], abs=0.3)
    last = [float(history(run)[-1]["loss"]) for run in (pretrained, tmp_path)]
    assert last[0] == pytest.approx(last[1], rel=0.1)


def test_the_moving_average_is_that_of_the_weights_after_each_step():
    phase = build_pretrain(SMOKE, ONE, "float32")
    run_steps = compile_steps(ONE, phase, decay=0.2, compiled=False)
    hr = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), np.uint8)
    batches = iter(ONE.experimental_distribute_dataset(tf.data.Dataset.from_tensors((hr[:, ::4, ::4], hr)).repeat()))
    expected = phase.generator.get_weights()
    for step in range(4):
        run_steps(batches, step, 1)
        keep = min(0.2, (1 + step) / (10 + step))  # 0.1, 0.18, then the decay asked for
        expected = [
            keep * old + (1 - keep) * new for old, new in zip(expected, phase.generator.get_weights(), strict=True)
        ]
    for average, value in zip(phase.ema, expected, strict=True):
        np.testing.assert_allclose(average.numpy(), value, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        pytest.param("pretrained_generator", {"finetune.steps": 0}, id="phase 1", marks=pytest.mark.slow),
        pytest.param("generator", {"pretrain.steps": 0}, id="phase 2 alone", marks=pytest.mark.slow),
    ],
)
def test_a_run_starts_from_a_trained_model(records, finished, tmp_path, name, steps):
    """At rates that move nothing, what comes out is what it started from."""
    start = str(finished / "models" / "pretrained_generator.keras")
    still = {"pretrain.rate": 1e-12, "finetune.rate": 1e-12}
    train(records, tmp_path / "run", SMOKE.with_values({"network.start": start, **steps, **still}))
    assert (tmp_path / "run" / "models" / "pretrained_generator.keras").exists() == (name == "pretrained_generator")
    after = load_generator(str(tmp_path / "run" / "models" / f"{name}.keras")).trainable_weights
    for one, other in zip(load_generator(start).trainable_weights, after, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(("kind", "anew"), [("light", 1), ("srresnet", 1)])
def test_a_network_starts_from_one_of_another_scale(save_generator, kind, anew):
    """light: all kernels but the last, which draws the pixels of the scale; srresnet: but the second upsampling."""
    path, trained = save_generator(kind, 2)
    generator = save_generator(kind, 4, 1)[1]
    copy_weights(str(path), generator)
    there, here = ([each for each in model.get_weights() if each.ndim == 4] for model in (trained, generator))
    assert sum(any(np.array_equal(one, other) for other in there) for one in here) == len(here) - anew
    assert generator(np.zeros((1, 8, 8, 3), "float32")).shape == (1, 32, 32, 3)


def test_a_light_starts_from_one_of_fewer_blocks(tmp_path):
    trained = light(filters=8, blocks=2, scale=4)
    trained.save(tmp_path / "trained.keras")
    deeper = light(filters=8, blocks=5, scale=4)
    copy_weights(str(tmp_path / "trained.keras"), deeper)
    lr = np.random.default_rng(0).uniform(0, 255, (1, 9, 7, 3)).astype("float32")
    np.testing.assert_allclose(deeper(lr), trained(lr), rtol=1e-6)
    added = deeper.get_weights()[10:22]  # after a conv and two blocks, before two convs
    assert [bool(array.any()) for array in added] == [True, False, False, False] * 3  # zero twice would never train
    deeper.save(tmp_path / "deeper.keras")
    with pytest.raises(InputError, match=r"holds .* parameters in .*, but this run's light has"):
        copy_weights(str(tmp_path / "deeper.keras"), trained)


@pytest.mark.parametrize(
    ("start", "named"),
    [
        ("light", "light: holds 458,592 parameters in 46 arrays, but this run's srresnet has"),
        ("nowhere.keras", "nowhere.keras: no such model"),
    ],
)
def test_a_start_that_does_not_fit_is_refused_before_anything_is_written(records, tmp_path, start, named):
    with pytest.raises(InputError, match=named):
        train(records, tmp_path / "run", SMOKE.with_values({"network.start": start}))
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_phase_2_starts_from_a_trained_discriminator(records, finished, tmp_path):
    """At a rate that moves nothing, what comes out is what it started from."""
    models = finished / "models"
    starts = {"network.start": f"{models}/generator.keras", "discriminator.start": f"{models}/discriminator.keras"}
    still = {"pretrain.steps": 0, "finetune.steps": 1, "finetune.rate": 1e-12}
    train(records, tmp_path / "run", SMOKE.with_values(starts | still))
    before, after = (
        keras.models.load_model(run / "models/discriminator.keras", compile=False).trainable_weights
        for run in (finished, tmp_path / "run")
    )
    for one, other in zip(before, after, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(
    ("start", "reason"),
    [("generator", "but this run's .* has"), ("nothing", "no such file; name ")],
)
def test_a_start_of_the_discriminator_that_does_not_fit_is_refused(records, finished, tmp_path, start, reason):
    start = f"{finished}/models/{start}.keras"
    with pytest.raises(InputError, match=reason):
        train(records, tmp_path / "run", SMOKE.with_values({"discriminator.start": start}))
    assert not (tmp_path / "run").exists()


def test_a_folder_of_something_else_is_refused(records, tmp_path):
    (tmp_path / "models").mkdir()
    with pytest.raises(InputError, match=r"no config\.json"):
        train(records, tmp_path)


def test_no_disk_space_is_said_before_training(records, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 9, 1))
    with pytest.raises(InputError, match="are free"):
        train(records, tmp_path / "run")
    assert not (tmp_path / "run").exists()  # nothing claims the folder: other settings may be tried


def test_a_run_folder_appears_with_its_config_before_the_first_step(records, tmp_path):
    seen = []

    def look(line: str) -> None:
        if line.startswith("Starting"):
            seen.append(json.loads((tmp_path / "run" / "config.json").read_text())["config"])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(records, tmp_path / "run", say=look)
    assert seen == [complete(SMOKE).to_dict()]


@pytest.mark.slow
@pytest.mark.parametrize("best", [4, 6])
def test_phase_2_keeps_the_weights_whose_texture_is_nearest(records, finished, tmp_path, monkeypatch, best):
    """Validations say so here; the weights of step 4 are those of a run of four steps."""
    start = str(finished / "models" / "pretrained_generator.keras")
    every_2 = SMOKE.with_values({"pretrain.steps": 0, "intervals.validate_every": 2, "network.start": start})
    of_long, of_short = [0.9, 0.5, 0.3 if best == 4 else 0.6, 0.4], [0.9, 0.8, 0.7, 0.6]  # from step 0 on
    scores = iter([*of_long, *of_short])
    monkeypatch.setattr(validation, "relative_error", lambda *_: next(scores))
    train(records, tmp_path / "long", every_2)
    train(records, tmp_path / "short", every_2.with_values({"finetune.steps": best}))
    for one, other in zip(
        weights(tmp_path / "long", "generator"), weights(tmp_path / "short", "generator"), strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_the_best_of_phase_1_has_the_most_psnr_and_of_phase_2_the_least_relative_error():
    assert validation.rank({"psnr_y": 30.0}) > validation.rank({"psnr_y": 29.0})
    bicubic = {"psnr_y": 25.0, "vgg19_distance": 0.2, "vgg19_frechet": 0.8}
    scores = {"psnr_y": 22.0, "vgg19_distance": 0.1, "vgg19_frechet": 0.2}
    assert validation.relative_error(scores, bicubic) == pytest.approx((10**0.3 + 0.5 + 0.25) / 3)
    assert validation.relative_error(bicubic, bicubic) == 1
    small = dict.fromkeys(("vgg19_distance", "vgg19_frechet"), float("nan"))
    assert validation.relative_error({**scores, **small}, {**bicubic, **small}) == pytest.approx(10**0.3)
    assert validation.rank({**scores, "relative_error": 0.5}) > validation.rank({**scores, "relative_error": 0.6})
