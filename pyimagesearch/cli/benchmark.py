"""`srgan benchmark`: one subcommand for each module of benchmarks/."""

from argparse import ArgumentParser, Namespace

from pyimagesearch.cli.flags import add_command, folder_path
from pyimagesearch.cli.libraries import load_tensorflow
from pyimagesearch.config import PRECISIONS
from pyimagesearch.errors import InputError

HELP = "Measure this project against the tutorial's design choices."


def add_flags(parser: ArgumentParser) -> None:
    """Add the flags of `srgan benchmark`."""
    which = parser.add_subparsers(dest="benchmark", metavar="WHAT", required=True)
    step = add_command(which, "step", "Time one GAN step: ours, ours in float32, the tutorial's.")
    step.add_argument("--precision", choices=PRECISIONS, default="auto", help="of ours (default auto)")
    step.add_argument("--batch", type=int, default=4, help="crops a step (default 4)")
    loader = add_command(which, "loader", "Time loading: ours, cached, the tutorial's layout; and the preset's steps.")
    loader.add_argument("--preset", default="tutorial", metavar="NAME", help="whose steps to time (default tutorial)")
    loader.add_argument(
        "--degrade", metavar="PRESET", default="", help="also with LR damaged by mild or full, as `srgan degrade` does"
    )
    records = add_command(which, "records", "Time writing records: all cores, one core.")
    records.add_argument("--pictures", type=int, default=100, help="pictures to make and write (default 100)")
    records.add_argument(
        "--workers", type=int, metavar="N", help="N worker processes of Apache Beam against one (extra beam)"
    )
    plan = add_command(which, "plan", "Time listing and planning the records of a huge folder, and its manifest.")
    plan.add_argument("--pictures", type=int, default=1_000_000, help="in the folder (default 1000000)")
    plan.add_argument("--shards", type=int, default=100_000, help="in the manifest (default 100000)")
    quality = add_command(which, "quality", "Train ours and the tutorial's for as long: scores against training time.")
    quality.add_argument("--preset", default="light", metavar="NAME", help="ours (default light)")
    quality.add_argument("--minutes", type=float, default=10.0, help="of training for each (default 10)")
    quality.add_argument("--hr", type=folder_path, metavar="DIR", help="pictures to score (default: those held out)")
    quality.add_argument("--lr", type=folder_path, metavar="DIR", help="their LR pictures (default: made by bicubic)")
    quality.add_argument("--images", type=folder_path, metavar="DIR", help="to train on (default: scikit-image's)")
    quality.add_argument("--plot", metavar="FILE", help="draw the curves here, as PNG or PDF")
    upscale = add_command(
        which, "upscale", "Time the upscaler beside the bare model, and the server beside the upscaler."
    )
    upscale.add_argument("--model", metavar="NAME_OR_PATH", default="light", help="as upscale's (default light)")
    upscale.add_argument("--rounds", type=int, default=15, help="of each side, by turns (default 15)")
    runtimes = add_command(which, "runtimes", "Time one network in TensorFlow, ONNX Runtime, LiteRT and OpenVINO.")
    runtimes.add_argument("--model", metavar="NAME_OR_PATH", default="light", help="as upscale's (default light)")
    runtimes.add_argument("--rounds", type=int, default=15, help="of each side, by turns (default 15)")
    runtimes.add_argument(
        "--images", type=folder_path, metavar="DIR", help="photographs that calibrate 8 bits, to time these too"
    )
    style = add_command(which, "style", "Time style transfer beside the cookbook's, to the same loss.")
    style.add_argument("--size", type=int, default=256, help="the pictures' longest side (default 256)")
    style.add_argument("--steps", type=int, default=50, help="of the cookbook's (default 50)")
    style.add_argument(
        "--weights", metavar="WHICH", default="imagenet", help="imagenet (download; default), random, or an .h5 file"
    )
    flicker = add_command(which, "flicker", "Measure how much still parts of a film flicker: ours over bicubic's.")
    flicker.add_argument("film", metavar="FILM", help="from a camera at rest")
    flicker.add_argument(
        "--model", action="append", metavar="NAME_OR_PATH", help="as upscale's; several times for several"
    )
    flicker.add_argument("--frames", type=int, default=24, help="the first ones of the film (default 24)")
    for parser in (loader, records):
        parser.add_argument(
            "--images", type=folder_path, metavar="DIR", help="pictures to use (default: made, 2040x1356)"
        )
        parser.add_argument("--plot", metavar="FILE", help="draw the figures here, as PNG or PDF")
    for parser in (step, loader, records, plan, quality, upscale, runtimes, flicker, style):
        parser.add_argument("--json", metavar="FILE", help="write the figures here")


def run(args: Namespace) -> None:
    """Run `srgan benchmark WHAT`."""
    plot = getattr(args, "plot", None)
    if plot and not plot.lower().endswith((".png", ".pdf")):
        raise InputError(f"--plot FILE must end in .png or .pdf, received {plot}")
    load_tensorflow()
    from pyimagesearch.system.outputs import check_files

    check_files(json=args.json, plot=plot)
    if args.benchmark == "step":
        from pyimagesearch.benchmarks import step

        step.run(precision=args.precision, batch=args.batch, json_path=args.json)
    elif args.benchmark == "loader":
        from pyimagesearch.benchmarks import loader

        loader.run(
            images=args.images, preset=args.preset, degradations=args.degrade, json_path=args.json, plot_path=args.plot
        )
    elif args.benchmark == "plan":
        from pyimagesearch.benchmarks import plan

        plan.run(pictures=args.pictures, shards=args.shards, json_path=args.json)
    elif args.benchmark == "quality":
        from pyimagesearch.benchmarks import quality

        quality.run(
            preset=args.preset, minutes=args.minutes, images=args.images, hr=args.hr, lr=args.lr,
            json_path=args.json, plot_path=args.plot,
        )  # fmt: skip
    elif args.benchmark == "upscale":
        from pyimagesearch.benchmarks import upscale

        upscale.run(model=args.model, rounds=args.rounds, json_path=args.json)
    elif args.benchmark == "runtimes":
        from pyimagesearch.benchmarks import runtimes

        runtimes.run(model=args.model, rounds=args.rounds, images=args.images, json_path=args.json)
    elif args.benchmark == "style":
        from pyimagesearch.benchmarks import style

        style.run(size=args.size, steps=args.steps, weights=args.weights, json_path=args.json)
    elif args.benchmark == "flicker":
        from pyimagesearch.benchmarks import flicker

        flicker.run(film=args.film, models=args.model or ["photo-gan"], frames=args.frames, json_path=args.json)
    else:
        from pyimagesearch.benchmarks import records

        records.run(
            images=args.images, pictures=args.pictures, workers=args.workers, json_path=args.json, plot_path=args.plot
        )
