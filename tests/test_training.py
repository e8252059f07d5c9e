"""A whole run in process: phases, what lands in the run folder, resume, refusals."""

import csv
import dataclasses
import json
import shutil
import signal
import threading
import time
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from skimage.metrics import peak_signal_noise_ratio

from pyimagesearch.data.sources import SampleSource
from pyimagesearch.data.writer import write_dataset
from pyimagesearch.errors import Interrupted, RunError, UserError
from pyimagesearch.presets import get_config
from pyimagesearch.training.checkpoints import PhaseCheckpoints
from pyimagesearch.training.drive import _compile
from pyimagesearch.training.loop import Trainer
from pyimagesearch.training.phases import build_pretrain
from pyimagesearch.training.run_folder import RunFolder
from pyimagesearch.training.signals import stop_requests
from pyimagesearch.training.steps import PretrainTraining
from pyimagesearch.upscaler import load_upscaler
from pyimagesearch.weights import load_generator

SMOKE = get_config("smoke")
ONE = tf.distribute.OneDeviceStrategy("/cpu:0")


@pytest.fixture(scope="module")
def records(tmp_path_factory) -> str:
    folder = str(tmp_path_factory.mktemp("records"))
    write_dataset(SampleSource(scale=4, crop=32), folder, scale=4, crop=32)
    return folder


def train(records: str, output: Path, config=SMOKE, strategy=ONE, say=print) -> None:
    trainer = Trainer(config, tfrecords=records, output=str(output), strategy=strategy, precision="float32", say=say)
    trainer.run()


@pytest.fixture(scope="module")
def finished(records, tmp_path_factory) -> Path:
    output = tmp_path_factory.mktemp("finished") / "run"
    train(records, output)
    return output


def history(output: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((output / "history.csv").open()))


def weights(output: Path, name: str) -> list[np.ndarray]:
    return keras.models.load_model(output / "models" / f"{name}.keras", compile=False).get_weights()


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
        *(("finetune", step) for step in (2, 4, 6)),
    ]
    assert all(np.isfinite(float(row["loss"])) for row in rows)
    assert all(0 <= float(row["accuracy_fake"]) <= 1 for row in rows if row["phase"] == "finetune")
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


def test_float32_and_bfloat16_end_alike(records, finished, tmp_path):
    """Within 0.3 dB of each other on a picture, and 10% in what the losses are at the end."""
    reduced = Trainer(SMOKE, tfrecords=records, output=str(tmp_path), strategy=ONE, precision="bfloat16")
    reduced.run()
    lr, hr = reduced.pairs[0].lr, reduced.pairs[0].hr
    for name in ("pretrained_generator", "generator"):
        psnr = [
            peak_signal_noise_ratio(hr, load_upscaler(str(run / "models" / f"{name}.keras"))(lr))
            for run in (finished, tmp_path)
        ]
        assert psnr[0] == pytest.approx(psnr[1], abs=0.3)
    for phase in ("pretrain", "finetune"):
        last = [[row for row in history(run) if row["phase"] == phase][-1] for run in (finished, tmp_path)]
        for name in ("loss", "content_loss", "discriminator_loss"):
            if last[0][name]:
                assert float(last[0][name]) == pytest.approx(float(last[1][name]), rel=0.1), name


def test_a_finished_run_says_so_and_changes_nothing(records, finished):
    before = {path: path.read_bytes() for path in (finished / "models").iterdir()}
    said: list[str] = []
    train(records, finished, say=said.append)
    assert said == ["pretrain is finished: 8 of 8 steps", "finetune is finished: 6 of 6 steps"]
    assert {path: path.read_bytes() for path in (finished / "models").iterdir()} == before


class StopAt:
    """Raises SIGTERM in this process after the step before `step` of `phase`, so that `step` is the last one."""

    def __init__(self, monkeypatch, phase: str, step: int):
        from pyimagesearch.training.monitor import Monitor

        add = Monitor.add

        def counting(monitor, *args):
            add(monitor, *args)
            if monitor._phase.name == phase and monitor._step == step - 1:
                signal.raise_signal(signal.SIGTERM)

        monkeypatch.setattr(Monitor, "add", counting)


