"""write_records, make_source and open_records: what a notebook calls."""

import numpy as np
import pytest
from helpers.dataset_folders import files

from pyimagesearch.data.dataset.manifest import read_manifest
from pyimagesearch.data.dataset.writer import write_records
from pyimagesearch.data.input.loader import open_records
from pyimagesearch.data.sources import make_source
from pyimagesearch.errors import InputError


def test_a_folder_of_pictures_becomes_batches(pictures):
    manifest = write_records(pictures / "hr", pictures / "out", scale=2, crop=32, validation=0.5)
    assert manifest == read_manifest(str(pictures / "out"))
    assert (manifest.scale, manifest.crop, manifest.pictures) == (2, 32, {"train": 2, "test": 2})
    lr, hr = next(iter(open_records(pictures / "out", batch=3)))
    assert (lr.shape, hr.shape) == ((3, 16, 16, 3), (3, 32, 32, 3))
    assert (lr.dtype, hr.dtype) == ("uint8", "uint8")
    lr, hr = next(iter(open_records(pictures / "out", crop=16, batch=2, augment="flip")))
    assert (lr.shape, hr.shape) == ((2, 8, 8, 3), (2, 16, 16, 3))


def test_batches_depend_on_the_seed_alone(pictures):
    write_records(pictures / "hr", pictures / "out", crop=32)
    first, same, other = (next(iter(open_records(pictures / "out", crop=16, seed=s)))[1] for s in (1, 1, 2))
    np.testing.assert_array_equal(first, same)
    assert not np.array_equal(first, other)


def test_a_source_writes_what_the_path_of_its_folder_writes(pictures):
    source = make_source("folder", images=pictures / "hr", crop=32)
    write_records(source, pictures / "a")
    write_records(pictures / "hr", pictures / "b", crop=32)
    assert files(pictures / "a") == files(pictures / "b")


def test_a_bad_shard_is_repaired(pictures):
    write_records(pictures / "hr", pictures / "out", crop=32)
    before = files(pictures / "out")
    next(pictures.glob("out/train/*")).write_bytes(b"")
    write_records(pictures / "hr", pictures / "out", crop=32, repair=True)
    assert files(pictures / "out") == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"scale": 5}, "`scale` must be one of 2, 3, 4, 8, received 5"),
        ({"crop": 90}, "`crop` must be at least 16 and a multiple of the scale 4, received 90"),
        ({"validation": 1}, "`validation` must be at least 0 and below 1, received 1"),
        ({"compression": "zip"}, "`compression` must be one of none, png, received zip"),
    ],
)
def test_wrong_arguments_of_write_records(pictures, arguments, message):
    with pytest.raises(InputError, match=message):
        write_records(pictures / "hr", pictures / "out", **{"crop": 32, **arguments})
    assert not (pictures / "out").exists()


@pytest.mark.parametrize("name", ["scale", "crop", "validation"])
def test_a_source_is_not_told_again_what_it_knows(source, tmp_path, name):
    with pytest.raises(InputError, match=f"`{name}` belongs to a folder of pictures"):
        write_records(source, tmp_path, **{name: 4})


def test_crops_larger_than_those_the_records_were_made_for_are_those_of_their_tiles(dataset):
    """Records of crops of 32 have tiles of 76 here, all of which hold crops of 64."""
    folder, manifest = dataset(sizes=((120, 100), (90, 160)))
    assert manifest.largest_crop == manifest.tile == 76
    lr, hr = next(iter(open_records(folder, crop=64, batch=8)))
    assert (lr.shape, hr.shape) == ((8, 16, 16, 3), (8, 64, 64, 3))
    np.testing.assert_array_equal(lr, hr[:, ::4, ::4])


def test_a_small_picture_among_large_ones_limits_the_crops(dataset):
    """It is stored whole, in the same shard as the tiles of the others."""
    folder, manifest = dataset(sizes=((30, 40), (10, 12)), shard_bytes=10**8)  # LR: HR is 120x160 and 40x48
    assert manifest.largest_crop == 40
    with pytest.raises(InputError, match="hold crops of at most 40"):
        open_records(folder, crop=44)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"crop": 80}, "hold crops of at most 76, but this run's crop is 80"),
        ({"crop": 18}, "`crop` must be at least 16 and a multiple of the scale 4, received 18"),
        ({"batch": 0}, "`batch` must be at least 1, received 0"),
        ({"augment": "turn"}, "`augment` must be one of dihedral, flip, received turn"),
    ],
)
def test_wrong_arguments_of_open_records(records, arguments, message):
    with pytest.raises(InputError, match=message):
        open_records(records, **arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"source": "web"}, "`source` must be one of div2k, folder, sample, tfrecord, received web"),
        ({"source": "sample", "shrink": (2,)}, "`shrink` belongs to `source` folder, but the source is sample"),
        ({"source": "folder"}, "`source` folder needs `images`"),
        ({"source": "folder", "images": "x", "collages": 2, "lr_images": "y"}, "leave `lr_images` out"),
    ],
)
def test_wrong_arguments_of_make_source(arguments, message):
    with pytest.raises(InputError, match=message):
        make_source(**arguments)
