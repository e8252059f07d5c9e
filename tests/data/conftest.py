"""What the tests of the data room share."""

import logging

import pytest
from helpers.batches import constant_pictures

from pyimagesearch.data.dataset import shards
from pyimagesearch.data.dataset.writer import write_dataset


@pytest.fixture(autouse=True)
def log_at_info(caplog):
    """`caplog.messages` holds the progress lines of the package."""
    caplog.set_level(logging.INFO, "pyimagesearch")


@pytest.fixture
def numbered(tmp_path, array_source, monkeypatch):
    """numbered(count) is (folder, manifest) of records whose pixels say which record they are."""

    def make(count):
        monkeypatch.setattr(shards, "SHARD_BYTES", 4 * 16 * 16 * 3)  # three records a shard
        pictures = constant_pictures(count)
        folder = str(tmp_path / f"numbered{count}")
        return folder, write_dataset(array_source(pictures, pictures[:1], crop=16), folder)

    return make
