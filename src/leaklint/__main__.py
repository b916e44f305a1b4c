"""``python -m leaklint``: the same as the command ``leaklint``."""

import sys

from leaklint.frontends.cli import main

if __name__ == "__main__":
    sys.exit(main())
