"""srgan verify."""

from argparse import ArgumentParser, Namespace

from pyimagesearch.cli.flags import folder_path
from pyimagesearch.cli.libraries import load_tensorflow
from pyimagesearch.errors import InputError
from pyimagesearch.system.console import Stopwatch

HELP = "Check every shard of a TFRecord folder against its manifest."


def add_flags(parser: ArgumentParser) -> None:
    """Add the flags of `srgan verify`."""

    parser.add_argument("folder", type=folder_path, metavar="DIR", help="local or gs:// folder")


def run(args: Namespace) -> None:
    """Run `srgan verify`."""
    stopwatch = Stopwatch()
    load_tensorflow()
    from pyimagesearch.data.dataset.manifest import load_manifest, repair_hint
    from pyimagesearch.data.dataset.verify import verify

    manifest = load_manifest(args.folder)
    problems = verify(args.folder, manifest)
    for problem in problems:
        print(problem)
    if problems:
        raise InputError(f"{len(problems)} of {len(manifest.shards)} shards are bad; {repair_hint(args.folder)}")
    print(
        f"{args.folder}: {len(manifest.shards)} shards are good, "
        f"{manifest.records('train') + manifest.records('test')} records ({stopwatch})"
    )
