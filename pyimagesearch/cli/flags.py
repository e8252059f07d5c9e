"""What the flags of several commands have in common. Standard library only, so that --help answers at once."""

import argparse
import re
from collections.abc import Callable
from typing import NoReturn

from pyimagesearch.errors import InputError
from pyimagesearch.system.beam import RUNNERS

LR_NAME = "names of the LR pictures, such as '{stem}_small{ext}' (default: the same, or those of common data sets)"


class Parser(argparse.ArgumentParser):
    """A parser whose errors are InputErrors of one line; argparse would print the usage before them."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message} (see {self.prog} --help)")

    def parse_known_args(self, args=None, namespace=None):
        """argparse takes -2,-1,0 for a flag; joined to the flag before it, as --octaves=-2,-1,0, it is a value."""
        joined: list[str] = []
        for arg in args or ():
            if joined and re.fullmatch(r"--[a-z-]+", joined[-1]) and re.fullmatch(r"-[\d.]+(,[-\d.]+)+", arg):
                joined[-1] += f"={arg}"
            else:
                joined.append(arg)
        return super().parse_known_args(None if args is None else joined, namespace)


def add_command(commands, name: str, text: str, **kwargs) -> argparse.ArgumentParser:
    """A parser for the subcommand `name`, described by `text`."""
    return commands.add_parser(
        name,
        help=text,
        description=text,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        **kwargs,
    )


def add_precision(parser: argparse.ArgumentParser) -> None:
    """Add --precision, that in which networks upscale."""
    parser.add_argument(
        "--precision",
        choices=("auto", "float32", "bfloat16"),
        default="auto",
        help="of the network; auto (default): bfloat16 on a CPU that is fast at it, 1.6 times the speed here",
    )


def add_runner_flags(parser: argparse.ArgumentParser) -> None:
    """Add --runner and --beam-option, whose values `system.beam.make_runner` takes."""
    parser.add_argument(
        "--runner", choices=RUNNERS, help="run on Apache Beam (extra beam): on this machine, or on a cluster"
    )
    parser.add_argument(
        "--beam-option",
        action="append",
        metavar="NAME=VALUE",
        help="an option of Beam or its runner, such as direct_num_workers=2; may be repeated",
    )


def folder_path(text: str) -> str:
    """A folder's path; an empty one, as from an unset shell variable, would mean the root of the disk."""
    if not text.strip():
        raise argparse.ArgumentTypeError("is empty; name a folder")
    return text


def numbers_like(example: str) -> Callable[[str], tuple[float, ...]]:
    """A type of numbers separated by commas, such as `example`."""

    def parse(text: str) -> tuple[float, ...]:
        try:
            return tuple(map(float, text.split(",")))
        except ValueError:
            raise argparse.ArgumentTypeError(f"takes numbers, such as {example}, received {text}") from None

    return parse


def factors(text: str) -> tuple[int, ...]:
    """Different whole numbers from 1 on, separated by commas, such as 2,3,4."""
    numbers = text.split(",")
    if not all(number.isdecimal() and int(number) > 0 for number in numbers) or len(set(numbers)) < len(numbers):
        raise argparse.ArgumentTypeError(f"takes different whole numbers from 1 on, such as 2,3,4, received {text}")
    return tuple(map(int, numbers))


def tile_side(text: str) -> int | None:
    """LR pixels a side; None for auto."""
    if text == "auto":
        return None
    if not text.isdecimal() or not 32 <= int(text) <= 4096:
        raise argparse.ArgumentTypeError(f"must be auto or 32 to 4096, received {text}")
    return int(text)
