"""`python -m pyimagesearch COMMAND` is `srgan COMMAND`."""

import sys

from pyimagesearch.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
