"""srgan export."""

from argparse import ArgumentParser, Namespace

from pyimagesearch.cli.flags import folder_path
from pyimagesearch.cli.libraries import load_tensorflow
from pyimagesearch.export.formats import FORMATS, output_help
from pyimagesearch.system.console import Stopwatch

HELP = "Write a model for other runtimes, and compare its pictures there."


def add_flags(parser: ArgumentParser) -> None:
    """Add the flags of `srgan export`."""

    add = parser.add_argument
    add("model", metavar="NAME_OR_PATH", help="light, light-gan, photo, or a .keras file")
    add("--format", choices=FORMATS.names(), required=True, help="what to write")
    add("-o", "--output", type=folder_path, metavar="OUT", required=True, help=output_help())
    add("--int8", action="store_true", help="compute convolutions in 8 bits; needs --images")
    add("--images", type=folder_path, metavar="DIR", help="with --int8: photographs to calibrate on and to score")
    add("--overwrite", action="store_true", help="replace what is at OUT")


def run(args: Namespace) -> None:
    """Run `srgan export`."""
    stopwatch = Stopwatch()
    load_tensorflow()
    from pyimagesearch.export.exporter import export_model, stored
    from pyimagesearch.system.console import size

    network, checks = export_model(
        args.model, args.format, args.output, overwrite=args.overwrite, int8=args.int8, images=args.images
    )
    print(*(f"{key:7}{text}" for key, text in network.contract().items()), *checks, sep="\n")
    print(f"{args.output}: {FORMATS[args.format].title}, {size(stored(args.output))} ({stopwatch})")
