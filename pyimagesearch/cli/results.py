"""`srgan results`: writes the page of scores beside the published ones."""

from argparse import ArgumentParser, Namespace

from pyimagesearch.cli.libraries import load_tensorflow

HELP = "Write a page of scores beside the published ones."


def add_flags(parser: ArgumentParser) -> None:
    """Add the flags of `srgan results`."""
    add = parser.add_argument
    add("reports", nargs="+", metavar="FILE.json", help="of srgan evaluate, named after the pictures: set5.json")
    add("-o", "--output", default="results.md", metavar="FILE.md", help="the page (default results.md)")


def run(args: Namespace) -> None:
    """Run `srgan results`."""
    load_tensorflow()
    from pyimagesearch.evaluation.results_page import read_reports, write_page
    from pyimagesearch.system.outputs import check_files

    check_files(output=args.output)
    write_page(args.output, read_reports(args.reports), command=args.reports)
    print(f"{args.output}: scores of {len(args.reports)} files beside the published ones")
