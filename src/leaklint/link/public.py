"""Public functions as entries: what ``scope = "all"`` analyses in a shared library that has no handler."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping

from leaklint.ir.facts import FileFacts
from leaklint.ir.handler import Handler, Platform, Source
from leaklint.ir.location import Place
from leaklint.link.modules import Modules, is_test


def public_functions(
    files: Mapping[str, FileFacts], modules: Modules, platform: Platform, foreign: Container[str] = frozenset()
) -> Iterator[Handler]:
    """Every public function and public method at module level, outside tests and bundled packages."""
    for path, facts in sorted(files.items()):
        if is_test(path) or path in foreign:
            continue
        for name, function in sorted(facts.functions.items()):
            parts = name.split(".")
            if len(parts) > 2 or not all(part.isidentifier() and not part.startswith("_") for part in parts):
                continue
            if len(parts) == 2 and parts[0] not in facts.classes:
                continue
            yield Handler(
                path=path,
                attribute=name,
                module=modules.dotted(path),
                platform=platform,
                source=Source.PUBLIC,
                reason='public, and `scope = "all"`',
                place=Place(path, function.name_span),
                awaited=True,
            )
