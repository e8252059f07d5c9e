"""pyimagesearch.data.beam.catalog: the choices of FolderSource, of which a database holds the pictures."""

import random

import pytest

from pyimagesearch.data.beam.catalog import Listed, temporary_catalog
from pyimagesearch.data.dataset.unfinished import make_recipe
from pyimagesearch.data.dataset.writer import prepare
from pyimagesearch.data.pairs import least_scored_side
from pyimagesearch.data.sources.base import Entry, choose_test, rank
from pyimagesearch.errors import InputError


class Source:
    name, kernel, scale, crop = "folder", "bicubic", 4, 32

    def __init__(self, entries):
        self.entries = entries


def listed(count, sides, shrinks=(1,)):
    draw = random.Random(count)
    for number in range(count):
        picture = f"{'é' if number % 3 else chr(0xDC80)}/{number}.png"  # a name that is no UTF-8, too
        side = draw.choice(sides)
        for shrink in shrinks:
            name = picture if shrink == 1 else f"{picture} at 1/{shrink}"
            yield Listed(
                name, "", side // shrink, 2 * side // shrink, f"{number:064x}", side * side,
                picture=picture, lr_picture=None, shrink=shrink,
            )  # fmt: skip


def as_entry(one, split):
    return Entry(one.name, split, one.height, one.width, one.content, one.decoded)


@pytest.mark.parametrize("count", [2, 9, 10, 200])
@pytest.mark.parametrize("shrinks", [(1,), (1, 2)])
def test_splits_order_and_hash_are_those_of_pictures_in_memory(count, shrinks):
    pictures = list(listed(count, (16, 32, 48, 96), shrinks) if count > 2 else listed(count, (48,), shrinks))
    largest = {one.picture: one.height * one.shrink for one in pictures}
    test = choose_test("folder", largest, 0.1, 4)
    small = {one.name for one in pictures if one.picture in test and one.height < least_scored_side(4)}
    expected = [
        as_entry(one, "test" if one.picture in test else "train")
        for one in sorted(pictures, key=lambda one: rank(one.name))
        if one.name not in small
    ]
    with temporary_catalog() as catalog:
        for one in pictures:
            catalog.add([one])
        assert set(catalog.choose_test("folder", 0.1, 4)) == small
        for split in ("train", "test"):
            found = [as_entry(one, split) for one in catalog.entries(split)]
            assert found == [entry for entry in expected if entry.split == split]
        assert catalog.usable() == count
        recipe, _ = prepare(Source(expected), "none")
        assert make_recipe(Source([]), "none", catalog.counts(), catalog.listing()) == recipe


def test_pictures_that_are_all_too_small_are_refused():
    with temporary_catalog() as catalog:
        catalog.add(listed(4, (16,)))
        with pytest.raises(InputError, match="no picture is large enough for the test split"):
            catalog.choose_test("folder", 0.1, 4)
