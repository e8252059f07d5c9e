"""A run that is stopped in either phase and started again ends as one that was never stopped."""

import json
import shutil
import signal

import numpy as np
import pytest
from helpers.smoke_runs import PHASE_1, SMOKE, history, train, weights

from pyimagesearch.errors import Interrupted
from pyimagesearch.inference.upscaler import load_upscaler
from pyimagesearch.training.driver import Driver


class StopAt:
    """Raises SIGTERM in this process after the step before `step` of `phase`, so that `step` is the last one."""

    def __init__(self, monkeypatch, phase: str, step: int):
        steps = Driver.steps

        def stopping(driver, phase_at_work, *args):
            for progress in steps(driver, phase_at_work, *args):
                if phase_at_work.name == phase and progress.step == step - 1:
                    signal.raise_signal(signal.SIGTERM)
                yield progress

        monkeypatch.setattr(Driver, "steps", stopping)


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


@pytest.mark.slow
def test_a_run_stopped_in_phase_2_goes_on_and_ends_as_one_that_was_never_stopped(
    records, pretrained, finished, tmp_path, monkeypatch
):
    output = shutil.copytree(pretrained, tmp_path / "run")
    check_stop_and_resume(records, output, monkeypatch, SMOKE, "finetune", 3, finished)


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
