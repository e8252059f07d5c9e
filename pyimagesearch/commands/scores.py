"""srgan grid, srgan evaluate and srgan results."""

import itertools
from argparse import Namespace

from pyimagesearch.commands.libraries import load_tensorflow
from pyimagesearch.console import Stopwatch
from pyimagesearch.errors import UserError


def grid(args: Namespace) -> None:
    """srgan grid"""
    watch = Stopwatch()
    if args.lr and not args.hr:
        raise UserError("--lr belongs to --hr DIR, which is missing")
    if args.rows < 1:
        raise UserError(f"--rows must be at least 1, received {args.rows}")
    load_tensorflow()
    from pyimagesearch import evaluation, protocols, report
    from pyimagesearch.data.manifest import read_manifest
    from pyimagesearch.data.records import read_pictures
    from pyimagesearch.training.strategy import make_strategy

    with make_strategy(args.device, alone=True).scope():
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
    load_tensorflow()
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
    from pyimagesearch import console, evaluation, files, images, pages, perceptual, protocols, weights

    scale = next(iter(upscalers.values())).scale
    features = perceptual.FeatureDistance(args.vgg_weights) if args.vgg_weights else None
    # Before the scores, since a file may be gone or another one when they are done.
    hashes = {name: weights.file_sha256(name) for name in upscalers if name != evaluation.BICUBIC}
    worst = pages.WorstCases(scale)
    report = evaluation.evaluate(
        console.progress(
            evaluation.folder_pairs(args.hr, args.lr, scale), total=len(images.list_pictures(args.hr)),
            label="scoring", unit="picture",
        ),
        upscalers, hr=args.hr, lr=args.lr, features=features, watch=worst,
    )  # fmt: skip
    report["protocols"] = protocols.definitions(report)
    for name, value in hashes.items():
        report["models"][name]["sha256"] = value
    if args.json:
        evaluation.write_json(args.json, report)
    if args.markdown:
        files.write_whole(args.markdown, protocols.markdown(report))
    page = pages.write_scores(args.page, report, worst) if args.page else None
    # After the files, which a reader that goes away, such as head, must not cost.
    print(protocols.picture_tables(report), end="\n\n")
    print(protocols.table(report))
    if page:
        print(page)


def results(args: Namespace) -> None:
    """srgan results"""
    load_tensorflow()
    from pyimagesearch.results import read_reports, write_page

    write_page(args.output, read_reports(args.reports), command=args.reports)
    print(f"{args.output}: scores of {len(args.reports)} files beside the published ones")
