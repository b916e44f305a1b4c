"""The files of a project as bytes; templates are read when somebody asks for what stands in them."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from leaklint.ir.finding import Finding
from leaklint.link.templates import LARGEST
from leaklint.pipeline.stamps import Mark, mark_of
from leaklint.pipeline.troubles import NotRead, not_analysed, read


def read_all(
    root: Path, paths: Iterable[str], unsaved: Mapping[str, bytes], largest: int | None = None
) -> tuple[dict[str, bytes], list[Finding]]:
    """The bytes of the files, and a finding for each that cannot be read."""
    sources: dict[str, bytes] = {}
    unread: list[Finding] = []
    top = f"{root}{os.sep}"
    for path in paths:
        if path in unsaved:
            sources[path] = unsaved[path]
            continue
        try:
            source = read(top + path, largest)
        except NotRead as reason:
            unread.append(not_analysed(path, str(reason)))
            continue
        if source is not None:
            sources[path] = source
    return sources, unread


class TemplateTexts(Mapping[str, bytes]):
    """The templates of a project by path.

    Nothing is left of what no reader of templates would look at: data in JSON and YAML can be large. With a cache, what
    a template is known by may be known without reading it: it is read then when somebody asks for its content.
    """

    def __init__(
        self,
        root: Path,
        paths: tuple[str, ...],
        unsaved: Mapping[str, bytes],
        known: Callable[[str], Mark | None] | None,
    ) -> None:
        """``known`` gives what a template is known by that has not changed; without it, nothing is marked."""
        self._root = root
        self._paths = paths
        self._unsaved = unsaved
        self._marked = known is not None
        self.marks: dict[str, Mark] = {}
        """What the templates are known by, where there is a cache."""
        self.unread: list[Finding] = []
        """A finding for each template that cannot be read."""
        self._contents: dict[str, bytes] = {}
        marks = {path: known(path) for path in paths if path not in unsaved} if known is not None else {}
        self.marks.update((path, mark) for path, mark in marks.items() if mark is not None)
        for path in paths:
            if path not in self.marks:
                self._read(path)

    def __getitem__(self, path: str) -> bytes:
        if path in self.marks and path not in self._contents:
            self._read(path)
            self._contents.setdefault(path, b"")  # it is gone meanwhile
        return self._contents[path]

    def __iter__(self) -> Iterator[str]:
        return (path for path in self._paths if path in self.marks or path in self._contents)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _read(self, path: str) -> None:
        found, troubles = self._read_plainly(path)
        self.unread += troubles
        for content in found.values():
            self._contents[path] = content if self._is_looked_at(path, content) else b""
            if self._marked:
                self.marks[path] = mark_of(content)

    def _read_plainly(self, path: str) -> tuple[dict[str, bytes], list[Finding]]:
        return read_all(self._root, (path,), self._unsaved, LARGEST)

    @functools.cached_property
    def _is_looked_at(self) -> Callable[[str, bytes], bool]:
        from leaklint.link.templates.reading import looked_at

        return looked_at(self._paths, lambda path: self._read_plainly(path)[0].get(path, b""))
