"""Handlers that can do nothing that a rule judges: they need not be solved.

Most handlers read their event, ask a service and answer. Nothing that they do can outlive the invocation, and a quick
look at each function that they may reach is enough to know it. A handler is *inert* where none of these functions

- binds a name of a module or of an enclosing function, or a name that is made up while it runs;
- changes an object that may survive, by a statement or by a method that some row says to change something;
- calls anything by a plain name under which some row of an imported package has more to say than what is returned:
  work that is opened, state of the process, callables that are handed over, caches, coroutines;
- is asynchronous, makes classes, or is wrapped by a decorator of which a row says such a thing.

This is sound because all that solving knows of effects comes from one of these: a write needs a place that survives,
everything else a row or something asynchronous, and the unknown is silent. Which function a call runs is decided by its
plain name alone, so that nothing has to be known of objects. What a handler may read is part of it: an iterator, a
reading of the clock, a random number or a context variable that the import makes is a reason to solve, too.

Solving knows better which of these things happen. Whatever is not understood is a reason to solve.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from leaklint.ir import cfg
from leaklint.ir.facts import FunctionFacts, is_property
from leaklint.ir.handler import Handler
from leaklint.link.library import Library
from leaklint.link.program import Program
from leaklint.models.load import Models
from leaklint.solve import look, look_calls
from leaklint.solve.look import Look
from leaklint.solve.survey import IMPORTED, Key, MayMatter, Survey

MAX_LOOKS: Final = 12
"""Rounds in which all functions are looked at again."""
MOST_FUNCTIONS: Final = 2_000
"""Functions of the files that a handler is loaded with, beyond which nobody looks."""
_WORD: Final = re.compile(r"[^\W\d]\w*")
_STEPS: Final = {**look.STEPS, **look_calls.STEPS}
_MAKERS: Final = ("__init__", "__post_init__")
"""What is called when an object of a class is made, so that the object is new."""


def inert(
    program: Program, models: Models, library: Library, handlers: Sequence[Handler]
) -> Mapping[Handler, FunctionFacts | None]:
    """Those of the handlers, and of the candidates among them, that can do nothing.

    With the function that the platform calls, or None where a decorator may have put another one in its place.
    """
    functions = {each: function for each in handlers if (function := _function_of(program, each)) is not None}
    if not functions:
        return {}
    try:
        survey = _surveyed(program, models, library, functions)
    except MayMatter:
        return {}
    if not survey.matters.keys().isdisjoint(_reached(survey, survey.common)):
        return {}
    return {
        handler: None if function.decorators else function
        for handler, function in functions.items()
        if _is_bound_once(survey, handler)
        and survey.matters.keys().isdisjoint(_reached(survey, [(handler.path, function.name)]))
    }


def _function_of(program: Program, handler: Handler) -> FunctionFacts | None:
    """The function that is defined under the name of a handler, if it is called as a plain one."""
    facts = program.files[handler.path]
    function = facts.functions.get(handler.attribute) if handler.attribute in facts.module_names else None
    if function is None or handler.receiver or handler.awaited or function.is_async or function.is_generator:
        return None
    required = [each for each in function.parameters if each.kind in ("positional", "either") and not each.has_default]
    return function if len(required) < 3 or len(required) <= handler.arguments else None


def _is_bound_once(survey: Survey, handler: Handler) -> bool:
    """Whether nothing else is bound to the name of a handler."""
    facts = survey.program.files[handler.path]
    bindings = [
        each
        for each in survey.body((handler.path, "<module>")).all
        if type(each) is cfg.StoreGlobal and each.name == handler.attribute
    ]
    return len(bindings) == 1 and handler.attribute not in facts.global_writers


def _surveyed(program: Program, models: Models, library: Library, handlers: Mapping[Handler, FunctionFacts]) -> Survey:
    """What a look at all that the handlers may reach tells."""
    loaded = frozenset().union(*(program.modules.loaded_with(each.path) for each in handlers))
    paths = [path for path in loaded if path in program.files]
    if sum(len(program.files[path].functions) for path in paths) > MOST_FUNCTIONS:
        raise MayMatter("there is too much of it")
    packages = {"builtins"}
    for path in paths:
        facts = program.files[path]
        if facts.troubles or any(each.keywords for each in facts.classes.values()):
            raise MayMatter("a file cannot be read, or there are metaclasses")
        packages.update(fact.module.partition(".")[0] for fact in facts.imports if not fact.level)
    if "contextvars" in packages:
        raise MayMatter("there may be context variables")
    # what is installed may give objects of anything that has a row
    anything = bool(library.versions) and not packages <= sys.stdlib_module_names
    survey = Survey(program, paths, models.verbs(None if anything else frozenset(packages)))
    _look_at_imports(survey)
    _reach_anyhow(survey)
    looks: dict[Key, Look] = {}
    _look(survey, survey.leads, looks, importing=False)
    if survey.matters:
        raise MayMatter("whatever a handler does")
    for handler, function in handlers.items():
        survey.reach((handler.path, function.name), function, None)
    _look(survey, survey.leads, looks, importing=False)
    for key in survey.leads:
        texts = survey.facts(key).decorators
        if any(word in survey.verbs.acting for text in texts for word in _WORD.findall(text)):
            survey.matters.setdefault(key, "decorator")
        if survey.temporary and key in survey.filing:
            survey.matters.setdefault(key, survey.filing[key])
    return survey


def _look_at_imports(survey: Survey) -> None:
    """What modules hold after their import, what it may run, and what it has put somewhere."""
    bodies = [
        (path, name)
        for path in survey.paths
        for name in survey.program.files[path].functions
        if name.endswith(IMPORTED) and "<locals>" not in name
    ]
    survey.at_import.update(dict.fromkeys(bodies))
    for name, known in survey.functions.items():
        implied = [key for key, each in known if _is_special(name) or is_property(each)]
        survey.at_import.update(dict.fromkeys(implied if survey.classes else ()))
    count, looks = 0, dict[Key, Look]()
    while count != len(survey.at_import):
        count = len(survey.at_import)
        _look(survey, survey.at_import, looks, importing=True)
        _follow_calls(survey)


def _follow_calls(survey: Survey) -> None:
    """What is called by what the import runs is run, too; what it makes may be a reason to solve."""
    verbs = survey.verbs
    pending = list(survey.at_import)
    while pending:
        key = pending.pop()
        function = survey.facts(key)
        calls = survey.called_at_import.get(key[0], ()) if key[1] == "<module>" else function.calls
        if function.is_generator or not survey.lasting.isdisjoint(calls):
            raise MayMatter("what the import makes may be used up, go stale, or do something")
        survey.supplied |= not verbs.supplying.isdisjoint(calls)
        for called in calls:
            found = [each for each, _ in survey.functions.get(called, ())]
            for path, name in survey.classes.get(called, ()):
                methods = survey.program.files[path].classes[name].methods
                found += [(path, methods[each]) for each in (*_MAKERS, "__new__") if each in methods]
            new = [each for each in found if each not in survey.at_import]
            survey.at_import.update(dict.fromkeys(new))
            pending += new


def _reach_anyhow(survey: Survey) -> None:
    """Functions that anything may call: what the import has put somewhere, and what has a special name."""
    if not survey.verbs.called_later.isdisjoint(survey.functions):
        raise MayMatter("a library may call it at some time")
    found = [(key, False) for key in survey.escaped]
    # a library may have made a decorator of what is called as one, and calls it in the place of what it decorates
    found += [(key, False) for key in survey.at_import if (each := survey.facts(key)).decorators and not each.in_class]
    for name, known in survey.functions.items():
        if _is_special(name) or name in survey.verbs.called:
            found += [(key, name in _MAKERS) for key, _ in known]
    for key, is_called in found:
        survey.common[key] = None
        survey.reach(key, survey.facts(key), None, anyhow=not is_called)


def _is_special(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


def _look(survey: Survey, keys: Collection[Key], looks: dict[Key, Look], *, importing: bool) -> None:
    """Looks at functions, to which others may be added, until there is nothing new."""
    for _ in range(MAX_LOOKS):
        before, seen = survey.news, 0
        while seen < len(keys):
            new = list(keys)[seen:]
            seen += len(new)
            for key in new:
                found = looks.get(key)
                if found is None:
                    found = looks[key] = Look(survey, key, importing=importing)
                found.run(_STEPS)
        if before == survey.news:
            return
    raise MayMatter("it takes too long")


def _reached(survey: Survey, roots: Iterable[Key]) -> set[Key]:
    """The functions that these may lead to, and themselves."""
    pending = list(roots)
    seen = set(pending)
    while pending:
        new = survey.leads[pending.pop()].keys() - seen
        seen |= new
        pending += new
    return seen
