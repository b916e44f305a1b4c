"""Handlers that the code itself declares: decorators, applications, adapters and base classes of frameworks.

The frameworks are data (``models/platforms/*.toml``), one table each; the dotted names in it may hold ``*``. A
decorator counts where its name leads, through imports and module-level bindings, to a decorator of a table, or to a
method of an object that a listed constructor made.
"""

from __future__ import annotations

import fnmatch
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Literal

import msgspec

from leaklint.ir.facts import FileFacts, FunctionFacts
from leaklint.ir.handler import Handler, Platform, Source
from leaklint.ir.location import Place, Span
from leaklint.link.modules import Modules, is_test
from leaklint.link.names import Library, Names

_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\s*\.\s*[A-Za-z_]\w*)*")


class FrameworkError(Exception):
    """A table of frameworks is wrong; the message names the file and what is wrong."""


class Framework(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """A framework, and by which names code declares handlers with it."""

    platform: Platform
    awaited: bool = False
    """Whether an ``async def`` handler is awaited."""
    when: Literal["always", "adapted", "web"] = "always"
    """``adapted``: only in files that a file with an adapter imports, at any distance, and under ``web``; ``web``: only
    where the settings ask for the views and tasks of web servers."""
    decorators: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()
    """Constructors of the objects whose methods register handlers."""
    registers: tuple[str, ...] = ()
    """Those methods, used as decorators."""
    callables: tuple[str, ...] = ()
    """What makes an object that the platform calls, where a module-level name is bound to it."""
    makes: tuple[str, ...] = ()
    """Methods of the objects that make such an object."""
    classes: dict[str, tuple[str, ...]] = {}
    """Base classes to the methods of subclasses that are handlers."""
    adapters: tuple[str, ...] = ()
    """Functions and classes that put a web application behind the platform."""
    wraps: dict[str, str] = {}
    """Handlers that a template names in front of the project's own, each with the environment variable of that one."""


def parse_frameworks(tables: Mapping[str, str]) -> dict[str, Framework]:
    """The frameworks of TOML texts (file name to text) by title; raises ``FrameworkError``."""
    found: dict[str, Framework] = {}
    for file, text in sorted(tables.items()):
        try:
            for title, table in tomllib.loads(text).items():
                if title in found:
                    raise FrameworkError(f"{file}: a second table {title!r}")
                found[title] = msgspec.convert(table, Framework)
        except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
            raise FrameworkError(f"{file}: {error}") from error
    return found


class Declared:
    """Finds the handlers that code declares through the given frameworks."""

    def __init__(
        self,
        files: Mapping[str, FileFacts],
        modules: Modules,
        frameworks: Iterable[Framework],
        *,
        applications: Mapping[str, Platform],
        web: bool,
    ) -> None:
        """``applications``: files whose web application a template puts behind a platform."""
        self._files = files
        self._modules = modules
        self._frameworks = tuple(frameworks)
        self._names = Names(files, modules)
        self._web = web
        self._registers = frozenset(name for each in self._frameworks for name in each.registers)
        self._makes = frozenset(name for each in self._frameworks for name in each.makes)
        self._adapted = self._reached({**self._adapter_files(), **applications})

    def handlers(self) -> Iterator[Handler]:
        """Every declared handler outside the tests, file by file."""
        for path, facts in sorted(self._files.items()):
            if is_test(path):
                continue
            for key, function in facts.functions.items():
                if function.decorators and "." not in key:
                    yield from self._decorated(path, key, function)
            for name, value in facts.bound_calls.items():
                if value.endswith("()"):
                    yield from self._made(path, name, value[:-2])
            if facts.classes:
                yield from self._inherited(path, facts)

    def _decorated(self, path: str, key: str, function: FunctionFacts) -> Iterator[Handler]:
        for text in function.decorators:
            match = _DOTTED.match(text)
            name = re.sub(r"\s", "", match[0]) if match else ""
            owner, _, method = name.rpartition(".")
            framework = self._of(path, name, lambda each: each.decorators)
            if framework is None and owner and method in self._registers:
                framework = self._of_object(path, owner, method, lambda each: each.registers)
            if framework:
                yield self._handler(path, key, function.name_span, framework, f"decorated with @{name}")
                return

    def _made(self, path: str, name: str, callee: str) -> Iterator[Handler]:
        framework = self._of(path, callee, lambda each: each.callables)
        owner, _, method = callee.rpartition(".")
        if framework is None and owner and method in self._makes:
            framework = self._of_object(path, owner, method, lambda each: each.makes)
        if framework:
            yield self._handler(path, name, self._files[path].module_names[name], framework, f"made by {callee}()")

    def _inherited(self, path: str, facts: FileFacts) -> Iterator[Handler]:
        for each in facts.classes.values():
            for framework, base, names in self._bases(path, each.bases):
                for name in names:
                    if name in each.methods:
                        method = each.methods[name]
                        function = facts.functions[method]
                        handler = self._handler(
                            path, method, function.name_span, framework, f"method {name} of a subclass of {base}"
                        )
                        behind_self = tuple(range(1, len(function.parameters)))
                        yield msgspec.structs.replace(handler, request_parameters=behind_self)

    def _bases(self, path: str, bases: Iterable[str]) -> Iterator[tuple[Framework, str, tuple[str, ...]]]:
        for base in bases:
            target = self._names.meaning(path, base) if _DOTTED.fullmatch(base) else None
            if isinstance(target, Library):
                for framework in self._frameworks:
                    for pattern, names in framework.classes.items():
                        if self._applies(path, framework) and fnmatch.fnmatchcase(target.name, pattern):
                            yield framework, target.name, names

    def _of(self, path: str, name: str, patterns: Callable[[Framework], tuple[str, ...]]) -> Framework | None:
        """The framework that lists the library's name that a name stands for."""
        target = self._names.definition(path, name) if name else None
        if not isinstance(target, Library):
            return None
        return self._first(path, lambda each: _matches(target.name, patterns(each)))

    def _of_object(
        self, path: str, name: str, method: str, methods: Callable[[Framework], tuple[str, ...]]
    ) -> Framework | None:
        """The framework that lists a method for the object that a name stands for."""
        maker = self._names.maker(path, name)
        if not isinstance(maker, Library):
            return None
        return self._first(path, lambda each: method in methods(each) and _matches(maker.name, each.objects))

    def _first(self, path: str, accepts: Callable[[Framework], bool]) -> Framework | None:
        return next((each for each in self._frameworks if accepts(each) and self._applies(path, each)), None)

    def _applies(self, path: str, framework: Framework) -> bool:
        return framework.when == "always" or self._web or (framework.when == "adapted" and path in self._adapted)

    def _handler(self, path: str, attribute: str, span: Span, framework: Framework, reason: str) -> Handler:
        adapted = framework.when == "adapted"
        return Handler(
            path=path,
            attribute=attribute,
            module=self._modules.dotted(path),
            platform=self._adapted.get(path, framework.platform) if adapted else framework.platform,
            source=Source.DECORATOR,
            reason=reason,
            place=Place(path, span),
            awaited=framework.awaited,
        )

    def _adapter_files(self) -> dict[str, Platform]:
        """The files that use an adapter, by its import or by its import's module and a call of its name."""
        found: dict[str, Platform] = {}
        for framework in self._frameworks:
            for adapter in framework.adapters:
                module, _, name = adapter.rpartition(".")
                for path, facts in self._files.items():
                    if any(_mentions(facts, fact.module, fact.name, module, name) for fact in facts.imports):
                        found.setdefault(path, framework.platform)
        return {path: platform for path, platform in sorted(found.items()) if not is_test(path)}

    def _reached(self, starts: Mapping[str, Platform]) -> dict[str, Platform]:
        """Every file that the given ones import, at any distance, with the platform of the first that does."""
        reached = dict(starts)
        waiting = list(starts)
        while waiting:
            path = waiting.pop()
            for fact in self._files[path].imports:
                target = self._modules.resolve(path, fact.module, fact.level)
                inner = self._modules.import_name(path, fact.module, fact.name, fact.level) if fact.name else None
                for file in (target, inner if isinstance(inner, str) else None):
                    if file is not None and file not in reached:
                        reached[file] = reached[path]
                        waiting.append(file)
        return reached


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(name == pattern or ("*" in pattern and fnmatch.fnmatchcase(name, pattern)) for pattern in patterns)


def _mentions(facts: FileFacts, imported: str, imported_name: str, module: str, name: str) -> bool:
    """Whether an import brings in ``module.name``, or a module under which the file calls that name."""
    if imported_name:
        whole = f"{imported}.{imported_name}"
        if whole == f"{module}.{name}":
            return True
        imported = whole
    if imported != module and not module.startswith(imported + "."):
        return False
    return any(name in function.calls for function in facts.functions.values())
