"""The benchmarks run both sides and write the JSON that design promises. No time is asserted."""

import json

import numpy as np
import pytest
import tensorflow as tf

from pyimagesearch.benchmarks import step
from pyimagesearch.benchmarks.tutorial import TutorialTraining
from pyimagesearch.cli import main
from pyimagesearch.models import build_vgg
from pyimagesearch.presets import get_config
from pyimagesearch.training.phases import build_finetune


def test_the_tutorials_step_runs_the_generator_twice_and_learns_from_the_same_losses():
    config = get_config("smoke")
    vgg = build_vgg(config.content_layer, "random")
    ours = build_finetune(config, tf.distribute.get_strategy(), "float32", vgg, None).training
    calls = []

    def generator(lr, training):
        calls.append(training)
        return ours.generator(lr, training=training)

    generator.trainable_variables = ours.generator.trainable_variables
    theirs = TutorialTraining(config, generator, ours.discriminator, vgg, ours.optimizer, ours.discriminator_optimizer)
    hr = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), np.uint8)
    before = [variable.numpy() for variable in ours.generator.trainable_variables]
    metrics = theirs.train_step(tf.constant(hr[:, ::4, ::4]), tf.constant(hr))
    assert calls == [True, True]
    assert all(np.isfinite(float(value)) for value in metrics.values())
    after = [variable.numpy() for variable in ours.generator.trainable_variables]
    assert any(not np.array_equal(a, b) for a, b in zip(before, after, strict=True))


@pytest.mark.slow
def test_benchmark_step_prints_ratios_and_writes_every_side(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(step, "ROUNDS", 1)
    assert main(["benchmark", "step", "--batch", "1", "--json", str(tmp_path / "step.json")]) == 0
    found = json.loads((tmp_path / "step.json").read_text())
    assert found["precision"] in ("float32", "bfloat16")
    for side in ("ours", "ours_float32", "tutorial"):
        assert found[side]["seconds"] > 0
    assert capsys.readouterr().out.count("x the tutorial's speed") == 3
