"""Checkpoints of one phase: saved whole, the last intervals.keep_checkpoints kept, the newest good one restored."""

import os
from collections.abc import Callable

import tensorflow as tf

from pyimagesearch.errors import InputError
from pyimagesearch.system.files import sync
from pyimagesearch.system.gcs import is_failure
from pyimagesearch.training.phases import Phase
from pyimagesearch.training.run_folder import RunFolder, step_of


class PhaseCheckpoints:
    """Networks, optimizers, moving averages, step and best validation score of a phase."""

    def __init__(self, run: RunFolder, phase: Phase, keep: int, say: Callable[[str], None]):
        self._run, self._phase, self._say = run, phase, say
        self._step = tf.Variable(0, dtype=tf.int64)
        self._best = tf.Variable(float("-inf"))
        self._checkpoint = tf.train.Checkpoint(step=self._step, best=self._best, **phase.state)
        folder = run.file("checkpoints", phase.name)
        self._manager = tf.train.CheckpointManager(self._checkpoint, folder, keep, checkpoint_name="step")

    def restore(self) -> int:
        """Load the newest whole checkpoint; returns its step, 0 where there is none."""
        # By the files, not by TensorFlow's list of them, which may be lost.
        indices = self._run.checkpoints(self._phase.name)
        paths = sorted((path.removesuffix(".index") for path in indices), key=step_of, reverse=True)
        for path in paths:
            try:
                # Everything here must have been in the checkpoint. expect_partial, because TensorFlow would warn of
                # the checkpoint's own bookkeeping.
                self._checkpoint.restore(path).assert_existing_objects_matched().expect_partial()
            except (ValueError, AssertionError, TypeError) as error:
                if is_failure(error):  # which TensorFlow raises as a ValueError
                    raise
                raise InputError(
                    f"{path}: a checkpoint of another architecture; give another --output, or delete that folder"
                ) from None
            except (tf.errors.OpError, IndexError) as error:  # IndexError: how the reader says that bytes are missing
                if is_failure(error):
                    raise
                self._say(f"WARNING: {path} is damaged; trying the checkpoint before it")
                continue
            return int(self._step.numpy())
        if paths:
            raise InputError(
                f"{paths[-1]}: this and every other checkpoint here is damaged; delete the folder to start anew"
            )
        return 0

    def improves(self, score: float) -> bool:
        """Whether `score` is the best of validation so far, which it then becomes; higher is better."""
        better = score > float(self._best.numpy())
        if better:
            self._best.assign(score)
        return better

    def save(self, step: int) -> None:
        self._step.assign(step)
        path = self._manager.save(checkpoint_number=step)
        for part in (*tf.io.gfile.glob(f"{path}.*"), os.path.dirname(path)):
            sync(part)
