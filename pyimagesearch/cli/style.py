"""srgan style."""

import argparse
from argparse import ArgumentParser, Namespace
from functools import partial

from pyimagesearch.art.style_settings import (
    CONTENT_LAYERS,
    KEEPS,
    OPTIMIZERS,
    STYLE_LAYERS,
    StyleSettings,
    check_count,
)
from pyimagesearch.cli.dream import names
from pyimagesearch.cli.flags import folder_path, numbers_like
from pyimagesearch.cli.libraries import load_tensorflow
from pyimagesearch.errors import InputError

HELP = "Paint a picture in the style of others: slowly by optimisation, or at once with --fast."
BOTH = ("strength", "mix", "keep_colours")  # settings that --fast takes too, beside the size
SLOW = (
    "epochs", "steps_per_epoch", "optimizer", "weights", "content_layers", "style_layers", "content_weight",
    "style_weight", "smoothness", "coarsest", "tile", "progress_every",
)  # fmt: skip
DEFAULTS = StyleSettings()


def add_flags(parser: ArgumentParser) -> None:
    """Add the flags of `srgan style`."""
    add = parser.add_argument
    add("content", metavar="CONTENT", help="the picture to paint anew")
    add("styles", nargs="+", metavar="STYLE", help="one or several pictures whose style it gets")
    add("-o", "--output", type=folder_path, metavar="OUT", required=True, help="a picture file, or a folder")
    add("--size", type=side, default=512, metavar="N", help="the result's longest side, or full (default 512)")
    add("--strength", type=float, metavar="S", help="0: the content's own style; 1: that of STYLE (default 1)")
    add(
        "--mix",
        type=numbers_like("2,1"),
        metavar="N,…",
        help="how much of each STYLE, such as 2,1 (default: equal parts)",
    )
    add("--keep-colours", choices=KEEPS, help="keep the content's colours: all but the luminance, or by matching")
    add("--mask", metavar="PICTURE", help="as large as CONTENT; white is painted, black stays as it is")
    add("--overwrite", action="store_true", help="replace a result that exists")
    fast = parser.add_argument_group("at once, by Magenta's networks")
    fast.add_argument("--fast", action="store_true", help="paint with one pass of a network")
    fast.add_argument(
        "--fast-models", type=folder_path, metavar="DIR",
        help="a SavedModel, or a folder of the two .tflite files (default: Magenta's, downloaded by kagglehub)",
    )  # fmt: skip
    _add_slow_flags(parser)


def _add_slow_flags(parser: ArgumentParser) -> None:
    slow = parser.add_argument_group("by optimisation on VGG19; not with --fast")
    add = slow.add_argument
    add("--epochs", type=int, metavar="N", help=f"default {DEFAULTS.epochs}")
    add("--steps-per-epoch", type=int, metavar="N", help=f"default {DEFAULTS.steps_per_epoch}")
    add("--optimizer", choices=OPTIMIZERS, help=f"lbfgs needs far fewer steps (default {DEFAULTS.optimizer})")
    add("--weights", metavar="NAME_OR_PATH", help="imagenet (download; default), random, or an .h5 file")
    add("--content-layers", type=names, metavar="NAME,…", help=f"of VGG19 (default {','.join(CONTENT_LAYERS)})")
    add("--style-layers", type=names, metavar="NAME,…", help=f"default {','.join(STYLE_LAYERS)}")
    add("--content-weight", type=float, metavar="W", help=f"default {DEFAULTS.content_weight:g}")
    add("--style-weight", type=float, metavar="W", help=f"default {DEFAULTS.style_weight:g}")
    add("--smoothness", type=float, metavar="W", help="weight of the total variation, such as 1e6 (default 0)")
    add("--coarsest", type=int, metavar="N", help="the longest side that larger results begin with (default 512)")
    add("--tile", type=int, metavar="N", help="pixels a side at once, 128 to 4096 (default 512)")
    add("--progress-every", type=int, metavar="N", help="also write the picture so far after every N steps")


def run(args: Namespace) -> None:
    """Run `srgan style`."""
    given = {name: value for name in (*BOTH, *SLOW) if (value := getattr(args, name)) is not None}
    given["size"] = args.size  # None is full
    progress = given.pop("progress_every", None)
    settings = StyleSettings(**given)
    settings.parts(len(args.styles))
    if progress is not None:
        check_count("progress_every", progress)
    if args.fast:
        _run_fast(args, settings)
        return
    if args.fast_models:
        raise InputError("`fast_models` belongs to `fast`, which is missing")
    load_tensorflow()
    from pyimagesearch.art import style_files

    job = style_files.plan_style(args.content, args.styles, args.output, args.mask)
    style_files.style_file(job, settings, progress_every=progress, overwrite=args.overwrite)


def _run_fast(args: Namespace, settings: StyleSettings) -> None:
    slow = [f"`{name}`" for name in SLOW if getattr(args, name) is not None]
    if slow:
        raise InputError(f"{', '.join(slow)}: not with `fast`, which optimises nothing")
    load_tensorflow()
    from pyimagesearch.art import style_files
    from pyimagesearch.art.painters import load_painter

    job = style_files.plan_style(args.content, args.styles, args.output, args.mask)
    style_files.paint_file(job, partial(load_painter, args.fast_models), settings, overwrite=args.overwrite)


def side(text: str) -> int | None:
    """Pixels; None for full."""
    if text == "full":
        return None
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"must be full or pixels, such as 1024, received {text}")
    return int(text)
