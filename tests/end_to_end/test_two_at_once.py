"""Two processes that write to one place at the same time, again and again.

One is refused, or the last one wins: what lies there in the end is whole and of one of them, and other files stay.
"""

import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from helpers.smoke_runs import PHASE_1, train, weights
from PIL import Image

from pyimagesearch.data.dataset.manifest import read_manifest
from pyimagesearch.data.dataset.verify import verify
from pyimagesearch.inference.upscaler import load_upscaler

ROUNDS = 2  # was run with 50
TESTS = Path(__file__).parents[1]
# For each line on stdin, `command:folder`, it does that and says how it ended.
WORKER = """
import sys
sys.path.insert(0, sys.argv[2])
seed = int(sys.argv[1])
from helpers import smoke_runs
from pyimagesearch.cli.main import main
from pyimagesearch.data.dataset.writer import write_dataset
from pyimagesearch.data.sources.sample import SampleSource
from pyimagesearch.errors import InputError
from pyimagesearch.export.exporter import export_model

def records(folder):
    write_dataset(SampleSource(scale=4, crop=32), f"{folder}/records")

def train(folder):
    smoke_runs.train(sys.argv[3], f"{folder}/run", smoke_runs.PHASE_1.with_values({"seed": seed}), say=lambda _: None)

def upscale(folder):
    flags = ["-o", f"{folder}/results", "--overwrite", "--model", f"{folder}/{seed}.keras"]
    if main(["upscale", f"{folder}/pictures", *flags]):
        raise InputError("upscale failed")

def export(folder):
    export_model(f"{folder}/{seed}.keras", "savedmodel", f"{folder}/model", overwrite=True)

print("RESULT ready", flush=True)
for line in sys.stdin:
    command, folder = line.strip().split(":")
    try:
        globals()[command](folder)
        print("RESULT done", flush=True)
    except InputError as error:
        print("RESULT", error, flush=True)
"""


@pytest.fixture(scope="module")
def workers(records):
    """Two processes of different seeds that wait for commands."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, seed, str(TESTS), records], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True,
        )
        for seed in ("42", "7")
    ]  # fmt: skip
    for process in processes:
        assert said(process) == "ready"
    yield processes
    for process in processes:
        process.stdin.close()
        assert process.wait(60) == 0


def said(process) -> str:
    """The next result of a worker, whose commands print other lines."""
    for line in process.stdout:
        if line.startswith("RESULT "):
            return line.removeprefix("RESULT ").strip()
    raise AssertionError("it ended")


def both(workers, command: str, folder: Path) -> list[str]:
    """Have both do a command, one of them up to a second later; how they ended."""
    order = random.sample(workers, 2)
    for process in order:
        process.stdin.write(f"{command}:{folder}\n")
        process.stdin.flush()
        time.sleep(random.uniform(0, 1.0))
    return [said(process) for process in workers]


def foreign_files(folder: Path) -> dict[str, str]:
    for name in ("run.part", "model.part", "model.before", "records.part"):
        (folder / name).mkdir()
        (folder / name / "thesis.txt").write_text("mine")
    return {str(path): path.read_text() for path in folder.rglob("thesis.txt")}


def check_foreign_files(before: dict[str, str]) -> None:
    assert {path: Path(path).read_text() for path in before} == before


@pytest.mark.slow
def test_two_runs_in_one_folder(workers, records, tmp_path):
    expected = {}
    for number, seed in enumerate((42, 7)):
        train(records, tmp_path / f"expected{seed}", PHASE_1.with_values({"seed": seed}), say=lambda _: None)
        expected[number] = weights(tmp_path / f"expected{seed}", "pretrained_generator")
    for attempt in range(ROUNDS):
        folder = tmp_path / str(attempt)
        folder.mkdir()
        before = foreign_files(folder)
        ended = both(workers, "train", folder)
        assert ended.count("done") == 1
        winner = ended.index("done")
        assert "in use by" in ended[1 - winner] or "holds a different run" in ended[1 - winner]
        for ours, theirs in zip(weights(folder / "run", "pretrained_generator"), expected[winner], strict=True):
            np.testing.assert_allclose(ours, theirs, atol=1e-5)
        check_foreign_files(before)


@pytest.mark.slow
def test_two_exports_to_one_name(workers, save_generator, tmp_path, noise):
    import tensorflow as tf

    lr = tf.constant(noise(8, 8)[None], tf.float32)
    pictures = [np.clip(save_generator("light", 4, seed)[1](lr), 0, 255) for seed in (0, 1)]
    for attempt in range(ROUNDS):
        folder = tmp_path / str(attempt)
        folder.mkdir()
        before = foreign_files(folder)
        for name, seed in (("42", 0), ("7", 1)):
            (folder / f"{name}.keras").write_bytes(save_generator("light", 4, seed)[0].read_bytes())
        assert both(workers, "export", folder) == ["done", "done"]
        sr = tf.saved_model.load(str(folder / "model")).signatures["serving_default"](lr)["sr"].numpy()
        assert min(np.abs(sr - picture).max() for picture in pictures) < 0.01
        names = {"42.keras", "7.keras", "model", "run.part", "model.part", "model.before", "records.part"}
        assert {path.name for path in folder.iterdir()} == names
        check_foreign_files(before)


@pytest.mark.slow
def test_two_upscalers_of_the_same_pictures(workers, save_generator, tmp_path, noise):
    pictures = {f"{number}.png": noise(40, 60, number) for number in range(12)}
    models = {"42": save_generator("light", 4, 0)[0], "7": save_generator("light", 4, 1)[0]}
    upscalers = [load_upscaler(str(path)) for path in models.values()]
    expected = {name: [upscaler(lr) for upscaler in upscalers] for name, lr in pictures.items()}
    for attempt in range(ROUNDS):
        folder = tmp_path / str(attempt)
        (folder / "pictures").mkdir(parents=True)
        (folder / "results").mkdir()
        before = foreign_files(folder) | foreign_files(folder / "results")
        for name, lr in pictures.items():
            Image.fromarray(lr).save(folder / "pictures" / name)
        for seed, path in models.items():
            (folder / f"{seed}.keras").write_bytes(path.read_bytes())
        assert both(workers, "upscale", folder) == ["done", "done"]
        for name, results in expected.items():
            sr = np.asarray(Image.open(folder / "results" / name))
            assert any(np.array_equal(sr, result) for result in results)
        left = {path.name for path in (folder / "results").iterdir() if path.is_file()}
        assert left == {*pictures, ".srgan-results.jsonl"}  # what is finished, for the next call
        check_foreign_files(before)


@pytest.mark.slow
def test_two_writers_of_one_dataset_folder(workers, tmp_path):
    for attempt in range(ROUNDS):
        folder = tmp_path / str(attempt)
        folder.mkdir()
        before = foreign_files(folder)
        ended = both(workers, "records", folder)
        assert "done" in ended
        assert all(line == "done" or "this dataset folder is in use by" in line for line in ended)
        manifest = read_manifest(str(folder / "records"))
        assert verify(str(folder / "records"), manifest) == []
        check_foreign_files(before)
