"""Patterns of paths, with the meaning that ``.gitignore`` gives them."""

from __future__ import annotations

from collections.abc import Callable, Iterable


def path_matcher(patterns: Iterable[str]) -> Callable[[str], bool]:
    """A test whether a path, relative to the root and with forward slashes, is covered by one of the patterns."""
    names: set[str] = set()
    others: list[str] = []
    for pattern in patterns:
        # Most patterns are the plain name of a folder: a set look-up is enough, and the import of pathspec is spared.
        (others.append if set(pattern) & set("*?[]!/\\# ") else names.add)(pattern)
    if not others:
        return lambda path: not names.isdisjoint(path.split("/"))

    import pathspec

    spec = pathspec.GitIgnoreSpec.from_lines([pattern.removeprefix("./") for pattern in others])
    return lambda path: not names.isdisjoint(path.split("/")) or bool(spec.match_file(path))
