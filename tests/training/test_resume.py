"""Runs that stop, diverge or find a damaged checkpoint, and how they go on; folders of other runs are refused."""

import json
import shutil
import signal
import threading

import numpy as np
import pytest
import tensorflow as tf
from helpers.smoke_runs import ONE, PHASE_1, SMALLEST, SMOKE, history, train, weights

from pyimagesearch.errors import InputError, Interrupted, RunError
from pyimagesearch.inference.upscaler import load_upscaler
from pyimagesearch.system.locks import hold
from pyimagesearch.training.checkpoints import PhaseCheckpoints
from pyimagesearch.training.history import History
from pyimagesearch.training.phases import build_pretrain
from pyimagesearch.training.run_folder import RunFolder
from pyimagesearch.training.signals import stop_requests
from pyimagesearch.training.srgan_training import PretrainTraining, StepValues

# What version 0.1 wrote for the preset `smoke`, but for fields that it did not know at first (start, optimizer).
OF_VERSION_0_1 = {
    "preset": "smoke", "generator": "srresnet", "filters": 8, "blocks": 1, "upsample_filters": 16,
    "residual_scale": 1.0, "scale": 4, "discriminator": "tutorial", "discriminator_filters": 4,
    "sync_batch_norm": True, "crop": 32, "augment": "dihedral", "batch": 4, "global_batch": 0, "seed": 42,
    "pretrain_steps": 8, "pretrain_loss": "mse", "pretrain_rate": 0.001, "pretrain_decay": "constant",
    "label_border": 0, "finetune_steps": 6, "finetune_rate": 0.001, "finetune_decay": "constant",
    "adversarial_weight": 0.001, "content_weight": 1.0, "pixel_weight": 0.0, "grid_weight": 0.0,
    "content_layer": "block2_conv2", "content_scale": 0.0784313725490196, "content_input": "imagenet",
    "discriminator_loss": "bce", "concatenate_batches": False, "vgg_weights": "random", "adam_beta1": 0.9, "ema": 0.9,
    "precision": "float32", "xla": "auto", "steps_per_call": 2, "log_every": 2, "validate_every": 4,
    "validation_pictures": 1, "sample_every": 8, "checkpoint_every": 2, "keep_checkpoints": 3,
}  # fmt: skip


@pytest.fixture
def output(finished, tmp_path):
    """A finished run's folder, to be changed."""
    return shutil.copytree(finished, tmp_path / "run")


def test_a_finished_run_says_so_and_changes_nothing(records, finished):
    before = {path: path.read_bytes() for path in (finished / "models").iterdir()}
    said: list[str] = []
    train(records, finished, say=said.append)
    assert said == ["pretrain is finished: 8 of 8 steps", "finetune is finished: 6 of 6 steps"]
    assert {path: path.read_bytes() for path in (finished / "models").iterdir()} == before


def test_a_model_of_a_finished_run_that_is_gone_or_cut_off_is_written_again(records, output):
    path = output / "models" / "generator.keras"
    before = weights(output, "generator")
    path.write_bytes(path.read_bytes()[:1000])
    (output / "models" / "discriminator.keras").unlink()
    said: list[str] = []
    train(records, output, say=said.append)
    assert [line.partition(": ")[2].rpartition("/")[2] for line in said[2:]] == [
        f"{name}.keras was missing or cut off; written from the checkpoint" for name in ("generator", "discriminator")
    ]
    for ours, expected in zip(weights(output, "generator"), before, strict=True):
        np.testing.assert_array_equal(ours, expected)


def test_a_second_run_in_a_folder_that_is_in_use_is_refused(records, output):
    with hold(str(output)), pytest.raises(InputError, match="this run is in use by process"):
        train(records, output)


def test_a_config_json_of_something_else_is_never_written_over(records, tmp_path):
    for content in ("{}", '{"name": "mine"}', "[" * 100_000):
        (tmp_path / "config.json").write_text(content)
        with pytest.raises(InputError, match=r"config\.json: not the config\.json of a run"):
            train(records, tmp_path)
        assert (tmp_path / "config.json").read_text() == content


def test_a_run_whose_folder_is_removed_stops(records, tmp_path, monkeypatch):
    save = PhaseCheckpoints.save
    monkeypatch.setattr(PhaseCheckpoints, "save", lambda *args: (save(*args), shutil.rmtree(tmp_path / "run")))
    with pytest.raises(RunError, match="the folder of this run was removed or replaced; start it again"):
        train(records, tmp_path / "run", SMALLEST)


@pytest.mark.parametrize(
    "content", [b"phase,step\npretrain,2\n", b"\0\xff\x00binary", b"phase,step,seconds\npretr", b"a,b\n1,2"]
)
def test_a_damaged_history_is_set_aside(tmp_path, content):
    (tmp_path / "history.csv").write_bytes(content)
    said: list[str] = []
    rows = History(RunFolder(str(tmp_path)), said.append)
    assert (tmp_path / "history.damaged.csv").read_bytes() == content
    assert len(said) == 1
    assert rows.restart("pretrain", 10) == 0.0


