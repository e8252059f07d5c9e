"""Flags for the tests of `srgan tfrecords`."""


def crop_folder(tmp_path, *flags):
    """Flags of a folder run with a crop that 64x48 pictures hold."""
    return ("--source", "folder", "--images", tmp_path / "hr", "--crop", 32, *flags)
