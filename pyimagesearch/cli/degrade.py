"""srgan degrade."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from pyimagesearch.cli.failures import report_failures
from pyimagesearch.cli.flags import folder_path
from pyimagesearch.data.input.degradation_presets import DEGRADATION_PRESETS, DegradationPreset, get_degradations
from pyimagesearch.errors import InputError
from pyimagesearch.system import console

HELP = "Write the damaged LR pictures that training would make of pictures."


def add_flags(parser: ArgumentParser) -> None:
    """Add the flags of `srgan degrade`."""
    add = parser.add_argument
    known = "; ".join(f"{name}: {preset.description}" for name, preset in DEGRADATION_PRESETS.items())
    add("pictures", nargs="+", metavar="PICTURE", help="HR pictures: files, folders, globs in quotes")
    add("-o", "--output", type=folder_path, metavar="DIR", required=True, help="folder for the LR pictures, as PNG")
    add("--preset", choices=tuple(DEGRADATION_PRESETS), required=True, help=f"of degradations; {known}")
    add("--scale", type=int, default=4, help="how many times smaller LR is (default 4)")
    add("--seed", type=int, default=42, help="of the draws (default 42)")
    add("--overwrite", action="store_true", help="replace files that exist")


def run(args: Namespace) -> None:
    """Run `srgan degrade`."""
    if args.scale < 1 or args.seed < 0:
        raise InputError(f"--scale must be at least 1 and --seed at least 0, received {args.scale} and {args.seed}")
    from pyimagesearch.images import picture_io
    from pyimagesearch.inference.jobs import plan_jobs

    if Path(args.output).suffix.lower() in picture_io.SUFFIXES or Path(args.output).is_file():
        raise InputError(f"--output {args.output}: takes a folder")
    jobs = plan_jobs(args.pictures, str(Path(args.output)) + "/", recursive=False)
    targets = {job.target.with_suffix(".png"): job.source for job in jobs}
    if len(targets) < len(jobs):
        raise InputError("two of the pictures differ in their suffix alone, so that both would become one PNG")
    failures = []
    for target, source in targets.items():
        try:
            size = _degrade_file(
                source, target, args.scale, get_degradations(args.preset), args.seed, overwrite=args.overwrite
            )
            console.say(f"{source} -> {target} ({size})")
        except InputError as error:
            failures.append(str(error))
    report_failures(failures, len(targets))


def _degrade_file(
    source: Path, target: Path, scale: int, preset: DegradationPreset, seed: int, *, overwrite: bool
) -> str:
    """Write the damaged LR picture of one file, whose name and the seed decide the draws; returns its size."""
    import numpy as np

    from pyimagesearch.data.input.degradations import degrade
    from pyimagesearch.images import picture_io
    from pyimagesearch.images.resize import crop_to_multiple

    if target.exists() and not overwrite:
        raise InputError(f"{target}: exists; --overwrite replaces it")
    hr = crop_to_multiple(picture_io.read_rgb(source), scale)
    if not hr.size:
        raise InputError(f"{source}: has fewer than {scale} pixels a side")
    lr = degrade(hr, scale, preset, np.random.default_rng([seed, *source.stem.encode()]))
    picture_io.write(target, picture_io.Picture(lr))
    return f"{lr.shape[1]}x{lr.shape[0]}"
