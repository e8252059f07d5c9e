"""The entry points and the command line: exit codes, one line per error, signals."""

import json
import shutil

import keras
import pytest
from helpers.entry_points import entry_point
from PIL import Image

from pyimagesearch.cli.main import main


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
        (("train", "--device", "cpu", "--preset", "huge"), "valid presets: tutorial, paper, light, photo, edsr, srcnn"),
        (("train", "--device", "cpu", "--fast"), "--fast"),
        ((*SMOKE, "--set", "data.batch=many"), "data.batch must be a whole number, received many"),
        ((*SMOKE, "--set", "colour=red"), "unknown field colour; valid fields: adam_beta1, data.augment"),
        (
            (*SMOKE, "--set", "pretrain.decay=linear"),
            "unknown decay of the learning rate linear; valid: constant, cosine",
        ),
        ((*SMOKE, "--set", "finetune.losses.style=1"), "unknown loss of the generator style; valid: content"),
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
    assert "crops of at most 76, but this run's crop is 80" in refused(capsys, *SMOKE, *run, "--set", "data.crop=80")
    assert not (tmp_path / "run").exists()


def test_a_truncated_shard_is_named(capsys, records, tmp_path):
    shutil.copytree(records, tmp_path / "records")
    shard = next((tmp_path / "records" / "train").iterdir())
    shard.write_bytes(shard.read_bytes()[:-100])
    line = refused(capsys, *SMOKE, "--tfrecords", tmp_path / "records", "--output", tmp_path / "run")
    assert str(shard) in line
    assert "truncated" in line
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
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
    assert "path of an .h5 file of VGG19 without its top" in line
    assert not (tmp_path / "run").exists()


def test_gpu_without_a_gpu_says_so_and_goes_on(capsys, records, tmp_path):
    arguments = ["train", "--device", "gpu", "--preset", "smoke", "--tfrecords", records]
    code = main([*arguments, "--output", str(tmp_path / "run"), "--pretrain-steps", "8", "--finetune-steps", "0"])
    output = capsys.readouterr().out
    assert code == 0
    assert "WARNING: --device gpu: this TensorFlow is built without CUDA" in output
    assert "on this CPU" in output  # the estimate of the time it will take


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


@pytest.mark.slow
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
