"""Zappa settings: the web application, scheduled functions and hooks of each stage."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator

import msgspec

from leaklint.link.templates.declaration import Declaration, Said, Tree, beside, split_handler
from leaklint.link.templates.document import Node, Unreadable, read_documents

NAME = re.compile(r"(^|/)zappa_settings\.(json|toml|ya?ml)$")


_NAMED = (("app_function",), ("django_settings",), ("exception_handler",), ("authorizer", "function"))

_ARGUMENTS = {"exception_handler": 3}
"""Those that are not called with an event and a context alone: the exception comes before them."""


def read(path: str, tree: Tree) -> Said:
    """The functions that the stages name."""
    declarations: dict[str, Declaration] = {}
    for line, kind, handler in (
        _toml(path, tree.texts[path]) if path.endswith(".toml") else _named(tree.documents(path))
    ):
        parts = split_handler(handler)
        if parts and handler not in declarations:
            is_settings = kind == "django_settings"
            found = Declaration(
                template=path,
                line=line,
                reason=f"{kind} in {path}, line {line}",
                handler=handler,
                # Django's settings have the root of all routes beside them, unless they say otherwise.
                target=f"{parts[0]}/urls" if is_settings else parts[0],
                attribute="urlpatterns" if is_settings else parts[1],
                root=beside(path, "."),
                expected=not is_settings,
                is_python=not is_settings,
                is_entry=not is_settings,
                arguments=_ARGUMENTS.get(kind, 2),
                is_application=kind in ("app_function", "django_settings"),
            )
            declarations[handler] = found
            if is_settings:
                # What they say otherwise, and the middlewares, stand in the settings themselves.
                own = "/".join(parts)
                declarations[f"{handler} itself"] = msgspec.structs.replace(found, target=own, attribute="MIDDLEWARE")
    return Said(tuple(declarations.values()))


def _named(documents: list[Node]) -> Iterator[tuple[int, str, str]]:
    """Line, setting and value of each setting that names a function."""
    for document in documents:
        for _, _, stage in document.items():
            events = stage.find("events")
            found = [(keys[0], stage.find(*keys)) for keys in _NAMED]
            found += [("event", each.find("function")) for each in (events.elements if events else ())]
            yield from ((node.line, kind, node.text) for kind, node in found if node and node.string)


def _toml(path: str, text: str) -> Iterator[tuple[int, str, str]]:
    """The same from TOML, whose lines are those on which the values stand."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"line (\d+), column (\d+)", str(error))
        broken = Unreadable.at(int(place[1]) if place else 1, int(place[2]) if place else 1, "not valid TOML")
        broken.path = path
        raise broken from None
    for _, kind, value in _named(read_documents(json.dumps(tables, default=str))):
        yield text.count("\n", 0, max(text.find(value), 0)) + 1, kind, value
