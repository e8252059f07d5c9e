"""The dataset folder: shards and manifest."""
