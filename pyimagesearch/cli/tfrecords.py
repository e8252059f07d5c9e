"""srgan tfrecords."""

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

from pyimagesearch.cli.flags import LR_NAME, add_runner_flags, factors, folder_path
from pyimagesearch.cli.libraries import load_tensorflow
from pyimagesearch.config import COMPRESSIONS
from pyimagesearch.config_groups import SCALES
from pyimagesearch.data.sources import SOURCES
from pyimagesearch.errors import InputError
from pyimagesearch.system.beam import make_runner
from pyimagesearch.system.console import Stopwatch

if TYPE_CHECKING:
    from pyimagesearch.data.dataset.manifest import Manifest
    from pyimagesearch.system.beam import Runner

OF_COMMAND = ("command", "yes", "output", "compression", "repair", "runner", "beam_option")
HELP = "Write photographs as TFRecord shards."


def add_flags(parser: ArgumentParser) -> None:
    """Add the flags of `srgan tfrecords`."""

    add = parser.add_argument
    add(
        "--source",
        choices=SOURCES,
        help="where pictures come from (default div2k, a download of 4 GB, which needs --yes)",
    )
    add("--yes", action="store_true", help="start the download of the default source without --source")
    add(
        "--images",
        type=folder_path,
        metavar="DIR",
        help="folder: HR pictures; tfrecord: TFRecord files; local or gs://",
    )
    add(
        "--lr-images",
        type=folder_path,
        metavar="DIR",
        help="folder: their LR pictures (default: made by MATLAB-equivalent bicubic)",
    )
    add("--lr-name", metavar="PATTERN", help=f"folder: {LR_NAME}")
    add("-r", "--recursive", action="store_true", help="folder: take the pictures in the folders inside folders too")
    add(
        "--validation",
        type=float,
        metavar="PART",
        help="folder, tfrecord: part held out for test, at least 3 pictures of 10 (default 0.05)",
    )
    add("--resize", type=int, metavar="N", help="folder: make every picture NxN pixels, whole, whatever its shape")
    add(
        "--shrink",
        type=factors,
        metavar="N[,N...]",
        help="folder: take every picture at 1/N of its size, for each N: more detail a pixel (default 1)",
    )
    add(
        "--collages",
        type=int,
        metavar="N",
        help="folder: add N collages of the training pictures: hard edges, flat colours, lettering (default none)",
    )
    add(
        "--imperfect",
        type=float,
        metavar="PART",
        help="folder: part of the training pictures that become softer or pass through JPEG (default 0)",
    )
    add("--div2k-config", metavar="NAME", help="div2k: TFDS configuration (default bicubic_x4)")
    add("--scale", type=int, choices=SCALES, default=4, help="HR size over LR size (default 4)")
    add("--crop", type=int, help="side of the HR training crops that the records must serve (default 96, or --resize)")
    add(
        "--output", type=folder_path, metavar="DIR", default="tfrecord", help="local or gs:// folder (default tfrecord)"
    )
    add(
        "--compression",
        choices=COMPRESSIONS,
        default="none",
        help="png: smaller records for slow links, 10 to 20 times slower to load (default none)",
    )
    add("--repair", action="store_true", help="write only those shards anew that are missing or bad")
    add(
        "--skip-bad",
        action="store_true",
        help="folder, tfrecord: leave unreadable or too small pictures out, and count them",
    )
    add_runner_flags(parser)


def run(args: Namespace) -> None:
    """Run `srgan tfrecords`."""
    from pyimagesearch.system.files import check_bucket

    stopwatch = Stopwatch()
    if not args.source and not args.yes:
        raise InputError(
            "`source` is missing: its default, div2k, downloads about 4 GB; give `source` div2k or `yes` to do so, "
            "`source` folder with `images` DIR for your own pictures, or `source` sample"
        )
    args.source = args.source or "div2k"
    runner = make_runner(args.runner, args.beam_option)
    if runner and args.repair:
        raise InputError("`repair` is done by this process; leave `runner` out")
    load_tensorflow()
    for path in (args.output, args.images or "", args.lr_images or ""):
        check_bucket(path)  # before pictures are read, which can take long
    from pyimagesearch.data.dataset.writer import write_records
    from pyimagesearch.data.sources import make_source

    asked = {name: value for name, value in vars(args).items() if name not in OF_COMMAND}
    if runner:
        manifest, skipped = _write_by(runner, asked, args)
    else:
        source = make_source(**asked)
        manifest = write_records(source, args.output, compression=args.compression, repair=args.repair)
        skipped = source.skipped
    if skipped:
        print(f"Left out {len(skipped)} picture(s):", *skipped, sep="\n  ")
    print(
        f"{args.output}: {manifest.records('train')} tiles of {manifest.pictures['train']} training pictures, "
        f"{manifest.pictures['test']} test pictures ({stopwatch})"
    )


def _write_by(runner: "Runner", asked: dict[str, Any], args: Namespace) -> "tuple[Manifest, list[str]]":
    """Write by the workers of a runner, and print Beam's counters; returns the manifest and what was left out."""
    from pyimagesearch.data.beam.writer import write_records_by
    from pyimagesearch.data.sources.arguments import Arguments

    written = write_records_by(runner, Arguments(**asked), args.output, compression=args.compression)
    if written.counters:
        print("Counted by Beam:", ", ".join(f"{number} {name}" for name, number in sorted(written.counters.items())))
    return written.manifest, written.skipped
