"""srgan train."""

import shlex
import textwrap
from argparse import ArgumentParser, Namespace

from pyimagesearch.cli.flags import folder_path
from pyimagesearch.cli.libraries import load_tensorflow
from pyimagesearch.config import DEVICES, PRECISIONS, TrainConfig
from pyimagesearch.presets import PRESETS, get_config
from pyimagesearch.system.console import Stopwatch
from pyimagesearch.training.trackers import check_trackers

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
    logs = "also keep a record of the run with mlflow or wandb; repeatable"
    add("--log", action="append", default=[], metavar="SERVICE", help=logs)
    settings = "any other field of the preset"
    add("--set", action="append", default=[], metavar="FIELD=VALUE", dest="settings", help=settings)


def run(args: Namespace) -> None:
    """Run `srgan train`."""
    stopwatch = Stopwatch()
    config = _config(args)
    check_trackers(args.log, args.output)
    load_tensorflow()
    from pyimagesearch.system import console
    from pyimagesearch.training.run import train

    train(
        config,
        args.tfrecords,
        args.output,
        device=args.device,
        cache=args.cache,
        deterministic=args.deterministic,
        log=args.log,
        say=console.say,
    )
    print(f"{args.output}: trained ({stopwatch})")
    device = "cpu" if args.device == "tpu" else args.device
    command = ["srgan", "grid", "--device", device, "--output", args.output, "--tfrecords", args.tfrecords]
    print(f"To see what it learned: {shlex.join(command)}")


def _config(args: Namespace) -> TrainConfig:
    """The preset's configuration with what the flags change."""
    config = get_config(args.preset).with_settings(args.settings)
    flags = {
        "pretrain.steps": args.pretrain_steps,
        "finetune.steps": args.finetune_steps,
        "finetune.vgg_weights": args.vgg_weights,
        "precision": args.precision,
        "seed": args.seed,
    }
    return config.with_values({name: value for name, value in flags.items() if value is not None})
