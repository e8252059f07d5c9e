"""The flags of every command. Standard library only, so that --help answers at once."""

import argparse
import textwrap
from typing import NoReturn

from pyimagesearch import __version__
from pyimagesearch.config import COMPRESSIONS, DEVICES, PRECISIONS, SCALES
from pyimagesearch.errors import UserError
from pyimagesearch.presets import PRESETS


def _folder(text: str) -> str:
    """A folder's path; an empty one, as from an unset shell variable, would mean the root of the disk."""
    if not text.strip():
        raise argparse.ArgumentTypeError("is empty; name a folder")
    return text


def _factors(text: str) -> tuple[int, ...]:
    """Whole numbers between commas, such as 2,3,4."""
    parts = text.split(",")
    if not all(part.isdecimal() and int(part) > 0 for part in parts) or len(set(parts)) < len(parts):
        raise argparse.ArgumentTypeError(f"takes different whole numbers from 1 on, such as 2,3,4, received {text}")
    return tuple(map(int, parts))


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One line, as for every other wrong input; argparse would print the usage before it."""
        raise UserError(f"{message} (see {self.prog} --help)")


def build_parser(prog: str = "srgan") -> argparse.ArgumentParser:
    """The parser of `srgan COMMAND`."""
    parser = _Parser(
        prog=prog, description="Super-resolution GANs: records, training, grids, scores.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"srgan {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _add_tfrecords(commands)
    _add_verify(commands)
    _add_train(commands)
    _add_grid(commands)
    _add_evaluate(commands)
    _add_upscale(commands)
    _add_export(commands)
    _add_serve(commands)
    _add_results(commands)
    _add_benchmark(commands)
    return parser


def _command(commands, name: str, text: str, **kwargs) -> argparse.ArgumentParser:
    return commands.add_parser(
        name,
        help=text,
        description=text,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        **kwargs,
    )


def _add_tfrecords(commands) -> None:
    parser = _command(commands, "tfrecords", "Write photographs as TFRecord shards.")
    add = parser.add_argument
    add(
        "--source",
        choices=("div2k", "folder", "sample"),
        default="div2k",
        help="where pictures come from (default div2k)",
    )
    add("--images", type=_folder, metavar="DIR", help="folder: HR pictures of any size and format")
    add(
        "--lr-images",
        type=_folder,
        metavar="DIR",
        help="folder: their LR pictures (default: made by MATLAB-equivalent bicubic)",
    )
    add("--validation", type=float, metavar="PART", help="folder: part held out for test (default 0.05)")
    add("--resize", type=int, metavar="N", help="folder: make every picture NxN pixels, whole, whatever its shape")
    add(
        "--shrink",
        type=_factors,
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
    add("--output", type=_folder, metavar="DIR", default="tfrecord", help="local or gs:// folder (default tfrecord)")
    add(
        "--compression",
        choices=COMPRESSIONS,
        default="none",
        help="png: smaller records for slow links, 10 to 20 times slower to load (default none)",
    )
    add("--repair", action="store_true", help="write only those shards anew that are missing or bad")
    add("--skip-bad", action="store_true", help="folder: leave unreadable or too small pictures out, and count them")


def _add_verify(commands) -> None:
    parser = _command(commands, "verify", "Check every shard of a TFRecord folder against its manifest.")
    parser.add_argument("folder", type=_folder, metavar="DIR", help="local or gs:// folder")


def _add_train(commands) -> None:
    lines = []
    for name, preset in PRESETS.items():
        for label, text in (
            (name, f"{preset.source}; for {preset.hardware}"),
            ("", f"time: {preset.expected_time}"),
            ("", f"score: {preset.expected_score}"),
        ):
            lines.append(textwrap.fill(text, 100, initial_indent=f"  {label:9} ", subsequent_indent=" " * 12))
    parser = _command(
        commands, "train", "Pretrain the generator, then train SRGAN.", epilog="presets:\n" + "\n".join(lines)
    )
    add = parser.add_argument
    add("--device", choices=DEVICES, required=True, help="gpu: every GPU of this machine")
    add("--preset", default="tutorial", metavar="NAME", help=f"{', '.join(PRESETS)} (default tutorial)")
    add("--tfrecords", type=_folder, metavar="DIR", default="tfrecord", help="local or gs:// folder (default tfrecord)")
    add("--output", type=_folder, metavar="DIR", default="outputs", help="run folder, local or gs:// (default outputs)")
    add("--pretrain-steps", type=int, metavar="N", help="steps of phase 1 (default: the preset's; 0 leaves it out)")
    add("--finetune-steps", type=int, metavar="N", help="steps of phase 2 (default: the preset's; 0 leaves it out)")
    add("--vgg-weights", metavar="WHICH", help="imagenet (Keras' download), random, or the path of an .h5 file")
    add("--precision", choices=PRECISIONS, help="auto: bfloat16 where the device has it")
    add("--seed", type=int, help="of weights, order and augmentation (default 42)")
    add("--cache", choices=("none", "ram"), default="none", help="ram: keep the decoded tiles in memory (default none)")
    add("--deterministic", action="store_true", help="only deterministic kernels: the same run gives the same bits")
    settings = "any other field of the preset"
    add("--set", action="append", default=[], metavar="FIELD=VALUE", dest="settings", help=settings)


def _add_grid(commands) -> None:
    parser = _command(commands, "grid", "Draw the LR / bicubic / pretrained / SRGAN / HR grid of a run.")
    add = parser.add_argument
    add("--device", choices=("gpu", "cpu"), required=True, help="where the generators run")
    pictures = parser.add_mutually_exclusive_group()
    pictures.add_argument(
        "--tfrecords", type=_folder, metavar="DIR", help="test pictures of these records (default tfrecord)"
    )
    pictures.add_argument("--hr", type=_folder, metavar="DIR", help="a folder of HR pictures instead")
    lr = "with --hr: their LR pictures (default: made by MATLAB-equivalent bicubic)"
    add("--lr", type=_folder, metavar="DIR", help=lr)
    add("--output", type=_folder, metavar="DIR", default="outputs", help="run folder (default outputs)")
    add("--rows", type=int, default=8, help="at most so many pictures (default 8)")
    add("--format", choices=("png", "pdf"), default="png", help="of the figures (default png)")


def _add_evaluate(commands) -> None:
    parser = _command(commands, "evaluate", "Score models on whole pictures: PSNR and SSIM by protocol, side by side.")
    add = parser.add_argument
    add("--hr", type=_folder, metavar="DIR", help="folder of HR pictures")
    add("--lr", type=_folder, metavar="DIR", help="their LR pictures (default: made by MATLAB-equivalent bicubic)")
    names = "bicubic, light, light-gan or a .keras file; repeat it (default bicubic)"
    add("--model", action="append", metavar="NAME_OR_PATH", help=names)
    weights = "also VGG19 feature distance, with imagenet (Keras' download), random or an .h5"
    add("--vgg-weights", metavar="WHICH", help=weights)
    add("--json", metavar="FILE", help="write the scores of every picture here")
    add("--markdown", metavar="FILE", help="write them as Markdown tables here")
    add("--page", type=_folder, metavar="DIR", help="write a page of plots and worst cases; without --hr, LR beside SR")


def _add_upscale(commands) -> None:
    parser = _command(commands, "upscale", "Upscale pictures, with their alpha, bit depth, ICC profile and EXIF.")
    add = parser.add_argument
    add("pictures", nargs="+", metavar="PICTURE", help="files, folders, globs in quotes")
    add("-o", "--output", type=_folder, metavar="OUT", required=True, help="a folder; for one picture also a file")
    add("-r", "--recursive", action="store_true", help="also the folders inside folders")
    add("--model", metavar="NAME_OR_PATH", help="light, light-gan, bicubic or a .keras file (default light)")
    add("--blend", type=float, metavar="PART", help="0 to 1: this part of --gan-model's output, the rest of --model's")
    add("--gan-model", metavar="NAME_OR_PATH", help="the second of --blend (default light-gan, with light)")
    add("--size", metavar="WxH", help="downscale the result to WIDTHxHEIGHT; WIDTHx and xHEIGHT keep the shape")
    add("--tile", type=_tile, metavar="{auto,N}", help="LR pixels a side at once (default auto: by the free memory)")
    add("--overwrite", action="store_true", help="replace results that exist")


def _add_export(commands) -> None:
    parser = _command(commands, "export", "Write a model for other runtimes, and compare its pictures there.")
    add = parser.add_argument
    add("model", metavar="NAME_OR_PATH", help="light, light-gan, or a .keras file")
    add("--format", choices=("savedmodel", "onnx", "tflite"), required=True, help="what to write")
    add("-o", "--output", type=_folder, metavar="OUT", required=True, help="OUT.onnx, OUT.tflite; savedmodel: a folder")
    add("--overwrite", action="store_true", help="replace what is at OUT")


def _add_serve(commands) -> None:
    parser = _command(commands, "serve", "Upscale over HTTP, with a page for browsers.")
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen at (default 127.0.0.1: this machine alone)")
    add("--port", type=int, default=8080, help="0: any that is free (default 8080)")
    add("--model", metavar="NAME_OR_PATH", help="light, light-gan, bicubic or a .keras file (default light)")
    add("--gan-model", metavar="NAME_OR_PATH", help="to blend with --model (without both: light-gan)")
    add("--max-bytes", type=int, metavar="N", default=20_000_000, help="of a picture's file (default 20000000)")
    add("--max-pixels", type=int, metavar="N", default=4_000_000, help="of a picture (default 4000000)")
    add("--max-seconds", type=float, metavar="S", default=60.0, help="from request to result (default 60)")
    add("--queue", type=int, metavar="N", default=8, help="requests let in at once; others get 503 (default 8)")
    add("--access-log", action="store_true", help="print a line for every request")


def _tile(text: str) -> int | None:
    """Pixels a side; None for auto."""
    if text == "auto":
        return None
    if not text.isdecimal() or not 32 <= int(text) <= 4096:
        raise argparse.ArgumentTypeError(f"must be auto or 32 to 4096, received {text}")
    return int(text)


def _add_results(commands) -> None:
    parser = _command(commands, "results", "Write a page of scores beside the published ones.")
    add = parser.add_argument
    add("reports", nargs="+", metavar="FILE.json", help="of srgan evaluate, named after the pictures: set5.json")
    add("-o", "--output", default="docs/results.md", metavar="FILE", help="default docs/results.md")


def _add_benchmark(commands) -> None:
    parser = _command(commands, "benchmark", "Measure this project against the tutorial's design choices.")
    which = parser.add_subparsers(dest="benchmark", metavar="WHAT", required=True)
    step = _command(which, "step", "Time one GAN step: ours, ours in float32, the tutorial's.")
    step.add_argument("--precision", choices=PRECISIONS, default="auto", help="of ours (default auto)")
    step.add_argument("--batch", type=int, default=4, help="crops a step (default 4)")
    loader = _command(which, "loader", "Time loading: ours, cached, the tutorial's layout; and the preset's steps.")
    loader.add_argument("--preset", default="tutorial", metavar="NAME", help="whose steps to time (default tutorial)")
    records = _command(which, "records", "Time writing records: all cores, one core.")
    records.add_argument("--pictures", type=int, default=100, help="pictures to make and write (default 100)")
    quality = _command(which, "quality", "Train ours and the tutorial's for as long: scores against training time.")
    quality.add_argument("--preset", default="light", metavar="NAME", help="ours (default light)")
    quality.add_argument("--minutes", type=float, default=10.0, help="of training for each (default 10)")
    quality.add_argument("--hr", type=_folder, metavar="DIR", help="pictures to score (default: those held out)")
    quality.add_argument("--lr", type=_folder, metavar="DIR", help="their LR pictures (default: made by bicubic)")
    quality.add_argument("--images", type=_folder, metavar="DIR", help="to train on (default: scikit-image's)")
    quality.add_argument("--plot", metavar="FILE", help="draw the curves here, as PNG or PDF")
    upscale = _command(which, "upscale", "Time the upscaler beside the bare model, and the server beside the upscaler.")
    upscale.add_argument("--model", metavar="NAME_OR_PATH", default="light", help="as upscale's (default light)")
    upscale.add_argument("--rounds", type=int, default=15, help="of each side, by turns (default 15)")
    for parser in (loader, records):
        parser.add_argument("--images", type=_folder, metavar="DIR", help="pictures to use (default: made, 2040x1356)")
        parser.add_argument("--plot", metavar="FILE", help="draw the figures here, as PNG or PDF")
    for parser in (step, loader, records, quality, upscale):
        parser.add_argument("--json", metavar="FILE", help="write the figures here")
