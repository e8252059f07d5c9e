"""Runs that stop, diverge or find a damaged checkpoint, and how they go on; folders of other runs are refused."""

import json
import shutil

import numpy as np
import pytest
from helpers.smoke_runs import PHASE_1, SMALLEST, SMOKE, history, train, weights

from pyimagesearch.data.dataset.writer import write_dataset
from pyimagesearch.errors import InputError, RunError
from pyimagesearch.system.locks import hold
from pyimagesearch.training.checkpoints import PhaseCheckpoints
from pyimagesearch.training.history import History
from pyimagesearch.training.run_folder import RunFolder

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
        "generator.keras was missing or cut off; written from the checkpoint, with the last weights, not the best",
        "discriminator.keras was missing or cut off; written from the checkpoint",
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
    "content",
    [
        b"phase,step\npretrain,2\n",
        b"phase;step;seconds\npretrain;2;1\n",
        b"\xef\xbb\xbfphase,step,seconds\npretrain,2,1\n",
        b"\0\xff\x00binary",
        b"phase,step,seconds\npretr",
        b"a,b\n1,2",
    ],
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


@pytest.mark.parametrize("lost", ["models/pretrained_generator.keras", "checkpoints/pretrain"])
def test_phase_2_goes_on_without_what_phase_1_left(records, output, lost):
    path = output / lost
    shutil.rmtree(path) if path.is_dir() else path.write_bytes(path.read_bytes()[:1000])
    before = weights(output, "generator")
    said: list[str] = []
    train(records, output, say=said.append)
    assert said[0] == "pretrain is finished: 8 of 8 steps"
    assert said[-1] == "finetune is finished: 6 of 6 steps"
    assert ("cut off; phase 2 goes on without it" in said[1]) == path.is_file()
    for ours, expected in zip(weights(output, "generator"), before, strict=True):
        np.testing.assert_array_equal(ours, expected)


@pytest.mark.parametrize("phase", ["pretrain", "finetune"])
def test_a_phase_whose_checkpoints_are_gone_does_not_replace_its_model(records, pretrained, finished, tmp_path, phase):
    output = shutil.copytree(pretrained if phase == "pretrain" else finished, tmp_path / "run")
    shutil.rmtree(output / "checkpoints" / phase)
    with pytest.raises(
        InputError, match=rf"generator\.keras: the checkpoints of {phase} are gone.* move the model away"
    ):
        train(records, output, PHASE_1 if phase == "pretrain" else SMOKE)


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


@pytest.mark.slow
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


def test_a_run_on_other_records_is_refused_with_what_differs(records, finished, tmp_path):
    other = shutil.copytree(records, tmp_path / "records")
    manifest = json.loads((other / "manifest.json").read_text())
    shards = [{**shard, "sha256": "0" * 64} for shard in manifest["shards"]]
    changed = {**manifest, "shards": shards, "kernel": "given", "pictures": {"train": 5, "test": 3}}
    (other / "manifest.json").write_text(json.dumps(changed))
    with pytest.raises(InputError) as error:
        train(str(other), finished)
    differences = "(kernel bicubic there, given here; test split of 2 pictures there, 3 here)"
    assert f"holds a run on other records {differences}" in str(error.value)
    assert f"--tfrecords {records}" in str(error.value)


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


def test_checkpoints_are_found_without_tensorflows_list_of_them_and_beside_other_files(records, output):
    for phase in ("pretrain", "finetune"):
        (output / "checkpoints" / phase / "step-best.index").write_text("mine")
        (output / "checkpoints" / phase / "checkpoint").unlink()
    said: list[str] = []
    train(records, output, say=said.append)
    assert said == ["pretrain is finished: 8 of 8 steps", "finetune is finished: 6 of 6 steps"]


def test_the_second_phase_can_be_added_later(pretrained, finished):
    assert not (pretrained / "models" / "generator.keras").exists()
    assert (finished / "models" / "generator.keras").exists()


def test_records_whose_test_picture_is_too_small_are_refused_with_what_to_do(array_source, noise, tmp_path):
    """Records of older versions may hold out such pictures."""
    write_dataset(array_source([noise(48, 64)], [noise(16, 32)]), str(tmp_path / "records"))
    with pytest.raises(InputError, match=r"records: test picture test0: 32x16 .*; write the records again"):
        train(str(tmp_path / "records"), tmp_path / "run")
