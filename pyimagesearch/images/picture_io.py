"""Picture files: the one reader and the one writer of this package.

`read` gives all that a file holds, for pictures that are returned to their owner: grey, alpha, 16 bits, ICC profile,
EXIF, texts, the encoder's quality. `read_rgb` gives uint8 RGB, for everything else. Other rooms import only this
module; the decoders and encoders are in the modules beside it.
"""

import os
from pathlib import Path

from pyimagesearch.errors import InputError
from pyimagesearch.images.decoding import header_pixels, read, read_rgb
from pyimagesearch.images.encoding import check_format, encode, write
from pyimagesearch.images.picture import Picture, TooManyPixels, UnreadablePicture, Upload
from pyimagesearch.system.gcs import on_bucket

__all__ = [
    "SUFFIXES", "Picture", "TooManyPixels", "UnreadablePicture", "Upload", "check_format", "encode", "header_pixels",
    "list_pictures", "read", "read_rgb", "write",
]  # fmt: skip

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".jp2")  # of the files in folders


def list_pictures(folder: str | os.PathLike[str]) -> list[Path]:
    """The pictures directly inside a local folder, by name, without hidden ones. Raises InputError where it has none.

    >>> list_pictures("photos")
    [PosixPath('photos/a.png'), PosixPath('photos/b.jpg')]
    """
    path = Path(folder)
    if on_bucket(os.fspath(folder)):
        raise InputError(f"{folder}: pictures are read from local folders; copy these to one first")
    if not path.is_dir():
        raise InputError(f"{path}: no such folder; name a folder of pictures")
    try:
        pictures = sorted(p for p in path.iterdir() if p.suffix.lower() in SUFFIXES and not p.name.startswith("."))
    except PermissionError:
        raise InputError(f"{path}: this folder cannot be read (permission denied)") from None
    if not pictures:
        raise InputError(f"{path}: holds no picture ({', '.join(SUFFIXES)})")
    return pictures
