"""srgan degrade."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from pyimagesearch.cli.flags import folder_path
from pyimagesearch.data.input.degradation_presets import DEGRADATION_PRESETS, get_degradations
from pyimagesearch.errors import InputError

HELP = "Write the damaged LR pictures that training would make of pictures."


def add_flags(parser: ArgumentParser) -> None:
    """Add the flags of `srgan degrade`."""
    add = parser.add_argument
    known = "; ".join(f"{name}: {preset.description}" for name, preset in DEGRADATION_PRESETS.items())
    add("pictures", nargs="+", metavar="PICTURE", help="HR pictures: files, folders, globs in quotes")
    add("-o", "--output", type=folder_path, metavar="DIR", required=True, help="folder for the LR pictures, as PNG")
    add("--preset", choices=tuple(DEGRADATION_PRESETS), required=True, help=known)
    add("--scale", type=int, default=4, help="how many times smaller LR is (default 4)")
    add("--seed", type=int, default=42, help="of the draws (default 42)")


def run(args: Namespace) -> None:
    """Run `srgan degrade`."""
    if args.scale < 1 or args.seed < 0:
        raise InputError(f"--scale must be at least 1 and --seed at least 0, received {args.scale} and {args.seed}")
    import numpy as np

    from pyimagesearch.data.input.degradations import degrade
    from pyimagesearch.images import picture_io
    from pyimagesearch.images.resize import crop_to_multiple
    from pyimagesearch.inference.jobs import plan_jobs

    if Path(args.output).suffix.lower() in picture_io.SUFFIXES:
        raise InputError(f"--output {args.output}: takes a folder")
    jobs = plan_jobs(args.pictures, args.output, recursive=False)
    targets = {job.target.with_suffix(".png"): job.source for job in jobs}
    if len(targets) < len(jobs):
        raise InputError("two of the pictures differ in their suffix alone, so that both would become one PNG")
    for number, (target, source) in enumerate(targets.items()):
        hr = crop_to_multiple(picture_io.read_rgb(source), args.scale)
        if not hr.size:
            raise InputError(f"{source}: has fewer than {args.scale} pixels a side")
        lr = degrade(hr, args.scale, get_degradations(args.preset), np.random.default_rng([args.seed, number]))
        picture_io.write(target, picture_io.Picture(lr))
        print(f"{source} -> {target} ({lr.shape[1]}x{lr.shape[0]})")
