"""What makes two sets of records different ones, in words instead of hashes."""

from collections.abc import Iterable, Mapping
from typing import Any

ASKED_FOR = ("source", "scale", "kernel", "crop", "compression")
DERIVED = ("schema", "tile", "stride", "block")  # of what was asked for and the version of this program
FIELDS = (*ASKED_FOR, *DERIVED, "pictures", "contents")


def differences(there: Mapping[str, Any], here: Mapping[str, Any]) -> list[str]:
    """How the recipe `there` differs from the one `here`, such as "crop 96 there, 128 here"; empty if it does not.

    Each holds the fields of a manifest by their names.
    """

    def plain(names: Iterable[str]) -> list[str]:
        return [f"{name} {there.get(name)} there, {here[name]} here" for name in names if there.get(name) != here[name]]

    return plain(ASKED_FOR) + _picture_differences(there, here) or plain(DERIVED)


def _picture_differences(there: Mapping[str, Any], here: Mapping[str, Any]) -> list[str]:
    before, now = (_counts(recipe.get("pictures")) for recipe in (there, here))
    if sum(before) != sum(now):
        return [f"{sum(before)} pictures there, {sum(now)} here"]
    if before != now:
        return [f"test split of {before[1]} pictures there, {now[1]} here"]
    if there.get("contents") != here.get("contents"):
        return [f"as many pictures ({sum(now)}), but not the same ones, or others of them in the test split"]
    return []


def _counts(pictures: Any) -> tuple[int, int]:
    """Training and test pictures; 0 where a damaged file does not say so."""
    counts = [pictures.get(split) if isinstance(pictures, Mapping) else 0 for split in ("train", "test")]
    return counts[0] if isinstance(counts[0], int) else 0, counts[1] if isinstance(counts[1], int) else 0
