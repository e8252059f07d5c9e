"""The entries of a data source, for its tests: their pairs and their splits."""


def read(source, entries):
    """The pairs of `entries`."""
    return [job() for job in source.jobs(entries)]


def splits(source):
    return {entry.name: entry.split for entry in source.entries}
