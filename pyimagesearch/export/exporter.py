"""Exports a generator: writes it, compares its pictures with the Keras model's, and only then lets the file appear."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec

from pyimagesearch.errors import InputError, RunError, one_line
from pyimagesearch.export import int8 as eight_bits
from pyimagesearch.export import parity
from pyimagesearch.export.formats import FORMATS, Format
from pyimagesearch.export.int8 import Loss
from pyimagesearch.export.int8_pictures import Pictures, read_pictures
from pyimagesearch.export.network import Network
from pyimagesearch.export.parity import Parity
from pyimagesearch.images.opencv import load_opencv
from pyimagesearch.inference.upscaler import BICUBIC
from pyimagesearch.models import loading
from pyimagesearch.system import console, outputs
from pyimagesearch.system.files import check_disk
from pyimagesearch.system.gcs import on_bucket


def export_model(
    model: str,
    format: str,
    output: str,
    *,
    overwrite: bool = False,
    int8: bool = False,
    images: str | None = None,
) -> tuple[Network, Sequence[Parity | Loss]]:
    """Write a generator for another runtime.

    Args:
        model: the name of a generator that ships, or the local or gs:// path of a .keras file.
        format: a name in FORMATS: "savedmodel", "onnx" or "tflite".
        output: a local file with the format's suffix; for "savedmodel" a folder.
        overwrite: whether to replace a model that is at `output`.
        int8: whether convolutions compute in 8 bits ("onnx" and "tflite"); needs `images`.
        images: for `int8`, a folder of at least 8 photographs. Two thirds of them calibrate, the others are scored.

    Returns:
        The exported network, and for each runtime of the format how far its 8-bit pictures are from the Keras model's;
        with `int8`, how many dB it loses.

    Raises:
        InputError: an argument is wrong or a library is missing; nothing was computed.
        RunError: the network cannot be converted, or a runtime gives other pictures, or with `int8` worse ones;
            `output` is as it was.

    Example:
        export_model("light", "onnx", "light.onnx")
    """
    target = FORMATS[format]
    check_output(target, output, overwrite=overwrite)
    check_int8(target, int8, images)
    check_libraries(target, int8=int8)
    if model == BICUBIC:
        raise InputError("bicubic is no network; name a .keras file of srgan train")
    network = Network(loading.load_generator(model))
    pictures = read_pictures(images, network.scale) if images else None
    check_disk(output, 2 * 4 * network.model.count_params() + 2**20, "the model and its graph")
    with target.appearing(output) as temporary:
        with _converting(target, network):
            _write(target, network, temporary, pictures)
        try:
            return network, _checks(target, network, temporary, pictures)
        except RunError as error:
            raise RunError(f"{output}: not written, since it would not be right: {error}") from None


@contextmanager
def _converting(target: Format, network: Network) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if isinstance(error, OSError | RunError) or "No space left" in str(error):
            raise
        reason = one_line(error)[:200]
        raise RunError(f"{network.model.name} cannot be converted to {target.title} ({reason})") from None


def _write(target: Format, network: Network, path: str, pictures: Pictures | None) -> None:
    if not (target.int8 and pictures):
        with console.hidden_native_stderr():
            target.write(network, path)
        return
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, f"float32{target.suffix}")
        with console.hidden_native_stderr():
            target.write(network, source)
        eight_bits.write(target.int8, source, path, pictures)


def _checks(target: Format, network: Network, path: str, pictures: Pictures | None) -> Sequence[Parity | Loss]:
    if target.int8 and pictures:
        return [eight_bits.measure(path, runtime, network.model, pictures) for runtime in target.int8.runtimes]
    lrs = parity.pictures()
    known = parity.expected(network.model, lrs)
    return [parity.compare(path, runtime, lrs, known) for runtime in target.runtimes]


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


def check_int8(target: Format, int8: bool, images: str | None) -> None:
    """Raise InputError unless the format can have 8 bits, where they are asked for, and there are pictures for them."""
    if int8 and not target.int8:
        able = " or ".join(name for name in FORMATS if FORMATS[name].int8)
        raise InputError(f"`int8`: {target.title} has no convolutions in 8 bits; choose `format` {able}")
    if int8 and not images:
        raise InputError("`int8` needs `images`, a folder of photographs to calibrate on")
    if images and not int8:
        raise InputError(f"`images` {images}: only `int8` uses photographs; give both or none")


def check_libraries(target: Format, *, int8: bool = False) -> None:
    """Raise InputError where a library of the format is missing, with `int8` also one for 8 bits."""
    libraries = target.libraries + (target.int8.libraries if int8 and target.int8 else ())
    missing = [library for library in libraries if find_spec(library) is None]
    if missing:
        raise InputError(f'{target.title} needs {", ".join(missing)}: pip install -e ".[export]"')
    if "OpenCV" in target.runtimes and not int8:
        load_opencv()
