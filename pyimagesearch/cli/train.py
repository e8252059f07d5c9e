"""srgan train."""

import dataclasses
import textwrap
from argparse import ArgumentParser, Namespace

from pyimagesearch.cli.flags import folder_path
from pyimagesearch.cli.libraries import load_tensorflow
from pyimagesearch.config import DEVICES, PRECISIONS
from pyimagesearch.errors import InputError
from pyimagesearch.presets import PRESETS
from pyimagesearch.system.console import Stopwatch

HELP = "Pretrain the generator, then train SRGAN."


def _presets() -> str:
    """The presets, with what each is for, takes and scores."""
    lines = []
    for name, preset in PRESETS.items():
        for label, text in (
            (name, f"{preset.source}; for {preset.hardware}"),
            ("", f"time: {preset.expected_time}"),
            ("", f"score: {preset.expected_score}"),
        ):
            lines.append(textwrap.fill(text, 100, initial_indent=f"  {label:9} ", subsequent_indent=" " * 12))
    return "presets:\n" + "\n".join(lines)


def add_flags(parser: ArgumentParser) -> None:
    """Add the flags of `srgan train`."""
    parser.epilog = _presets()
    add = parser.add_argument
    add("--device", choices=DEVICES, required=True, help="gpu: every GPU of this machine")
    add("--preset", default="tutorial", metavar="NAME", help=f"{', '.join(PRESETS)} (default tutorial)")
    add(
        "--tfrecords",
        type=folder_path,
        metavar="DIR",
        default="tfrecord",
        help="local or gs:// folder (default tfrecord)",
    )
    add(
        "--output",
        type=folder_path,
        metavar="DIR",
        default="outputs",
        help="run folder, local or gs:// (default outputs)",
    )
    add("--pretrain-steps", type=int, metavar="N", help="steps of phase 1 (default: the preset's; 0 leaves it out)")
    add("--finetune-steps", type=int, metavar="N", help="steps of phase 2 (default: the preset's; 0 leaves it out)")
    add("--vgg-weights", metavar="WHICH", help="imagenet (Keras' download), random, or the path of an .h5 file")
    add("--precision", choices=PRECISIONS, help="auto: bfloat16 where the device has it")
    add("--seed", type=int, help="of weights, order and augmentation (default 42)")
    add("--cache", choices=("none", "ram"), default="none", help="ram: keep the decoded tiles in memory (default none)")
    add("--deterministic", action="store_true", help="only deterministic kernels: the same run gives the same bits")
    settings = "any other field of the preset"
    add("--set", action="append", default=[], metavar="FIELD=VALUE", dest="settings", help=settings)


def run(args: Namespace) -> None:
    """Run `srgan train`."""
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
    from pyimagesearch.training.trainer import Trainer

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
        raise InputError(
            f"--preset {config.preset}: pretrain_steps and finetune_steps are both 0, so nothing would be trained; "
            "give --pretrain-steps or --finetune-steps above 0"
        )
    return config
