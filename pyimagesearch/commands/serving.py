"""srgan serve."""

from argparse import Namespace

from pyimagesearch.commands.libraries import load_tensorflow
from pyimagesearch.errors import UserError


def serve(args: Namespace) -> None:
    """srgan serve"""
    try:
        import fastapi  # noqa: F401
        import python_multipart  # noqa: F401
        import uvicorn  # noqa: F401
    except ModuleNotFoundError as error:
        raise UserError(f'srgan serve needs {error.name}, which is missing: pip install -e ".[serve]"') from None
    load_tensorflow()
    from pyimagesearch.serving import server
    from pyimagesearch.serving.limits import Limits

    server.run(
        host=args.host, port=args.port, model=args.model, gan_model=args.gan_model, access_log=args.access_log,
        limits=Limits(args.max_bytes, args.max_pixels, args.max_seconds, args.queue),
    )  # fmt: skip
