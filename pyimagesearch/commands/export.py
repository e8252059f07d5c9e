"""srgan export."""

from argparse import Namespace

from pyimagesearch.commands.libraries import load_tensorflow
from pyimagesearch.console import Stopwatch


def export(args: Namespace) -> None:
    """srgan export"""
    watch = Stopwatch()
    load_tensorflow()
    from pyimagesearch import console, export

    network, parities = export.export(args.model, args.format, args.output, overwrite=args.overwrite)
    print(*(f"{key:7}{text}" for key, text in network.contract().items()), *parities, sep="\n")
    print(f"{args.output}: {export.FORMATS[args.format].title}, {console.size(export.stored(args.output))} ({watch})")
