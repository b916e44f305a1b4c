"""Handler discovery: which functions of a project a platform calls.

In order of trust: templates, settings, decorators and other declarations in code, the reserved name
``lambda_handler``, and the guess from a signature. One function under one name is one handler, whoever names it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence

import msgspec

from leaklint.ir.facts import FileFacts, FunctionFacts, is_class_method
from leaklint.ir.handler import Handler, Platform, Source
from leaklint.ir.location import NOWHERE, Place
from leaklint.link.declared import Located, Missing, handler_of, last_definition, locate, named
from leaklint.link.decorators import Declared
from leaklint.link.frameworks import Framework
from leaklint.link.modules import Modules, is_test
from leaklint.link.names import Library, Names, Own
from leaklint.link.templates.reading import Templates

RESERVED = "lambda_handler"
"""The name that AWS proposes, and that is used for nothing else."""

_EVENTS = frozenset({"event", "evt", "_event", "_"})
_CONTEXTS = frozenset({"context", "ctx", "_context", "_"})
_TRUST = (Source.TEMPLATE, Source.SETTING, Source.DECORATOR, Source.NAME, Source.GUESS, Source.PUBLIC)


class Discovery(msgspec.Struct, frozen=True, gc=False):
    """The handlers of a project, sorted by place."""

    handlers: tuple[Handler, ...] = ()
    candidates: tuple[Handler, ...] = ()
    """Module-level names called like a handler and bound to something whose parameters the outline does not show:
    handlers if what they are bound to can be called as ``guessed`` says."""
    missing: tuple[Missing, ...] = ()
    registrars: Declared | None = None
    """Which functions of frameworks take handlers that the outlines do not show."""


def discover(
    files: Mapping[str, FileFacts],
    templates: Templates,
    frameworks: Iterable[Framework] = (),
    *,
    src: Sequence[str] = (),
    named_handlers: Sequence[str] = (),
    platform: Platform = Platform.AWS_LAMBDA,
    web: Callable[[str], bool] = lambda _path: False,
    foreign: Container[str] = frozenset(),
) -> tuple[Modules, Discovery]:
    """The modules and handlers of a project.

    ``src``: import roots from the settings; ``named_handlers``: their ``handlers``; ``platform``: of the handlers that
    no template and no decorator gives one; ``web``: the files whose views and tasks of web servers count; ``foreign``:
    files of bundled packages, in which nothing is guessed.
    """
    frameworks = tuple(frameworks)
    wrappers = {name for each in frameworks for name in each.wraps}
    located, missing = locate(templates.declarations, files, Modules(files), wrappers)
    modules = Modules(files, [each.root for each in located], [*src, *templates.shared_roots])
    found = find_handlers(
        files,
        modules,
        located,
        frameworks,
        named_handlers=named_handlers,
        platform=platform,
        web=web,
        foreign=foreign,
    )
    return modules, msgspec.structs.replace(found, missing=(*missing, *found.missing))


def find_handlers(
    files: Mapping[str, FileFacts],
    modules: Modules,
    located: Sequence[Located],
    frameworks: Iterable[Framework] = (),
    *,
    named_handlers: Sequence[str] = (),
    platform: Platform = Platform.AWS_LAMBDA,
    web: Callable[[str], bool] = lambda _path: False,
    foreign: Container[str] = frozenset(),
) -> Discovery:
    """The handlers of a project whose modules and declared handlers are known; see ``discover``."""
    names = Names(files, modules)
    from_settings, missing = named(named_handlers, files, modules, platform)
    applications = {each.path: each.declaration.platform for each in located if each.declaration.is_application}
    in_code = Declared(files, modules, frameworks, applications=applications, web=web)
    guesses = _Guesses(files, modules, names, platform)
    handlers = _merged(
        [
            *(handler_of(each, names, files) for each in located if each.declaration.is_entry),
            *from_settings,
            *(each for each in in_code.handlers() if each.path not in foreign),
            *(each for each in guesses.handlers() if each.path not in foreign),
        ]
    )
    handlers = _without_called(handlers, files)
    taken = {(each.path, each.attribute) for each in handlers}
    candidates = (each for each in guesses.candidates() if each.path not in foreign)
    return Discovery(
        handlers=tuple(handlers),
        candidates=tuple(each for each in candidates if (each.path, each.attribute) not in taken),
        missing=tuple(missing),
        registrars=in_code,
    )


def guessed(name: str, function: FunctionFacts, *, bound: int = 0, made: bool = False) -> Source | None:
    """Why a callable at module level is taken for a handler, if it is: its reserved name or its parameters.

    ``bound``: leading parameters that the call fills by itself (``self``); ``made``: something has made it, so that
    ``*args`` may stand for the event and the context of what it calls: ``handler = wrap(work)``.
    """
    usual = [each for each in function.parameters[bound:] if each.kind in ("positional", "either")]
    required = [each for each in usual if not each.has_default]
    if any(each.kind == "keyword" and not each.has_default for each in function.parameters):
        return None
    if made and any(each.kind == "star" for each in function.parameters):
        if name == RESERVED and len(required) <= 2:
            return Source.NAME
        if name == "handler" and not required:
            return Source.GUESS
    if name == RESERVED and (len(usual) == 2 or len(required) == 2):
        return Source.NAME
    if len(required) != 2:
        return None
    event, context = required[0].name, required[1].name
    return Source.GUESS if event in _EVENTS and context in _CONTEXTS and event != context else None


class _Guesses(msgspec.Struct, frozen=True):
    """Finds what looks like a handler, outside the tests."""

    files: Mapping[str, FileFacts]
    modules: Modules
    names: Names
    platform: Platform

    def handlers(self) -> Iterator[Handler]:
        """Functions and callable objects at module level whose parameters the outline shows."""
        own = [(path, facts) for path, facts in sorted(self.files.items()) if not is_test(path)]
        for path, facts in own:
            for name in facts.functions:
                function = last_definition(facts, name) if name.isidentifier() else None
                source = guessed(name, function) if function else None
                if function and source:
                    yield self._handler(path, name, source, Place(path, function.name_span))
        for path, facts in own:
            aliases = [each.alias for each in facts.imports if each.alias == RESERVED and each.name != RESERVED]
            for name in (*facts.bound_calls, *aliases):
                found = self._callable(path, name)
                source = guessed(name, found[1], bound=found[2]) if found else None
                if found and source:
                    bound_here = Place(path, facts.module_names.get(name, NOWHERE))
                    place = bound_here if found[2] else Place(found[0], found[1].name_span)
                    yield self._handler(path, name, source, place)

    def candidates(self) -> Iterator[Handler]:
        """Names that sound like a handler and are bound to something that the outline does not show."""
        for path, facts in sorted(self.files.items()):
            if is_test(path):
                continue
            for name in (*facts.bound_calls, *facts.made_otherwise):
                if (
                    name.lower().endswith("handler")
                    and not self._callable(path, name)
                    and not self._is_builtin(path, facts.bound_calls.get(name, ""))
                ):
                    source = Source.NAME if name == RESERVED else Source.GUESS
                    yield self._handler(path, name, source, Place(path, facts.module_names[name]))

    def _callable(self, path: str, name: str) -> tuple[str, FunctionFacts, int] | None:
        """The function behind a bound name: its file, itself, and how many parameters the call fills by itself."""
        target = self.names.definition(path, name)
        if not isinstance(target, Own):
            return None
        facts = self.files[target.path]
        value = facts.bound_calls.get(target.name, "")
        function = facts.functions.get(value) or last_definition(facts, target.name)
        if function is not None:
            return target.path, function, int(is_class_method(function))
        maker = self.names.definition(target.path, value.removesuffix("()")) if value.endswith("()") else None
        if not isinstance(maker, Own) or maker.name not in self.files[maker.path].classes:
            return None
        facts = self.files[maker.path]
        method = facts.functions.get(facts.classes[maker.name].methods.get("__call__", ""))
        return (maker.path, method, 1) if method else None

    def _is_builtin(self, path: str, value: str) -> bool:
        """Whether the standard library made it, as in ``file_handler = logging.FileHandler(…)``, of nothing else."""
        target = self.names.meaning(path, value.removesuffix("()"))
        package = target.name.partition(".")[0] if isinstance(target, Library) else ""
        return package in sys.stdlib_module_names and package != "functools"

    def _handler(self, path: str, name: str, source: Source, place: Place) -> Handler:
        reason = f"called {RESERVED}" if source is Source.NAME else "takes an event and a context"
        return Handler(
            path=path,
            attribute=name,
            module=self.modules.dotted(path),
            platform=Platform.GOOGLE if _is_for_google(path, self.files[path]) else self.platform,
            source=source,
            reason=reason,
            place=place,
        )


def _without_called(handlers: Sequence[Handler], files: Mapping[str, FileFacts]) -> list[Handler]:
    """Without the guesses that another handler of the file calls: it passes its event on, and they are reached so."""
    callers: dict[tuple[str, str], set[str]] = {}
    for each in handlers:
        function = files[each.path].functions.get(each.attribute)
        for name in function.calls if function else ():
            if name != each.attribute:
                callers.setdefault((each.path, name), set()).add(each.attribute)
    entries = {(each.path, each.attribute) for each in handlers if (each.path, each.attribute) not in callers}
    return [
        each
        for each in handlers
        if each.source is not Source.GUESS
        or not any((each.path, caller) in entries for caller in callers.get((each.path, each.attribute), ()))
    ]


def _is_for_google(path: str, facts: FileFacts) -> bool:
    """Whether a file looks like a Google function's, by its imports: Google's libraries and none for AWS."""
    modules = {fact.module for fact in facts.imports} | {f"{fact.module}.{fact.name}" for fact in facts.imports}
    tops = {module.partition(".")[0] for module in modules}
    if tops & {"aws_lambda_powertools", "boto3", "botocore"}:
        return False
    is_cloud = any(f"{module}.".startswith("google.cloud.") for module in modules)
    return is_cloud or "functions_framework" in tops or ("google" in tops and path.rpartition("/")[2] == "main.py")


def _merged(found: Iterable[Handler]) -> list[Handler]:
    """Each handler once, in the words of the most trusted source; what any source knows about it is kept."""
    by_name: dict[tuple[str, str], list[Handler]] = {}
    for each in sorted(found, key=lambda handler: _TRUST.index(handler.source)):
        by_name.setdefault((each.path, each.attribute), []).append(each)
    merged = [
        msgspec.structs.replace(
            same[0],
            platform=Platform.AWS_LAMBDA_MANAGED if managed else same[0].platform,
            snap_start=any(each.snap_start for each in same),
            awaited=any(each.awaited for each in same),
            copies_context=all(each.copies_context for each in same),
            replaces_defaults=any(each.replaces_defaults for each in same),
            arguments=max(each.arguments for each in same),
            durable=any(each.durable for each in same),
            isolates=tuple(dict.fromkeys(name for each in same for name in each.isolates)),
            ends_request=any(each.ends_request for each in same),
            of_classes=tuple(sorted({name for each in same for name in each.of_classes})),
            request=tuple(dict.fromkeys(name for each in same for name in each.request)),
            receiver=next((each.receiver for each in same if each.receiver), ""),
            request_attributes=next((each.request_attributes for each in same if each.request_attributes), ()),
        )
        for same in by_name.values()
        for managed in [any(each.platform is Platform.AWS_LAMBDA_MANAGED for each in same)]
    ]
    kept: list[Handler] = []
    places: set[Place] = set()
    for each in merged:
        # A guess under a second name (an alias, a re-export) is the same function again.
        if each.source is not Source.GUESS or each.place not in places:
            kept.append(each)
            places.add(each.place)
    return sorted(kept, key=lambda handler: (handler.path, handler.place, handler.attribute))