@pytest.mark.parametrize(("phase", "step"), [("pretrain", 5), ("finetune", 3)])
def test_a_stopped_run_goes_on_and_ends_as_one_that_was_never_stopped(
    records, finished, tmp_path, monkeypatch, phase, step
):
    output = tmp_path / "run"
    one_by_one = dataclasses.replace(SMOKE, steps_per_call=1)  # stops exactly there
    with monkeypatch.context() as patch:
        StopAt(patch, phase, step)
        with pytest.raises(Interrupted) as stopped:
            train(records, output, one_by_one)
    assert stopped.value.exit_code == 143
    saved = "pretrained_generator" if phase == "pretrain" else "generator"
    assert load_upscaler(str(output / "models" / f"{saved}.keras")).scale == 4
    said: list[str] = []
    train(records, output, say=said.append)
    assert any(line.startswith(f"Resuming {phase} at step {step}") for line in said), said
    # Without --deterministic, threads may add in another order; another batch or optimizer state would show at 1e-3.
    for name in ("pretrained_generator", "generator", "discriminator"):
        for ours, expected in zip(weights(output, name), weights(finished, name), strict=True):
            np.testing.assert_allclose(ours, expected, atol=1e-5)
    rows, expected = ([(row["phase"], row["step"]) for row in history(folder)] for folder in (output, finished))
    assert rows == sorted({*expected, (phase, str(step))}, key=lambda row: (row[0] == "finetune", int(row[1])))


def test_a_run_whose_pretrained_model_is_gone_does_not_start_from_scratch(records, finished, tmp_path):
    output = tmp_path / "run"
    shutil.copytree(finished, output)
    (output / "models" / "pretrained_generator.keras").unlink()
    with pytest.raises(UserError, match=r"pretrained_generator\.keras: phase 1 is finished, but its model is gone"):
        train(records, output)


def test_the_moving_average_is_that_of_the_weights_after_each_step():
    phase = build_pretrain(SMOKE, ONE, "float32")
    run_steps = _compile(ONE, phase, decay=0.2, compiled=False)
    hr = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), np.uint8)
    batches = iter(ONE.experimental_distribute_dataset(tf.data.Dataset.from_tensors((hr[:, ::4, ::4], hr)).repeat()))
    expected = phase.generator.get_weights()
    for step in range(4):
        run_steps(batches, tf.constant(step), tf.constant(1))
        keep = min(0.2, (1 + step) / (10 + step))  # 0.1, 0.18, then the decay asked for
        expected = [
            keep * old + (1 - keep) * new for old, new in zip(expected, phase.generator.get_weights(), strict=True)
        ]
    for average, value in zip(phase.ema, expected, strict=True):
        np.testing.assert_allclose(average.numpy(), value, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "steps"),
    [("pretrained_generator", {"finetune_steps": 0}), ("generator", {"pretrain_steps": 0})],
    ids=["phase 1", "phase 2 alone"],
)
def test_a_run_starts_from_a_trained_model(records, finished, tmp_path, name, steps):
    """At rates that move nothing, what comes out is what it started from."""
    start = str(finished / "models" / "pretrained_generator.keras")
    still = {"pretrain_rate": 1e-12, "finetune_rate": 1e-12}
    train(records, tmp_path / "run", dataclasses.replace(SMOKE, start=start, **steps, **still))
    after = load_generator(str(tmp_path / "run" / "models" / f"{name}.keras")).trainable_weights
    for one, other in zip(load_generator(start).trainable_weights, after, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(
    ("start", "named"),
    [("light", "light: holds another architecture"), ("nowhere.keras", "nowhere.keras: no such model")],
)
def test_a_start_that_does_not_fit_is_refused_before_anything_is_written(records, tmp_path, start, named):
    with pytest.raises(UserError, match=named):
        train(records, tmp_path / "run", dataclasses.replace(SMOKE, start=start))
    assert not (tmp_path / "run").exists()


def test_a_run_of_an_older_version_goes_on(records, finished, tmp_path):
    """Its config.json lacks the fields that came since."""
    output = tmp_path / "run"
    shutil.copytree(finished, output)
    config = json.loads((output / "config.json").read_text())
    del config["config"]["start"], config["config"]["optimizer"]
    (output / "config.json").write_text(json.dumps(config))
    said: list[str] = []
    train(records, output, say=said.append)
    assert "finetune is finished: 6 of 6 steps" in said
    with pytest.raises(UserError, match="optimizer adam there, muon here"):
        train(records, output, dataclasses.replace(SMOKE, optimizer="muon"))


def test_a_longer_run_goes_on_from_a_finished_one(records, finished, tmp_path):
    output = tmp_path / "run"
    shutil.copytree(finished, output)
    said: list[str] = []
    train(records, output, dataclasses.replace(SMOKE, finetune_steps=8), say=said.append)
    assert "Resuming finetune at step 6" in said
    assert history(output)[-1]["step"] == "8"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"seed": 7}, "seed 42 there, 7 here"),
        ({"filters": 4}, "filters 8 there, 4 here"),
        ({"finetune_steps": 2}, "finetune_steps 6 there, 2 here"),
        ({"pretrain_steps": 20}, "pretrain_steps 8 there, 20 here"),
    ],
)
def test_another_run_in_the_same_folder_is_refused_by_name(records, finished, change, named):
    with pytest.raises(UserError, match=named):
        train(records, finished, dataclasses.replace(SMOKE, **change))