def test_files_that_only_look_like_checkpoints_are_passed_over(records, output):
    for name in ("x.index", "step-.index", "step-two.index"):
        (output / "checkpoints" / "finetune" / name).write_bytes(b"")
    said: list[str] = []
    train(records, output, say=said.append)
    assert said[-1] == "finetune is finished: 6 of 6 steps"


@pytest.mark.parametrize("name", ["run[l1]", "run*", "run?", "run\\1"])
def test_a_folder_in_which_tensorflow_would_find_no_checkpoint_is_refused(records, tmp_path, name):
    with pytest.raises(InputError, match=r"--output .* for a pattern .* give another name"):
        train(records, tmp_path / name)
    assert not (tmp_path / name).exists()


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


def check_stop_and_resume(records, output, monkeypatch, config, phase, step, uninterrupted):
    with monkeypatch.context() as patch:
        StopAt(patch, phase, step)
        with pytest.raises(Interrupted) as stopped:
            train(records, output, config.with_values({"intervals.steps_per_call": 1}))  # stops exactly there
    assert stopped.value.exit_code == 143
    saved = "pretrained_generator" if phase == "pretrain" else "generator"
    assert load_upscaler(str(output / "models" / f"{saved}.keras")).scale == 4
    said: list[str] = []
    train(records, output, config, say=said.append)
    assert any(line.startswith(f"Resuming {phase} at step {step}") for line in said), said
    # Without --deterministic, threads may add in another order; another batch or optimizer state would show at 1e-3.
    for model in (uninterrupted / "models").iterdir():
        for ours, expected in zip(weights(output, model.stem), weights(uninterrupted, model.stem), strict=True):
            np.testing.assert_allclose(ours, expected, atol=1e-5)
    rows, expected = ([(row["phase"], row["step"]) for row in history(folder)] for folder in (output, uninterrupted))
    assert rows == sorted({*expected, (phase, str(step))}, key=lambda row: (row[0] == "finetune", int(row[1])))


def test_a_run_stopped_in_phase_1_goes_on_and_ends_as_one_that_was_never_stopped(
    records, pretrained, tmp_path, monkeypatch
):
    check_stop_and_resume(records, tmp_path / "run", monkeypatch, PHASE_1, "pretrain", 5, pretrained)


def test_a_run_stopped_in_phase_2_goes_on_and_ends_as_one_that_was_never_stopped(
    records, pretrained, finished, tmp_path, monkeypatch
):
    output = shutil.copytree(pretrained, tmp_path / "run")
    check_stop_and_resume(records, output, monkeypatch, SMOKE, "finetune", 3, finished)


def test_a_run_whose_pretrained_model_is_gone_does_not_start_from_scratch(records, output):
    (output / "models" / "pretrained_generator.keras").unlink()
    with pytest.raises(InputError, match=r"pretrained_generator\.keras: phase 1 is finished, but its model is gone"):
        train(records, output)


def test_a_run_of_an_older_version_goes_on(records, output):
    """Its config.json has flat fields, and lacks those that came since."""
    config = json.loads((output / "config.json").read_text())
    config["config"] = OF_VERSION_0_1
    (output / "config.json").write_text(json.dumps(config))
    said: list[str] = []
    train(records, output, say=said.append)
    assert "finetune is finished: 6 of 6 steps" in said
    with pytest.raises(InputError, match="optimizer adam there, muon here"):
        train(records, output, SMOKE.with_values({"optimizer": "muon"}))


def test_a_longer_run_goes_on_from_a_finished_one(records, pretrained, tmp_path):
    output = shutil.copytree(pretrained, tmp_path / "run")
    said: list[str] = []
    train(records, output, PHASE_1.with_values({"pretrain.steps": 10}), say=said.append)
    assert "Resuming pretrain at step 8" in said
    assert history(output)[-1]["step"] == "10"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"seed": 7}, "seed 42 there, 7 here"),
        ({"network.filters": 4}, "network.options .*'filters': 8.* there, .*'filters': 4.* here"),
        ({"finetune.steps": 2}, "finetune.steps 6 there, 2 here"),
        ({"pretrain.steps": 20}, "pretrain.steps 8 there, 20 here"),
    ],
)
def test_another_run_in_the_same_folder_is_refused_by_name(records, finished, change, named):
    with pytest.raises(InputError, match=named):
        train(records, finished, SMOKE.with_values(change))


def test_intervals_may_change_between_starts(records, finished):
    train(
        records,
        finished,
        SMOKE.with_values({"intervals.log_every": 3, "intervals.validate_every": 2, "intervals.steps_per_call": 1}),
    )


def test_a_checkpoint_of_another_architecture_is_refused(records, output):
    other = SMOKE.with_values({"network.filters": 4})
    config = json.loads((output / "config.json").read_text())
    config["config"]["network"]["options"]["filters"] = 4
    (output / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match="checkpoint of another architecture"):
        train(records, output, other)


