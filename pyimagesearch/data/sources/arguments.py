"""What is asked of a source of pictures, checked before any of them is read."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

from pyimagesearch.config import check_crop
from pyimagesearch.config_groups import SCALES
from pyimagesearch.errors import InputError

SOURCES = ("div2k", "folder", "sample", "tfrecord")
VALIDATION = 0.05  # part of the pictures that is held out
Path = str | os.PathLike[str]


@dataclass
class Arguments:
    """The arguments of `make_source`, which describes them, with the defaults in place.

    Raises InputError for an argument that is wrong or belongs to another source.
    """

    source: str
    scale: int = 4
    crop: int | None = None
    images: Path | None = None
    lr_images: Path | None = None
    lr_name: str | None = None
    recursive: bool = False
    validation: float | None = None
    resize: int | None = None
    shrink: Sequence[int] | None = None
    collages: int | None = None
    imperfect: float | None = None
    skip_bad: bool = False
    div2k_config: str | None = None

    def __post_init__(self) -> None:
        if self.source not in SOURCES:
            raise InputError(f"`source` must be one of {', '.join(SOURCES)}, received {self.source}")
        if self.scale not in SCALES:
            raise InputError(f"`scale` must be one of {', '.join(map(str, SCALES))}, received {self.scale}")
        if self.resize is not None:
            check_crop(self.resize, self.scale, "`resize`")
        self.crop = self.held_crop
        check_crop(self.crop, self.scale)
        if self.resize and self.resize < self.crop:
            raise InputError(
                f"`resize` {self.resize}: such pictures hold no crop of `crop` {self.crop}; leave `crop` out"
            )
        self._check_owners()
        if self.source in ("sample", "div2k"):
            return
        if not self.images:
            what = "HR pictures" if self.source == "folder" else "TFRecord files"
            raise InputError(f"`source` {self.source} needs `images` DIR, a folder of {what}")
        self.validation = self.part_held_out
        if not 0 <= self.validation < 1:
            raise InputError(f"`validation` must be at least 0 and below 1, received {self.validation}")
        if self.source == "folder":
            self._check_folder()

    @property
    def held_crop(self) -> int:
        """The side of the crops that the records must serve."""
        return (self.resize or 96) if self.crop is None else self.crop

    @property
    def part_held_out(self) -> float:
        """The part of the pictures that is held out."""
        return VALIDATION if self.validation is None else self.validation

    def _check_owners(self) -> None:
        of_files = {"images": self.images, "validation": self.validation, "skip_bad": self.skip_bad or None}
        of_folder: dict[str, object] = {
            "lr_images": self.lr_images, "lr_name": self.lr_name, "recursive": self.recursive or None,
            "resize": self.resize, "shrink": self.shrink, "collages": self.collages, "imperfect": self.imperfect,
        }  # fmt: skip
        for owners, values in (
            (("folder", "tfrecord"), of_files),
            (("folder",), of_folder),
            (("div2k",), {"div2k_config": self.div2k_config}),
        ):
            for name, value in values.items():
                if value is not None and self.source not in owners:
                    raise InputError(
                        f"`{name}` belongs to `source` {' or '.join(owners)}, but the source is {self.source}"
                    )

    def _check_folder(self) -> None:
        if self.resize and self.shrink:
            raise InputError("`resize` sets every picture's size; leave `shrink` out")
        if self.collages is not None and self.collages < 1:
            raise InputError(f"`collages` must be at least 1, received {self.collages}")
        if self.collages and self.resize:
            raise InputError(
                "`collages` draws hard edges for pictures of `shrink`, not of `resize`; leave one of them out"
            )
        if self.imperfect is not None and not 0 <= self.imperfect <= 1:
            raise InputError(f"`imperfect` must be from 0 to 1, received {self.imperfect}")
        if self.lr_name is not None and not self.lr_images:
            raise InputError("`lr_name` tells the names of the pictures in `lr_images` DIR, which is missing")
        for name in ("resize", "shrink", "collages", "imperfect"):
            if getattr(self, name) and self.lr_images:
                raise InputError(f"`{name}` makes LR pictures of its own; leave `lr_images` out")
