"""Where the handlers that templates and settings name are in the project, and which of them do not exist."""

from __future__ import annotations

import difflib
import fnmatch
import posixpath
from collections.abc import Container, Iterable, Mapping, Sequence

import msgspec

from leaklint.ir.facts import FileFacts, FunctionFacts
from leaklint.ir.handler import Handler, Platform, Source
from leaklint.ir.location import NOWHERE, Place
from leaklint.link.modules import Modules, dotted_from, holds, is_test, joined, parent
from leaklint.link.names import Names, Own
from leaklint.link.templates.declaration import Declaration

_MOST_COMPARED = 5_000
_RUNS_TEXT = frozenset({"exec", "locals", "vars"})
"""What binds names at module level by other means than statements, where the body of a module calls it."""


class Missing(msgspec.Struct, frozen=True, gc=False):
    """A handler that a template or the settings name, and that does not exist (LK903)."""

    handler: str
    """As written."""
    path: str
    """The template; ``""`` for the settings."""
    line: int
    message: str
    """One sentence, with the likeliest name where there is one."""


class Located(msgspec.Struct, frozen=True, gc=False):
    """A declaration and the file that it means."""

    declaration: Declaration
    path: str
    root: str


def locate(
    declarations: Iterable[Declaration],
    files: Mapping[str, FileFacts],
    modules: Modules,
    wrappers: Container[str] = frozenset(),
) -> tuple[list[Located], list[Missing]]:
    """The file of each declared handler; those that exist nowhere are missing where that is an error.

    ``wrappers`` are handlers of libraries: these come with what is installed.

    A root that the project has decides. Where a template names none, or one that is built elsewhere, the handler is
    looked for below the template's folder, then below each folder above it, up to the first that has such a file; it
    counts if it is the only one there, or lies right where the folder were the root. Several such files all count
    where the template deploys as many packages with that handler.
    """
    folders = _folders(files)
    located: list[Located] = []
    missing: list[Missing] = []
    several: dict[tuple[str, ...], list[Declaration]] = {}
    for each in declarations:
        if each.inline:
            located += [Located(each, each.inline, "")] if each.inline in files and each.attribute else []
            continue
        path = None
        if each.root in folders and each.attribute:
            path = modules.file_at(posixpath.join(each.root or "", each.target))
        if path is not None and binds(files[path], each.attribute):
            located.append(Located(each, path, each.root or ""))
        elif each.expected and each.root in folders and each.handler not in wrappers:
            missing.append(Missing(each.handler, each.template, each.line, _why(each, path, files)))
        elif each.attribute and (each.is_python or "/" in each.target):
            paths = _searched(each, files, modules)
            if len(paths) == 1:
                located.append(_located_at(each, paths[0]))
            elif paths and each.package:
                several.setdefault((each.template, each.attribute, *sorted(paths)), []).append(each)
    for (_, _, *paths), alike in several.items():
        by_package = {each.package: each for each in alike}
        if len(by_package) == len(paths):
            # Nobody knows which package has which file: in the order of their names, they mostly agree.
            located += [
                _located_at(by_package[package], path) for package, path in zip(sorted(by_package), paths, strict=True)
            ]
    return located, missing


def _located_at(each: Declaration, path: str) -> Located:
    root = path.removesuffix(".py").removesuffix("/__init__").removesuffix(each.target).rstrip("/")
    return Located(each, path, root)


def binds(facts: FileFacts, name: str) -> bool:
    """Whether a file binds a name at module level, as far as its outline tells."""
    return (
        name in facts.module_names
        or name in facts.functions
        or name in facts.global_writers
        or "__getattr__" in facts.functions
        or any(fact.name == "*" for fact in facts.imports)
        or _makes_names(facts)
        or (bool(facts.troubles) and not facts.module_names)
    )


def _makes_names(facts: FileFacts) -> bool:
    """Whether a file may bind names at module level that no statement of it shows: ``globals()["run"] = …``."""
    module = facts.functions.get("<module>")
    return (
        (module is not None and not _RUNS_TEXT.isdisjoint(module.calls))
        or any("globals" in function.calls for function in facts.functions.values())
        or "modules" in facts.attributes_read  # setattr(sys.modules[__name__], "run", …)
    )


def handler_of(located: Located, names: Names, files: Mapping[str, FileFacts]) -> Handler:
    """The handler that a located declaration means."""
    each = located.declaration
    return Handler(
        path=located.path,
        attribute=each.attribute,
        module=each.target if each.inline else dotted_from(located.root, located.path),
        platform=each.platform,
        source=Source.TEMPLATE,
        reason=each.reason,
        place=definition_place(located.path, each.attribute, names, files),
        arguments=each.arguments,
        snap_start=each.snap_start,
        durable=each.durable,
        awaited=each.awaited,
    )


