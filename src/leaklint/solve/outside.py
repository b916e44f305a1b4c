"""What is looked at of code that no handler reaches: found out when it is first asked for."""

from __future__ import annotations

from functools import cached_property

from leaklint.link.library import Library
from leaklint.link.program import Program
from leaklint.models.load import Models
from leaklint.solve.anywhere import Suspect, droppers, scripts
from leaklint.solve.giving import Giving


class Outside:
    """The parts of a program that matter though no handler reaches them."""

    def __init__(self, program: Program, models: Models, library: Library) -> None:
        self._program = program
        self._models = models
        self._library = library

    @cached_property
    def _dropping(self) -> tuple[list[Suspect], Giving | None]:
        return droppers(self._program, self._models, self._library)

    @property
    def suspects(self) -> list[Suspect]:
        """The functions that may drop something asynchronous."""
        return self._dropping[0]

    @property
    def giving(self) -> Giving | None:
        """Which calls may give something asynchronous; None where nothing is."""
        return self._dropping[1]

    @cached_property
    def registering(self) -> list[str]:
        """The files that may register handlers when they are imported."""
        registrars = self._program.registrars
        return registrars.registering(self._program.files) if registrars is not None else []

    @cached_property
    def _scripts(self) -> frozenset[str]:
        return scripts(self._program, self.suspects, self.registering)

    def runs_as_script(self, path: str) -> bool:
        """Whether it matters what a file does only where it is run as a script."""
        return path in self._scripts