def test_intervals_may_change_between_starts(records, finished):
    train(records, finished, dataclasses.replace(SMOKE, log_every=3, validate_every=2, steps_per_call=1))


def test_a_checkpoint_of_another_architecture_is_refused(records, finished, tmp_path):
    output = tmp_path / "run"
    shutil.copytree(finished, output)
    other = dataclasses.replace(SMOKE, filters=4)
    config = json.loads((output / "config.json").read_text())
    config["config"]["filters"] = 4
    (output / "config.json").write_text(json.dumps(config))
    with pytest.raises(UserError, match="checkpoint of another architecture"):
        train(records, output, other)


def test_a_damaged_newest_checkpoint_is_passed_over(records, finished, tmp_path):
    output = tmp_path / "run"
    shutil.copytree(finished, output)
    newest = output / "checkpoints" / "finetune" / "step-6.data-00000-of-00001"
    newest.write_bytes(newest.read_bytes()[:1000])
    said: list[str] = []
    train(records, output, say=said.append)
    assert any("step-6 is damaged" in line for line in said)
    assert "Resuming finetune at step 4" in said
    for ours, expected in zip(weights(output, "generator"), weights(finished, "generator"), strict=True):
        np.testing.assert_allclose(ours, expected, atol=1e-5)


def test_checkpoints_are_found_without_tensorflows_list_of_them(records, finished, tmp_path):
    output = tmp_path / "run"
    shutil.copytree(finished, output)
    for phase in ("pretrain", "finetune"):
        (output / "checkpoints" / phase / "checkpoint").unlink()
    said: list[str] = []
    train(records, output, say=said.append)
    assert said == ["pretrain is finished: 8 of 8 steps", "finetune is finished: 6 of 6 steps"]


def test_a_folder_of_something_else_is_refused(records, tmp_path):
    (tmp_path / "models").mkdir()
    with pytest.raises(UserError, match=r"no config\.json"):
        train(records, tmp_path)


def test_losses_that_are_not_finite_twice_stop_the_run_and_name_the_step(records, tmp_path):
    config = dataclasses.replace(SMOKE, pretrain_rate=1e30, steps_per_call=1, checkpoint_every=100)
    said: list[str] = []
    with pytest.raises(
        RunError, match=r"step \d+ of pretrain: the losses are not finite .*with half the learning rate"
    ):
        train(records, tmp_path / "run", config, say=said.append)
    assert "going back to step 0 with half the learning rate" in said[-1]