def test_a_damaged_newest_checkpoint_is_passed_over(records, pretrained, tmp_path):
    output = shutil.copytree(pretrained, tmp_path / "run")
    newest = output / "checkpoints" / "pretrain" / "step-8.data-00000-of-00001"
    newest.write_bytes(newest.read_bytes()[:1000])
    said: list[str] = []
    train(records, output, PHASE_1, say=said.append)
    assert any("step-8 is damaged" in line for line in said)
    assert "Resuming pretrain at step 6" in said
    name = "pretrained_generator"
    for ours, expected in zip(weights(output, name), weights(pretrained, name), strict=True):
        np.testing.assert_allclose(ours, expected, atol=1e-5)


def test_checkpoints_are_found_without_tensorflows_list_of_them(records, output):
    for phase in ("pretrain", "finetune"):
        (output / "checkpoints" / phase / "checkpoint").unlink()
    said: list[str] = []
    train(records, output, say=said.append)
    assert said == ["pretrain is finished: 8 of 8 steps", "finetune is finished: 6 of 6 steps"]


def test_losses_that_are_not_finite_twice_stop_the_run_and_name_the_step(records, tmp_path):
    config = SMALLEST.with_values(
        {"pretrain.rate": 1e30, "intervals.steps_per_call": 1, "intervals.checkpoint_every": 100}
    )
    said: list[str] = []
    with pytest.raises(
        RunError, match=r"step \d+ of pretrain: losses or weights are not finite .*with half the learning rate"
    ):
        train(records, tmp_path / "run", config, say=said.append)
    assert "going back to step 0 with half the learning rate" in said[-1]


class PoisonOnce:
    """Makes the losses of one step of phase 1 nan, or the weights after it, the first time that it comes."""

    def __init__(self, monkeypatch, step, what="losses"):
        real = PretrainTraining.step
        left = tf.Variable(1, dtype=tf.int64)

        def train_step(training, lr, hr):
            values = real(training, lr, hr)
            poisoned = (training.optimizer.iterations.value == step + 1) & (left > 0)
            left.assign_sub(tf.cast(poisoned, tf.int64))
            if what == "weights":
                kernel = training.generator.trainable_variables[0].value
                kernel.assign(tf.where(poisoned, float("inf"), kernel))
                return values
            return StepValues({"loss": tf.where(poisoned, float("nan"), values.losses["loss"])})

        monkeypatch.setattr(PretrainTraining, "step", train_step)


def test_a_run_that_diverges_once_goes_back_and_ends_with_half_the_rate(records, tmp_path, monkeypatch):
    PoisonOnce(monkeypatch, step=5)
    said: list[str] = []
    train(records, tmp_path, SMALLEST.with_values({"intervals.steps_per_call": 1}), say=said.append)
    warning = (
        "WARNING: step 6 of pretrain: losses or weights are not finite (nan or inf); going back to step 4 with half"
    )
    assert any(line.startswith(warning) for line in said)
    assert [int(row["step"]) for row in history(tmp_path)] == [2, 4, 6, 8]
    phase = build_pretrain(SMALLEST, ONE, "float32")
    PhaseCheckpoints(RunFolder(str(tmp_path)), phase, 3, said.append).restore()
    assert phase.slowdown.numpy() == 0.5  # a restart goes on as slowly
    assert phase.rate(3) == pytest.approx(SMOKE.pretrain.rate / 2)
    assert float(phase.training.optimizer.learning_rate) == pytest.approx(SMOKE.pretrain.rate / 2)


@pytest.mark.parametrize(("interval", "back"), [("intervals.checkpoint_every", 2), ("intervals.validate_every", 0)])
def test_weights_that_are_not_finite_are_never_saved(records, tmp_path, monkeypatch, interval, back):
    PoisonOnce(monkeypatch, step=3, what="weights")
    said: list[str] = []
    seldom = {"intervals.checkpoint_every": 100, "intervals.validate_every": 100} | {interval: 2}
    config = SMALLEST.with_values({"intervals.steps_per_call": 1, **seldom})
    train(records, tmp_path, config, say=said.append)
    warning = f"WARNING: step 4 of pretrain: losses or weights are not finite (nan or inf); going back to step {back} "
    assert any(line.startswith(warning) for line in said)
    assert all(np.isfinite(weight).all() for weight in weights(tmp_path, "pretrained_generator"))


def test_the_second_phase_can_be_added_later(pretrained, finished):
    assert not (pretrained / "models" / "generator.keras").exists()
    assert (finished / "models" / "generator.keras").exists()


@pytest.mark.slow
def test_a_run_on_two_replicas_takes_global_batches_and_resumes(records, tmp_path, two_replicas, monkeypatch):
    with monkeypatch.context() as patch:
        StopAt(patch, "pretrain", 4)
        with pytest.raises(Interrupted):
            train(records, tmp_path / "run", PHASE_1.with_values({"intervals.steps_per_call": 1}), two_replicas)
    said: list[str] = []
    train(records, tmp_path / "run", PHASE_1, two_replicas, said.append)
    assert "Resuming pretrain at step 4" in said
    assert json.loads((tmp_path / "run" / "config.json").read_text())["replicas"] == 2
    assert history(tmp_path / "run")[-1]["step"] == "8"


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
