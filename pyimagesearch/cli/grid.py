"""srgan grid."""

import itertools
from argparse import ArgumentParser, Namespace

from pyimagesearch.cli.flags import folder_path
from pyimagesearch.cli.libraries import load_tensorflow
from pyimagesearch.errors import InputError
from pyimagesearch.system.console import Stopwatch

HELP = "Draw the LR / bicubic / pretrained / SRGAN / HR grid of a run."


def add_flags(parser: ArgumentParser) -> None:
    """Add the flags of `srgan grid`."""

    add = parser.add_argument
    add("--device", choices=("gpu", "cpu"), required=True, help="where the generators run")
    pictures = parser.add_mutually_exclusive_group()
    pictures.add_argument(
        "--tfrecords", type=folder_path, metavar="DIR", help="test pictures of these records (default tfrecord)"
    )
    pictures.add_argument("--hr", type=folder_path, metavar="DIR", help="a folder of HR pictures instead")
    lr = "with --hr: their LR pictures (default: made by MATLAB-equivalent bicubic)"
    add("--lr", type=folder_path, metavar="DIR", help=lr)
    add("--output", type=folder_path, metavar="DIR", default="outputs", help="run folder (default outputs)")
    add("--rows", type=int, default=8, help="at most so many pictures (default 8)")
    add("--format", choices=("png", "pdf"), default="png", help="of the figures (default png)")


def run(args: Namespace) -> None:
    """Run `srgan grid`."""
    watch = Stopwatch()
    if args.lr and not args.hr:
        raise InputError("--lr belongs to --hr DIR, which is missing")
    if args.rows < 1:
        raise InputError(f"--rows must be at least 1, received {args.rows}")
    load_tensorflow()
    from pyimagesearch.data.dataset.manifest import read_manifest
    from pyimagesearch.data.dataset.records import read_pictures
    from pyimagesearch.evaluation import run_report, score_tables, scoring
    from pyimagesearch.training.strategy import make_strategy

    with make_strategy(args.device, alone=True).scope():
        upscalers, missing = run_report.load_run(args.output)
    for line in missing:
        print(line)
    scale = upscalers["bicubic"].scale
    if args.hr:
        pairs = scoring.folder_pairs(args.hr, args.lr, scale)
    else:
        folder = args.tfrecords or "tfrecord"
        manifest = read_manifest(folder)
        if manifest.scale != scale:
            raise InputError(f"{folder}: records of scale {manifest.scale}, but the run's models are x{scale}")
        pairs = read_pictures(folder, manifest)
    path, scores = run_report.draw(
        args.output, upscalers, itertools.islice(pairs, args.rows), file_format=args.format,
        hr=args.hr or folder, lr=args.lr,
    )  # fmt: skip
    print(score_tables.table(scores))
    print(f"{path} ({watch})")
