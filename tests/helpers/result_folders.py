"""Folders of results, for the tests of `srgan upscale`."""


def files(folder):
    """The files of a folder by their paths in it, without the hidden record of what is finished."""
    paths = (path for path in folder.rglob("*") if path.is_file() and path.name != ".srgan-results.jsonl")
    return sorted(str(path.relative_to(folder)) for path in paths)
