"""Handlers that the code itself declares: decorators, applications, adapters and base classes of frameworks.

The frameworks are data (``models/platforms/*.toml``), one table each; the dotted names in it may hold ``*``. A
decorator counts where its name leads, through imports and module-level bindings, to a decorator of a table, or to a
method of an object that a listed constructor made.
"""

from __future__ import annotations

import fnmatch
import functools
import itertools
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Literal, TypeAlias

import msgspec

from leaklint.ir.facts import FileFacts, FunctionFacts, Parameter, decorator_name
from leaklint.ir.handler import Handler, Platform, Source
from leaklint.ir.location import Place, Span
from leaklint.link.adapters import adapter_files
from leaklint.link.factories import uncalled_factories
from leaklint.link.frameworks import Framework, matches, named_like
from leaklint.link.modules import Modules, is_test
from leaklint.link.names import Library, Names, Own

_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\s*\.\s*[A-Za-z_]\w*)*")
_HANDED_OVER = re.compile(r"([A-Za-z_][\w.]*)\(\s*([A-Za-z_][\w.]*)\s*[,)]")
_ANNOTATED = re.compile(r"(?:[A-Za-z_]\w*\.)?Annotated\[\s*([A-Za-z_][\w.]*)\s*,")
Key: TypeAlias = Literal["callables", "decorators", "takes"]
"""The keys of a framework that list dotted names of its own."""
_EMPTY_CALL = re.compile(r"([A-Za-z_][\w.]*)\(\s*\)")


