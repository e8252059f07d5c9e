"""Checks shards against their manifest: size, SHA-256, number of records, checksums."""

import tensorflow as tf

from pyimagesearch import console
from pyimagesearch.buckets import is_failure
from pyimagesearch.data import parallel
from pyimagesearch.data.manifest import Manifest, Shard, presence_problem
from pyimagesearch.data.shards import describe
from pyimagesearch.files import join


def verify(folder: str, manifest: Manifest) -> list[str]:
    """What is wrong with the shards of `folder`, a line each; empty where all are good."""
    found = parallel.ordered(lambda shard: shard_problem(folder, shard), manifest.shards, weight=lambda _: 0)
    bar = console.progress(found, total=len(manifest.shards), label="verifying", unit="shard")
    return [problem for problem in bar if problem]


def shard_problem(folder: str, shard: Shard) -> str | None:
    """What is wrong with one shard, or None."""
    problem = presence_problem(folder, shard)
    if problem:
        return problem
    path = join(folder, shard.path)
    try:
        found, corrupt = describe(folder, shard.path)
    except tf.errors.OpError as error:
        if is_failure(error):
            raise  # of the bucket: no shard is to blame
        return f"{path}: cannot be read ({error.message})"
    if corrupt:
        return f"{path}: {corrupt}"
    if found.records != shard.records:
        return f"{path}: holds {found.records} records, the manifest says {shard.records}: a shard of other pictures"
    if found.sha256 != shard.sha256:
        return f"{path}: its records are whole, but not those of the manifest (SHA-256): a shard of another data set"
    if found.blocks != shard.blocks:
        return f"{path}: the manifest's offsets are not those of its records"
    return None
