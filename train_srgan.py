"""Pretrain the generator, then train SRGAN: the same as `srgan train`."""

import sys

from pyimagesearch.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["train", *sys.argv[1:]], prog="train_srgan.py"))
