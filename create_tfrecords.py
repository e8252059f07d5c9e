"""Photographs to TFRecord shards: the same as `srgan tfrecords`."""

import sys

from pyimagesearch.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["tfrecords", *sys.argv[1:]], prog="create_tfrecords.py"))
