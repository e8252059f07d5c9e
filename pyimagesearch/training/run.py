"""`train`: one call from a configuration to a finished run folder."""

import dataclasses
import hashlib
import json
import logging
import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from pyimagesearch import losses
from pyimagesearch.config import TrainConfig
from pyimagesearch.data.dataset import recipe
from pyimagesearch.data.dataset.manifest import Manifest, check_usable, read_manifest
from pyimagesearch.data.dataset.records import read_pictures
from pyimagesearch.data.input.cache import RamCache
from pyimagesearch.data.input.degradation_presets import get_degradations
from pyimagesearch.data.input.degradations import degrade
from pyimagesearch.data.pairs import Pair
from pyimagesearch.errors import InputError
from pyimagesearch.evaluation.scoring import check_size
from pyimagesearch.models import (
    build_discriminator,
    build_extractor,
    build_generator,
    complete,
    compute_in,
    weights_identity,
)
from pyimagesearch.models.loading import SHIPPED, file_sha256
from pyimagesearch.system.files import exists
from pyimagesearch.training.driver import Driver
from pyimagesearch.training.optimizers import DECAYS
from pyimagesearch.training.phases import copy_discriminator, copy_weights
from pyimagesearch.training.run_folder import START_FIELDS, RunFolder
from pyimagesearch.training.strategy import (
    check_tpu_folders,
    choose_precision,
    choose_xla,
    make_strategy,
    validation_device,
)
from pyimagesearch.training.trackers import check_trackers
from pyimagesearch.training.trainer import Trainer
from pyimagesearch.training.workers import Workers

A_DAY = 24 * 3600.0  # seconds that a phase may take on the CPU without being asked for

logger = logging.getLogger(__name__)


def train(
    config: TrainConfig,
    tfrecords: str = "tfrecord",
    output: str = "outputs",
    *,
    device: str = "cpu",
    precision: str | None = None,
    cache: str = "none",
    deterministic: bool = False,
    log: Sequence[str] = (),
    say: Callable[[str], None] = logger.info,
) -> None:
    """Train both phases of `config`, or what is left of them, into the run folder `output`.

    tfrecords: a folder of records that serves config.data.crop. device: "cpu", "gpu" (every GPU of this machine) or
    "tpu". precision: instead of config.precision. cache: "ram" keeps the decoded tiles in memory. deterministic: only
    deterministic kernels. log: services that keep a record of the run ("mlflow", "wandb"). say: takes a line of
    progress. The same call again goes on where a run was stopped.

    Raises InputError where an argument, the records or the run folder do not fit; RunError where losses stay not
    finite; Interrupted after SIGINT or SIGTERM, when all is saved.

    Example:
        train(get_config("smoke"), "tfrecord/demo", "outputs/smoke", device="cpu")
    """
    if precision is not None:
        config = config.with_values({"precision": precision})
    check_trainable(config)
    check_trackers(log, output)
    if device == "tpu":
        check_tpu_folders(tfrecords=tfrecords, output=output)
    strategy = make_strategy(device, say)
    if deterministic:
        tf.config.experimental.enable_op_determinism()
    chosen = choose_precision(config.precision, device)
    weights = f", VGG19 weights: {config.finetune.vgg_weights}" if config.finetune.steps else ""
    say(f"Preset {config.preset}, {strategy.num_replicas_in_sync} replica(s), {chosen}{weights}")
    compiled = choose_xla(config.xla, device, strategy)
    unasked_cpu = device == "gpu" and not tf.config.get_visible_devices("GPU")
    prepare(
        config, tfrecords, output, strategy=strategy, precision=chosen, compiled=compiled, cache=cache, say=say,
        most_seconds=A_DAY if unasked_cpu else math.inf, log=log,
    ).run()  # fmt: skip


def check_trainable(config: TrainConfig) -> None:
    """Raise InputError where nothing would be trained, or where a loss or a decay has an unknown name."""
    if not config.pretrain.steps + config.finetune.steps:
        raise InputError(
            f"`preset` {config.preset}: pretrain.steps and finetune.steps are both 0, so nothing would be trained; "
            "give `pretrain_steps` or `finetune_steps` above 0"
        )
    for decay in (config.pretrain.decay, config.finetune.decay):
        DECAYS[decay]
    if config.data.degradations:
        get_degradations(config.data.degradations)
    losses.PIXEL_LOSSES[config.pretrain.loss]
    losses.GAN_LOSSES[config.finetune.discriminator_loss]
    for name in config.finetune.losses:
        losses.GENERATOR_LOSSES[name]
    for name, phase in (("pretrain", config.pretrain), ("finetune", config.finetune)):
        if phase.sharpen and config.data.crop <= losses.SHARPEN_RADIUS:
            raise InputError(
                f"{name}.sharpen needs a data.crop above {losses.SHARPEN_RADIUS}, received {config.data.crop}"
            )
    if config.finetune.steps and not any(config.finetune.losses.values()):
        raise InputError("finetune.losses: every weight is 0, so phase 2 has nothing to train for")


