"""What may change between two starts of a run, what is recorded of it, and what a phase says at its end."""

import json
import shutil

import numpy as np
import pytest
import tensorflow as tf
from helpers.smoke_runs import PHASE_1, SMALLEST, history, train, weights
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from pyimagesearch.errors import InputError
from pyimagesearch.training import events, run
from pyimagesearch.training.run_folder import RunFolder

LONGER = SMALLEST.with_values({"pretrain.steps": 12})


@pytest.fixture(scope="module")
def small(records, tmp_path_factory):
    """A finished run of SMALLEST."""
    output = tmp_path_factory.mktemp("small") / "run"
    train(records, output, SMALLEST)
    return output


@pytest.fixture
def output(small, tmp_path):
    return shutil.copytree(small, tmp_path / "run")


def test_the_learning_rate_may_change_and_is_recorded_with_its_step(records, output):
    said: list[str] = []
    train(records, output, LONGER.with_values({"pretrain.rate": 2e-4}), say=said.append)
    assert "pretrain.rate: 0.001 until step 8, 0.0002 from there on" in said
    config = json.loads((output / "config.json").read_text())
    assert config["rates"] == [{"field": "pretrain.rate", "step": 8, "from": 0.001, "to": 0.0002}]
    assert [row["learning_rate"] for row in history(output)] == ["0.001"] * 4 + ["0.0002"] * 2
    train(records, output, LONGER.with_values({"pretrain.rate": 5e-4}))  # finished: nothing is trained at that rate
    assert json.loads((output / "config.json").read_text())["rates"] == config["rates"]


@pytest.mark.slow
def test_a_start_may_move_but_not_change_and_is_not_needed_later(records, small, tmp_path):
    start = shutil.copy(small / "models/pretrained_generator.keras", tmp_path / "start.keras")
    output, fields = tmp_path / "run", {"network.start": str(start), "pretrain.steps": 4}
    train(records, output, SMALLEST.with_values(fields))
    moved = shutil.move(start, tmp_path / "moved.keras")
    again = SMALLEST.with_values({**fields, "network.start": str(moved), "pretrain.steps": 6})
    train(records, output, again)
    assert history(output)[-1]["step"] == "6"
    other = SMALLEST.with_values({"seed": 1, "pretrain.steps": 2})
    train(records, tmp_path / "other", other)
    shutil.copy(tmp_path / "other/models/pretrained_generator.keras", moved)
    with pytest.raises(InputError, match=r"network\.start .*moved\.keras \(SHA-256 .* there, .*moved\.keras \(SHA-256"):
        train(records, output, again)
    (tmp_path / "moved.keras").unlink()
    train(records, output, again.with_values({"pretrain.steps": 8}))
    assert history(output)[-1]["step"] == "8"
    with pytest.raises(InputError, match="no such model"):  # a new run needs it
        train(records, tmp_path / "new", again)


def test_a_run_that_is_not_better_than_its_start_keeps_it_and_says_so(records, small, tmp_path):
    start = str(small / "models/pretrained_generator.keras")
    wild = SMALLEST.with_values({"network.start": start, "pretrain.rate": 0.5, "pretrain.steps": 4})
    said: list[str] = []
    train(records, tmp_path / "run", wild, say=said.append)
    assert any(line.startswith("pretrain: best at step 0: PSNR") and "bicubic PSNR" in line for line in said)
    assert any("no validation was better than the start" in line for line in said)
    for one, other in zip(
        weights(tmp_path / "run", "pretrained_generator"), weights(small, "pretrained_generator"), strict=True
    ):
        np.testing.assert_array_equal(one, other)
    tags = {
        name: EventAccumulator(str(tmp_path / "run/logs" / name)).Reload()
        for name in ("pretrain_start", "pretrain_bicubic")
    }
    for accumulator in tags.values():  # a line: the same at each validation
        values = [float(tf.make_ndarray(event.tensor_proto)) for event in accumulator.Tensors("validation_psnr_y")]
        assert len(values) == 2
        assert len(set(values)) == 1


