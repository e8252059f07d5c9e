"""Texts in figures: names of files as they are, in characters that the font has, and no longer than their room."""

import functools

from matplotlib import font_manager
from matplotlib.font_manager import FontProperties
from matplotlib.ft2font import FT2Font
from matplotlib.textpath import TextPath

ELLIPSIS = "…"


def plain(text: str) -> str:
    """A text that matplotlib draws as it is, for titles and labels that hold names of files.

    matplotlib would draw $...$ as a formula and leave out labels that begin with _. A character that its font does not
    have becomes its number, such as \\u5199: matplotlib would draw an empty box and warn.
    """
    drawable = "".join(map(_drawable, text)).replace("$", r"\$")
    return f" {drawable}" if drawable.startswith("_") else drawable


def fitted(text: str, inches: float, size: float, *, bold: bool = False) -> str:
    """`plain` of a text; what makes it wider than `inches` in this size (points) is left out of its middle.

    What follows two spaces stays whole, as the size does behind the name of a picture.
    """
    name, spaces, rest = text.partition("  ")
    kept = len(name)
    while (width := _inches(shown := plain(_shortened(name, kept) + spaces + rest), size, bold)) > inches and kept > 1:
        kept = min(kept - 1, int(kept * inches / width) + 1)
    return shown


def widest(texts: list[str], size: float) -> float:
    """The width in inches of the widest of these texts, which are `plain` or `fitted` ones."""
    return max((_inches(text, size, bold=False) for text in texts), default=0.0)


def _shortened(text: str, most: int) -> str:
    """The beginning and the end of a text, together at most `most` characters."""
    if len(text) <= most:
        return text
    start, end = (most - 1) // 2, most - 1 - (most - 1) // 2
    return text[:start] + ELLIPSIS + text[len(text) - end :]


def _inches(text: str, size: float, bold: bool) -> float:
    if not text.strip():
        return 0.0
    return (
        TextPath((0, 0), text, size=size, prop=FontProperties(weight="bold" if bold else None)).get_extents().width / 72
    )


def _drawable(character: str) -> str:
    if character.isascii() or _font().get_char_index(ord(character)):
        return character
    return character.encode("ascii", "backslashreplace").decode()


@functools.cache
def _font() -> FT2Font:
    """The font that figures are drawn in."""
    return font_manager.get_font(font_manager.findfont(FontProperties()))