def prepare(
    config: TrainConfig,
    tfrecords: str,
    output: str,
    *,
    strategy: tf.distribute.Strategy,
    precision: str,
    compiled: bool = False,
    cache: str = "none",
    say: Callable[[str], None] = logger.info,
    most_seconds: float = math.inf,
    log: Sequence[str] = (),
) -> Trainer:
    """The trainer of a run, when its records, networks and folder are checked."""
    with tf.device(validation_device(strategy)):
        validated = build_generator(config)  # float32, outside the strategy; first, since it checks the options
    discriminator = build_discriminator(config) if config.finetune.steps else None
    manifest = read_manifest(tfrecords)
    check_usable(tfrecords, manifest, scale=config.network.scale, crop=config.data.crop)
    workers = Workers(strategy)
    # Phase 2's weights are looked for now, not after hours of phase 1.
    vgg = _build_vgg(config, strategy, precision) if config.finetune.steps else None
    pairs = _validation_pictures(config, tfrecords, manifest)
    run_folder = RunFolder(output)
    starts = _check_starts(config, run_folder, validated, discriminator)
    judged = discriminator.count_params() if discriminator is not None else 0
    run_folder.check_disk(_disk_bytes(config, validated.count_params(), judged))
    identity = {**_identity(config, tfrecords, manifest, strategy, precision), "starts": starts}
    run_folder.check(identity)
    driver = Driver(
        config, strategy, workers, folder=tfrecords, manifest=manifest, compiled=compiled,
        cache=RamCache(tfrecords, manifest) if cache == "ram" else None,
    )  # fmt: skip
    return Trainer(
        config, pairs=pairs, validated=validated, vgg=vgg, run_folder=run_folder, identity=identity, driver=driver,
        precision=precision, say=say, most_seconds=most_seconds, log=log,
    )  # fmt: skip


def _check_starts(
    config: TrainConfig, run_folder: RunFolder, generator: keras.Model, discriminator: keras.Model | None
) -> dict[str, str | None]:
    """The SHA-256 of the weights that the run starts from, by field; None without, or where the file is gone.

    Raises InputError where they do not fit. Once the phase that takes them has a checkpoint, they are not needed.
    """
    first_phase = "pretrain" if config.pretrain.steps else "finetune"
    hashes: dict[str, str | None] = dict.fromkeys(START_FIELDS)
    for field, path, phase, network, copy in (
        ("network.start", config.network.start, first_phase, generator, copy_weights),
        ("discriminator.start", config.discriminator.start, "finetune", discriminator, copy_discriminator),
    ):
        gone = path not in SHIPPED and not exists(path)
        if not path or network is None or (gone and run_folder.checkpoints(phase)):
            continue
        copy(path, network)
        hashes[field] = file_sha256(path)
    return hashes


def _build_vgg(config: TrainConfig, strategy: tf.distribute.Strategy, precision: str) -> keras.Model:
    with strategy.scope(), compute_in(precision):
        return build_extractor(config.finetune)


def _disk_bytes(config: TrainConfig, generator: int, discriminator: int) -> int:
    """What checkpoints and models of so many weights take: 4 bytes each, with two moments of Adam and an average."""
    kept = config.intervals.keep_checkpoints + 1
    return 16 * kept * (2 * generator + discriminator) + 50_000_000


def _validation_pictures(config: TrainConfig, tfrecords: str, manifest: Manifest) -> list[Pair]:
    pairs = list(read_pictures(tfrecords, manifest, config.intervals.validation_pictures))
    for pair in pairs:
        try:
            check_size(pair, config.network.scale)
        except InputError as error:
            raise InputError(
                f"{tfrecords}: test picture {error}; write the records again to another folder: create_tfrecords.py "
                "holds out larger pictures now"
            ) from None
    return [_degraded(pair, number, config) for number, pair in enumerate(pairs)] if config.data.degradations else pairs


def _degraded(pair: Pair, number: int, config: TrainConfig) -> Pair:
    """The pair with an LR side that is damaged as training's are."""
    rng = np.random.default_rng([config.seed, number])
    preset = get_degradations(config.data.degradations)
    return dataclasses.replace(pair, lr=degrade(pair.hr, config.network.scale, preset, rng))


def _identity(
    config: TrainConfig, tfrecords: str, manifest: Manifest, strategy: tf.distribute.Strategy, precision: str
) -> dict[str, Any]:
    """What config.json says of a run."""
    return {
        "config": complete(config).to_dict(),
        "tfrecords": tfrecords,
        "dataset": _fingerprint(manifest),
        "records": {name: getattr(manifest, name) for name in (*recipe.FIELDS, "versions")},
        "vgg": weights_identity(config.finetune.vgg_weights) if config.finetune.steps else None,
        "precision": precision,
        "replicas": strategy.num_replicas_in_sync,
    }


def _fingerprint(manifest: Manifest) -> str:
    """What tells one dataset from another: its shards' hashes."""
    return hashlib.sha256(json.dumps([shard.sha256 for shard in manifest.shards]).encode()).hexdigest()
