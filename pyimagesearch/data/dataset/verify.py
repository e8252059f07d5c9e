"""Checks shards against their manifest: size, SHA-256, number of records, checksums."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import tensorflow as tf

from pyimagesearch.data.dataset.manifest import Manifest, Shard, presence_problem
from pyimagesearch.data.dataset.records import scan
from pyimagesearch.data.dataset.shards import hash_file
from pyimagesearch.system import console, parallel
from pyimagesearch.system.files import join
from pyimagesearch.system.gcs import is_failure


def verify(folder: str, manifest: Manifest) -> list[str]:
    """What is wrong with the shards of `folder`, a line each; empty where all are good."""
    return [problem for problem in shard_problems(folder, manifest.shards, vars(manifest)) if problem]


def shard_problems(folder: str, shards: Sequence[Shard], recipe: Mapping[str, Any]) -> Iterator[str | None]:
    """What is wrong with each of `shards`, or None. recipe: the values of their manifest."""

    def check(shard: Shard) -> str | None:
        return shard_problem(folder, shard, recipe)

    problems = parallel.ordered(check, shards, weight=lambda _: 0)
    return console.progress(problems, total=len(shards), label="verifying", unit="shard")


def shard_problem(folder: str, shard: Shard, recipe: Mapping[str, Any]) -> str | None:
    """What is wrong with a shard, or None. recipe: the values of its manifest."""
    problem = presence_problem(folder, shard)
    if problem:
        return problem
    path = join(folder, shard.path)
    try:
        content, (digest, _) = scan(path, recipe["scale"], recipe["compression"]), hash_file(path)
    except tf.errors.OpError as error:
        if is_failure(error):
            raise  # of the bucket: no shard is to blame
        return f"{path}: cannot be read ({error.message})"
    if content.problem:
        return f"{path}: {content.problem}"
    records = len(content.offsets)
    if records != shard.records:
        return f"{path}: holds {records} records, the manifest says {shard.records}: a shard of other pictures"
    if digest != shard.sha256:
        return f"{path}: its records are whole, but not those of the manifest (SHA-256): a shard of another data set"
    if (content.lr_pixels, tuple(content.offsets[:: recipe["block"]])) != (shard.lr_pixels, shard.blocks):
        return f"{path}: the manifest's offsets or pixels are not those of its records"
    return None
