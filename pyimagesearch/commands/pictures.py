"""srgan upscale."""

import sys
from argparse import Namespace

from pyimagesearch.commands.libraries import load_tensorflow
from pyimagesearch.console import Stopwatch
from pyimagesearch.errors import RunError


def upscale(args: Namespace) -> None:
    """srgan upscale"""
    watch = Stopwatch()
    load_tensorflow()
    from pyimagesearch import upscale

    size = upscale.parse_size(args.size) if args.size else None
    jobs = upscale.plan(args.pictures, args.output, recursive=args.recursive)
    upscaler = upscale.load(args.model, args.gan_model, args.blend)
    failures = upscale.run(jobs, upscaler, size=size, tile=args.tile, overwrite=args.overwrite)
    print(f"{len(jobs) - len(failures)} of {len(jobs)} picture(s) upscaled x{upscaler.scale} ({watch})")
    if failures:
        print(*failures, sep="\n", file=sys.stderr)
        raise RunError(f"{len(failures)} of {len(jobs)} picture(s) failed; the others are done")
