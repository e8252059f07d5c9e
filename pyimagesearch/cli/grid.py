"""`srgan grid`: draws the picture report of a run."""

from argparse import ArgumentParser, Namespace

from pyimagesearch.cli.failures import report_left_out
from pyimagesearch.cli.flags import folder_path
from pyimagesearch.cli.libraries import load_tensorflow
from pyimagesearch.system.console import Stopwatch

HELP = "Draw the LR / bicubic / pretrained / SRGAN / HR grid of a run."


def add_flags(parser: ArgumentParser) -> None:
    """Add the flags of `srgan grid`."""
    add = parser.add_argument
    add("--device", choices=("gpu", "cpu"), required=True, help="where the generators run")
    pictures = parser.add_mutually_exclusive_group()
    pictures.add_argument(
        "--tfrecords", type=folder_path, metavar="DIR", help="test pictures of these records (default tfrecord)"
    )
    pictures.add_argument("--hr", type=folder_path, metavar="DIR", help="a folder of HR pictures instead")
    lr = "with --hr: their LR pictures (default: made by MATLAB-equivalent bicubic)"
    add("--lr", type=folder_path, metavar="DIR", help=lr)
    add("--output", type=folder_path, metavar="DIR", default="outputs", help="run folder (default outputs)")
    add("--rows", type=int, default=8, help="at most so many pictures (default 8)")
    add("--format", choices=("png", "pdf"), default="png", help="of the figures (default png)")


def run(args: Namespace) -> None:
    """Run `srgan grid`."""
    stopwatch = Stopwatch()
    load_tensorflow()
    from pyimagesearch.evaluation import run_report, score_tables
    from pyimagesearch.training.strategy import make_strategy

    make_strategy(args.device, alone=True)  # hides the GPUs from `cpu`, and says what `gpu` found
    path, report = run_report.draw_report(
        args.output, tfrecords=args.tfrecords or "tfrecord", hr=args.hr, lr=args.lr, rows=args.rows,
        file_format=args.format,
    )  # fmt: skip
    print(score_tables.table(report))
    print(f"{path} ({stopwatch})")
    report_left_out(report)
