"""What records with tracking services hold, and what happens to a training where they cannot be written."""

import shutil
import threading
from typing import ClassVar

import pytest
from helpers.entry_points import run_command
from helpers.smoke_runs import history

from pyimagesearch.config import TrainConfig
from pyimagesearch.errors import Interrupted
from pyimagesearch.presets import get_config
from pyimagesearch.training import tracking
from pyimagesearch.training.run_folder import RunFolder
from pyimagesearch.training.trackers import TRACKERS, Tracker, without_passwords
from pyimagesearch.training.tracking import Tracking, points

FAULT = "WARNING: --log own: the record cannot be written now (no way to http://host/x)"
STEPS = get_config("smoke").pretrain.steps


@pytest.fixture
def output(pretrained, tmp_path):
    return shutil.copytree(pretrained, tmp_path / "run")


@pytest.fixture
def service(monkeypatch):
    """A service of one's own, registered as the docs say; it is forgotten at the end."""
    TRACKERS.names()
    monkeypatch.setattr(TRACKERS, "_entries", {})

    @TRACKERS.register("own")
    class Own(Tracker):
        title, libraries, extra, elsewhere, where = "Own", (), "own", ("OWN_DIR", "a folder"), "nowhere"
        gate = threading.Event()
        faults = 0  # how many updates fail
        opened: ClassVar[list] = []
        steps: ClassVar[list] = []
        ends: ClassVar[list] = []

        def __init__(self, run):
            self.opened.append(run)

        def update(self, points):
            assert self.gate.wait(60)
            if Own.faults:
                Own.faults -= 1
                raise ConnectionError("no way\nto http://me:geheim@host/x")
            self.steps[:] = [(point.phase, point.step) for point in points]

        def finish(self, models, outcome):
            self.ends.append(([model.rpartition("/")[2] for model in models], outcome))

    Own.gate.set()
    return Own


def follow(output, say, names=("own",)):
    config = {**get_config("smoke").to_dict(), "preset": "smoke"}
    config["network"] = {**config["network"], "start": "/home/someone/secret project/model.keras"}
    identity = {"config": config, "precision": "float32", "replicas": 1, "dataset": "1234"}
    return Tracking(names, RunFolder(str(output)), identity, say)


def test_an_unknown_service_is_one_line_that_names_the_valid_ones(capsys, tmp_path):
    code, _, err = run_command(capsys, "train", "--device", "cpu", "--output", tmp_path / "run", "--log", "mlfow")
    assert (code, err) == (2, ["srgan: unknown --log service mlfow; valid: mlflow, wandb"])
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("name", "title"), [("mlflow", "MLflow"), ("wandb", "Weights & Biases")])
def test_a_missing_library_is_one_line_with_the_extra_even_beside_a_folder_of_its_name(
    name, title, capsys, tmp_path, monkeypatch
):
    """Both libraries leave folders of their own names where they are used."""
    (tmp_path / "left_by_a_library").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(TRACKERS[name], "libraries", ("left_by_a_library",))
    code, _, err = run_command(capsys, "train", "--device", "cpu", "--output", tmp_path / "run", "--log", name)
    assert (code, err) == (2, [f'srgan: {title} needs left_by_a_library: pip install -e ".[{name}]"'])
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("name", "variable"), [("mlflow", "MLFLOW_TRACKING_URI"), ("wandb", "WANDB_DIR")])
def test_a_run_on_a_bucket_needs_another_place_for_its_record(name, variable, capsys, monkeypatch):
    monkeypatch.setattr(TRACKERS[name], "libraries", ())
    monkeypatch.delenv(variable, raising=False)
    code, _, err = run_command(capsys, "train", "--device", "cpu", "--output", "gs://bucket/run", "--log", name)
    assert (code, len(err)) == (2, 1)
    assert "writes to a disk, but --output is gs://bucket/run" in err[0]
    assert f"set {variable} to a" in err[0]


def test_a_record_holds_what_a_checkpoint_vouches_for(output):
    rows = history(output)
    found = points(RunFolder(str(output)), STEPS)
    assert [(point.phase, str(point.step)) for point in found] == [(row["phase"], row["step"]) for row in rows]
    assert found[-1].values == {name: float(rows[-1][name]) for name in rows[-1] if name not in ("phase", "step")}
    assert found[-1].sample == str(output / "samples" / f"pretrain_{STEPS:07d}.png")
    for checkpoint in output.glob(f"checkpoints/pretrain/step-{STEPS}.*"):
        checkpoint.unlink()  # as if the process had been killed before it was written
    assert [point.step for point in points(RunFolder(str(output)), STEPS)] == [2, 4, 6]


def test_both_phases_have_steps_of_one_order(output):
    """Phase 2 needs no checkpoint of phase 1, and begins with the scores of its start, at its step 0."""
    shutil.move(output / "checkpoints/pretrain", output / "checkpoints/finetune")
    rows = (output / "history.csv").read_text()
    columns, last = rows.splitlines()[0], rows.splitlines()[-1]
    cells = dict(zip(columns.split(","), last.split(","), strict=True))
    for step in ("0", "2"):
        rows += ",".join((cells | {"phase": "finetune", "step": step}).values()) + "\n"
    (output / "history.csv").write_text(rows)
    found = points(RunFolder(str(output)), STEPS)
    assert [(point.phase, point.step) for point in found[-3:]] == [
        ("pretrain", STEPS),
        ("finetune", 0),
        ("finetune", 2),
    ]
    totals = [point.total_step for point in found]
    assert totals == sorted(set(totals))


def test_a_record_is_told_of_no_paths_and_gets_the_models_of_a_run_that_has_ended(output, service):
    said: list[str] = []
    with follow(output, said.append):
        pass
    assert said == ["--log own: nowhere"]
    (info,) = service.opened
    assert info.config["network"]["start"] == "model.keras"
    assert "/home" not in str(info.config)
    assert TrainConfig.from_dict({**get_config("smoke").to_dict(), "network": info.config["network"]})
    assert service.ends == [(["pretrained_generator.keras"], "finished")]
    with pytest.raises(Interrupted), follow(output, said.append):
        raise Interrupted("stopped", 143)
    assert service.ends[1:] == [([], "stopped")]


def test_a_record_that_cannot_be_written_is_one_line_and_is_completed_later(output, service):
    service.faults = 3
    said: list[str] = []
    with follow(output, said.append) as records:
        while service.faults:  # each checkpoint tries again
            records.update()
    assert said == [
        "--log own: nowhere",
        f"{FAULT}; the training goes on, and tries again",
    ]
    assert service.steps[-1] == ("pretrain", STEPS)
    service.faults = 1000
    with follow(output, said.append):
        pass
    assert said[-1] == f"{FAULT}; the same command completes it"


def test_a_service_that_does_not_answer_holds_nobody_up(output, service, monkeypatch):
    monkeypatch.setattr(tracking, "LAST_SECONDS", {"finished": 0.1})
    service.gate.clear()
    said: list[str] = []
    try:
        with follow(output, said.append) as records:
            records.update()
        assert said[-1] == "WARNING: --log own: the record cannot be written now (no answer yet); " + (
            "the same command completes it"
        )
    finally:
        service.gate.set()


@pytest.mark.parametrize("secret", ["me:word@", "me:wo/rd@", "me:w@rd@", ""])
def test_an_address_is_said_without_its_password(secret):
    assert without_passwords(f"at postgresql://{secret}host/db: refused") == "at postgresql://host/db: refused"
