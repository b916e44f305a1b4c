"""Verbs: by which plain names something may be called that has an effect, as the rows of packages say.

A program that calls nothing by such a name does nothing through libraries that a rule judges, whatever its objects
are. This is read off the texts of the rows without parsing them, key by key. What is said of a name holds for all that
is called so, whichever class it belongs to; of a key that is not known here, the worst is assumed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Final

import msgspec

_KEY: Final = re.compile(r"(?m)^([a-z-]+) = ")
_MENTIONED: Final = re.compile(r'"(\w+)\.[\w.<>]+"')
_WORD: Final = re.compile(r"\w+")
_WORK: Final = re.compile(r'work = "([a-z ]+)"')
_LATER: Final = re.compile(r'moment = "(?:work|later|loop|startup)"|loop = ')
_CALLABLE: Final = re.compile(r'callable = "([^"]+)"')
_STORES: Final = re.compile(r"(?m)^stores = .*$")
_FIELD: Final = re.compile(r'\.(\w+)[\[\]]*"? = ')
_COROUTINES: Final = re.compile(r"(?ms)^coroutines = \[(.*?)\]")
_ALIAS: Final = re.compile(r'(?m)^alias-of = "(\w+)(.*)"$')
_ITERATOR: Final = re.compile(r'(?m)^type = "(?:collections\.abc\.Iterator|io\..*)"$')
_INSTANCE: Final = re.compile(r'(?m)^instance-of = "(.*)"$')
_SELF: Final = re.compile(r"\bself\b")
_PLAIN: Final = re.compile(r'(?m)^type = "builtins\.(?:bool|bytes|float|int|str)"$')
_PLAIN_CLASSES: Final = frozenset(f"builtins.{each}" for each in ("bool", "bytes", "float", "int", "str"))
_CHANGED: Final = re.compile(r'(?m)^(?:mutates = \{ "?(\w+).*|closes = \["(\w+).*)$')
_SEVERAL: Final = re.compile(r"(?m)^(?:mutates|closes) = .*$")
_FACTORY: Final = "default_factory"
"""The attribute in which what makes missing elements is."""
_HARMLESS: Final = frozenset(
    {
        "alias-of",
        "always-bounded",
        "attributes",
        "bases",
        "begins-with",
        "bounded-by",
        "class",
        "constant",
        "consumes",
        "copies-defaults",
        "decorators",
        "drained",
        "drains",
        "duration",
        "empty-of",
        "empty-state",
        "empty-when",
        "ended-by",
        "ended-each",
        "ended-of",
        "ended-when",
        "handle",
        "heeds",
        "instance-of",
        "key",
        "lists",
        "loop-bound",
        "never-returns",
        "none-without",
        "on-loop-of",
        "outside",
        "params",
        "per-request",
        "reads",
        "request",
        "request-data",
        "restores",
        "safe",
        "settles",
        "shell",
        "snapshot-unless-given",
        "static",
        "tells-file",
        "tells-folder",
        "times-out",
        "type",
        "types",
        "wakes",
        "weak",
        "writes-down",
    }
)
"""Keys that say nothing of what a call does that a rule judges, or only together with another key."""
_CHANGING: Final = frozenset({"changes", "closes", "mutates"})
_GIVING: Final = frozenset(
    {"awaited", "copies", "elements", "invokes", "overrides", "pairs", "parts", "returns", "stores"}
)
_TREATED: Final = (
    _HARMLESS
    | _CHANGING
    | _GIVING
    | {"closeable", "coroutines", "invokes", "iterator", "opens", "process", "snapshot", "stores"}
)


class Verbs(msgspec.Struct, frozen=True):
    """Plain names of functions, methods and classes, by what calling them may do."""

    acting: frozenset[str] = frozenset()
    """Something that may be judged whatever it is called with."""
    changing: frozenset[str] = frozenset()
    """It changes, or closes, its receiver."""
    changing_given: frozenset[str] = frozenset()
    """It changes, or closes, an argument."""
    giving: frozenset[str] = frozenset()
    """What it gives may be, or hold, its receiver, an argument, or what is in one of these."""
    keeping: frozenset[str] = frozenset()
    """Its receiver, or an argument, holds another one afterwards."""
    caching: frozenset[str] = frozenset()
    """It puts a cache around a function."""
    calling: frozenset[str] = frozenset()
    """It calls an argument."""
    called: frozenset[str] = frozenset()
    """Methods that are called on objects that were handed over before."""
    called_later: frozenset[str] = frozenset()
    """Those that are called elsewhere, at some time."""
    answering: frozenset[str] = frozenset()
    """It gives an object of which such a method does something that may be judged."""
    supplying: frozenset[str] = frozenset()
    """It gives a container that makes what is missing when it is read."""
    filing: frozenset[str] = frozenset()
    """It makes a file, wherever its arguments say."""
    dating: frozenset[str] = frozenset()
    """It gives a new value each time."""
    running_out: frozenset[str] = frozenset()
    """It gives an iterator."""
    plain: frozenset[str] = frozenset()
    """It gives a text or a number; so does all else that is called so."""
    plain_or_given: frozenset[str] = frozenset()
    """It gives one of these, or an argument."""
    objects: frozenset[str] = frozenset()
    """What is an object in a module of a library, and neither function nor class."""
    texts: frozenset[str] = frozenset()
    """Objects of libraries in which only texts are."""


class VerbsOfPackages:
    """The verbs of packages: of each what its own rows say, and those of the packages that they mention."""

    def __init__(self, texts: Mapping[str, str], own: Collection[str]) -> None:
        """``texts`` are those of all rows by name; of the project's ``own`` ones only the names are looked at."""
        self._own = frozenset(name.rpartition(".")[2] for name in own)
        self._texts = texts
        self._in_package: dict[str, list[str]] = {}
        for name in texts:
            self._in_package.setdefault(name.partition(".")[0], []).append(name)
        self._stored: frozenset[str] | None = None
        self._callables: frozenset[str] | None = None
        self._single: dict[str, tuple[dict[str, set[str]], set[str]]] = {}
        self._known: dict[frozenset[str], Verbs] = {}

    def of(self, packages: frozenset[str] | None) -> Verbs:
        """What calls may do by whose plain names, where these packages are imported; None for all."""
        packages = frozenset(self._in_package if packages is None else packages.intersection(self._in_package))
        known = self._known.get(packages)
        if known is None:
            pending, seen = list(packages), set(packages)
            found: dict[str, set[str]] = {}
            while pending:
                verbs, mentioned = self._of(pending.pop())
                for kind, names in verbs.items():
                    found.setdefault(kind, set()).update(names)
                pending += mentioned - seen
                seen |= mentioned
            found["acting"] = found.get("acting", set()) | self._own
            other = found.pop("other", set()) | found["acting"]
            for kind in ("plain", "plain_or_given"):
                found[kind] = found.get(kind, set()) - other
            known = self._known[packages] = Verbs(**{kind: frozenset(names) for kind, names in found.items()})
        return known

    def _of(self, package: str) -> tuple[dict[str, set[str]], set[str]]:
        """The names by what they do, and the packages that are mentioned."""
        known = self._single.get(package)
        if known is None:
            found: dict[str, set[str]] = {}
            rows = [(name, self._texts[name]) for name in self._in_package[package]]
            whole = "\n".join(text for _, text in rows)
            for name, text in rows:
                for kind, names in self._verbs(name, text, whole):
                    found.setdefault(kind, set()).update(names)
            mentioned = {each for each in set(_MENTIONED.findall(whole)) if each in self._in_package}
            known = self._single[package] = found, mentioned
        return known

    def _verbs(self, name: str, text: str, whole: str) -> Iterable[tuple[str, Iterable[str]]]:
        """What the text of a row says that a function does (``acting``), and by which plain names it is called."""
        alias = _ALIAS.search(text)
        text = self._texts.get("".join(alias.groups()), text) if alias else text
        keys = set(_KEY.findall(text))
        last = (name.rpartition(".")[2],)
        acts = not keys <= _TREATED
        if "coroutines" in keys:
            for listed in _COROUTINES.findall(text):
                yield "acting", _WORD.findall(listed)
        if "opens" in keys:
            works = _WORK.findall(text.partition("opens = ")[2])
            if all(each == "file" for each in works) and "temporary = " not in text and "new-name = " not in text:
                yield "filing", last
            else:
                acts = True
        if "process" in keys:
            if _only_of_the_process(name.rpartition(".")[0], whole):
                yield "changing", last
            else:
                acts = True
        later = "invokes" in keys and _LATER.search(text) is not None
        for term in _CALLABLE.findall(text) if "invokes" in keys else ():
            field = term.rpartition(".")[2]
            if field != term and field.isidentifier() and field not in self._fields():
                yield "called_later" if later else "called", (field,)
                if not later:  # what that method changes
                    yield "changing" if term.startswith("self.") else "changing_given", last
            else:
                yield "calling", last
                acts = acts or later
        if acts:
            yield "acting", last
        if "cached" in keys:
            yield "caching", last
        if acts and last[0] in self._called():
            yield "answering", self._leading_to(name.rpartition(".")[0])
        if f".{_FACTORY}" in text and "stores" in keys:
            yield "supplying", last
        if not _CHANGING.isdisjoint(keys):
            yield "changing" if _changes_itself(text) else "changing_given", last
        if not _GIVING.isdisjoint(keys):
            yield "giving", last
        if "stores" in keys:
            yield "keeping", last
        if "snapshot" in keys:
            yield "dating", last
        if "iterator" in keys or _ITERATOR.search(text):
            yield "running_out", last
        kind = _INSTANCE.search(text)
        if kind is not None:
            yield "objects", last
        if kind is not None and _PLAIN.search(self._texts.get(f"{kind[1]}.get", "")):
            yield "texts", last
        if name in _PLAIN_CLASSES or _PLAIN.search(text):
            given = [*keys & _GIVING]
            if not given:
                yield "plain", last
            elif given == ["returns"] and _SELF.search(text) is None:
                yield "plain_or_given", last
            else:
                yield "other", last
        elif "class" not in keys:
            yield "other", last

    def _called(self) -> frozenset[str]:
        """The last fields of all callables that some row calls."""
        if self._callables is None:
            terms = [term for text in self._texts.values() if "invokes" in text for term in _CALLABLE.findall(text)]
            self._callables = frozenset(term.rpartition(".")[2] for term in terms if "." in term)
        return self._callables

    def _leading_to(self, owner: str) -> frozenset[str]:
        """Plain names of a class, of the classes that derive from it, and of what gives objects of them."""
        found, pending = {owner}, [owner]
        while pending:
            quoted = f'"{pending.pop()}"'
            new = {name for name, text in self._texts.items() if quoted in text} - found
            found |= new
            pending += new
        return frozenset(each.rpartition(".")[2] for each in found)

    def _fields(self) -> frozenset[str]:
        """Attributes in which calls of libraries keep something."""
        if self._stored is None:
            lines = [line for text in self._texts.values() if "stores" in text for line in _STORES.findall(text)]
            self._stored = frozenset(field for line in lines for field in _FIELD.findall(line))
        return self._stored


def _changes_itself(text: str) -> bool:
    """Whether a row changes and closes its receiver alone."""
    first = ["".join(each) for each in _CHANGED.findall(text)]
    several = any(", " in line for line in _SEVERAL.findall(text))
    return bool(first) and all(each == "self" for each in first) and not several and "\nchanges = " not in f"\n{text}"


def _only_of_the_process(owner: str, texts: str) -> bool:
    """Whether the one object of a class is a part of the process: nothing else gives one."""
    quoted = f'"{owner}"'
    return 0 < texts.count(f"instance-of = {quoted}") == texts.count(quoted)
