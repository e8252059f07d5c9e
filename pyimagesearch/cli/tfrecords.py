"""srgan tfrecords."""

from argparse import ArgumentParser, Namespace

from pyimagesearch.cli.flags import factors, folder_path
from pyimagesearch.cli.libraries import load_tensorflow
from pyimagesearch.config import COMPRESSIONS
from pyimagesearch.config_groups import SCALES
from pyimagesearch.errors import InputError
from pyimagesearch.system.console import Stopwatch

HELP = "Write photographs as TFRecord shards."


def add_flags(parser: ArgumentParser) -> None:
    """Add the flags of `srgan tfrecords`."""

    add = parser.add_argument
    add(
        "--source",
        choices=("div2k", "folder", "sample"),
        default="div2k",
        help="where pictures come from (default div2k)",
    )
    add("--images", type=folder_path, metavar="DIR", help="folder: HR pictures of any size and format")
    add(
        "--lr-images",
        type=folder_path,
        metavar="DIR",
        help="folder: their LR pictures (default: made by MATLAB-equivalent bicubic)",
    )
    add("--validation", type=float, metavar="PART", help="folder: part held out for test (default 0.05)")
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
    add("--skip-bad", action="store_true", help="folder: leave unreadable or too small pictures out, and count them")


def run(args: Namespace) -> None:
    """Run `srgan tfrecords`."""
    from pyimagesearch.config import check_crop
    from pyimagesearch.system.files import check_bucket

    watch = Stopwatch()
    if args.resize is not None:
        check_crop(args.resize, args.scale, "--resize")
    if args.crop is None:
        args.crop = args.resize or 96
    check_crop(args.crop, args.scale)
    if args.resize and args.resize < args.crop:
        raise InputError(f"--resize {args.resize}: such pictures hold no crop of --crop {args.crop}; leave --crop out")
    load_tensorflow()
    check_bucket(args.output)  # before pictures are read, which can take long
    source = _source(args)
    from pyimagesearch.data.dataset.writer import repair_dataset, write_dataset

    work = repair_dataset if args.repair else write_dataset
    manifest = work(source, args.output, compression=args.compression)
    if source.skipped:
        print(f"Left out {len(source.skipped)} picture(s):", *source.skipped, sep="\n  ")
    print(
        f"{args.output}: {manifest.records('train')} tiles of {manifest.pictures['train']} training pictures, "
        f"{manifest.pictures['test']} test pictures ({watch})"
    )


def _source(args: Namespace):
    from pyimagesearch.data.sources.base import Source
    from pyimagesearch.data.sources.div2k import Div2kSource
    from pyimagesearch.data.sources.folder import FolderSource
    from pyimagesearch.data.sources.sample import SampleSource
    from pyimagesearch.images.opencv import load_opencv

    belongs = {"images": "folder", "lr_images": "folder", "validation": "folder", "skip_bad": "folder",
               "resize": "folder", "shrink": "folder", "collages": "folder", "imperfect": "folder",
               "div2k_config": "div2k"}  # fmt: skip
    for name, source in belongs.items():
        if getattr(args, name) is not None and getattr(args, name) is not False and args.source != source:
            flag = "--" + name.replace("_", "-")
            raise InputError(f"{flag} belongs to --source {source}, but the source is {args.source}")
    if args.source == "sample":
        return SampleSource(scale=args.scale, crop=args.crop)
    if args.source == "div2k":
        return Div2kSource(args.div2k_config or "bicubic_x4", scale=args.scale, crop=args.crop)
    if not args.images:
        raise InputError("--source folder needs --images DIR, a folder of HR pictures")
    validation = 0.05 if args.validation is None else args.validation
    if not 0 <= validation < 1:
        raise InputError(f"--validation must be at least 0 and below 1, received {validation}")
    if args.resize and args.shrink:
        raise InputError("--resize sets every picture's size; leave --shrink out")
    if args.collages is not None and args.collages < 1:
        raise InputError(f"--collages must be at least 1, received {args.collages}")
    if args.collages and args.resize:
        raise InputError("--collages draws hard edges for pictures of --shrink, not of --resize; leave one of them out")
    if args.imperfect is not None and not 0 <= args.imperfect <= 1:
        raise InputError(f"--imperfect must be from 0 to 1, received {args.imperfect}")
    for flag in ("resize", "shrink", "collages", "imperfect"):
        if getattr(args, flag) and args.lr_images:
            raise InputError(f"--{flag} makes LR pictures of its own; leave --lr-images out")
    folder = FolderSource(
        args.images, scale=args.scale, crop=args.crop, validation=validation, lr_folder=args.lr_images,
        resize=args.resize, shrink=args.shrink or (1,), skip_bad=args.skip_bad,
    )  # fmt: skip
    if args.collages or args.imperfect:
        load_opencv()  # what draws and blurs, or one line that says what to install
    made: Source = folder
    if args.collages:
        from pyimagesearch.data.sources.collages import CollageSource

        made = CollageSource(folder, args.collages)
    if args.imperfect:
        from pyimagesearch.data.sources.imperfect import ImperfectSource

        made = ImperfectSource(made, args.imperfect)
    return made
