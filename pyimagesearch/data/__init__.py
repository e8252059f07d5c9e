"""Photographs to TFRecord shards, and shards to batches."""
