"""srgan evaluate."""

from argparse import ArgumentParser, Namespace

from pyimagesearch.cli.flags import folder_path
from pyimagesearch.cli.libraries import load_tensorflow
from pyimagesearch.errors import InputError
from pyimagesearch.system.console import Stopwatch

HELP = "Score models on whole pictures: PSNR and SSIM by protocol, side by side."


def add_flags(parser: ArgumentParser) -> None:
    """Add the flags of `srgan evaluate`."""

    add = parser.add_argument
    add("--hr", type=folder_path, metavar="DIR", help="folder of HR pictures")
    add("--lr", type=folder_path, metavar="DIR", help="their LR pictures (default: made by MATLAB-equivalent bicubic)")
    names = "bicubic, light, light-gan or a .keras file; repeat it (default bicubic)"
    add("--model", action="append", metavar="NAME_OR_PATH", help=names)
    weights = "also VGG19 feature distance, with imagenet (Keras' download), random or an .h5"
    add("--vgg-weights", metavar="WHICH", help=weights)
    add("--json", metavar="FILE", help="write the scores of every picture here")
    add("--markdown", metavar="FILE", help="write them as Markdown tables here")
    add(
        "--page",
        type=folder_path,
        metavar="DIR",
        help="write a page of plots and worst cases; without --hr, LR beside SR",
    )


def run(args: Namespace) -> None:
    """Run `srgan evaluate`."""
    watch = Stopwatch()
    if not args.hr and not (args.lr and args.page):
        raise InputError("--hr DIR is missing; without HR, --lr DIR and --page DIR make a page of LR beside SR")
    for flag in ("json", "markdown", "vgg_weights"):
        if getattr(args, flag) and not args.hr:
            raise InputError(f"--{flag.replace('_', '-')} belongs to --hr DIR, which is missing: no HR, no scores")
    models = args.model or ["bicubic"]
    load_tensorflow()
    from pyimagesearch.evaluation import scoring

    if not args.hr:
        from pyimagesearch.evaluation import html_report

        path = html_report.write_comparison(args.page, args.lr, scoring.load_upscalers(models))
        print(f"{path} ({watch})")
        return
    lr_scale = scoring.scale_of_folders(args.hr, args.lr) if args.lr else None
    _evaluate_pairs(args, scoring.load_upscalers(models, lr_scale=lr_scale))
    print(f"({watch})")


def _evaluate_pairs(args: Namespace, upscalers) -> None:
    from pyimagesearch.evaluation import html_report, perceptual, score_definitions, score_tables, scoring
    from pyimagesearch.images import picture_io
    from pyimagesearch.models import loading
    from pyimagesearch.system import console, files

    scale = next(iter(upscalers.values())).scale
    features = perceptual.FeatureDistance(args.vgg_weights) if args.vgg_weights else None
    # Before the scores, since a file may be gone or another one when they are done.
    hashes = {name: loading.file_sha256(name) for name in upscalers if name != scoring.BICUBIC}
    worst = html_report.WorstCases(scale)
    report = scoring.evaluate(
        console.progress(
            scoring.folder_pairs(args.hr, args.lr, scale), total=len(picture_io.list_pictures(args.hr)),
            label="scoring", unit="picture",
        ),
        upscalers, hr=args.hr, lr=args.lr, features=features, watch=worst,
    )  # fmt: skip
    report["protocols"] = score_definitions.definitions(report)
    for name, value in hashes.items():
        report["models"][name]["sha256"] = value
    if args.json:
        scoring.write_json(args.json, report)
    if args.markdown:
        files.write_whole(args.markdown, score_tables.markdown(report))
    page = html_report.write_scores(args.page, report, worst) if args.page else None
    # After the files, which a reader that goes away, such as head, must not cost.
    print(score_tables.picture_tables(report), end="\n\n")
    print(score_tables.table(report))
    if page:
        print(page)
