"""The program: all files of a project, linked by name.

Nothing is solved here. A program answers who a name means, as far as that can be read off the outlines, and hands out
the bodies of functions on demand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from leaklint.ir.cfg import Body
from leaklint.ir.facts import ClassFacts, FileFacts, FunctionFacts
from leaklint.ir.handler import Handler
from leaklint.link.decorators import Declared
from leaklint.link.modules import Modules

Bodies = Callable[[str, str], Body]
"""Gives the control-flow graph of a function by module path and qualified name."""


@dataclass(frozen=True, slots=True)
class Program:
    """The files of a project by path, how they import each other, and the handlers declared in or for them."""

    files: Mapping[str, FileFacts]
    bodies: Bodies
    modules: Modules
    handlers: Sequence[Handler] = ()
    candidates: Sequence[Handler] = ()
    """Module-level names that may be handlers; what they are bound to decides."""
    registrars: Declared | None = None
    """Which functions of frameworks take handlers."""
    placed: Callable[[Handler], Handler] = field(default=lambda handler: handler)
    """The handler with what the settings say of its platform."""
    reported: Callable[[str], bool] = field(default=lambda _path: True)
    """Whether findings in a file are wanted (not in bundled libraries)."""

    sketch: Callable[[str, str], Body | None] | None = None
    """Gives a graph without taking note of it where it cannot be made; None then."""

    def understood(self, path: str, name: str) -> Body | None:
        """The control-flow graph of a function, for a look only; None where it cannot be analysed."""
        return self.sketch(path, name) if self.sketch is not None else self.bodies(path, name)

    def function(self, identity: str) -> FunctionFacts | None:
        """The facts of a function by ``path::qualified name``."""
        path, _, name = identity.partition("::")
        return self.files[path].functions.get(name) if path in self.files else None

    def class_(self, identity: str) -> ClassFacts | None:
        """The facts of a class by ``path::qualified name``."""
        path, _, name = identity.partition("::")
        return self.files[path].classes.get(name) if path in self.files else None

    def body(self, identity: str) -> Body:
        """The control-flow graph of a function."""
        path, _, name = identity.partition("::")
        return self.bodies(path, name)
