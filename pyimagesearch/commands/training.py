"""srgan train."""

import dataclasses
from argparse import Namespace

from pyimagesearch.commands.libraries import load_tensorflow
from pyimagesearch.console import Stopwatch
from pyimagesearch.errors import UserError


def train(args: Namespace) -> None:
    """srgan train"""
    watch = Stopwatch()
    config = _train_config(args)
    load_tensorflow()
    import tensorflow as tf

    from pyimagesearch.training.strategy import check_tpu_folders, choose_precision, choose_xla, make_strategy

    if args.device == "tpu":
        check_tpu_folders(tfrecords=args.tfrecords, output=args.output)
    strategy = make_strategy(args.device)
    if args.deterministic:
        tf.config.experimental.enable_op_determinism()
    from pyimagesearch.training.loop import Trainer

    precision = choose_precision(config.precision, args.device)
    print(f"Preset {config.preset}, {strategy.num_replicas_in_sync} replica(s), {precision}", end="")
    print(f", VGG19 weights: {config.vgg_weights}" if config.finetune_steps else "")
    Trainer(
        config, tfrecords=args.tfrecords, output=args.output, strategy=strategy, precision=precision,
        compiled=choose_xla(config.xla, args.device, strategy), cache=args.cache,
    ).run()  # fmt: skip
    print(f"{args.output}: trained ({watch})")


def _train_config(args: Namespace):
    from pyimagesearch.presets import get_config

    config = get_config(args.preset).with_settings(args.settings)
    names = ("pretrain_steps", "finetune_steps", "vgg_weights", "precision", "seed")
    given = {name: getattr(args, name) for name in names if getattr(args, name) is not None}
    config = dataclasses.replace(config, **given)
    if not config.pretrain_steps + config.finetune_steps:
        raise UserError(
            f"--preset {config.preset}: pretrain_steps and finetune_steps are both 0, so nothing would be trained; "
            "give --pretrain-steps or --finetune-steps above 0"
        )
    return config
