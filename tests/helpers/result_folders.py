"""Folders of results, for the tests of `srgan upscale`."""


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
