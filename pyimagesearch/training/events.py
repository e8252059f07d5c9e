"""TensorBoard's event files of a run that goes on: what a killed process wrote beyond its checkpoint is dropped."""

import tensorflow as tf

from pyimagesearch.system.files import appearing, local_copy, paths_in


def drop_after(folder: str, step: int) -> None:
    """Drop all events of the folder, local or gs://, after `step`, which the run takes again."""
    for path in paths_in(folder, ""):
        if "tfevents" not in path:
            continue
        with local_copy(path) as local:
            records, whole = _records(local)
        kept = [record for record in records if tf.compat.v1.Event.FromString(record).step <= step]
        if whole and len(kept) == len(records):
            continue
        with appearing(path) as beside, tf.io.TFRecordWriter(beside) as writer:
            for record in kept:
                writer.write(record)


def _records(path: str) -> tuple[list[bytes], bool]:
    """The records of a file, up to the one at which a killed process stopped; and whether there was none such."""
    records = []
    try:
        for record in tf.data.TFRecordDataset(path):
            records.append(record.numpy())
    except tf.errors.DataLossError:
        return records, False
    return records, True
