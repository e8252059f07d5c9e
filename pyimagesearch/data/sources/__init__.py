"""Where pictures come from."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyimagesearch.data.sources.arguments import SOURCES, Arguments, Path

if TYPE_CHECKING:
    from pyimagesearch.data.sources.base import Source
    from pyimagesearch.data.sources.folder import FolderSource

__all__ = ["SOURCES", "make_source"]


def make_source(
    source: str,
    *,
    scale: int = 4,
    crop: int | None = None,
    images: Path | None = None,
    lr_images: Path | None = None,
    lr_name: str | None = None,
    recursive: bool = False,
    validation: float | None = None,
    resize: int | None = None,
    shrink: Sequence[int] | None = None,
    collages: int | None = None,
    imperfect: float | None = None,
    skip_bad: bool = False,
    div2k_config: str | None = None,
) -> "Source":
    """The pictures that `write_records` writes. Reads every picture of a folder once, to refuse bad ones early.

    source: "folder", "div2k" (through TensorFlow Datasets), "sample" (scikit-image's photographs), or "tfrecord"
        (TFRecord files of the 2022 tutorial: features `lr` and `hr`, serialized uint8 tensors of whole pictures).
    scale: HR size over LR size. crop: side of the HR training crops, in pixels (default `resize`, or 96).

    Only for "folder" and "tfrecord":
    images: folder of HR pictures, or local or gs:// folder of TFRecord files.
    validation: part held out for test, from 0 to below 1; at least one picture is, and at least 3 of 10 or more
        (default 0.05). TFRecord files in a folder called test, val, valid or validation are the test split instead.
    skip_bad: leave bad pictures out instead of raising; `skipped` of the returned source lists them.

    Only for "folder":
    lr_images: folder of their LR pictures (default: made by MATLAB-equivalent bicubic).
    lr_name: names of the LR pictures, such as "{stem}_small{ext}" (default: the same as of HR, or those of common data
        sets, such as 0001x4.png).
    recursive: take the pictures in the folders inside `images` and `lr_images` too.
    resize: make every HR picture so many pixels wide and high.
    shrink: take every picture at 1/n of its size, for each n of these.
    collages: add so many collages of the training pictures.
    imperfect: part of the training pictures, from 0 to 1, that become softer or pass through JPEG.

    Only for "div2k": div2k_config: TFDS configuration (default bicubic_x4).

    Raises InputError for an argument that is wrong or belongs to another source, and for a bad picture.

    Example:
        make_source("folder", images="photographs", scale=4, crop=96, shrink=(2, 3), collages=100)
    """
    asked = Arguments(**locals())
    if source == "sample":
        from pyimagesearch.data.sources.sample import SampleSource

        return SampleSource(scale=scale, crop=asked.held_crop)
    if source == "div2k":
        from pyimagesearch.data.sources.div2k import Div2kSource

        return Div2kSource(div2k_config or "bicubic_x4", scale=scale, crop=asked.held_crop)
    assert images  # or Arguments had raised
    validation = asked.part_held_out
    if source == "tfrecord":
        from pyimagesearch.data.sources.tfrecord import TfrecordSource

        return TfrecordSource(images, scale=scale, crop=asked.held_crop, validation=validation, skip_bad=skip_bad)
    from pyimagesearch.data.sources.folder import FolderSource

    folder = FolderSource(
        images, scale=scale, crop=asked.held_crop, validation=validation, lr_folder=lr_images, lr_name=lr_name,
        recursive=recursive, resize=resize, shrink=shrink or (1,), skip_bad=skip_bad,
    )  # fmt: skip
    return _with_additions(folder, collages or 0, imperfect or 0)


def _with_additions(folder: "FolderSource", collages: int, imperfect: float) -> "Source":
    """A folder with collages of its pictures, and with a part of the pictures made imperfect."""
    from pyimagesearch.images.opencv import load_opencv

    if collages or imperfect:
        load_opencv()  # raises one line that says what to install
    made: Source = folder
    if collages:
        from pyimagesearch.data.sources.collages import CollageSource

        made = CollageSource(folder, collages)
    if imperfect:
        from pyimagesearch.data.sources.imperfect import ImperfectSource

        made = ImperfectSource(made, imperfect)
    return made
