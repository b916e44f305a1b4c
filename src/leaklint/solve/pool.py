"""The pool: equal parts of summaries are kept once.

Summaries repeat each other: what a function does is, in other words, in that of each of its callers. A large project
has tens of thousands of them, and most of their paths, sources and effects are equal to one that is there already.
"""

from __future__ import annotations

from typing import Any

import msgspec.structs

from leaklint.ir.effects import AnyEffect
from leaklint.ir.summary import Store, Summary
from leaklint.ir.values import Path, Sources, Value


class Pool:
    """One of each part of a summary, by what it is equal to."""

    def __init__(self) -> None:
        self._paths: dict[Path, Path] = {}
        self._sources: dict[Sources, Sources] = {}
        self._values: dict[Value, Value] = {}
        self._effects: dict[AnyEffect, AnyEffect] = {}
        self._stores: dict[Store, Store] = {}
        self._traces: dict[tuple[Any, ...], tuple[Any, ...]] = {}

    def summary(self, summary: Summary) -> Summary:
        """The same summary, made of parts of the pool."""
        return msgspec.structs.replace(
            summary,
            returns=self._value(summary.returns),
            effects=tuple([(self._effect(effect), self._trace(trace)) for effect, trace in summary.effects]),
            stores=tuple([self._store(store) for store in summary.stores]),
            resets=self._source(summary.resets),
            reads=self._source(summary.reads),
            rereads=self._source(summary.rereads),
            shows=self._source(summary.shows),
            shows_new=self._source(summary.shows_new),
            fills=self._source(summary.fills),
            trims=self._source(summary.trims),
            writes=self._source(summary.writes),
            wonders=self._source(summary.wonders),
        )

    def _path(self, path: Path) -> Path:
        return self._paths.setdefault(path, path)

    def _source(self, sources: Sources) -> Sources:
        found = self._sources.get(sources)
        if found is None:
            found = frozenset([self._path(each) for each in sources])
            self._sources[found] = found
        return found

    def _value(self, value: Value) -> Value:
        found = self._values.get(value)
        if found is None:
            things = frozenset([msgspec.structs.replace(each, path=self._path(each.path)) for each in value.things])
            found = Value(things, self._source(value.sources))
            self._values[found] = found
        return found

    def _effect(self, effect: AnyEffect) -> AnyEffect:
        found = self._effects.get(effect)
        if found is None:
            parts: dict[str, Any] = {}
            for name in effect.__struct_fields__:
                part = getattr(effect, name)
                if type(part) is frozenset and part:
                    first = next(iter(part))
                    if type(first) is Path:
                        parts[name] = self._source(part)
                    elif type(first) is frozenset:
                        parts[name] = frozenset([self._source(each) for each in part])
            found = msgspec.structs.replace(effect, **parts)
            self._effects[found] = found
        return found

    def _store(self, store: Store) -> Store:
        found = self._stores.get(store)
        if found is None:
            found = msgspec.structs.replace(store, path=self._path(store.path), value=self._value(store.value))
            self._stores[found] = found
        return found

    def _trace(self, trace: tuple[Any, ...]) -> tuple[Any, ...]:
        return self._traces.setdefault(trace, trace)
