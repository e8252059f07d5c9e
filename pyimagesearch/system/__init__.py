"""Files, buckets, console, memory, threads."""