class Declared:
    """Finds the handlers that code declares through the given frameworks."""

    def __init__(
        self,
        files: Mapping[str, FileFacts],
        modules: Modules,
        frameworks: Iterable[Framework],
        *,
        applications: Mapping[str, Platform],
        web: Callable[[str], bool],
    ) -> None:
        """``applications``: files whose web application a template puts behind a platform; ``web``: files whose views
        and tasks count wherever they run.
        """
        self._files = files
        self._modules = modules
        self._frameworks = tuple(frameworks)
        self._names = Names(files, modules)
        self._web = web
        self._registers = frozenset(name for each in self._frameworks for name in each.registers)
        self._in_classes = frozenset(
            name.rpartition(".")[2] for each in self._frameworks if each.in_classes for name in each.decorators
        )
        self._makes = frozenset(name for each in self._frameworks for name in each.makes)
        self._leading = frozenset(name for each in self._frameworks for name in (*each.leads_to, *each.names))
        self._adapted = self._reached({**adapter_files(files, self._frameworks), **applications})
        self._registrars: dict[str, Framework | None] = {}
        self._listed = functools.cache(self._all_that_list)
        self._spelled_out = functools.cache(self._read_alias)
        types = frozenset(name for facts in files.values() for name in facts.annotated_types)
        renamed = (each.alias for facts in files.values() for each in facts.imports if types and each.name in types)
        self._aliases = types.union(renamed)
        """The names that may stand for an ``Annotated[...]`` somewhere."""

    def handlers(self) -> Iterator[Handler]:
        """Every declared handler outside the tests, file by file."""
        for path, facts in sorted(self._files.items()):
            if is_test(path):
                continue
            for key, function in facts.functions.items():
                words = map(decorator_name, function.decorators) if function.in_class and "<" not in key else ()
                if function.decorators and ("." not in key or not self._in_classes.isdisjoint(words)):
                    yield from self._decorated(path, key, function)
                yield from self._injected(path, function)
            for name, value in facts.bound_calls.items():
                if value.endswith("()"):
                    yield from self._made(path, name, value[:-2])
            if facts.classes:
                yield from self._inherited(path, facts)
                yield from self._exposed(path, facts)
            if facts.dotted_strings:
                yield from self._named(path, facts)

    def registrar(self, name: str) -> Framework | None:
        """The framework whose function or method of this dotted name takes handlers."""
        if name not in self._registrars:
            owner, _, method = name.rpartition(".")
            self._registrars[name] = next(
                (
                    each
                    for each in self._frameworks
                    if (method in each.registers and matches(owner, each.objects))
                    or matches(name, each.takes)
                    or (method in each.lists and owner == each.takes[0])
                ),
                None,
            )
        return self._registrars[name]

    @property
    def applications(self) -> list[str]:
        """The names under which requests get at the application that serves them."""
        return [each.application for each in self._frameworks if each.application]

    def methods_of(self, base: str) -> tuple[str, ...]:
        """The methods that a framework calls on objects of subclasses of a library's class."""
        return tuple(
            name
            for each in self._frameworks
            for pattern, names in each.classes.items()
            if fnmatch.fnmatchcase(base, pattern)
            for name in names
        )

    def registering(self, files: Collection[str]) -> list[str]:
        """The files of a part that may register handlers when they are imported: they use a framework, or what does."""
        tops = {
            name.partition(".")[0].rstrip("*"): each
            for each in self._frameworks
            for name in (*each.objects, *each.takes)
        }
        using = {
            path
            for path in files
            if any(
                (framework := tops.get(fact.module.partition(".")[0])) and self._applies(path, framework)
                for fact in self._files[path].imports
            )
        }
        importers: dict[str, list[str]] = {}
        for path in files if using else ():
            for file in self._imported(path):
                importers.setdefault(file, []).append(path)
        waiting = list(using)
        while waiting:
            fresh = [path for path in importers.get(waiting.pop(), ()) if path not in using]
            using.update(fresh)
            waiting += fresh
        return sorted(path for path in using if not is_test(path))

    @functools.cached_property
    def factories(self) -> tuple[tuple[str, str], ...]:
        """Path and name of the functions that only a server calls, to make an application."""
        return tuple(uncalled_factories(self._files, self._frameworks, self._web))

    def listing(self, path: str) -> tuple[str, ...]:
        """The attributes of classes in a file that list handlers, each with the framework's title in front."""
        tops = {fact.module.partition(".")[0] for fact in self._files[path].imports}
        return tuple(
            f"{takes}.{name}"
            for each in self._frameworks
            for takes in each.takes[:1]
            for name in each.lists
            if takes.partition(".")[0] in tops and self._applies(path, each)
        )

    def registered(self, name: str, path: str, function: FunctionFacts) -> Handler | None:
        """The handler that a function becomes by being handed to a registrar; None where that does not count here."""
        framework = self.registrar(name)
        if framework is None or is_test(path) or not self._applies(path, framework):
            return None
        owner, _, method = name.rpartition(".")
        short = f"{owner.rpartition('.')[2]}.{method}" if method in framework.registers else method
        reason = f"listed in {method}" if method in framework.lists else f"registered with {short}()"
        handler = self._handler(path, function.name, function.name_span, framework, reason, method)
        receiver = framework.receiver if function.in_class else ""
        return msgspec.structs.replace(handler, receiver=receiver, registered=method)

    def _decorated(self, path: str, key: str, function: FunctionFacts) -> Iterator[Handler]:
        for text in function.decorators:
            match = _DOTTED.match(text)
            name = re.sub(r"\s", "", match[0]) if match else ""
            owner, _, method = name.rpartition(".")
            framework = self._of(path, name, "decorators")
            if framework is None and owner and method in self._registers and not function.in_class:
                framework = self._of_object(path, owner, method, lambda each: each.registers)
            if framework:
                handler = self._handler(path, key, function.name_span, framework, f"decorated with @{name}", method)
                handler = msgspec.structs.replace(handler, receiver=framework.receiver if function.in_class else "")
                later = framework.begins_request.get(method, ())
                comes_before = (*later, *(f"{owner}.{each}" for each in later))
                follows = method in framework.follows_answer
                yield msgspec.structs.replace(
                    handler, registered=name, comes_before=comes_before, follows_answer=follows
                )
                return

    def _injected(self, path: str, function: FunctionFacts) -> Iterator[Handler]:
        """The functions that annotations of parameters hand to a framework: ``Annotated[User, Depends(current)]``."""
        for each in function.parameters:
            if not each.annotation and not each.default:
                continue
            file, handed = self._handed_over(path, each)
            for callee, name in handed:
                framework = self._of(file, callee, "takes")
                target = self._names.definition(file, name) if framework else None
                if framework is None or not isinstance(target, Own) or is_test(target.path):
                    continue
                functions = self._files[target.path].functions
                own = functions.get(target.name) or functions.get(f"{target.name}.__init__")
                if own:
                    handler = self._handler(
                        target.path, own.name, own.name_span, framework, f"given to {callee}()", callee
                    )
                    yield msgspec.structs.replace(handler, receiver="request" if own.in_class else "")

    def dependency(self, path: str, parameter: Parameter) -> tuple[str, str] | None:
        """What a framework calls for a parameter, as its annotation says: a file and a dotted name there."""
        file, handed = self._handed_over(path, parameter)
        for callee, name in handed:
            if self.injects(file, callee):
                return file, name
        return None

    def injects(self, path: str, callee: str) -> bool:
        """Whether a framework calls what a call of this name is given, and hands over what it gives."""
        framework = self._of(path, callee, "takes")
        return framework is not None and framework.injects

    def _handed_over(self, path: str, parameter: Parameter) -> tuple[str, list[tuple[str, str]]]:
        """The calls in the annotation of a parameter, with what they are given, and the file in which it stands."""
        path, text = self._spelled_out(path, parameter.annotation)
        handed = _HANDED_OVER.findall(text) if "(" in text else []
        if of_itself := _ANNOTATED.match(text):
            handed += [(callee, of_itself[1]) for callee in _EMPTY_CALL.findall(text)]
        if parameter.default.endswith("()") and parameter.default_names_nothing:
            handed.append((parameter.default[:-2], parameter.annotation.strip("'\"")))
        return path, handed

    def _read_alias(self, path: str, text: str) -> tuple[str, str]:
        """The file and text of what an annotation is an alias for, ``Annotated[...]``; else those of itself."""
        if text.rpartition(".")[2].strip() not in self._aliases or not _DOTTED.fullmatch(text):
            return path, text
        target = self._names.meaning(path, text)
        types = self._files[target.path].annotated_types if isinstance(target, Own) else {}
        return (target.path, types[target.name]) if isinstance(target, Own) and target.name in types else (path, text)

    def _made(self, path: str, name: str, callee: str) -> Iterator[Handler]:
        framework = self._of(path, callee, "callables")
        owner, _, method = callee.rpartition(".")
        if framework is None and owner and method in self._makes:
            framework = self._of_object(path, owner, method, lambda each: each.makes)
        if framework:
            yield self._handler(path, name, self._files[path].module_names[name], framework, f"made by {callee}()")

    def _inherited(self, path: str, facts: FileFacts) -> Iterator[Handler]:
        """The methods that a framework calls because of a base class, wherever in the project they are defined."""
        for each in facts.classes:
            order, foreign = self._names.ancestry(path, each)
            for framework, base, names in self._bases(path, foreign):
                decorated = self._decorated_in(path, facts.classes[each].methods.items(), framework)
                for file, method, name in self._methods(order, (*names, *decorated, *framework.surrounds), framework):
                    function = self._files[file].functions[method]
                    reason, attribute = f"method {name} of a subclass of {base}", method + "()" * name.endswith("()")
                    handler = self._handler(file, attribute, function.name_span, framework, reason, name)
                    yield msgspec.structs.replace(
                        handler,
                        receiver=framework.receiver,
                        request_attributes=framework.request_attributes,
                        of_classes=(f"{path}::{each}",) if self._fills_in(order, file, function) else (),
                    )

    def _fills_in(self, order: Sequence[Own], path: str, function: FunctionFacts) -> bool:
        """Whether a class, or one between, defines what the file of an inherited method may call on its objects."""
        below = itertools.takewhile(lambda each: each != Own(path, function.in_class or ""), order)
        names = {name for each in below for name in self._files[each.path].classes[each.name].methods}
        return not names.isdisjoint(self._files[path].attributes_read)

    def _exposed(self, path: str, facts: FileFacts) -> Iterator[Handler]:
        """The methods of classes above which a decorator of a framework stands."""
        for name, each in facts.classes.items():
            for text in each.decorators if "<" not in name else ():
                written = text.partition("(")[0]
                framework = self._of(path, written, "decorators") if decorator_name(text) in self._in_classes else None
                if framework is None:
                    continue
                for method in named_like(each.methods, framework.methods):
                    function = facts.functions[each.methods[method]]
                    reason = f"method {method} of a class decorated with @{written}"
                    handler = self._handler(path, function.name, function.name_span, framework, reason, method)
                    yield msgspec.structs.replace(handler, receiver=framework.receiver)

    def _methods(
        self, order: Iterable[Own], names: Iterable[str], framework: Framework
    ) -> Iterator[tuple[str, str, str]]:
        """Those of some methods that a class and its ancestors define: their file, qualified name and name."""
        for name in dict.fromkeys(names):
            for own in order:
                method = self._files[own.path].classes[own.name].methods.get(name.removesuffix("()"))
                if method is not None:
                    yield own.path, method, name
                    if name not in framework.surrounds:  # which call one another by super()
                        break

    def _decorated_in(self, path: str, methods: Iterable[tuple[str, str]], framework: Framework) -> list[str]:
        """Those of a class's methods above which one of a framework's decorators stands."""
        words = [(name, text) for name, own in methods for text in self._files[path].functions[own].decorators]
        return [name for name, text in words if self._of(path, text.partition("(")[0], "decorators") is framework]

    def _named(self, path: str, facts: FileFacts) -> Iterator[Handler]:
        """What a list of strings names: methods of classes, and what functions give that are called once."""
        for framework in self._frameworks:
            for name, methods in framework.names.items() if self._applies(path, framework) else ():
                for dotted in facts.dotted_strings.get(name, ()):
                    found = self._names.named(path, dotted)
                    target = self._names.definition(found.path, found.name) if found and found.name else None
                    if not isinstance(target, Own):
                        continue
                    inside, reason = self._files[target.path], f"{dotted} is listed in {name} of {path}"
                    made = inside.functions.get(target.name)
                    if made is not None:
                        yield self._handler(target.path, f"{target.name}()", made.name_span, framework, reason, name)
                    of_class = inside.classes[target.name].methods if target.name in inside.classes else {}
                    for each in methods:
                        own = inside.functions.get(of_class.get(each, ""))
                        if own is not None:
                            handler = self._handler(target.path, own.name, own.name_span, framework, reason, name, each)
                            yield msgspec.structs.replace(handler, receiver="kept")

    def _bases(self, path: str, bases: Iterable[str]) -> Iterator[tuple[Framework, str, tuple[str, ...]]]:
        """The frameworks that know one of these classes of libraries, with the methods that they call."""
        for base in bases:
            for framework in self._frameworks:
                for pattern, names in framework.classes.items():
                    if self._applies(path, framework) and fnmatch.fnmatchcase(base, pattern):
                        yield framework, base, names

    def _of(self, path: str, name: str, key: Key) -> Framework | None:
        """The framework that lists, under a key, the library's name that a name stands for."""
        target = self._names.definition(path, name) if name else None
        # The repository of a framework holds examples that import the very package.
        found = target.name if isinstance(target, Library) else self._names.written(path, name) if target else ""
        return next((each for each in self._listed(found, key) if self._applies(path, each)), None) if found else None

    def _all_that_list(self, name: str, key: Key) -> tuple[Framework, ...]:
        """The frameworks that list a library's name under a key, whether they apply or not."""
        patterns = attrgetter(key)
        return tuple(each for each in self._frameworks if matches(name, patterns(each)))

    def _of_object(
        self, path: str, name: str, method: str, methods: Callable[[Framework], tuple[str, ...]]
    ) -> Framework | None:
        """The framework that lists a method for the object that a name stands for."""
        maker = self._names.maker(path, name)
        if isinstance(maker, Library):
            kinds = [maker.name]
        else:
            kinds = list(filter(None, [self._names.made_by(path, name)])) if maker else []
            kinds += self._names.inherited_from(maker.path, maker.name, method) if maker else []
        if not kinds:
            file = path.rpartition("/")[2]
            return self._first(path, lambda each: each.file == file and method in methods(each))
        return self._first(
            path, lambda each: method in methods(each) and any(matches(kind, each.objects) for kind in kinds)
        )

    def _first(self, path: str, accepts: Callable[[Framework], bool]) -> Framework | None:
        return next((each for each in self._frameworks if accepts(each) and self._applies(path, each)), None)

    def adapted(self, path: str) -> Platform | None:
        """The platform behind which an adapter, in whatever file, puts the web application of a file."""
        return self._adapted.get(path)

    def _applies(self, path: str, framework: Framework) -> bool:
        return framework.when == "always" or self._web(path) or (framework.when == "adapted" and path in self._adapted)

    def _handler(
        self, path: str, attribute: str, span: Span, framework: Framework, reason: str, *names: str
    ) -> Handler:
        """A handler of a framework; ``names`` are those under which its table has it."""
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
            copies_context=framework.copies_context,
            replaces_defaults=framework.replaces_defaults,
            durable=framework.durable,
            isolates=framework.isolates,
            entry=framework.entry,
            request=framework.request,
            takes_request=framework.takes_request,
            ends_request=not set(names).isdisjoint(framework.ends_request),
            surrounds=not set(names).isdisjoint(framework.surrounds),
            injected=framework.injects and any(names) and set(names).isdisjoint(framework.registers),
        )

    def _reached(self, starts: Mapping[str, Platform]) -> dict[str, Platform]:
        """Every file that the given ones import, at any distance, with the platform of the first that does."""
        reached, waiting = dict(starts), list(starts)
        while waiting:
            path = waiting.pop()
            for file in self._imported(path):
                if file not in reached:
                    reached[file] = reached[path]
                    waiting.append(file)
        return reached

    def _imported(self, path: str) -> Iterator[str]:
        """The project's files that a file imports."""
        for imported in self._modules.imports_of(path):
            yield from (file for file in imported if file is not None)
        strings = self._files[path].dotted_strings
        for name in sorted(self._leading & strings.keys()):
            for dotted in strings[name]:
                led = self._names.named(path, dotted)
                if led is not None:
                    yield led.path