def named(
    handlers: Sequence[str], files: Mapping[str, FileFacts], modules: Modules, platform: Platform
) -> tuple[list[Handler], list[Missing]]:
    """The handlers that the settings name: ``pkg.mod:function`` or ``dir/file.py:function``, either part with ``*``."""
    found: list[Handler] = []
    missing: list[Missing] = []
    names = Names(files, modules)
    for written in handlers:
        module, colon, attribute = written.strip().rpartition(":")
        matching = [
            Handler(
                path=path,
                attribute=name,
                module=modules.dotted(path),
                platform=platform,
                source=Source.SETTING,
                reason=f"named in the settings as {written}",
                place=definition_place(path, name, names, files),
                receiver="request" if _is_method(files[path], name) else "",
            )
            for path in (_files_named(module, files, modules) if colon else ())
            for name in _names_like(files[path], attribute)
        ]
        found += matching
        if not matching:
            missing.append(Missing(written, "", 0, _why_unnamed(written, module, attribute, files, modules)))
    return found, missing


def _is_method(facts: FileFacts, name: str) -> bool:
    """Whether a name is that of a method: whoever calls it has an object, of which nobody knows how long it is kept."""
    function = facts.functions.get(name)
    if function is None or function.in_class is None:
        return False
    return not {"classmethod", "staticmethod"}.intersection(function.decorators)


def definition_place(path: str, name: str, names: Names, files: Mapping[str, FileFacts]) -> Place:
    """The place of the function or class that a name leads to, else of the name's first binding in the file."""
    target = names.definition(path, name)
    if isinstance(target, Own):
        facts = files[target.path]
        function = last_definition(facts, target.name) or facts.functions.get(facts.bound_calls.get(target.name, ""))
        if function is not None:
            return Place(target.path, function.name_span)
        if target.name in facts.classes:
            return Place(target.path, facts.classes[target.name].name_span)
    return Place(path, files[path].module_names.get(name.partition(".")[0], NOWHERE))


def last_definition(facts: FileFacts, name: str) -> FunctionFacts | None:
    """The last of the functions that one scope defines under one name."""
    found = facts.functions.get(name)
    number = 2
    while (later := facts.functions.get(f"{name}#{number}")) is not None:
        found = later
        number += 1
    return found


def _searched(each: Declaration, files: Mapping[str, FileFacts], modules: Modules) -> list[str]:
    """The files that a handler may be in whose root is not known; where it is one, that is it."""
    anywhere = [
        path
        for suffix in (f"{each.target}.py", f"{each.target}/__init__.py")
        for path in modules.ending(suffix)
        if not is_test(path) and binds(files[path], each.attribute)
    ]
    folder = each.template
    while folder and anywhere:
        folder = parent(folder)
        direct = modules.file_at(posixpath.join(folder, each.target))
        below = [direct] if direct in anywhere else [path for path in anywhere if holds(folder, path)]
        if below:
            return below
    return []


def _files_named(module: str, files: Mapping[str, FileFacts], modules: Modules) -> list[str]:
    is_path = "/" in module or module.endswith(".py")
    place = module.removeprefix("./").removesuffix(".py") if is_path else module.replace(".", "/")
    if "*" in place or "?" in place:
        return sorted(
            path
            for path in files
            if fnmatch.fnmatchcase(path.removesuffix(".py").removesuffix("/__init__"), place) and not is_test(path)
        )
    exact = [modules.file_at(joined(root, place)) for root in ("", *modules.roots)]
    if any(exact):
        return [next(filter(None, exact))]
    ending = [*modules.ending(f"{place}.py"), *modules.ending(f"{place}/__init__.py")]
    return ending if len(ending) == 1 else []


def _names_like(facts: FileFacts, attribute: str) -> list[str]:
    if "*" in attribute or "?" in attribute:
        return sorted(name for name in facts.functions if name.isidentifier() and fnmatch.fnmatchcase(name, attribute))
    return [attribute] if binds(facts, attribute.partition(".")[0]) else []


def _why(each: Declaration, path: str | None, files: Mapping[str, FileFacts]) -> str:
    if not each.attribute:
        return f"{each.handler!r} names no function: a handler is written 'module.function'"
    if path is not None:
        return f"{path} has no {each.attribute!r}{_guess(each.attribute, files[path].module_names)}"
    below = [dotted_from(each.root or "", file) for file in sorted(files) if holds(each.root or "", file)]
    where = f"below {each.root}" if each.root else "at the project root"
    module = each.target.replace("/", ".")
    return f"there is no module {module!r} {where}{_guess(module, below)}"


def _why_unnamed(written: str, module: str, attribute: str, files: Mapping[str, FileFacts], modules: Modules) -> str:
    if not module or not attribute:
        return f"a handler is named as 'package.module:function' or 'folder/file.py:function', not as {written!r}"
    paths = _files_named(module, files, modules)
    if paths:
        return f"{paths[0]} has no {attribute!r}{_guess(attribute, files[paths[0]].module_names)}"
    is_path = "/" in module or module.endswith(".py")
    known = sorted(files) if is_path else [modules.dotted(path) for path in sorted(files)]
    return f"there is no module {module!r}{_guess(module, known)}"


def _guess(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known)[:_MOST_COMPARED], n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _folders(files: Iterable[str]) -> frozenset[str]:
    """Every folder with a Python file somewhere below it."""
    found = {""}
    for path in files:
        folder = parent(path)
        while folder not in found:
            found.add(folder)
            folder = parent(folder)
    return frozenset(found)
