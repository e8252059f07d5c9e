"""The processes of one run on several hosts: which of them writes, and what they have to agree on."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import tensorflow as tf

from pyimagesearch.errors import InputError, RunError
from pyimagesearch.system.gcs import is_failure

# What a collective operation raises on the others when a worker is gone; which one depends on where they wait.
_LOST = (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.CancelledError, tf.errors.InternalError,
         tf.errors.FailedPreconditionError, tf.errors.DeadlineExceededError)  # fmt: skip


def check_tf_config(environment: Mapping[str, str] = os.environ) -> int:
    """How many workers TF_CONFIG names; 1 where it is not set. Raises InputError where it makes no sense."""
    text = environment.get("TF_CONFIG")
    if not text:
        return 1
    example = '{"cluster": {"worker": ["host1:2222", "host2:2222"]}, "task": {"type": "worker", "index": 0}}'
    try:
        config = json.loads(text)
        cluster, task = config["cluster"], config["task"]
        addresses, kind, index = cluster["worker"], task["type"], task["index"]
        fits = set(cluster) == {"worker"} and kind == "worker" and 0 <= index < len(addresses)
    except (ValueError, KeyError, TypeError):
        fits = False
    if not fits:
        raise InputError(
            f"TF_CONFIG: not a cluster of workers and this one's place in it, such as {example}; got {text}"
        )
    return len(addresses)


class Workers:
    """The workers of a strategy. One process alone is a worker too, and agrees with itself."""

    def __init__(self, strategy: tf.distribute.Strategy):
        self._strategy = strategy
        several = isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)
        resolver = strategy.cluster_resolver if several else None
        self.count = resolver.cluster_spec().num_tasks("worker") if resolver else 1
        self.writes = resolver is None or resolver.task_id == 0  # the first alone writes the run folder

    def mean(self, *values: float) -> list[float]:
        """The mean of every value over the workers. All of them wait here for each other."""
        if self.count == 1:
            return list(values)
        return self._mean(tf.constant(values, tf.float64)).numpy().tolist()

    @tf.function
    def _mean(self, values: tf.Tensor) -> tf.Tensor:
        return self._strategy.reduce("MEAN", self._strategy.run(tf.identity, args=(values,)), axis=None)

    @contextmanager
    def report_lost_worker(self) -> Iterator[None]:
        """Turn what collective operations raise when a worker is gone into one line."""
        try:
            yield
        except _LOST as error:
            if self.count == 1 or is_failure(error):
                raise
            raise RunError(
                f"another of the {self.count} workers is gone ({_reason(error)}); start all of them again with the "
                "same command: the run goes on from its last checkpoint"
            ) from None


def _reason(error: tf.errors.OpError) -> str:
    """What the collective operation says happened, out of a message of many lines."""
    cause = re.search(r"aborted by: *(.*?)(\n|Additional|The error could|$)", str(error))
    return cause.group(1).strip() if cause and cause.group(1).strip() else type(error).__name__
