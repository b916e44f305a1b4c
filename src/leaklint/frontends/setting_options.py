"""The settings that command lines can give, ours and flake8's."""

from __future__ import annotations

import re
from typing import Any


def listed(text: str) -> list[str]:
    """The words of a list separated by commas or spaces."""
    return [each for each in re.split(r"[,\s]+", text) if each]


SETTING_OPTIONS: dict[str, dict[str, Any]] = {
    "select": {"type": listed, "metavar": "CODES", "help": "codes, or beginnings of codes, to report (all: ALL)"},
    "extend-select": {"type": listed, "metavar": "CODES", "help": "codes to report besides the selected ones"},
    "ignore": {"type": listed, "metavar": "CODES", "help": "codes not to report; the longer selector wins"},
    "min-severity": {"metavar": "SEVERITY", "help": "the least severity that is shown: error, warning or info"},
    "scope": {"metavar": "SCOPE", "help": "auto, or all: take every public function for an entry"},
    "handlers": {"type": listed, "metavar": "HANDLERS", "help": "handlers that nothing declares: module:function"},
    "src": {"type": listed, "metavar": "FOLDERS", "help": "folders from which modules are imported"},
    "exclude": {"type": listed, "metavar": "PATTERNS", "help": "leave these out, in place of the defaults"},
    "extend-exclude": {"type": listed, "metavar": "PATTERNS", "help": "leave these out besides the defaults"},
    "python": {"metavar": "PATH", "help": "environment whose installed packages are looked at"},
    "baseline": {"metavar": "FILE", "help": "findings in this file are accepted"},
    "cache-dir": {"metavar": "FOLDER", "help": "where the cache is kept"},
}
"""Each with how argparse reads it; lists may be given several times."""


FILES = ("baseline", "cache-dir", "python")
"""Those that name files, which are meant from the working folder."""
