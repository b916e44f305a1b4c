"""Handlers: functions that a platform calls once per event in a process that it reuses."""

from __future__ import annotations

import enum
from typing import Literal

import msgspec

from leaklint.ir.location import Place


class Platform(enum.StrEnum):
    """Who calls the handler; it decides what becomes of work that is left at return."""

    AWS_LAMBDA = "aws-lambda"
    AWS_LAMBDA_MANAGED = "aws-lambda-managed"
    GOOGLE = "gcp"
    AZURE = "azure"
    WEB = "web"
    UNKNOWN = "unknown"


class Source(enum.StrEnum):
    """How a handler became known; all but ``GUESS`` and ``NAME`` are declarations."""

    TEMPLATE = "template"
    SETTING = "setting"
    DECORATOR = "decorator"
    NAME = "name"
    """A function called ``lambda_handler`` with two parameters."""
    GUESS = "guess"
    """A signature that looks like a handler's."""
    PUBLIC = "public"
    """A public function under ``scope = "all"``."""


class Handler(msgspec.Struct, frozen=True, gc=False):
    """A handler: the module-level name that the platform looks up, and why it is taken for one."""

    path: str
    """File that binds the name, relative to the project root."""
    attribute: str
    """The module-level name (dotted for an attribute of an object)."""
    module: str
    """Dotted module name as the platform would import it."""
    platform: Platform
    source: Source
    reason: str
    """One sentence: which template and line, which decorator, or why the signature was taken for a handler."""
    place: Place
    """Of the definition that the name leads to, as far as the outline tells."""
    snap_start: bool = False
    awaited: bool = False
    """Whether the platform awaits what the handler returns, so that an ``async def`` runs."""

    durable: bool = False
    """Run again from the top after each wait, in a fresh thread (AWS Lambda's durable functions)."""
    copies_context: bool = False
    """A plain function is called in a thread, within a copy of the context (the routes of FastAPI)."""
    replaces_defaults: bool = False
    """Its framework gives it something in the place of a default: a copy of it (FastAPI), or None (Slack Bolt)."""
    isolates: tuple[str, ...] = ()
    """Contexts of libraries of which each call has one of its own: their integration with its framework does that."""
    ends_request: bool = False
    """Called when a request ends, whatever has become of it: it undoes what the others have done."""
    entry: bool = False
    """The platform itself calls it, whatever decorates it: no other handler is called beside it."""
    registered: str = ""
    """By which method of which object its framework got to know it (``app.route``), or of one that it is not known
    under which name (``route``)."""
    comes_before: tuple[str, ...] = ()
    """Called before each handler that its framework got to know by one of these: ``app.route``."""
    follows_answer: bool = False
    """Called, too, where one that comes before the others has given the answer itself, so that the rest is left out."""
    surrounds: bool = False
    """Called around, or before, every handler of its framework: middleware."""
    injected: bool = False
    """Called before those handlers of its framework that ask for it, or whose application or router does."""
    arguments: int = 2
    """How many arguments a platform passes that looks handlers up by name."""
    receiver: Literal["", "request", "kept"] = ""
    """For a method: whether its object is made for each request, or once and kept; ``""`` where it is bound already."""
    of_classes: tuple[str, ...] = ()
    """For a method: the classes that inherit it, on whose objects it is called too: ``path::Class``."""
    request: tuple[str, ...] = ()
    """What it takes as request data, in words: its parameters, and what a framework passes beside them."""
    takes_request: str = ""
    """Class of its first argument, where that is the request."""
    request_attributes: tuple[str, ...] = ()
    """Attributes of that object that hold request data (``request`` of a view)."""

    @property
    def label(self) -> str:
        """``module:function``, as settings name it."""
        return f"{self.module}:{self.attribute}"

    @property
    def declared(self) -> bool:
        """Whether a template, a decorator or a setting says so, or the reserved name does."""
        return self.source not in (Source.GUESS, Source.PUBLIC)
