"""``python -m leaklint``: the same as the command ``leaklint``."""

import os
import sys


def _drop_working_folder() -> None:
    """Looks for no module in the analysed project, which ``python -m`` would do before it looks elsewhere."""
    try:
        here = os.getcwd()
    except OSError:
        here = ""
    if not sys.flags.safe_path and sys.path[:1] in ([""], [here]):
        del sys.path[0]


if __name__ == "__main__":
    _drop_working_folder()
    from leaklint.frontends.cli import main

    sys.exit(main())
