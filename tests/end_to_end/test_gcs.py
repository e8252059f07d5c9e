"""The commands on gs:// paths: real processes, TensorFlow's own client, and an emulator on this machine."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from helpers.command_session import CommandSession
from helpers.dataset_folders import files
from helpers.gcs_emulator import LocalGCS, free_port
from PIL import Image

import pyimagesearch.models.blocks  # noqa: F401  (registers the layers of saved models)
from pyimagesearch.benchmarks.tutorial import write_tutorial_records
from pyimagesearch.data.pairs import make_pair
from pyimagesearch.system import gcs as gcs_client

ROOT = Path(__file__).parents[2]
SHARD = "/lab/deep%2Frecords%2Ftrain%2F00000"
RECORDS, RUN = "gs://lab/deep/records", "gs://lab/deep/run"
TRAIN = ("train_srgan.py", "--device", "cpu", "--preset", "smoke", "--deterministic")


@pytest.fixture(scope="module")
def gcs(tmp_path_factory):
    with LocalGCS(tmp_path_factory.mktemp("gcs")) as service:
        service.make_bucket("lab")
        yield service


def command(*args: str) -> list[str]:
    door = args[0].endswith(".py")
    return [sys.executable, *(args if door else ("-m", "pyimagesearch", *args))]


def run(gcs, *args: str, timeout: float = 600, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        command(*args), cwd=ROOT, env=gcs.child(**environment), capture_output=True, text=True, timeout=timeout,
        check=False,
    )  # fmt: skip


def succeed(gcs, *args: str) -> str:
    ended = run(gcs, *args)
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stderr[-2000:]
    return ended.stdout


def start(gcs, bucket: str, name: str, *args: str) -> subprocess.Popen:
    """Start a command, and return once there is an object `name`."""
    process = subprocess.Popen(
        command(*args), cwd=ROOT, env=gcs.child(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    while name not in gcs.names(bucket) and process.poll() is None:
        time.sleep(0.1)
    return process


def kill_after(gcs, name: str, *args: str) -> None:
    """Start a command and kill it once there is an object `name`."""
    process = start(gcs, "lab", name, *args)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL, "it ended before it was killed"


@pytest.fixture(scope="module")
def local_records(gcs, tmp_path_factory) -> str:
    folder = str(tmp_path_factory.mktemp("local") / "records")
    succeed(gcs, "create_tfrecords.py", "--source", "sample", "--crop", "32", "--output", folder)
    return folder


@pytest.mark.slow
def test_records_of_pictures_on_a_bucket_are_those_of_the_same_pictures_here(gcs, noise, tmp_path):
    (tmp_path / "photos").mkdir()
    for number in range(4):
        path = tmp_path / "photos" / f"{number}.png"
        Image.fromarray(noise(48, 64, number)).save(path)
        gcs.put("lab", f"photos/{path.name}", path.read_bytes())
    for images, output in (("gs://lab/photos", tmp_path / "far"), (tmp_path / "photos", tmp_path / "near")):
        succeed(
            gcs, "create_tfrecords.py", "--source", "folder", "--images", str(images), "--crop", "32", "--output",
            str(output),
        )  # fmt: skip
    assert files(tmp_path / "far") == files(tmp_path / "near")


@pytest.mark.slow
def test_records_of_the_tutorial_are_imported_from_a_bucket(gcs, noise, tmp_path):
    for split in ("train", "test"):
        path = tmp_path / f"{split}.tfrec"
        write_tutorial_records([make_pair("a", noise(48, 64), 4)], str(path))
        gcs.put("lab", f"theirs/{split}/0.tfrec", path.read_bytes())
    flags = ("--source", "tfrecord", "--images", "gs://lab/theirs", "--crop", "32", "--output", str(tmp_path / "out"))
    assert "1 training pictures, 1 test pictures" in succeed(gcs, "create_tfrecords.py", *flags)


def weights(data: bytes, folder: Path) -> list[np.ndarray]:
    (folder / "model.keras").write_bytes(data)
    return keras.models.load_model(folder / "model.keras", compile=False).get_weights()


FAULTS = {
    "missing": (2, "gs://missing: no such bucket (HTTP 404: The specified bucket does not exist.); create it"),
    "locked": (2, "gs://locked: no permission (HTTP 403: tester does not have storage.objects.list access to locked.)"),
    "strange": (2, "gs://strange: no credentials that it accepts (HTTP 401: tester does not"),
    "broken": (1, "gs://broken: cannot be reached after 2 retries (HTTP 503: We encountered an internal error."),
    "passing": (2, "gs://passing/records: no such TFRecord folder"),  # two requests fail, then it answers
}


@pytest.fixture(scope="module")
def answers(gcs):
    """Exit code and lines of stderr of `srgan verify` on a bucket with each fault."""
    for bucket in ("locked", "strange", "broken", "passing"):
        gcs.make_bucket(bucket)
    gcs.refused.update(locked=403, strange=401)
    gcs.busy.update(broken=10**9, passing=2)
    found = {}
    with CommandSession(gcs.child()) as srgan:
        for bucket in FAULTS:
            code, _, err = srgan("verify", f"gs://{bucket}/records")
            found[bucket] = code, err
    return found


@pytest.mark.parametrize("bucket", FAULTS)
def test_a_bucket_that_cannot_be_used_is_one_line_that_names_it_and_the_reason(answers, bucket):
    code, said = answers[bucket]
    assert (code, len(said)) == (FAULTS[bucket][0], 1)
    assert said[0].startswith(f"srgan: {FAULTS[bucket][1]}")


def test_retries_are_bounded_unless_the_environment_says_otherwise(monkeypatch):
    for name in gcs_client.DEFAULTS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GCS_RETRY_CONFIG_MAX_RETRIES", "3")
    gcs_client.configure()
    assert os.environ["GCS_RETRY_CONFIG_MAX_RETRIES"] == "3"
    assert int(os.environ["GCS_REQUEST_CONNECTION_TIMEOUT_SECS"]) <= 60


NO_SUCH = "no such bucket (HTTP 404"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("create_tfrecords.py", "--source", "sample", "--output", "gs://missing/records"), f"gs://missing: {NO_SUCH}"),
        ((*TRAIN, "--tfrecords", "gs://missing/records", "--output", RUN), f"gs://missing: {NO_SUCH}"),
        ((*TRAIN, "--tfrecords", "LOCAL", "--output", "gs://missing/run"), f"gs://missing: {NO_SUCH}"),
        (("inference.py", "--device", "cpu", "--output", "gs://missing/run"), f"gs://missing: {NO_SUCH}"),
    ],
    ids=["create_tfrecords", "records of train_srgan", "output of train_srgan", "inference"],
)
def test_every_door_says_that_a_bucket_does_not_exist(gcs, local_records, args, message):
    ended = run(gcs, *(local_records if arg == "LOCAL" else arg for arg in args), timeout=300)
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1), ended.stderr
    assert message in ended.stderr


@pytest.mark.slow
def test_no_network_is_one_line(gcs):
    nowhere = f"http://127.0.0.1:{free_port()}"
    ended = run(gcs, "verify", RECORDS, HTTPS_PROXY=nowhere, https_proxy=nowhere, timeout=300)
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert "gs://lab: cannot be reached after 2 retries (Failed to connect to 127.0.0.1" in ended.stderr


@pytest.mark.slow
def test_no_credentials_is_one_line_that_says_which_are_looked_for(gcs):
    own = {name: value for name, value in gcs.child().items() if name != "GOOGLE_AUTH_TOKEN_FOR_TESTING"}
    ended = subprocess.run(
        command("verify", RECORDS), cwd=ROOT, env=own, capture_output=True, text=True, timeout=300, check=False
    )
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert "gs://lab: no credentials that it accepts (HTTP 401: Anonymous caller" in ended.stderr
    assert "GOOGLE_APPLICATION_CREDENTIALS" in ended.stderr


@pytest.mark.slow
def test_a_bucket_that_fails_while_a_run_trains_ends_it_and_the_same_command_goes_on(gcs, local_records):
    gcs.make_bucket("flaky")
    train = (*TRAIN, "--pretrain-steps", "60", "--finetune-steps", "0", "--tfrecords", local_records, "--output",
             "gs://flaky/run")  # fmt: skip
    process = start(gcs, "flaky", "run/checkpoints/pretrain/step-4.index", *train)
    gcs.busy["flaky"] = 10**9
    _, errors = process.communicate(timeout=300)
    assert (process.returncode, errors.count("\n")) == (1, 1), errors
    assert "gs://flaky: cannot be reached after 2 retries (HTTP 503" in errors
    gcs.busy["flaky"] = 0
    rarely = [f"--set=intervals.{every}_every=60" for every in ("checkpoint", "validate", "log")]
    said = succeed(gcs, *train, *rarely)
    assert "Resuming pretrain at step" in said
    assert "damaged" not in said


@pytest.mark.slow
def test_a_whole_run_on_a_bucket_killed_in_both_phases_equals_one_on_a_disk(gcs, local_records, tmp_path):
    succeed(gcs, "create_tfrecords.py", "--source", "sample", "--crop", "32", "--output", RECORDS)
    assert "shards are good" in succeed(gcs, "verify", RECORDS)
    before = len(gcs.requests)
    train = (*TRAIN, "--tfrecords", RECORDS, "--output", RUN)
    kill_after(gcs, "deep/run/checkpoints/pretrain/step-4.index", *train)
    kill_after(gcs, "deep/run/checkpoints/finetune/step-2.index", *train)
    said = succeed(gcs, *train)
    assert "pretrain is finished: 8 of 8 steps" in said
    assert "Resuming finetune at step" in said
    assert "finetune is finished" in succeed(gcs, *train)
    table = succeed(gcs, "inference.py", "--device", "cpu", "--tfrecords", RECORDS, "--output", RUN, "--rows", "1")
    assert f"{RUN}/images/grid.png" in table

    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)).save(tmp_path / "hr.png")
    model, scores_file = f"{RUN}/models/generator.keras", "gs://lab/deep/scores.json"
    succeed(gcs, "evaluate", "--hr", str(tmp_path), "--model", model, "--json", scores_file)
    assert set(json.loads(gcs.read("lab", "deep/scores.json"))["models"]) == {model}

    names = gcs.names("lab")
    assert not [name for name in names if name.endswith(".part")]
    assert gcs.turned_away == []
    with Image.open(io.BytesIO(gcs.read("lab", "deep/run/images/grid.png"))) as grid:
        grid.load()
        assert min(grid.size) > 100
    scores = json.loads(gcs.read("lab", "deep/run/images/scores.json"))
    assert set(scores["models"]) == {"bicubic", "pretrained", "srgan"}
    rows = list(csv.DictReader(io.StringIO(gcs.read("lab", "deep/run/history.csv").decode())))
    assert [(row["phase"], int(row["step"])) for row in rows] == [
        *(("pretrain", step) for step in (2, 4, 6, 8)),
        *(("finetune", step) for step in (0, 2, 4, 6)),
    ]
    for phase in ("pretrain", "finetune"):
        events = [name for name in names if name.startswith(f"deep/run/logs/{phase}/events")]
        assert {"loss", "validation_psnr_y", "samples"} <= set().union(
            *(tags(gcs.read("lab", name), tmp_path) for name in events)
        )

    read = [size for method, path, _, size in gcs.requests[before:] if method == "GET" and path.startswith(SHARD)]
    assert max(read) <= 1 << 20  # a block, of 0.7 MB: no more is read for it than has to be

    local_run = tmp_path / "run"
    succeed(gcs, *TRAIN, "--tfrecords", local_records, "--output", str(local_run))
    for path in Path(local_records).rglob("*.tfrec"):
        assert gcs.read("lab", f"deep/records/{path.relative_to(local_records)}") == path.read_bytes()
    for model in ("pretrained_generator", "generator", "discriminator"):
        ours = weights(gcs.read("lab", f"deep/run/models/{model}.keras"), tmp_path)
        expected = weights((local_run / "models" / f"{model}.keras").read_bytes(), tmp_path)
        for one, other in zip(ours, expected, strict=True):
            np.testing.assert_array_equal(one, other)


def tags(events: bytes, folder: Path) -> set[str]:
    (folder / "events").write_bytes(events)
    found = tf.compat.v1.train.summary_iterator(str(folder / "events"))
    return {value.tag for event in found for value in event.summary.value}
