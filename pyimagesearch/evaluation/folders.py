"""Pairs of pictures out of two folders: HR, and LR of the same pictures."""

from collections.abc import Iterator

from pyimagesearch.data.pairs import Pair, lr_of, match_lr, read_pair
from pyimagesearch.errors import InputError
from pyimagesearch.images import picture_io


def folder_pairs(hr: str, lr: str | None, scale: int) -> Iterator[Pair]:
    """The pairs of a folder of HR pictures, read one at a time.

    hr: folder of HR pictures. lr: folder of their LR pictures, of the same names or of DIV2K's (0001x4.png); None
    makes LR by MATLAB-equivalent bicubic. scale: how many times larger HR is. Raises InputError at once where a
    picture has no partner, and later where a picture cannot be read or two sizes do not fit.
    """
    paths = picture_io.list_pictures(hr)
    lr_paths = match_lr(paths, lr, scale) if lr else {}
    unmatched = sorted(set(picture_io.list_pictures(lr)) - set(lr_paths.values())) if lr else []
    if unmatched:
        more = f" (nor for {len(unmatched) - 1} more)" if len(unmatched) > 1 else ""
        raise InputError(f"{hr}: no HR picture for {unmatched[0]}{more}; give folders of the same pictures")
    # `map` goes on after a picture that cannot be read; a generator would end there.
    return map(lambda path: read_pair(path, lr_paths.get(path.name), scale), paths)


def scale_of_folders(hr: str, lr: str) -> int:
    """How many times larger the first picture of the folder `hr` is than its LR picture: 2, 3, 4 or 8."""
    path = picture_io.list_pictures(hr)[0]
    by_stem = {lr_path.stem: lr_path for lr_path in picture_io.list_pictures(lr)}
    problem = InputError(f"{lr}: no LR picture for {path.name} (looked for {path.stem} and {path.stem}x2, x3, x4, x8)")
    for scale in (2, 3, 4, 8):
        lr_path = lr_of(path, by_stem, scale)
        if lr_path is None:
            continue
        hr_shape, lr_shape = picture_io.read_rgb(path).shape, picture_io.read_rgb(lr_path).shape
        if all(abs(small * scale - big) < scale for big, small in zip(hr_shape[:2], lr_shape[:2], strict=True)):
            return scale
        problem = InputError(
            f"{lr_path}: {lr_shape[1]}x{lr_shape[0]} pixels are not 1/2, 1/3, 1/4 or 1/8 of "
            f"{path.name}'s {hr_shape[1]}x{hr_shape[0]}"
        )
    raise problem
