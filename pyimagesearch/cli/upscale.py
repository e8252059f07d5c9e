"""srgan upscale."""

from argparse import ArgumentParser, Namespace

from pyimagesearch.cli.failures import report_failures
from pyimagesearch.cli.flags import add_precision, add_runner_flags, folder_path, tile_side
from pyimagesearch.cli.libraries import load_tensorflow
from pyimagesearch.errors import InputError
from pyimagesearch.system.beam import make_runner
from pyimagesearch.system.console import Stopwatch

HELP = "Upscale pictures, with their alpha, bit depth, ICC profile and EXIF, and films, with their sound."


def add_flags(parser: ArgumentParser) -> None:
    """Add the flags of `srgan upscale`."""

    add = parser.add_argument
    add("pictures", nargs="+", metavar="PICTURE", help="files, folders, also gs://; globs in quotes; -: stdin")
    add(
        "-o",
        "--output",
        type=folder_path,
        metavar="OUT",
        required=True,
        help="a folder, also gs://; for one picture also a file, or - for stdout, in PNG",
    )
    add("-r", "--recursive", action="store_true", help="also the folders inside folders")
    add(
        "--clean",
        type=float,
        metavar="PART",
        help="0: keep grain and grit; 1: remove noise and JPEG blocks (default 1)",
    )
    add(
        "--crisp", "--blend", type=float, metavar="PART",
        help="0: what the picture shows; 1: likely detail too (default 1); --blend is its old name",
    )  # fmt: skip
    add(
        "--model",
        metavar="NAME_OR_PATH",
        help="one model: light, light-gan, photo, photo-gan, bicubic or a .keras file",
    )
    add("--gan-model", metavar="NAME_OR_PATH", help="with --model: the other end of --crisp, trained from it")
    add(
        "--scale",
        type=int,
        metavar="N",
        help="how many times larger: 1 (clean alone) to what the model makes (default: that, 4)",
    )
    add("--size", metavar="WxH", help="pixels, instead of --scale: WIDTHxHEIGHT; WIDTHx and xHEIGHT keep the shape")
    add(
        "--tile", type=tile_side, metavar="{auto,N}", help="LR pixels a side at once (default auto: by the free memory)"
    )
    add_precision(parser)
    add("--codec", metavar="NAME", help="of films: h264, hevc, av1 or vp9 (default: by bit depth and container)")
    add("--crf", type=int, metavar="N", help="of films: quality, 0 the best (default 18 for h264, 20 hevc, 24 others)")
    add("--first-frame", action="store_true", help="of animated GIF, PNG and WebP: the first frame alone, as a picture")
    add("--overwrite", action="store_true", help="replace results that exist, unless they would be the same")
    add_runner_flags(parser)


def run(args: Namespace) -> None:
    """Run `srgan upscale`."""
    stopwatch = Stopwatch()
    runner = make_runner(args.runner, args.beam_option)
    size = parse_size(args.size) if args.size else None
    load_tensorflow()
    from pyimagesearch.inference import batches, files, mixture, streams
    from pyimagesearch.inference.film.formats import Moving
    from pyimagesearch.inference.jobs import check_films, plan_jobs

    moving = Moving(args.codec, args.crf, args.first_frame)
    files.check_options(scale=args.scale, size=size, tile=args.tile)
    streamed = streams.is_streamed(args.pictures, args.output)
    if streamed and runner:
        raise InputError("`runner` is for folders; leave it out for a picture between programs")
    if streamed:
        streams.check_stream(args.pictures, args.output)
    planned = {"recursive": args.recursive, "moving": moving, "buckets": True}
    jobs = [] if streamed else plan_jobs(args.pictures, args.output, **planned)
    check_films(jobs, moving)
    amounts = {name: amount for name in ("clean", "crisp") if (amount := getattr(args, name)) is not None}
    choice = mixture.Choice(args.model, args.gan_model, amounts, args.scale, args.precision)
    upscaler = choice.load()
    options = {"size": size, "tile": args.tile, "overwrite": args.overwrite}
    if streamed:  # nothing but the picture may be in standard output
        streams.upscale_stream(args.pictures[0], args.output, upscaler, **options)
        return
    if runner:
        from pyimagesearch.inference import pipeline

        report = pipeline.run(runner, jobs, choice, **options)
    else:
        report = batches.run(jobs, upscaler, **options)
    print(f"{report} ({stopwatch})")
    report_failures(report.failures, len(jobs))


def parse_size(text: str) -> tuple[int | None, int | None]:
    """WIDTHxHEIGHT, WIDTHx or xHEIGHT in pixels. Raises InputError."""
    width, x, height = text.partition("x")
    sides = [width, height]
    if not x or not any(sides) or not all(not side or (side.isdecimal() and int(side) > 0) for side in sides):
        raise InputError(f"--size is WIDTHxHEIGHT, WIDTHx or xHEIGHT in pixels, such as 1920x1080, received {text}")
    return (int(width) if width else None, int(height) if height else None)
