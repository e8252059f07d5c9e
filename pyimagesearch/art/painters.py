"""The networks of arbitrary stylisation (Ghiasi et al., BMVC 2017, arXiv 1705.06830): where they come from.

One network predicts 100 numbers from a style, another paints a content with them. A content is painted at once: the
normalisation in the second network needs the mean of the whole picture, so that tiles would differ and show seams.
"""

import textwrap
from pathlib import Path

from pyimagesearch.art.painting import Painter
from pyimagesearch.errors import InputError, one_line, os_error_text

HANDLE = "google/arbitrary-image-stylization-v1/tensorFlow1/256/2"  # of Kaggle Models, which took in TensorFlow Hub


def load_painter(folder: str | None) -> Painter:
    """The networks in a local folder: a SavedModel, or the two TFLite files. None downloads Magenta's SavedModel.

    Raises InputError where they are not there, or are other networks.
    """
    path = Path(_downloaded() if folder is None else folder)
    if not path.is_dir():
        raise InputError(f"`fast_models` {path}: no such folder")
    if (path / "saved_model.pb").exists():
        from pyimagesearch.art.hub_painter import HubPainter

        return HubPainter(path)
    files = sorted(path.glob("*.tflite"))
    if not files:
        raise InputError(f"`fast_models` {path}: holds neither a SavedModel (saved_model.pb) nor .tflite files")
    try:
        from pyimagesearch.art.tflite_painter import TflitePainter
    except ModuleNotFoundError as error:
        raise InputError(f'{error.name}, which runs .tflite files, is missing: pip install -e ".[art]"') from None
    return TflitePainter(path, files)


def _downloaded() -> str:
    try:
        import kagglehub
    except ModuleNotFoundError:
        raise InputError(
            'kagglehub, which downloads the networks, is missing: pip install -e ".[art]"; or name a folder of them '
            "with `fast_models`"
        ) from None
    try:
        return kagglehub.model_download(HANDLE)
    except Exception as error:  # of requests, of kagglehub, of the file system
        raise InputError(
            f"Magenta's networks could not be downloaded ({_reason(error)}); unpack "
            f"https://www.kaggle.com/models/{HANDLE} in a folder, and name it with `fast_models`"
        ) from None


def _reason(error: BaseException) -> str:
    """What the operating system said at the bottom of an error, or else what the error itself says.

    On the way up from a socket, libraries of HTTP put the whole text of each error into the next one.
    """
    bottom = error
    while below := bottom.__cause__ or bottom.__context__:
        bottom = below
    if isinstance(bottom, OSError) and bottom.strerror:
        return os_error_text(bottom)
    return textwrap.shorten(one_line(error), 200, placeholder="…")
