"""Exports a generator: writes it, compares its pictures with the Keras model's, and only then lets the file appear."""

import os
from importlib.util import find_spec

from pyimagesearch.errors import InputError, RunError, one_line
from pyimagesearch.export import parity
from pyimagesearch.export.formats import FORMATS, Format
from pyimagesearch.export.network import Network
from pyimagesearch.export.parity import Parity
from pyimagesearch.images.opencv import load_opencv
from pyimagesearch.inference.upscaler import BICUBIC
from pyimagesearch.models import loading
from pyimagesearch.system import console, outputs
from pyimagesearch.system.files import check_disk
from pyimagesearch.system.gcs import on_bucket


def export_model(model: str, format: str, output: str, *, overwrite: bool = False) -> tuple[Network, list[Parity]]:
    """Write a generator for another runtime.

    Args:
        model: the name of a generator that ships, or the local or gs:// path of a .keras file.
        format: a name in FORMATS: "savedmodel", "onnx" or "tflite".
        output: a local file with the format's suffix; for "savedmodel" a folder.
        overwrite: whether to replace a model that is at `output`.

    Returns:
        The exported network, and for each runtime of the format how far its 8-bit pictures are from the Keras model's.

    Raises:
        InputError: an argument is wrong or a library is missing; nothing was computed.
        RunError: the network cannot be converted, or a runtime gives other pictures; `output` is as it was.

    Example:
        export_model("light", "onnx", "light.onnx")
    """
    target = FORMATS[format]
    check_output(target, output, overwrite=overwrite)
    check_libraries(target)
    if model == BICUBIC:
        raise InputError("bicubic is no network; name a .keras file of srgan train")
    network = Network(loading.load_generator(model))
    check_disk(output, 2 * 4 * network.model.count_params() + 2**20, "the model and its graph")
    with target.appearing(output) as temporary:
        _convert(target, network, temporary)
        lrs = parity.pictures()
        known = parity.expected(network.model, lrs)
        try:
            return network, [parity.compare(temporary, runtime, lrs, known) for runtime in target.runtimes]
        except RunError as error:
            raise RunError(f"{output}: not written, since it would not be right: {error}") from None


def _convert(target: Format, network: Network, temporary: str) -> None:
    try:
        with console.hidden_native_stderr():
            target.write(network, temporary)
    except Exception as error:
        if isinstance(error, OSError) or "No space left" in str(error):
            raise
        reason = one_line(error)[:200]
        raise RunError(f"{network.model.name} cannot be converted to {target.title} ({reason})") from None


def check_output(target: Format, output: str, *, overwrite: bool) -> None:
    """Raise InputError unless `output` is a place where a model of the format can go."""
    if on_bucket(output):
        raise InputError(f"`output` {output}: is no local file; name one, and copy it to the bucket")
    others = {FORMATS[name].suffix for name in FORMATS} - {target.suffix} | {".keras", ".pb"}
    suffix = os.path.splitext(output.rstrip("/"))[1].lower()
    if target.suffix and suffix != target.suffix:
        raise InputError(f"`output` {output}: {target.title} is a file that ends in {target.suffix}")
    if not target.suffix and suffix in others:
        raise InputError(f"`output` {output}: {target.title} is a folder; name one that does not end in {suffix}")
    with outputs.naming("output"):
        outputs.check_folder(os.path.dirname(output.rstrip("/")) or ".", of=output)
    if not os.path.lexists(output):
        return
    if not overwrite:
        raise InputError(f"{output}: exists already; `overwrite` replaces it")
    replaceable = os.path.isfile(output if target.suffix else os.path.join(output, target.marker))
    if not replaceable:
        raise InputError(f"{output}: exists and is no {target.title}, which is all that `overwrite` replaces")


def stored(path: str) -> int:
    """The bytes of a file, or of all files in a folder."""
    files = [os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names]
    return sum(map(os.path.getsize, files or [path]))


def check_libraries(target: Format) -> None:
    """Raise InputError where a library of the format is missing."""
    missing = [library for library in target.libraries if find_spec(library) is None]
    if missing:
        raise InputError(f'{target.title} needs {", ".join(missing)}: pip install -e ".[export]"')
    if "OpenCV" in target.runtimes:
        load_opencv()