class PoisonOnce:
    """Makes the losses of one step of phase 1 nan, the first time that it comes."""

    def __init__(self, monkeypatch, step):
        real = PretrainTraining.train_step
        left = tf.Variable(1, dtype=tf.int64)

        def train_step(training, lr, hr):
            metrics = real(training, lr, hr)
            poisoned = (training.optimizer.iterations.value == step + 1) & (left > 0)
            left.assign_sub(tf.cast(poisoned, tf.int64))
            return {name: tf.where(poisoned, float("nan"), value) for name, value in metrics.items()}

        monkeypatch.setattr(PretrainTraining, "train_step", train_step)


def test_a_run_that_diverges_once_goes_back_and_ends_with_half_the_rate(records, tmp_path, monkeypatch):
    PoisonOnce(monkeypatch, step=5)
    said: list[str] = []
    train(records, tmp_path, dataclasses.replace(SMOKE, finetune_steps=0, steps_per_call=1), say=said.append)
    warning = "WARNING: step 6 of pretrain: the losses are not finite (nan or inf); going back to step 4 with half"
    assert any(line.startswith(warning) for line in said)
    assert [int(row["step"]) for row in history(tmp_path)] == [2, 4, 6, 8]
    phase = build_pretrain(SMOKE, ONE, "float32")
    PhaseCheckpoints(RunFolder(str(tmp_path)), phase, 3, said.append).restore()
    assert phase.slowdown.numpy() == 0.5  # a restart goes on as slowly
    assert phase.rate(3) == pytest.approx(SMOKE.pretrain_rate / 2)
    assert float(phase.training.optimizer.learning_rate) == pytest.approx(SMOKE.pretrain_rate / 2)


def test_the_second_phase_can_be_added_later(records, tmp_path):
    train(records, tmp_path / "run", dataclasses.replace(SMOKE, finetune_steps=0))
    assert not (tmp_path / "run" / "models" / "generator.keras").exists()
    train(records, tmp_path / "run")
    assert (tmp_path / "run" / "models" / "generator.keras").exists()


def test_a_phase_can_be_left_out(records, tmp_path):
    train(records, tmp_path / "run", dataclasses.replace(SMOKE, pretrain_steps=0, finetune_steps=2))
    assert (tmp_path / "run" / "models" / "generator.keras").exists()
    assert not (tmp_path / "run" / "models" / "pretrained_generator.keras").exists()


def test_a_run_on_two_replicas_takes_global_batches_and_resumes(records, tmp_path, two_replicas, monkeypatch):
    with monkeypatch.context() as patch:
        StopAt(patch, "pretrain", 4)
        with pytest.raises(Interrupted):
            train(records, tmp_path / "run", dataclasses.replace(SMOKE, steps_per_call=1), two_replicas)
    said: list[str] = []
    train(records, tmp_path / "run", strategy=two_replicas, say=said.append)
    assert "Resuming pretrain at step 4" in said
    assert json.loads((tmp_path / "run" / "config.json").read_text())["replicas"] == 2
    assert history(tmp_path / "run")[-1]["phase"] == "finetune"


@pytest.fixture
def usual_ctrl_c():
    """Where a shell started the tests in the background, SIGINT is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("usual_ctrl_c")
def test_a_second_signal_ends_the_process_as_usual():
    with stop_requests() as request:
        signal.raise_signal(signal.SIGINT)
        assert request.received == signal.SIGINT
        assert request.exit_code == 130
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_signals_are_left_alone_outside_the_main_thread():
    seen = []

    def use() -> None:
        with stop_requests() as request:
            seen.append(request.received)

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert seen == [None]


def test_no_disk_space_is_said_before_training(records, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 9, 1))
    with pytest.raises(UserError, match="are free"):
        train(records, tmp_path / "run")
    assert not (tmp_path / "run").exists()  # nothing claims the folder: other settings may be tried


def test_a_run_folder_appears_with_its_config_before_the_first_step(records, tmp_path):
    Trainer(SMOKE, tfrecords=records, output=str(tmp_path / "run"), strategy=ONE, precision="float32")
    assert json.loads((tmp_path / "run" / "config.json").read_text())["config"] == SMOKE.to_dict()
    assert RunFolder(str(tmp_path / "run")).checkpoints("pretrain") == []
    assert time.time() - (tmp_path / "run" / "config.json").stat().st_mtime < 60
