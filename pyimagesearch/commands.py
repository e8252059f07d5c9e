"""What each command does, from parsed flags. TensorFlow and Keras are imported inside, where they are needed."""

import dataclasses
import itertools
import sys
from argparse import Namespace

from pyimagesearch.console import Stopwatch, hidden_native_stderr
from pyimagesearch.errors import RunError, UserError


def _load_tensorflow() -> None:
    with hidden_native_stderr():
        import tensorflow  # noqa: F401


def tfrecords(args: Namespace) -> None:
    """srgan tfrecords"""
    from pyimagesearch.config import check_crop
    from pyimagesearch.files import check_bucket

    watch = Stopwatch()
    if args.resize is not None and (args.resize < 16 or args.resize % args.scale):
        raise UserError(
            f"--resize must be at least 16 and a multiple of the scale {args.scale}, received {args.resize}"
        )
    if args.crop is None:
        args.crop = args.resize or 96
    check_crop(args.crop, args.scale)
    _load_tensorflow()
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
    _load_tensorflow()
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

    belongs = {"images": "folder", "lr_images": "folder", "validation": "folder", "skip_bad": "folder",
               "resize": "folder", "div2k_config": "div2k"}  # fmt: skip
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
    if args.resize and args.lr_images:
        raise UserError("--resize makes LR pictures of its own; leave --lr-images out")
    return sources.FolderSource(
        args.images, scale=args.scale, crop=args.crop, validation=validation, lr_folder=args.lr_images,
        resize=args.resize, skip_bad=args.skip_bad,
    )  # fmt: skip


def train(args: Namespace) -> None:
    """srgan train"""
    watch = Stopwatch()
    config = _train_config(args)
    _load_tensorflow()
    import tensorflow as tf

    from pyimagesearch.training.strategy import check_tpu_folders, choose_precision, choose_xla, make_strategy

    if args.device == "tpu":
        check_tpu_folders(tfrecords=args.tfrecords, output=args.output)
    strategy = make_strategy(args.device)
    if args.deterministic:
        tf.config.experimental.enable_op_determinism()
    from pyimagesearch.training.loop import Trainer

    precision = choose_precision(config.precision, args.device)
    print(f"Preset {config.preset}, {strategy.num_replicas_in_sync} replica(s), {precision}", end="")
    print(f", VGG19 weights: {config.vgg_weights}" if config.finetune_steps else "")
    Trainer(
        config, tfrecords=args.tfrecords, output=args.output, strategy=strategy, precision=precision,
        compiled=choose_xla(config.xla, args.device, strategy), cache=args.cache,
    ).run()  # fmt: skip
    print(f"{args.output}: trained ({watch})")


def _train_config(args: Namespace):
    from pyimagesearch.presets import get_config

    config = get_config(args.preset).with_settings(args.settings)
    names = ("pretrain_steps", "finetune_steps", "vgg_weights", "precision", "seed")
    given = {name: getattr(args, name) for name in names if getattr(args, name) is not None}
    return dataclasses.replace(config, **given)


def grid(args: Namespace) -> None:
    """srgan grid"""
    watch = Stopwatch()
    if args.lr and not args.hr:
        raise UserError("--lr belongs to --hr DIR, which is missing")
    if args.rows < 1:
        raise UserError(f"--rows must be at least 1, received {args.rows}")
    _load_tensorflow()
    from pyimagesearch import evaluation, protocols, report
    from pyimagesearch.data.manifest import read_manifest
    from pyimagesearch.data.records import read_pictures
    from pyimagesearch.training.strategy import make_strategy

    with make_strategy(args.device).scope():
        upscalers, missing = report.load_run(args.output)
    for line in missing:
        print(line)
    scale = upscalers["bicubic"].scale
    if args.hr:
        pairs = evaluation.folder_pairs(args.hr, args.lr, scale)
    else:
        folder = args.tfrecords or "tfrecord"
        manifest = read_manifest(folder)
        if manifest.scale != scale:
            raise UserError(f"{folder}: records of scale {manifest.scale}, but the run's models are x{scale}")
        pairs = read_pictures(folder, manifest)
    path, scores = report.draw(
        args.output, upscalers, itertools.islice(pairs, args.rows), file_format=args.format,
        hr=args.hr or folder, lr=args.lr,
    )  # fmt: skip
    print(protocols.table(scores))
    print(f"{path} ({watch})")


