"""The frameworks in whose words code declares handlers: data, one table each, in ``models/platforms``."""

from __future__ import annotations

import fnmatch
import tomllib
from collections.abc import Iterable, Mapping
from typing import Final, Literal

import msgspec

from leaklint.ir.handler import Platform

NOT_KNOWN: Final = {
    "hug": "hug",
    "klein": "Klein",
    "nicegui": "NiceGUI",
    "turbogears": "TurboGears",
    "twisted": "Twisted",
}
"""Packages of frameworks whose handlers no table describes, with their names."""


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
    in_classes: bool = False
    """Whether these stand above methods of classes that have no base of the framework, and above such classes."""
    objects: tuple[str, ...] = ()
    """Constructors of the objects whose methods register handlers."""
    registers: tuple[str, ...] = ()
    """Those methods, used as decorators or called with what they register."""
    ends_request: tuple[str, ...] = ()
    """Those of them, and of the methods of ``classes`` and ``names``, that are called when a request ends, whatever has
    become of it."""
    begins_request: dict[str, tuple[str, ...]] = {}
    """Those of them whose functions are called first, whatever is requested, to those whose functions come after."""
    follows_answer: tuple[str, ...] = ()
    """Those whose functions are called, too, where one of those that are called first has given the answer."""
    surrounds: tuple[str, ...] = ()
    """Names under ``registers``, ``takes``, ``names`` and ``classes`` whose functions are called around, or before,
    every handler: middleware."""
    file: str = ""
    """Name of the file in which the platform looks, where methods of objects of unknown origin count too."""
    takes: tuple[str, ...] = ()
    """Functions and constructors that take a handler: ``fastapi.Depends``."""
    methods: tuple[str, ...] = ()
    """Methods that are called on what is given to those under ``registers`` and ``takes``, and on objects of classes
    with one of ``decorators`` above them; patterns: ``on_get*``."""
    injects: bool = False
    """What they take may be a class, of which an object is made for each request."""
    leads_to: tuple[str, ...] = ()
    """Module-level names and functions whose strings name modules that are imported: ``ROOT_URLCONF``, ``include``."""
    names: dict[str, tuple[str, ...]] = {}
    """Module-level names that list classes and functions as strings (``MIDDLEWARE``), each of which is called once and
    gives an object that is kept, to the methods of it that are handlers."""
    lists: tuple[str, ...] = ()
    """Attributes of a class that list handlers, in files that import the framework (``functions`` of a worker)."""
    callables: tuple[str, ...] = ()
    """What makes an object that the platform calls, where a module-level name is bound to it."""
    makes: tuple[str, ...] = ()
    """Methods of the objects that make such an object."""
    classes: dict[str, tuple[str, ...]] = {}
    """Base classes to the methods of subclasses that are handlers, beside those with one of ``decorators``; with ``()``
    behind it, what a method gives is one."""
    copies_context: bool = False
    """Whether a plain function is called in a thread, within a copy of the context."""
    replaces_defaults: bool = False
    """Whether a handler gets something in the place of a default argument: a copy of it, or None."""
    isolates: tuple[str, ...] = ()
    """Contexts of libraries (``sentry``) that each request has one of its own of: the library's integration, which is
    switched on where the framework is installed, sees to that."""
    durable: bool = False
    """Run again from the top after each wait, in a fresh thread."""
    serves: tuple[str, ...] = ()
    """Constructors of the applications that a server serves, which may call a function to make one."""
    application: str = ""
    """Name under which requests get at the one application that serves them: ``flask.current_app``."""
    takes_request: str = ""
    """Class of the first argument of a handler, where that is the request."""
    request: tuple[str, ...] = ()
    """Request data that handlers take from elsewhere than their parameters, in words: ``flask.request``."""
    receiver: Literal["request", "kept"] = "request"
    """Whether objects of those subclasses are made for each request, or once and kept."""
    request_attributes: tuple[str, ...] = ()
    """Attributes of such an object that hold request data."""
    adapters: tuple[str, ...] = ()
    """Functions and classes that put a web application behind the platform."""
    entry: bool = False
    """Whether the platform itself calls its handlers, each apart from the others."""
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


def matches(name: str, patterns: Iterable[str]) -> bool:
    """Whether a name is one of those in a table, which may hold ``*``."""
    return any(name == pattern or ("*" in pattern and fnmatch.fnmatchcase(name, pattern)) for pattern in patterns)


def named_like(names: Iterable[str], patterns: Iterable[str]) -> list[str]:
    """Those of some names that are in a table, sorted."""
    return sorted(name for name in names if matches(name, patterns))