def test_patience_ends_a_phase_and_the_next_start_does_not_go_on(records, small, tmp_path):
    start = str(small / "models/pretrained_generator.keras")
    fields = {"network.start": start, "pretrain.rate": 0.5, "pretrain.steps": 50, "intervals.validate_every": 2}
    config = SMALLEST.with_values({**fields, "intervals.patience": 2})
    said: list[str] = []
    train(records, tmp_path / "run", config, say=said.append)
    assert "pretrain: stopped early at step 4: 2 validations brought nothing better" in said
    said.clear()
    train(records, tmp_path / "run", config, say=said.append)
    assert said == ["pretrain is finished: 4 of 50 steps"]
    train(records, tmp_path / "run", config.with_values({"intervals.patience": 3}), say=said.append)
    assert "pretrain: stopped early at step 6: 3 validations brought nothing better" in said


@pytest.mark.slow
def test_tensorboard_shows_no_step_twice_after_a_kill(records, output):
    """As a process leaves it that is killed 4 steps after its last checkpoint, in the middle of an event."""
    train(records, output, LONGER)
    for checkpoint in (output / "checkpoints/pretrain").glob("step-1*"):
        checkpoint.unlink()
    newest = max((output / "logs/pretrain").glob("events*"), key=lambda path: path.stat().st_mtime_ns)
    newest.write_bytes(newest.read_bytes()[:-3])
    train(records, output, LONGER)
    shown = EventAccumulator(str(output / "logs/pretrain"), size_guidance={"tensors": 0}).Reload()
    steps = [event.step for event in shown.Tensors("loss")]
    assert steps == [2, 4, 6, 8, 10, 12]


@pytest.mark.slow
def test_a_phase_that_is_killed_before_its_first_checkpoint_holds_its_start_once(records, small, tmp_path):
    start = str(small / "models/pretrained_generator.keras")
    config = SMALLEST.with_values({"network.start": start})
    train(records, tmp_path / "run", config)
    for name in ("checkpoints", "models"):  # as if it had been killed before the first of them
        shutil.rmtree(tmp_path / "run" / name)
    train(records, tmp_path / "run", config)
    assert [row["step"] for row in history(tmp_path / "run")] == ["0", "2", "4", "6", "8"]
    for name in ("pretrain", "pretrain_bicubic", "pretrain_start"):
        shown = EventAccumulator(str(tmp_path / "run/logs" / name), size_guidance={"tensors": 0}).Reload()
        assert [event.step for event in shown.Tensors("validation_psnr_y")] == [0, 4, 8]


def test_events_that_stay_are_not_written_again(small, tmp_path):
    logs = shutil.copytree(small / "logs/pretrain", tmp_path / "logs")
    before = {path: path.stat().st_ino for path in logs.iterdir()}
    events.drop_after(str(logs), 8)
    assert {path: path.stat().st_ino for path in logs.iterdir()} == before


def test_the_log_of_a_run_holds_the_lines_of_every_start(records, output):
    before = (output / "train.log").read_text()
    train(records, output, LONGER)
    text = (output / "train.log").read_text()
    assert text.startswith(before)
    assert "Resuming pretrain at step 8" in text.removeprefix(before)


def test_the_configuration_is_in_tensorboard(small):
    (event,) = EventAccumulator(str(small / "logs/pretrain")).Reload().Tensors("config")
    assert '"pretrain"' in event.tensor_proto.string_val[0].decode()


def test_phase_1_of_a_preset_needs_no_start(small):
    assert json.loads((small / "config.json").read_text())["starts"] == {
        "network.start": None,
        "discriminator.start": None,
    }
    assert PHASE_1.network.start == ""
    assert RunFolder(str(small)).news == []


def test_more_than_a_day_on_a_cpu_has_to_be_asked_for(records, tmp_path):
    endless = SMALLEST.with_values({"pretrain.steps": 10**9})
    with pytest.raises(InputError, match=r"would take about \d+ h .* on the CPU.* start it again with `device` cpu"):
        run.train(endless, records, str(tmp_path / "run"), device="gpu")
