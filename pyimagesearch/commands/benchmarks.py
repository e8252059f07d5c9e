"""srgan benchmark."""

from argparse import Namespace

from pyimagesearch.commands.libraries import load_tensorflow
from pyimagesearch.errors import UserError


def benchmark(args: Namespace) -> None:
    """srgan benchmark WHAT"""
    plot = getattr(args, "plot", None)
    if plot and not plot.lower().endswith((".png", ".pdf")):
        raise UserError(f"--plot FILE must end in .png or .pdf, received {plot}")
    load_tensorflow()
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
    elif args.benchmark == "upscale":
        from pyimagesearch.benchmarks import upscale

        upscale.run(model=args.model, rounds=args.rounds, json_path=args.json)
    else:
        from pyimagesearch.benchmarks import records

        records.run(images=args.images, pictures=args.pictures, json_path=args.json, plot_path=args.plot)
