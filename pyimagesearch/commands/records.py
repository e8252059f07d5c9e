"""srgan tfrecords and srgan verify."""

from argparse import Namespace

from pyimagesearch.commands.libraries import load_tensorflow
from pyimagesearch.console import Stopwatch
from pyimagesearch.errors import UserError


def tfrecords(args: Namespace) -> None:
    """srgan tfrecords"""
    from pyimagesearch.config import check_crop
    from pyimagesearch.files import check_bucket

    watch = Stopwatch()
    if args.resize is not None:
        check_crop(args.resize, args.scale, "--resize")
    if args.crop is None:
        args.crop = args.resize or 96
    check_crop(args.crop, args.scale)
    if args.resize and args.resize < args.crop:
        raise UserError(f"--resize {args.resize}: such pictures hold no crop of --crop {args.crop}; leave --crop out")
    load_tensorflow()
    check_bucket(args.output)  # before pictures are read, which can take long
    source = _source(args)
    from pyimagesearch.data.writer import repair_dataset, write_dataset

    work = repair_dataset if args.repair else write_dataset
    manifest = work(source, args.output, scale=args.scale, crop=args.crop, compression=args.compression)
    if source.skipped:
        print(f"Left out {len(source.skipped)} picture(s):", *source.skipped, sep="\n  ")
    print(
        f"{args.output}: {manifest.records('train')} tiles of {manifest.pictures['train']} training pictures, "
        f"{manifest.pictures['test']} test pictures ({watch})"
    )


def verify(args: Namespace) -> None:
    """srgan verify"""
    watch = Stopwatch()
    load_tensorflow()
    from pyimagesearch.data.manifest import load_manifest, repair_hint
    from pyimagesearch.data.verify import verify

    manifest = load_manifest(args.folder)
    problems = verify(args.folder, manifest)
    for problem in problems:
        print(problem)
    if problems:
        raise UserError(f"{len(problems)} of {len(manifest.shards)} shards are bad; {repair_hint(args.folder)}")
    print(
        f"{args.folder}: {len(manifest.shards)} shards are good, "
        f"{manifest.records('train') + manifest.records('test')} records ({watch})"
    )


def _source(args: Namespace):
    from pyimagesearch.data import sources
    from pyimagesearch.decoding import opencv

    belongs = {"images": "folder", "lr_images": "folder", "validation": "folder", "skip_bad": "folder",
               "resize": "folder", "shrink": "folder", "collages": "folder", "imperfect": "folder",
               "div2k_config": "div2k"}  # fmt: skip
    for name, source in belongs.items():
        if getattr(args, name) is not None and getattr(args, name) is not False and args.source != source:
            flag = "--" + name.replace("_", "-")
            raise UserError(f"{flag} belongs to --source {source}, but the source is {args.source}")
    if args.source == "sample":
        return sources.SampleSource(scale=args.scale, crop=args.crop)
    if args.source == "div2k":
        return sources.Div2kSource(args.div2k_config or "bicubic_x4", scale=args.scale)
    if not args.images:
        raise UserError("--source folder needs --images DIR, a folder of HR pictures")
    validation = 0.05 if args.validation is None else args.validation
    if not 0 <= validation < 1:
        raise UserError(f"--validation must be at least 0 and below 1, received {validation}")
    if args.resize and args.shrink:
        raise UserError("--resize sets every picture's size; leave --shrink out")
    if args.collages is not None and args.collages < 1:
        raise UserError(f"--collages must be at least 1, received {args.collages}")
    if args.collages and args.resize:
        raise UserError("--collages draws hard edges for pictures of --shrink, not of --resize; leave one of them out")
    if args.imperfect is not None and not 0 <= args.imperfect <= 1:
        raise UserError(f"--imperfect must be from 0 to 1, received {args.imperfect}")
    for flag in ("resize", "shrink", "collages", "imperfect"):
        if getattr(args, flag) and args.lr_images:
            raise UserError(f"--{flag} makes LR pictures of its own; leave --lr-images out")
    folder = sources.FolderSource(
        args.images, scale=args.scale, crop=args.crop, validation=validation, lr_folder=args.lr_images,
        resize=args.resize, shrink=args.shrink or (1,), skip_bad=args.skip_bad,
    )  # fmt: skip
    if args.collages or args.imperfect:
        opencv()  # what draws and blurs, or one line that says what to install
    made: sources.Source = folder
    if args.collages:
        from pyimagesearch.data.collages import CollageSource

        made = CollageSource(folder, args.collages)
    if args.imperfect:
        from pyimagesearch.data.imperfect import ImperfectSource

        made = ImperfectSource(made, args.imperfect, args.scale)
    return made
