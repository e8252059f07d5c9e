"""Picture files: the one reader and the one writer of this package.

`read` gives all that a file holds, for pictures that are returned to their owner: grey, alpha, 16 bits, ICC profile,
EXIF, texts, the encoder's quality. `read_rgb` gives uint8 RGB, for everything else. Other rooms import only this
module; the decoders and encoders are in the modules beside it.
"""

from pyimagesearch.images.decoding import header_pixels, read, read_rgb
from pyimagesearch.images.encoding import check_format, check_writer, encode, write
from pyimagesearch.images.folders import (
    SUFFIXES,
    WRITTEN,
    Folder,
    is_picture,
    lacks_plugin,
    list_pictures,
    read_folder,
    walk_folder,
)
from pyimagesearch.images.picture import Picture, TooManyPixels, UnreadablePicture, Upload
from pyimagesearch.images.pixel_formats import rgb_of_samples

__all__ = [
    "SUFFIXES", "WRITTEN", "Folder", "Picture", "TooManyPixels", "UnreadablePicture", "Upload", "check_format",
    "check_writer", "encode", "header_pixels", "is_picture", "lacks_plugin", "list_pictures", "read", "read_folder",
    "read_rgb", "rgb_of_samples", "walk_folder", "write",
]  # fmt: skip
