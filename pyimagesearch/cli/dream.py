"""srgan dream."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from pyimagesearch.cli.flags import folder_path, numbers_like
from pyimagesearch.cli.libraries import load_tensorflow
from pyimagesearch.errors import InputError

HELP = "DeepDream: let a network draw into a picture what it looks for."


def add_flags(parser: ArgumentParser) -> None:
    """Add the flags of `srgan dream`."""
    add = parser.add_argument
    add("picture", metavar="PICTURE", help="one picture file")
    add("-o", "--output", type=folder_path, metavar="OUT", required=True, help="a picture file, or a folder")
    add(
        "--backbone",
        choices=("inception_v3", "vgg19"),
        default="inception_v3",
        help="the network (default inception_v3)",
    )
    add("--weights", metavar="NAME_OR_PATH", default="imagenet", help="imagenet (download), random, or an .h5 file")
    add(
        "--layers", type=names, metavar="NAME,…",
        help="layers to amplify; later ones dream of larger things (default mixed3,mixed5; block4_conv3,block5_conv2)",
    )  # fmt: skip
    add(
        "--octaves", type=numbers_like("-2,-1,0,1,2"), metavar="POWER,…", default=(-2.0, -1.0, 0.0, 1.0, 2.0),
        help="sizes to dream in: the picture's times 1.3 to these powers (default -2,-1,0,1,2)",
    )  # fmt: skip
    add("--steps", type=int, default=100, metavar="N", help="steps in each octave (default 100)")
    add("--step-size", type=float, default=0.01, metavar="SIZE", help="0.001 to 1 (default 0.01)")
    add("--guide", metavar="PICTURE", help="dream of what this picture shows")
    add("--zoom", type=int, metavar="N", help="N frames of a dive: pictures in the folder OUT, or a film OUT.mp4")
    add("--tile", type=int, default=512, metavar="N", help="pixels a side at once, 256 to 4096 (default 512)")
    add("--seed", type=int, default=42, metavar="N", help="of the places of the tiles (default 42)")
    add("--overwrite", action="store_true", help="replace results that exist")


def run(args: Namespace) -> None:
    """Run `srgan dream`."""
    if args.zoom is not None and args.zoom < 1:
        raise InputError(f"--zoom must be at least 1 frame, received {args.zoom}")
    load_tensorflow()
    from pyimagesearch.art import files, frames
    from pyimagesearch.art.deep_dream import DeepDreamer, check_steps
    from pyimagesearch.images import picture_io

    check_steps(args.steps, args.step_size)
    if args.zoom:
        files.check_source(args.picture)
        frames.check_target(args.output, overwrite=args.overwrite)
    else:
        job = files.plan_picture(args.picture, args.output, overwrite=args.overwrite)
    picture = picture_io.read(args.picture)  # before the network, which may have to be downloaded
    guide = picture_io.read(args.guide).samples if args.guide else None
    dreamer = DeepDreamer(
        octave_powers=args.octaves,
        layers=args.layers,
        backbone=args.backbone,
        weights=args.weights,
        tile=args.tile,
        seed=args.seed,
    )
    if guide is not None:
        dreamer.check_guide(*guide.shape[:2])
    options = {"steps": args.steps, "step_size": args.step_size, "guide": guide}
    if args.zoom:
        files.dive_file(Path(args.picture), picture, args.output, dreamer, args.zoom, **options)
    else:
        files.dream_file(job, picture, dreamer, **options)


def names(text: str) -> tuple[str, ...]:
    """Names separated by commas."""
    return tuple(name.strip() for name in text.split(","))
