"""Paths of buckets beside local ones. TensorFlow's listing of a bucket is replaced; end_to_end/ has a real emulator."""

import os

import tensorflow as tf

from pyimagesearch.system import paths


def test_an_object_with_two_slashes_does_not_lead_to_the_disk_of_this_machine(monkeypatch):
    """a//x.png is in a folder without a name inside of a/."""
    monkeypatch.setattr(tf.io.gfile, "listdir", lambda _: ["b.png", "/", "more/", ".hidden"])
    files, folders = paths.visible(paths.path_of("gs://bucket/a"))
    assert list(map(os.fspath, files)) == ["gs://bucket/a/b.png"]
    assert list(map(os.fspath, folders)) == ["gs://bucket/a/more"]
