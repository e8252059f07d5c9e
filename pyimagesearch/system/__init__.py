"""Files, locks, gs:// buckets, console, memory, threads, registries."""
