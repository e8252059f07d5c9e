"""Which LR picture belongs to which HR picture, by their names."""

import re
import string
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from pyimagesearch.errors import InputError
from pyimagesearch.images.picture_io import Folder

Key = tuple[Path, str]  # the folder of a picture inside of the whole folder, and what its name says


def match_lr(hr: Folder, lr: Folder, scale: int, lr_name: str | None = None) -> tuple[dict[Path, Path], list[Path]]:
    """The LR picture of each HR picture, and the LR pictures that are left over.

    lr_name: how the LR pictures are called, such as "{stem}x4{ext}". None takes a picture of the same name, else one
    that differs in its suffix alone, else one of a name that common data sets give the LR of this scale: 0001x4,
    0001x4m (DIV2K, also d and w), 0001_x4, 0001-x4, 0001_LR, img_001_SRF_4_LR (of img_001 or img_001_SRF_4_HR).

    Raises InputError where an HR picture has no LR picture or several, and where two have the same.
    """
    rules = [(_name, _name), (_stem, _stem), (_hr_base(scale), _lr_base(scale))]
    if lr_name is not None:
        rules = [(_filled(lr_name), _name)]
    candidates: list[dict[Key, list[Path]]] = []
    for _, lr_key in rules:
        groups = defaultdict(list)
        for path in lr.pictures:
            groups[path.relative_to(lr.path).parent, lr_key(path)].append(path)
        candidates.append(groups)
    matched: dict[Path, Path] = {}
    owners: dict[Path, Path] = {}
    for path in hr.pictures:
        parent = path.relative_to(hr.path).parent
        keys = [(parent, hr_key(path)) for hr_key, _ in rules]
        found = next((groups[key] for groups, key in zip(candidates, keys, strict=True) if key in groups), [])
        if len(found) != 1:
            raise _none(path, lr, scale, lr_name) if not found else _several(path, found)
        other = owners.setdefault(found[0], path)
        if other != path:
            raise InputError(
                f"{found[0]}: is the LR picture of both {other.name} and {path.name}, by its name; remove one of them, "
                "or tell the names of LR pictures by `lr_name`"
            )
        matched[path] = found[0]
    return matched, [path for path in lr.pictures if path not in owners]


def _none(path: Path, lr: Folder, scale: int, lr_name: str | None) -> InputError:
    stem = path.stem
    if lr_name is not None:
        return InputError(f"{lr.path}: no LR picture for {path.name} (`lr_name` says {_filled(lr_name)(path)})")
    return InputError(
        f"{lr.path}: no LR picture for {path.name} (looked for {stem}, {stem}x{scale}, {stem}_x{scale} and {stem}_LR); "
        f"tell other names by `lr_name`, such as '{{stem}}_small{{ext}}'"
    )


def _several(path: Path, found: list[Path]) -> InputError:
    names = ", ".join(other.name for other in found)
    return InputError(
        f"{found[0].parent}: several LR pictures for {path.name} by their names ({names}); remove the others, or tell "
        "the names of LR pictures by `lr_name`, such as '{stem}x4w1{ext}'"
    )


def _name(path: Path) -> str:
    return path.name


def _stem(path: Path) -> str:
    return path.stem


def _hr_base(scale: int) -> Callable[[Path], str]:
    """A stem without what names HR: img_001 of img_001_SRF_4_HR."""
    ending = re.compile(rf"([_-]SRF[_-]{scale})?[_-]HR$", re.IGNORECASE)
    return lambda path: ending.sub("", path.stem)


def _lr_base(scale: int) -> Callable[[Path], str]:
    """A stem without what names LR: 0001 of 0001x4, 0001x4w2, 0001_LR and 0001_LR_x4."""
    marks = (rf"[_-]SRF[_-]{scale}", "[_-]LR", rf"[_-]?x{scale}([mdw]\d?)?", "[_-]LR")
    ending = re.compile("".join(f"({mark})?" for mark in marks) + "$", re.IGNORECASE)
    return lambda path: ending.sub("", path.stem, count=1)


def _filled(lr_name: str) -> Callable[[Path], str]:
    """The LR name of an HR picture by a pattern. Raises InputError where it is none."""
    try:
        fields = {name for _, name, _, _ in string.Formatter().parse(lr_name) if name is not None}
    except ValueError:
        fields = set()
    if "stem" not in fields or fields - {"stem", "ext"}:
        raise InputError(f"`lr_name` takes {{stem}} and {{ext}}, as in '{{stem}}x4{{ext}}', received {lr_name}")
    return lambda path: lr_name.format(stem=path.stem, ext=path.suffix)
