"""`srgan evaluate`: scores models on a folder of pictures."""

from argparse import ArgumentParser, Namespace

from pyimagesearch.cli.failures import report_failures, report_left_out
from pyimagesearch.cli.flags import LR_NAME, folder_path
from pyimagesearch.cli.libraries import load_tensorflow
from pyimagesearch.errors import InputError
from pyimagesearch.system.console import Stopwatch

HELP = "Score models on whole pictures: PSNR and SSIM by protocol, side by side."


def add_flags(parser: ArgumentParser) -> None:
    """Add the flags of `srgan evaluate`."""
    add = parser.add_argument
    add("--hr", type=folder_path, metavar="DIR", help="local or gs:// folder of HR pictures")
    add("--lr", type=folder_path, metavar="DIR", help="their LR pictures (default: made by MATLAB-equivalent bicubic)")
    add("--lr-name", metavar="PATTERN", help=LR_NAME)
    names = "bicubic, light, light-gan, photo, photo-gan or a .keras file; repeat it (default bicubic)"
    add("--model", action="append", metavar="NAME_OR_PATH", help=names)
    weights = "also VGG19 feature distance, with imagenet (Keras' download), random or an .h5"
    add("--vgg-weights", metavar="WHICH", help=weights)
    add(
        "--niqe",
        metavar="WHICH",
        help="also NIQE, with the parameters in a .mat or .npz, or fitted to a folder of clean photographs",
    )
    add(
        "--iqa",
        metavar="NAMES",
        type=lambda text: text.split(","),
        help="also pyiqa's scores, such as lpips,dists,musiq",
    )
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
    stopwatch = Stopwatch()
    if not args.hr and not (args.lr and args.page):
        raise InputError("--hr DIR is missing; without HR, --lr DIR and --page DIR make a page of LR beside SR")
    if args.lr_name and not (args.hr and args.lr):
        raise InputError("`lr_name` tells which picture of `lr` DIR belongs to which of `hr` DIR; give both")
    for flag in ("json", "markdown", "vgg_weights", "niqe", "iqa"):
        if getattr(args, flag) and not args.hr:
            raise InputError(f"`{flag}` belongs to `hr` DIR, which is missing: no HR, no scores")
    models = args.model or ["bicubic"]
    load_tensorflow()
    from pyimagesearch.system import outputs

    outputs.check_files(json=args.json, markdown=args.markdown)
    if args.page:
        outputs.check_report_folder("page", args.page)
    if args.hr:
        _scores(args, models, stopwatch)
    else:
        _comparison(args, models, stopwatch)


def _scores(args: Namespace, models: list[str], stopwatch: Stopwatch) -> None:
    """Score, write the files, then print: what is written is there even if stdout was closed, for example by `head`,
    and what is printed is there even if a file could not be written after all."""
    from pyimagesearch.evaluation import html_report, score_tables, scoring
    from pyimagesearch.system import files

    worst = html_report.WorstCases()
    report = scoring.evaluate_folder(
        args.hr, models, args.lr, args.vgg_weights, lr_name=args.lr_name, niqe=args.niqe, iqa=args.iqa or (),
        on_scored=worst,
    )  # fmt: skip
    page = ""
    try:
        if args.json:
            scoring.write_json(args.json, report)
        if args.markdown:
            files.write_whole(args.markdown, score_tables.markdown(report))
        if args.page:
            page = html_report.write_scores(args.page, report, worst) + "\n"
    finally:
        print(score_tables.picture_tables(report), end="\n\n")
        print(f"{score_tables.table(report)}\n{page}({stopwatch})")
    report_left_out(report)


def _comparison(args: Namespace, models: list[str], stopwatch: Stopwatch) -> None:
    from pyimagesearch.evaluation import html_report
    from pyimagesearch.evaluation.models import load_upscalers
    from pyimagesearch.images import picture_io

    path, failures = html_report.write_comparison(args.page, args.lr, load_upscalers(models))
    print(f"{path} ({stopwatch})")
    report_failures(failures, len(picture_io.list_pictures(args.lr)), "the page shows the others")
