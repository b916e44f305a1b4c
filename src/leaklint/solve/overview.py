"""What solving learns of a program: the files that it comes to, and answers about the program as a whole.

Solving reads a file only when something leads it there. Few questions are about all files: which functions may drop
something asynchronous, whether any file reads an attribute of a name. An ``Overview`` answers those, and takes note of
every answer and of every file that is read. What names may mean rests on the list of files, too, by which, as by the
handlers, a part is known (``leaklint.pipeline.parts``): what is solved rests on nothing else. Where a later run reads
the same files unchanged and would get the same answers, it would come to the same end.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Final, NoReturn, TypeVar

from leaklint.ir.facts import FileFacts, FunctionFacts, Parameter
from leaklint.ir.handler import Handler
from leaklint.ir.location import NOWHERE
from leaklint.link.library import Library
from leaklint.link.modules import is_test
from leaklint.link.names import brought_from
from leaklint.link.program import Program
from leaklint.models.load import Models
from leaklint.solve.anywhere import Dropping, Suspect, droppers, scripts
from leaklint.solve.denoted import Kinds
from leaklint.solve.implementing import Class, Implementing
from leaklint.solve.unmoved import Rests, Unmoved

Question = tuple[str, ...]
"""One of ``QUESTIONS``, and what it is asked for."""
QUESTIONS: Final = frozenset(
    {
        "dependency",
        "factories",
        "functions",
        "gives_back",
        "has_asynchronous",
        "injects",
        "is_imported",
        "is_only_said",
        "is_read",
        "is_starred",
        "listing",
        "only",
        "only_functions",
        "quiet",
        "registered",
        "registering",
        "result",
        "runs_as_script",
        "suspects",
        "with_context_variables",
    }
)
"""The methods of ``Overview`` that are questions about a program as a whole."""
ABOUT_ASYNCHRONOUS: Final = frozenset(
    {
        "functions",
        "gives_back",
        "has_asynchronous",
        "is_only_said",
        "only_functions",
        "result",
        "runs_as_script",
        "suspects",
    }
)
"""Those of which ``droppers`` decides."""
_DIGEST_SIZE: Final = 12
_Answer = TypeVar("_Answer")


class Seen(dict[str, FileFacts]):
    """The files of a program, of which only those are in here that have been read so far."""

    def __init__(self, files: Mapping[str, FileFacts]) -> None:
        super().__init__()
        self._files = files

    def __missing__(self, path: str) -> FileFacts:
        found = self[path] = self._files[path]
        return found

    def __contains__(self, path: object) -> bool:
        return path in self._files

    def get(self, path: str, default: Any = None) -> Any:
        """The facts of a file, which is read by that."""
        return self[path] if path in self._files else default

    def read(self, path: str) -> None:
        """Takes note of a file."""
        self.get(path)

    def _all(self) -> NoReturn:
        raise TypeError("what is asked about all files is asked of an Overview")

    __iter__ = __len__ = items = keys = values = _all

    @property
    def paths(self) -> tuple[str, ...]:
        """The files that have been read."""
        return tuple(sorted(super().keys()))


class Overview:
    """A program as a whole; each answer is remembered."""

    def __init__(self, program: Program, models: Models, library: Library) -> None:
        self.whole = program
        """The program without taking note: for what is not solved from."""
        self.seen = Seen(program.files)
        self.program = replace(program, files=self.seen)
        """The program as solving reads it."""
        self.library = library
        self._models = models
        self._implementing = Implementing(program)
        self._answers: dict[Question, Any] = {}
        self._brought: dict[tuple[str, str], str | None] = {}

    def answers(self) -> list[tuple[Question, bytes]]:
        """All questions that have been asked, in their order, and what the answers are known by."""
        return [(question, _known_by(answer)) for question, answer in self._answers.items()]

    def holds(
        self,
        answers: Sequence[tuple[Question, bytes]],
        rests: Rests | None = None,
        before: Mapping[str, FileFacts | None] | None = None,
    ) -> bool:
        """Whether all these questions are answered as they were.

        They are asked in their order up to the first that is not: as solving would ask them. Whoever has written them
        down may have written anything. ``before`` are the outlines, where they are known, of all files that have been
        edited since: where no answer about something asynchronous can have changed by that, none is asked for.
        """
        spared = ABOUT_ASYNCHRONOUS if rests is not None and self._stay(rests, before) else frozenset()
        try:
            return all(
                name in QUESTIONS and (name in spared or _known_by(getattr(self, name)(*about)) == known)
                for (name, *about), known in answers
            )
        except (KeyError, TypeError, ValueError):
            return False

    def _stay(self, rests: Rests, before: Mapping[str, FileFacts | None] | None) -> bool:
        """Whether edits leave the answers about something asynchronous as they were."""
        unmoved = Unmoved(rests, self._models, self.library, self.whole, self._starred.__contains__)
        return before is not None and all(
            facts is not None and unmoved.by(path, facts, self.whole.files[path]) for path, facts in before.items()
        )

    def rests(self) -> Rests | None:
        """What the answers about something asynchronous rest on, if any has been asked for."""
        return self._dropping.rests() if "_dropping" in vars(self) else None

    def afresh(self) -> Overview:
        """The same, as if nothing had been read and asked yet."""
        other = copy.copy(self)
        other.seen = Seen(self.whole.files)
        other.program = replace(self.whole, files=other.seen)
        other._answers = {}
        other._brought = {}
        return other

    def _noted(self, question: Question, find: Callable[[], _Answer]) -> _Answer:
        if question not in self._answers:
            self._answers[question] = find()
        found: _Answer = self._answers[question]
        return found

    # -------------------------------------------------------------------------------------------------------- handlers
    def quiet(self) -> dict[Handler, FunctionFacts | None]:
        """The handlers that can do nothing (see ``leaklint.solve.inert``)."""
        from leaklint.solve.inert import inert  # it knows the world, which knows this

        program = self.whole
        asked = [*program.handlers, *program.candidates]
        return self._noted(("quiet",), lambda: dict(inert(program, self._models, self.library, asked)))

    def registering(self) -> list[str]:
        """The files that may register handlers when they are imported."""
        return self._noted(("registering",), lambda: self._registering)

    @cached_property
    def _registering(self) -> list[str]:
        registrars = self.whole.registrars
        return registrars.registering(self.whole.files) if registrars is not None else []

    def factories(self) -> list[tuple[str, str]]:
        """Path and name of the functions that only a server calls, to make an application."""
        registrars = self.whole.registrars
        return self._noted(
            ("factories",),
            lambda: (
                [each for each in registrars.factories if each[0] in self.whole.files] if registrars is not None else []
            ),
        )

    def listing(self, path: str) -> tuple[str, ...]:
        """The attributes of classes in a file that list handlers (see ``Declared.listing``)."""
        registrars = self.whole.registrars
        return self._noted(("listing", path), lambda: registrars.listing(path) if registrars is not None else ())

    def registered(self, registrar: str, path: str, name: str) -> Handler | None:
        """The handler that a function becomes by being handed to a registrar."""

        def found() -> Handler | None:
            registrars, function = self.whole.registrars, self.whole.function(f"{path}::{name}")
            return registrars.registered(registrar, path, function) if registrars and function else None

        return self._noted(("registered", registrar, path, name), found)

    def injects(self, path: str, callee: str) -> bool:
        """Whether a framework calls what a call of this name is given, and hands over what it gives."""
        registrars = self.whole.registrars
        return self._noted(
            ("injects", path, callee), lambda: registrars is not None and registrars.injects(path, callee)
        )

    def dependency(self, path: str, annotation: str, default: str) -> tuple[str, str] | None:
        """What a framework calls for a parameter, as its annotation says, or a default value that names nothing."""
        registrars, parameter = (
            self.whole.registrars,
            Parameter("", "either", NOWHERE, annotation=annotation, default=default, default_names_nothing=True),
        )
        return self._noted(
            ("dependency", path, annotation, default),
            lambda: registrars.dependency(path, parameter) if registrars is not None else None,
        )

    # --------------------------------------------------------------------------------------------------------- imports
    def import_name(self, importer: str, module: str, name: str, level: int) -> tuple[str, str] | str | None:
        """What ``from module import name`` means (see ``Modules.import_name``); a package that may bind it is read."""
        found = self.whole.modules.import_name(importer, module, name, level)
        if isinstance(found, str) and (package := self.whole.modules.resolve(importer, module, level)) is not None:
            self.seen.read(package)
        return found

    def brought_from(self, path: str, name: str) -> str | None:
        """The file from which star imports bring a name into a file; those between are read."""
        if (path, name) not in self._brought:
            self._brought[path, name] = brought_from(self.seen, self.whole.modules, path, name)
        return self._brought[path, name]

    def loaded_with(self, path: str) -> frozenset[str]:
        """The files that run when a file is imported, which are read."""
        found = self.whole.modules.loaded_with(path)
        for each in found:
            self.seen.read(each)
        return found

    # ----------------------------------------------------------------------------------------------- all files at once
    def is_read(self, attribute: str) -> bool:
        """Whether any file reads an attribute of this name."""
        return self._noted(("is_read", attribute), lambda: attribute in self._attributes_read)

    @cached_property
    def _attributes_read(self) -> frozenset[str]:
        return frozenset().union(*(each.attributes_read for each in self.whole.files.values()))

    def is_read_variable(self, path: str, name: str) -> bool:
        """Whether any file may read a variable of a module; of one in another part that is not known."""
        if path not in self.whole.files or name not in self.seen[path].unread:
            return True
        return self.is_read(name) or self.is_imported(name) or self.is_starred(path)

    def is_starred(self, path: str) -> bool:
        """Whether a star import brings all names of a file into another one."""
        return self._noted(("is_starred", path), lambda: path in self._starred)

    @cached_property
    def _starred(self) -> frozenset[str | None]:
        resolve = self.whole.modules.resolve
        return frozenset(
            resolve(path, fact.module, fact.level)
            for path, facts in self.whole.files.items()
            for fact in facts.imports
            if fact.name == "*"
        )

    def is_imported(self, *names: str) -> bool:
        """Whether any file imports one of these names."""
        files = self.whole.files.values()
        return self._noted(
            ("is_imported", *names), lambda: any(fact.name in names for facts in files for fact in facts.imports)
        )

    def with_context_variables(self) -> list[str]:
        """The files outside the tests that may make context variables, in their order."""
        files = self.whole.files.items()
        return self._noted(
            ("with_context_variables",),
            lambda: [
                path
                for path, facts in files
                if any(fact.module == "contextvars" for fact in facts.imports) and not is_test(path)
            ],
        )

    def only(self, owner: str, name: str) -> Class | None:
        """The class that alone implements an abstract method of a class."""
        return self._noted(("only", owner, name), lambda: self._implementing.only(owner, name))

    def runs_as_script(self, path: str) -> bool:
        """Whether it matters what a file does only where it is run as a script."""
        return self._noted(("runs_as_script", path), lambda: path in self._scripts)

    @cached_property
    def _scripts(self) -> frozenset[str]:
        return scripts(self.whole, self._dropping.suspects, self._registering)

    # --------------------------------------------------------------------------------------------- outside of handlers
    def suspects(self) -> list[Suspect]:
        """The functions that may drop something asynchronous."""
        return self._noted(("suspects",), lambda: self._dropping.suspects)

    @cached_property
    def _dropping(self) -> Dropping:
        return droppers(self.whole, self._models, self.library)

    def has_asynchronous(self) -> bool:
        """Whether anything in the program is asynchronous; what follows is asked only then."""
        return self._noted(("has_asynchronous",), lambda: self._dropping.giving is not None)

    def gives_back(self, identity: str) -> bool:
        """Whether a function may give back something asynchronous (see ``Giving``)."""
        giving = self._dropping.giving
        return self._noted(("gives_back", identity), lambda: giving is None or giving.gives_back(identity))

    def result(self, identity: str) -> Kinds:
        """What a function returns, or what awaiting it gives."""
        giving = self._dropping.giving
        return self._noted(("result", identity), lambda: giving.result(identity) if giving is not None else frozenset())

    def is_only_said(self, class_: str) -> bool:
        """Whether an object that is said to be of a class may be of another one."""
        giving = self._dropping.giving
        return self._noted(("is_only_said", class_), lambda: giving is None or giving.is_only_said(class_))

    def functions(self, path: str, function: str, text: str) -> list[str]:
        """The plain functions of the project that a text may call, as far as they give something asynchronous."""
        giving, facts = self._dropping.giving, self.whole.files[path].functions[function]
        return self._noted(
            ("functions", path, function, text),
            lambda: giving.functions(path, facts, text) if giving is not None else [],
        )

    def only_functions(self, path: str, function: str, text: str) -> list[str]:
        """The functions of the project that a text may call; empty where it may call anything else."""
        giving, facts = self._dropping.giving, self.whole.files[path].functions[function]
        return self._noted(
            ("only_functions", path, function, text),
            lambda: giving.only_functions(path, facts, text) if giving is not None else [],
        )


def _known_by(answer: Any) -> bytes:
    return hashlib.blake2b(repr(_plain(answer)).encode("utf-8", "surrogateescape"), digest_size=_DIGEST_SIZE).digest()


def _plain(answer: Any) -> Any:
    """An answer in an order of its own: that of a set changes from run to run."""
    if isinstance(answer, frozenset):
        return sorted(map(_plain, answer))
    if isinstance(answer, tuple | list):
        return tuple(map(_plain, answer))
    return answer
