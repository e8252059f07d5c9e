"""Records with MLflow and Weights & Biases, of trainings in processes of their own that are killed."""

import contextlib
import json
import os
import re
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers.entry_points import ROOT
from helpers.smoke_runs import history

pytestmark = pytest.mark.slow

# Rows between the checkpoints, so that a killed run has taken steps that it will take again.
RUN = ("--preset", "smoke", "--precision", "float32", "--set", "intervals.checkpoint_every=20",
       "--set", "intervals.log_every=5", "--set", "intervals.validate_every=100",
       "--set", "intervals.sample_every=100")  # fmt: skip


def start(records, output, home, *flags, **environment):
    """A training of someone who is not logged in anywhere; what it says goes to a file beside `output`."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "WANDB_"))}
    command = [sys.executable, str(ROOT / "train_srgan.py"), "--device", "cpu", *RUN, "--tfrecords", records]
    with Path(f"{output}.said").open("w") as said:
        return subprocess.Popen(
            [*command, "--output", str(output), *flags], stdout=said, stderr=said, cwd=output.parent,
            env={**clean, "HOME": str(home), "PYTHONUNBUFFERED": "1", **environment},
        )  # fmt: skip


def said(output):
    return Path(f"{output}.said").read_text()


def kill_when(process, output, pattern, *, also=lambda: True):
    """Kill a run by SIGKILL once it has said a line, and something else holds."""
    deadline = time.monotonic() + 400
    while not (re.search(pattern, said(output)) and also()):
        assert process.poll() is None, f"it ended before it was killed: {said(output)}"
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.kill()
    process.wait()


def by_step(output):
    """The rows of history.csv: numbers by phase and step."""
    return {
        (row["phase"], int(row["step"])): {
            name: float(value) for name, value in row.items() if value and name not in ("phase", "step")
        }
        for row in history(output)
    }


def mlflow_client(output):
    mlflow = pytest.importorskip("mlflow", reason='MLflow is not installed: pip install -e ".[mlflow]"')
    return mlflow.MlflowClient(f"sqlite:///{output}/mlflow/mlflow.db")


def mlflow_runs(client):
    return client.search_runs([experiment.experiment_id for experiment in client.search_experiments()])


def mlflow_values(client, run):
    """The values by phase and step; every value is there once."""
    found: dict[tuple[str, int], dict[str, float]] = {}
    for key in run.data.metrics:
        phase, _, name = key.partition("/")
        for metric in client.get_metric_history(run.info.run_id, key):
            values = found.setdefault((phase, metric.step), {})
            assert name not in values, f"{key} twice at step {metric.step}"
            values[name] = metric.value
    return found


def wandb_records(output):
    """The records of the one offline file, as wandb's own reader prints them."""
    pytest.importorskip("wandb", reason='wandb is not installed: pip install -e ".[wandb]"')
    (path,) = output.glob("wandb/offline-run-*/*.wandb")
    command = [sys.executable, "-m", "wandb", "leet", "inspect", "--json", str(path)]
    environment = {**os.environ, "WANDB_MODE": "offline"}
    printed = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return [json.loads(line) for line in printed.stdout.splitlines()]


def wandb_values(records):
    found, last = {}, -1
    for record in records:
        if record["type"] != "history":
            continue
        item = record["history"]["item"]
        assert item["_step"] > last, "Weights & Biases drops steps that do not grow"
        last = item["_step"]
        phase = next(key for key in item if not key.startswith("_")).partition("/")[0]
        values = {key.partition("/")[2]: value for key, value in item.items() if key.startswith(f"{phase}/")}
        step = values.pop("step")
        found[phase, step] = {name: value for name, value in values.items() if not name.startswith("samples")}
    return found


