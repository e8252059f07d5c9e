"""The steps under XLA, as a TPU demands, and in reduced precision."""

import numpy as np
import pytest
import tensorflow as tf
from helpers.small_networks import small
from helpers.training_steps import EDSR, FACES, LIGHT, SMOKE, SRCNN, a_batch, build

from pyimagesearch.models import build_extractor
from pyimagesearch.presets import PRESETS
from pyimagesearch.training.phases import build_finetune, build_pretrain


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["pretrain", "finetune"])
def test_the_whole_step_compiles_under_xla(kind):
    """A TPU demands it: static shapes, and nothing that runs on the host."""
    phase = build(kind, SMOKE, tf.distribute.get_strategy())
    lr, hr = a_batch(4)
    compiled = tf.function(phase.training.train_step, jit_compile=True, autograph=False)((lr, hr))
    plain = build(kind, SMOKE, tf.distribute.get_strategy()).training.train_step((tf.constant(lr), tf.constant(hr)))
    for name, value in compiled.items():
        assert float(value) == pytest.approx(float(plain[name]), rel=1e-3), name


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "config"), [
    ("pretrain", LIGHT),
    ("pretrain", EDSR.with_values({"network.residual_scale": 0.1})),
    ("pretrain", SRCNN),
    ("finetune", FACES),
], ids=lambda part: part if isinstance(part, str) else part.network.name)  # fmt: skip
def test_every_generator_trains_under_xla(kind, config):
    """Their bicubic pictures are convolutions because the resize operations do not compile."""
    phase = build(kind, config, tf.distribute.get_strategy())
    metrics = tf.function(phase.training.train_step, jit_compile=True, autograph=False)(a_batch(4))
    assert all(np.isfinite(float(value)) for value in metrics.values())


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["pretrain", "finetune"])
@pytest.mark.parametrize("name", [name for name in PRESETS if name != "smoke"])
def test_every_presets_step_compiles_under_xla(name, kind):
    config = small(name).with_values({"data.batch": 1, "finetune.vgg_weights": "random"})  # the same operations
    phase = build(kind, config, tf.distribute.get_strategy())
    metrics = tf.function(phase.training.train_step, jit_compile=True, autograph=False)(a_batch(1, config.data.crop))
    assert all(np.isfinite(float(value)) for value in metrics.values())


@pytest.mark.parametrize(("kind", "config"), [
    ("pretrain", SMOKE), ("finetune", SMOKE), ("pretrain", EDSR),
    ("pretrain", SRCNN), pytest.param("finetune", FACES, marks=pytest.mark.slow),
], ids=lambda part: part if isinstance(part, str) else part.network.name)  # fmt: skip
@pytest.mark.parametrize("precision", ["bfloat16", pytest.param("float16", marks=pytest.mark.slow)])
def test_steps_train_in_reduced_precision(kind, config, precision):
    strategy = tf.distribute.get_strategy()
    if kind == "pretrain":
        phase = build_pretrain(config, strategy, precision)
    else:
        vgg = build_extractor(config.finetune)
        phase = build_finetune(config, strategy, precision, vgg, None)
    assert all(variable.dtype == "float32" for variable in phase.generator.trainable_variables)
    step = tf.function(phase.training.train_step, autograph=False)
    lr, hr = a_batch(4)
    first = float(step((lr, hr))["loss"])
    for _ in range(12):
        last = float(step((lr, hr))["loss"])
    assert np.isfinite(last)
    assert last < first
