"""srgan serve."""

from argparse import ArgumentParser, Namespace

from pyimagesearch.cli.flags import add_precision, folder_path
from pyimagesearch.cli.libraries import load_tensorflow
from pyimagesearch.errors import InputError
from pyimagesearch.serving.limits import Limits

HELP = "Upscale over HTTP, with a page for browsers."


def add_flags(parser: ArgumentParser) -> None:
    """Add the flags of `srgan serve`."""

    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen at (default 127.0.0.1: this machine alone)")
    add("--port", type=int, default=8080, help="0: any that is free (default 8080)")
    add("--model", metavar="NAME_OR_PATH", help="one model instead of the four that ship, which requests can mix")
    add("--gan-model", metavar="NAME_OR_PATH", help="with --model: the other end of crisp, trained from it")
    add(
        "--max-bytes", type=int, metavar="N", default=Limits.bytes, help=f"of a picture's file (default {Limits.bytes})"
    )
    add(
        "--max-pixels",
        type=int,
        metavar="N",
        help="of a picture (default: what this machine can do within --max-seconds, measured at the start)",
    )
    add(
        "--max-seconds",
        type=float,
        metavar="S",
        default=Limits.seconds,
        help=f"of work on a picture, from its first tile (default {Limits.seconds:.0f})",
    )
    add(
        "--queue",
        type=int,
        metavar="N",
        default=Limits.queue,
        help=f"requests and jobs let in at once; others get 503 (default {Limits.queue})",
    )
    add("--allow-host", action="append", metavar="NAME", default=[], help="another name of this server; repeatable")
    add(
        "--cors", "--allow-origin", action="append", metavar="ORIGIN", default=[],
        help="a site whose pages may use it, such as https://example.org; repeatable",
    )  # fmt: skip
    add("--token-file", metavar="FILE", help="tokens, one on each line; requests need one (default: anyone may)")
    add_precision(parser)
    add(
        "--browser",
        nargs="?",
        const="",
        metavar="DIR",
        help="let browsers enlarge pictures by themselves; DIR: an unpacked onnxruntime-web (default: npm fetches it)",
    )
    add("--access-log", action="store_true", help="print a line for every request")
    art = parser.add_argument_group("dreams and styles")
    art.add_argument("--art", action="store_true", help="make dreams and styles too, also on the page")
    art.add_argument(
        "--weights", metavar="NAME_OR_PATH", help="of VGG19: imagenet (download; default), random, or an .h5 file"
    )
    art.add_argument(
        "--fast-models", type=folder_path, metavar="DIR",
        help="a SavedModel, or a folder of the two .tflite files, that paint at once (default: none)",
    )  # fmt: skip


def run(args: Namespace) -> None:
    """Run `srgan serve`."""
    try:
        import fastapi  # noqa: F401
        import prometheus_client  # noqa: F401
        import python_multipart  # noqa: F401
        import uvicorn  # noqa: F401
    except ModuleNotFoundError as error:
        raise InputError(f'srgan serve needs {error.name}, which is missing: pip install -e ".[serve]"') from None
    for name in ("weights", "fast_models"):
        if getattr(args, name) is not None and not args.art:
            raise InputError(f"`{name}` belongs to `art`, which is missing")
    pixels = Limits.pixels if args.max_pixels is None else args.max_pixels
    limits = Limits(args.max_bytes, pixels, args.max_seconds, args.queue)
    load_tensorflow()
    from pyimagesearch.serving import server
    from pyimagesearch.serving.artist import ArtModels

    server.run(
        host=args.host, port=args.port, model=args.model, gan_model=args.gan_model, precision=args.precision,
        access_log=args.access_log, limits=limits, measure_pixels=args.max_pixels is None,
        art_models=ArtModels(args.weights or "imagenet", args.fast_models) if args.art else None,
        allow_hosts=args.allow_host, cors=args.cors, token_file=args.token_file, runtime=args.browser,
    )  # fmt: skip