def check_mlflow(output, tmp_path):
    client = mlflow_client(output)
    (run,) = mlflow_runs(client)  # all starts went on in one record
    assert mlflow_values(client, run) == by_step(output)
    assert run.info.status == "FINISHED"
    assert run.data.params["network.scale"] == "4"
    assert run.data.params["pretrain.rate"] == "0.001"
    assert run.data.tags["pretrain.rate"] == "0.002"  # of the second start
    assert str(tmp_path) not in str(run.data.params) + str(run.data.tags)
    for folder in ("samples", "models"):
        kept = {Path(file.path).name: file.file_size for file in client.list_artifacts(run.info.run_id, folder)}
        assert kept == {path.name: path.stat().st_size for path in (output / folder).iterdir()}


def check_wandb(output, tmp_path):
    records = wandb_records(output)
    assert wandb_values(records) == by_step(output)
    (run,) = (record["run"] for record in records if record["type"] == "run")
    assert run["run_id"] == json.loads((output / "config.json").read_text())["id"]
    assert run["config"]["update"]["network"]["scale"] == 4
    pictures = [path.name for path in output.glob("wandb/offline-run-*/files/media/images/*/*.png")]
    assert len(pictures) == len(list((output / "samples").iterdir()))
    (artifact,) = (record["artifact"] for record in records if record["type"] == "artifact")
    models = {Path(entry["path"]).name: entry["local_path"] for entry in artifact["manifest"]["contents"]}
    assert models == {path.name: str(path) for path in (output / "models").iterdir()}
    others = [record for record in records if record["type"] not in ("artifact", "telemetry")]
    assert str(tmp_path) not in json.dumps(others)
    assert sys.executable not in json.dumps(records)


def recorded(output, phase):
    """The steps that MLflow's database has of a phase while a run writes it."""
    path = output / "mlflow" / "mlflow.db"
    if not path.exists():
        return []
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=60)) as database:
        rows = database.execute("SELECT step FROM metrics WHERE key = ? ORDER BY step", [f"{phase}/seconds"])
        return [step for (step,) in rows]


def kill_in(phase, records, output, home, *flags):
    """Kill a run that has rows of a phase in its record; these are of steps that it will not take again."""
    process = start(records, output, home, *flags)
    kill_when(process, output, rf"\n{phase} step", also=lambda: recorded(output, phase))
    checkpoints = (output / "checkpoints" / phase).glob("*.index")
    last = max(int(path.stem.rpartition("-")[2]) for path in checkpoints)
    assert recorded(output, phase)[-1] <= last


def test_records_of_a_run_killed_in_both_phases_hold_each_step_of_its_history_once(records, tmp_path):
    pytest.importorskip("mlflow", reason='MLflow is not installed: pip install -e ".[mlflow]"')
    pytest.importorskip("wandb", reason='wandb is not installed: pip install -e ".[wandb]"')
    output = tmp_path / "run"
    flags = ("--log", "mlflow", "--log", "wandb", "--pretrain-steps", "400", "--finetune-steps", "100")
    kill_in("pretrain", records, output, tmp_path, *flags)
    flags = (*flags, "--set", "pretrain.rate=0.002")
    kill_in("finetune", records, output, tmp_path, *flags)
    assert start(records, output, tmp_path, *flags).wait() == 0, said(output)
    assert "WARNING: --log" not in said(output)
    check_mlflow(output, tmp_path)
    check_wandb(output, tmp_path)
    outside = {path.name for path in tmp_path.iterdir()} - {"run", "run.said"}
    assert outside <= {".cache", ".config", ".keras", ".local"}  # nothing beside the run but caches of libraries


def test_a_server_that_cannot_be_reached_stops_no_training_and_its_password_is_not_shown(records, tmp_path):
    pytest.importorskip("mlflow", reason='MLflow is not installed: pip install -e ".[mlflow]"')
    output = tmp_path / "run"
    flags = ("--log", "mlflow", "--finetune-steps", "0")
    uri = "http://someone:geheim@127.0.0.1:9"
    assert start(records, output, tmp_path, *flags, MLFLOW_TRACKING_URI=uri).wait() == 0, said(output)
    assert (output / "models/pretrained_generator.keras").exists()
    last = [line for line in said(output).splitlines() if line.startswith("WARNING: --log mlflow:")][-1]
    assert last.endswith("the same command completes it")
    assert "geheim" not in said(output) + (output / "train.log").read_text()
