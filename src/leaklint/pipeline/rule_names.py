"""The names of all rules, read off the names of their files: most runs need nothing else of them."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from types import MappingProxyType

from leaklint import rules


@functools.cache
def rule_names() -> Mapping[str, str]:
    """The codes that exist, sorted, each with the name of its rule."""
    files = sorted(os.listdir(os.path.dirname(rules.__file__)))
    parts = (
        file.removesuffix(".py").partition("_") for file in files if file.startswith("lk") and file.endswith(".py")
    )
    return MappingProxyType({code.upper(): name.replace("_", "-") for code, _, name in parts})
