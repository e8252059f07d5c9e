"""How long a run was trained is read off its folder, whatever is in it."""

import json

import pytest

from pyimagesearch.evaluation.run_steps import trained_steps


@pytest.fixture
def run(tmp_path):
    """A run folder of 20 planned steps of phase 1 and 25,000 of phase 2."""
    config = {"pretrain": {"steps": 20}, "finetune": {"steps": 25_000}}
    (tmp_path / "config.json").write_text(json.dumps({"config": config}))
    for phase, step in (("pretrain", 20), ("finetune", 5), ("finetune", 15)):
        folder = tmp_path / "checkpoints" / phase
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"step-{step}.index").touch()
    return tmp_path


def test_a_phase_that_is_not_at_its_end_says_of_how_many_steps(run):
    assert trained_steps(str(run)) == {"pretrained": "20 steps", "srgan": "15 of 25,000 steps"}


def test_the_history_tells_what_checkpoints_do_not(run):
    (run / "history.csv").write_text("phase,step,seconds\npretrain,20,1.0\nfinetune,100,2.0\n")
    assert trained_steps(str(run))["srgan"] == "100 of 25,000 steps"


@pytest.mark.parametrize(("name", "text"), [("config.json", "[]"), ("config.json", "{"), ("history.csv", "a,b\n1,2\n")])
def test_what_cannot_be_read_is_left_out(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    assert trained_steps(str(tmp_path)) == {}
