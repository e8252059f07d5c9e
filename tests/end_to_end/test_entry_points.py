"""The entry points and the command line: exit codes, one line per error, signals."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from pyimagesearch.cli.main import main

ROOT = Path(__file__).parents[2]


def entry_point(name: str, *arguments, **kwargs) -> subprocess.CompletedProcess:
    command = [sys.executable, str(ROOT / f"{name}.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=900, check=False, **kwargs)


def refused(capsys, *arguments) -> str:
    """The one line that a command says when it refuses its input."""
    code = main([str(argument) for argument in arguments])
    lines = capsys.readouterr().err.strip().splitlines()
    assert code == 2, lines
    assert len(lines) == 1, lines
    assert "Traceback" not in lines[0]
    return lines[0]


SMOKE = ("train", "--device", "cpu", "--preset", "smoke")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "COMMAND"),
        (("fly",), "choose from"),
        (("train",), "--device"),
        (("train", "--device", "gpux"), "'gpu', 'tpu', 'cpu'"),
        (("train", "--device", "cpu", "--preset", "huge"), "valid presets: tutorial, paper, light, edsr, srcnn"),
        (("train", "--device", "cpu", "--fast"), "--fast"),
        ((*SMOKE, "--set", "data.batch=many"), "data.batch must be a whole number, received many"),
        ((*SMOKE, "--set", "colour=red"), "unknown field colour; valid fields: adam_beta1, data.augment"),
        ((*SMOKE, "--set", "network.scale=5"), "network.scale must be one of 2, 3, 4, 8; received 5"),
        ((*SMOKE, "--pretrain-steps", "-1"), "pretrain.steps must be at least 0, received -1"),
        ((*SMOKE, "--pretrain-steps", "0", "--finetune-steps", "0"), "are both 0, so nothing would be trained"),
        (
            ("train", "--device", "cpu", "--preset", "edsr", "--pretrain-steps", "0"),
            "--preset edsr: pretrain.steps and",
        ),
        ((*SMOKE, "--tfrecords", "nowhere"), "nowhere: no such TFRecord folder"),
        ((*SMOKE, "--precision", "float8"), "float8"),
        (("grid", "--device", "cpu", "--lr", "x"), "--hr"),
        (("grid", "--device", "cpu", "--rows", "0"), "--rows must be at least 1, received 0"),
        (("grid", "--device", "cpu", "--output", "nowhere"), "nowhere: holds no trained model"),
        (("train", "--device", "tpu"), "--device tpu needs a gs:// folder"),
        (
            ("train", "--device", "tpu", "--tfrecords", "gs://<PATH_TO_GCS_BUCKET>/tfrecord", "--output", "gs://b/o"),
            "not the name of a bucket",
        ),
        ((*SMOKE, "--output", ""), "is empty; name a folder"),
        (
            (*SMOKE, "--set", "network.upsample_filters=6"),
            "--set network.upsample_filters must be a multiple of 4, received 6",
        ),
        (("benchmark", "step", "--batch", "0"), "--batch must be at least 1, received 0"),
    ],
)
def test_wrong_flags_get_one_line_and_exit_code_2(capsys, arguments, said):
    assert said in refused(capsys, *arguments)


def test_tpu_without_a_tpu_is_refused(capsys):
    line = refused(capsys, "train", "--device", "tpu", "--tfrecords", "gs://abc/t", "--output", "gs://abc/o")
    assert "no TPU can be initialised here" in line


@pytest.mark.parametrize(
    "config",
    [
        "{}",
        "{",
        "[]",
        '{"cluster": {"worker": ["a:1"]}}',
        '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 2}}',
        '{"cluster": {"worker": ["a:1"], "ps": ["b:1"]}, "task": {"type": "worker", "index": 0}}',
    ],
)
def test_a_tf_config_that_makes_no_sense_is_refused(capsys, monkeypatch, records, config):
    monkeypatch.setenv("TF_CONFIG", config)
    assert "TF_CONFIG: not a cluster of workers and this one's place in it" in refused(
        capsys, *SMOKE, "--tfrecords", records
    )


def test_a_file_in_place_of_the_run_folder_is_refused(capsys, records, tmp_path):
    (tmp_path / "file").write_text("mine")
    refused(capsys, *SMOKE, "--tfrecords", records, "--output", tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"


def test_records_of_another_scale_or_crop_are_refused(capsys, records, tmp_path):
    run = ("--tfrecords", records, "--output", tmp_path / "run")
    assert "records of scale 4, but this run's scale is 2" in refused(capsys, *SMOKE, *run, "--set", "network.scale=2")
    assert "crops of 32, but this run's crop is 64" in refused(capsys, *SMOKE, *run, "--set", "data.crop=64")
    assert not (tmp_path / "run").exists()


def test_a_truncated_shard_is_named(capsys, records, tmp_path):
    shutil.copytree(records, tmp_path / "records")
    shard = next((tmp_path / "records" / "train").iterdir())
    shard.write_bytes(shard.read_bytes()[:-100])
    line = refused(capsys, *SMOKE, "--tfrecords", tmp_path / "records", "--output", tmp_path / "run")
    assert str(shard) in line
    assert "truncated" in line
    assert not (tmp_path / "run").exists()


def test_a_flipped_byte_in_a_shard_is_named_while_training(capsys, records, tmp_path):
    shutil.copytree(records, tmp_path / "records")
    shard = next((tmp_path / "records" / "train").iterdir())
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 0xFF
    shard.write_bytes(content)
    code = main([*SMOKE, "--tfrecords", str(tmp_path / "records"), "--output", str(tmp_path / "run")])
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert code == 2
    assert str(shard) in last
    assert "is corrupt: its checksum does not hold" in last
    assert "--repair" in last


def test_vgg_weights_that_cannot_be_had_are_refused_before_training(capsys, records, tmp_path, monkeypatch):
    run = ("--tfrecords", records, "--output", tmp_path / "run")
    assert "no such file nowhere.h5" in refused(capsys, *SMOKE, *run, "--vgg-weights", "nowhere.h5")
    garbage = tmp_path / "garbage.h5"
    garbage.write_bytes(b"nothing")
    assert "not the weights of VGG19" in refused(capsys, *SMOKE, *run, "--vgg-weights", garbage)

    def fail(**_):
        raise Exception("URL fetch failure on https://example.invalid")

    monkeypatch.setattr(keras.applications, "VGG19", fail)  # the download's outermost edge
    line = refused(capsys, *SMOKE, *run, "--vgg-weights", "imagenet")
    assert "random" in line
    assert "path of a VGG19 notop .h5 file" in line
    assert not (tmp_path / "run").exists()


def test_gpu_without_a_gpu_says_so_and_goes_on(capsys, records, tmp_path):
    arguments = ["train", "--device", "gpu", "--preset", "smoke", "--tfrecords", records]
    code = main([*arguments, "--output", str(tmp_path / "run"), "--pretrain-steps", "8", "--finetune-steps", "0"])
    output = capsys.readouterr().out
    assert code == 0
    assert "WARNING: --device gpu, but TensorFlow finds no GPU" in output
    assert "on this CPU" in output  # the estimate of the time it will take


def test_help_answers_without_loading_tensorflow():
    done = entry_point("train_srgan", "--help")
    assert done.returncode == 0
    assert "--preset" in done.stdout
    code = "import sys; from pyimagesearch.cli.main import main; main(['train', '--help']); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert not {"tensorflow", "keras", "numpy", "cv2"} & set(done.stdout.splitlines()[-1].split())


def test_a_missing_tensorflow_gets_one_line(tmp_path, records):
    (tmp_path / "tensorflow.py").write_text(
        "raise ModuleNotFoundError(\"No module named 'tensorflow'\", name='tensorflow')"
    )
    done = entry_point(
        "train_srgan", *SMOKE[1:], "--tfrecords", records, env={**os.environ, "PYTHONPATH": str(tmp_path)}
    )
    assert done.returncode == 2
    assert done.stderr.strip().splitlines() == [
        'train_srgan.py: TensorFlow is not installed: pip install -e ".[cpu]" '
        '(".[gpu]" for NVIDIA GPUs, ".[tpu]" for TPUs)'
    ]


def test_missing_system_libraries_of_opencv_get_one_line(tmp_path):
    """A floating-point TIFF needs OpenCV, whose libGL a bare server lacks."""
    import cv2

    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for name in ("a.tif", "b.tif"):
        cv2.imwrite(str(pictures / name), np.full((64, 64, 3), 0.5, np.float32))
    (tmp_path / "cv2.py").write_text("raise ImportError('libGL.so.1: cannot open shared object file')")
    arguments = ("--source", "folder", "--images", pictures, "--crop", "32", "--output", tmp_path / "records")
    done = entry_point("create_tfrecords", *arguments, env={**os.environ, "PYTHONPATH": str(tmp_path)})
    assert done.returncode == 2
    last = done.stderr.strip().splitlines()[-1]
    assert "libGL.so.1" in last
    assert "apt-get install libgl1" in last


def test_sigterm_while_writing_records_leaves_nothing_half_written(tmp_path):
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for number in range(60):
        noise = np.random.default_rng(number).integers(0, 256, (512, 512, 3), np.uint8)
        Image.fromarray(noise).save(pictures / f"{number}.bmp")
    command = [sys.executable, str(ROOT / "create_tfrecords.py"), "--source", "folder", "--images", str(pictures)]
    process = subprocess.Popen(
        [*command, "--output", str(tmp_path / "records")], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    wait_for(lambda: list(tmp_path.glob("records/train/*.part")), process)
    process.terminate()
    _, said = process.communicate(timeout=60)
    assert process.returncode == 143
    assert said.strip().splitlines() == ["create_tfrecords.py: stopped by SIGTERM"]
    left = {path.name for path in (tmp_path / "records").rglob("*") if path.is_file()}
    assert left == {"unfinished.json"}


def start_training(records: str, output: Path, *more: str) -> subprocess.Popen:
    command = [sys.executable, str(ROOT / "train_srgan.py"), *SMOKE[1:], "--deterministic"]
    command += ["--tfrecords", records, "--output", str(output), *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def wait_for(condition, process: subprocess.Popen, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.01)


def checkpoints(output: Path, phase: str) -> list[Path]:
    return list((output / "checkpoints" / phase).glob("*.index"))


def test_ctrl_c_saves_and_the_same_command_goes_on(records, tmp_path):
    output = tmp_path / "run"
    more = ["--pretrain-steps", "200", "--finetune-steps", "0"]
    for setting in (
        "intervals.steps_per_call=1",
        "intervals.checkpoint_every=50",
        "intervals.validate_every=200",
        "intervals.sample_every=200",
        "intervals.log_every=50",
    ):
        more += ["--set", setting]
    process = start_training(records, output, *more)
    wait_for(lambda: checkpoints(output, "pretrain"), process)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    again = start_training(records, output, *more)
    assert any(line.startswith("Resuming pretrain at step ") for line in again.stdout)
    again.wait(120)
    assert again.returncode == 0


@pytest.mark.slow
def test_the_demos_first_phase_beats_bicubic_on_photographs_that_it_has_not_seen(tmp_path):
    """A quarter of the demo's pretraining, from photographs to grid, through the three entry points."""
    records, output = tmp_path / "records", tmp_path / "run"
    assert entry_point("create_tfrecords", "--source", "sample", "--output", records).returncode == 0
    run = ("--tfrecords", records, "--output", output)
    short = ("--pretrain-steps", "600", "--finetune-steps", "10")
    assert entry_point("train_srgan", "--device", "cpu", "--preset", "demo", *run, *short).returncode == 0
    done = entry_point("inference", "--device", "cpu", *run)
    assert done.returncode == 0
    assert str(output / "images" / "grid.png") in done.stdout
    scores = json.loads((output / "images" / "scores.json").read_text())["models"]
    assert set(scores) == {"bicubic", "pretrained", "srgan"}
    assert set(scores["bicubic"]["pictures"]) == {"astronaut", "chelsea"}
    assert scores["pretrained"]["mean"]["psnr_y"] > scores["bicubic"]["mean"]["psnr_y"] + 0.5


