"""Draw the LR / bicubic / pretrained / SRGAN / HR grid of a trained run: the same as `srgan grid`."""

import sys

from pyimagesearch.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["grid", *sys.argv[1:]], prog="inference.py"))