def evaluate(args: Namespace) -> None:
    """srgan evaluate"""
    watch = Stopwatch()
    if not args.hr and not (args.lr and args.page):
        raise UserError("--hr DIR is missing; without HR, --lr DIR and --page DIR make a page of LR beside SR")
    for flag in ("json", "markdown", "vgg_weights"):
        if getattr(args, flag) and not args.hr:
            raise UserError(f"--{flag.replace('_', '-')} belongs to --hr DIR, which is missing: no HR, no scores")
    models = args.model or ["bicubic"]
    _load_tensorflow()
    from pyimagesearch import evaluation

    if not args.hr:
        from pyimagesearch import pages

        path = pages.write_comparison(args.page, args.lr, evaluation.load_upscalers(models))
        print(f"{path} ({watch})")
        return
    lr_scale = evaluation.scale_of_folders(args.hr, args.lr) if args.lr else None
    _evaluate_pairs(args, evaluation.load_upscalers(models, lr_scale=lr_scale))
    print(f"({watch})")


def _evaluate_pairs(args: Namespace, upscalers) -> None:
    from pyimagesearch import console, evaluation, files, images, pages, perceptual, protocols

    scale = next(iter(upscalers.values())).scale
    features = perceptual.FeatureDistance(args.vgg_weights) if args.vgg_weights else None
    worst = pages.WorstCases(scale)
    report = evaluation.evaluate(
        console.progress(
            evaluation.folder_pairs(args.hr, args.lr, scale), total=len(images.list_pictures(args.hr)),
            label="scoring", unit="picture",
        ),
        upscalers, hr=args.hr, lr=args.lr, features=features, watch=worst,
    )  # fmt: skip
    report["protocols"] = protocols.definitions(report)
    print(protocols.picture_tables(report), end="\n\n")
    print(protocols.table(report))
    if args.json:
        evaluation.write_json(args.json, report)
    if args.markdown:
        files.write_whole(args.markdown, protocols.markdown(report))
    if args.page:
        print(pages.write_scores(args.page, report, worst))


def upscale(args: Namespace) -> None:
    """srgan upscale"""
    watch = Stopwatch()
    _load_tensorflow()
    from pyimagesearch import upscale

    size = upscale.parse_size(args.size) if args.size else None
    jobs = upscale.plan(args.pictures, args.output, recursive=args.recursive)
    upscaler = upscale.load(args.model, args.gan_model, args.blend)
    failures = upscale.run(jobs, upscaler, size=size, tile=args.tile, overwrite=args.overwrite)
    print(f"{len(jobs) - len(failures)} of {len(jobs)} picture(s) upscaled x{upscaler.scale} ({watch})")
    if failures:
        print(*failures, sep="\n", file=sys.stderr)
        raise RunError(f"{len(failures)} of {len(jobs)} picture(s) failed; the others are done")


def results(args: Namespace) -> None:
    """srgan results"""
    _load_tensorflow()
    from pyimagesearch.results import read_reports, write_page

    write_page(args.output, read_reports(args.reports), command=args.reports)
    print(f"{args.output}: scores of {len(args.reports)} files beside the published ones")


def benchmark(args: Namespace) -> None:
    """srgan benchmark WHAT"""
    _load_tensorflow()
    if args.benchmark == "step":
        from pyimagesearch.benchmarks import step

        step.run(precision=args.precision, batch=args.batch, json_path=args.json)
    elif args.benchmark == "loader":
        from pyimagesearch.benchmarks import loader

        loader.run(images=args.images, preset=args.preset, json_path=args.json, plot_path=args.plot)
    elif args.benchmark == "quality":
        from pyimagesearch.benchmarks import quality

        quality.run(
            preset=args.preset, minutes=args.minutes, images=args.images, hr=args.hr, lr=args.lr,
            json_path=args.json, plot_path=args.plot,
        )  # fmt: skip
    else:
        from pyimagesearch.benchmarks import records

        records.run(images=args.images, pictures=args.pictures, json_path=args.json, plot_path=args.plot)