def test_faces_from_pictures_of_any_shape_to_a_grid_without_a_pretrained_model(noise, tmp_path, capsys):
    for number in range(3):
        Image.fromarray(noise(50, 40 + number, number)).save(tmp_path / f"{number}.png")
    records, run = tmp_path / "records", tmp_path / "run"
    assert main(["tfrecords", "--source", "folder", "--images", str(tmp_path), "--resize", "32",
                 "--output", str(records)]) == 0  # fmt: skip
    small = (
        "network.filters=8",
        "network.blocks=1",
        "network.upsample_filters=16",
        "discriminator.filters=4",
        "data.crop=32",
        "finetune.steps=3",
    )
    assert main(["train", "--device", "cpu", "--preset", "faces", "--tfrecords", str(records), "--output", str(run),
                 "--vgg-weights", "random", *(f"--set={setting}" for setting in small)]) == 0  # fmt: skip
    assert {path.name for path in (run / "models").iterdir()} == {"generator.keras", "discriminator.keras"}
    discriminator = keras.models.load_model(run / "models" / "discriminator.keras", compile=False)
    assert discriminator.output_shape == (None, 2, 2, 1)
    assert main(["grid", "--device", "cpu", "--tfrecords", str(records), "--output", str(run)]) == 0
    assert "pretrained is left out" in capsys.readouterr().out
    assert (run / "images" / "grid.png").stat().st_size > 1000
