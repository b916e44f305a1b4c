"""Calls in a quick look: what the plain name of a callee says, and who is given what."""

from __future__ import annotations

import re
from typing import Final

from leaklint.ir import cfg
from leaklint.ir.facts import FunctionFacts
from leaklint.models.verbs import Verbs
from leaklint.solve.builtin_calls import SPECIAL
from leaklint.solve.generic_functions import REGISTERS
from leaklint.solve.look import DYNAMIC, Look, Step
from leaklint.solve.survey import BOTH, HOLDS, OWN, Key, plain_name
from leaklint.solve.uses import ENUMS

_NAMESPACES: Final = frozenset({"globals", "vars", "setattr", "delattr", "__import__"})
"""Builtins that read or bind names which nobody has written."""
_NAME: Final = re.compile(r"[^\W\d]\w*(?=\s*(?:\(|$))")
"""What a decorator calls, or is."""
_SPECIAL: Final = frozenset(each.rpartition(".")[2] for each in (*SPECIAL, REGISTERS))
"""What no row can describe: it may give, or keep, whatever it is given."""
_ENUMS: Final = frozenset(each.rpartition(".")[2] for each in ENUMS)
_MAKERS: Final = ("__init__", "__new__")
"""What is given the arguments with which an object is made."""
_KEEPING_SIGNATURE: Final = frozenset({"classmethod", "staticmethod", "property"})


def _call(look: Look, step: cfg.Call) -> None:
    word = look.named.get(step.function)
    if word is None and step.function in look.made:
        word = plain_name(look.made[step.function])
    arguments = 0
    for each in step.arguments:
        arguments |= look.get(each.value)
    if look.importing:
        look.add(step.target, _called_at_import(look, step, word, arguments))
    elif word is None or word == "__class__":
        # whatever has been put somewhere may be called here, and is given anything
        look.hand(*(each.value for each in step.arguments))
        if arguments:
            _construct_any(look)
        look.add(step.target, (BOTH if look.get(step.function) else 0) | look.survey.returned_anyhow)
    else:
        look.add(step.target, _called(look, step, word, arguments))


def _hands_on(verbs: Verbs, word: str | None) -> bool:
    """Whether a library may call, or give to others, what it is given under this name."""
    return word in verbs.calling or word in verbs.keeping or word in verbs.giving or word in _SPECIAL


def _called_at_import(look: Look, step: cfg.Call, word: str | None, arguments: int) -> int:
    """The import calls something: what it is given may be run and kept."""
    survey, verbs = look.survey, look.survey.verbs
    owner = look.named.get(look.of.get(step.function, ""), "")
    ours = word is None or any(each in survey.functions or each in survey.classes for each in (word, owner))
    if word is not None:
        survey.called_at_import.setdefault(look.path, set()).add(word)
    if ours or _hands_on(verbs, word):
        for each in step.arguments:
            look.hand(each.value)
            survey.at_import.update(dict.fromkeys(look.functions(each.value)))
    if word in verbs.keeping:
        survey.put(arguments, importing=True)
    if not ours and word in verbs.plain:
        return 0
    if not ours and (word in verbs.plain_or_given or owner in verbs.texts):
        return arguments
    return BOTH


def _called(look: Look, step: cfg.Call, word: str, arguments: int) -> int:
    """A handler calls something: the bits of what that gives."""
    survey, verbs = look.survey, look.survey.verbs
    of = look.of.get(step.function)
    receiver = look.get(of)
    if (of is None and word in _NAMESPACES) or word in DYNAMIC or (word == "type" and len(step.arguments) != 1):
        look.matter(word)
    if word == "super":
        return look.get(look.function.parameters[0].name) if look.function.parameters else BOTH
    if word == "type":
        return BOTH
    if word in verbs.acting:
        look.matter(word)
    if word in verbs.filing:
        survey.filing[look.key] = word
    changed = receiver
    if word in verbs.changing_given or look.is_class(of):
        changed |= arguments
    if changed & OWN and (word in verbs.changing or word in verbs.changing_given):
        look.matter(word)
    if word in verbs.keeping:
        survey.put(arguments, importing=False)
    result = survey.returned_anyhow
    if word == "getattr" and of is None:
        result |= _read_by_name(look, step, arguments)
    elif (word in verbs.giving or (word in _SPECIAL and word not in verbs.plain)) and look.named.get(
        of or ""
    ) not in verbs.texts:
        result |= (BOTH if (receiver | arguments) & BOTH else 0) | survey.items
    if word in survey.called_for:
        result |= arguments  # it may be a class that a library has made, and the result may keep what it is given
    ours = word in survey.functions or word in survey.classes
    if ours or _hands_on(verbs, word) or (look.get(step.function) & OWN and _hands_on(verbs, "__call__")):
        look.hand(*(each.value for each in step.arguments))
    for key, function in survey.functions.get(word, ()):
        survey.reach(key, function, look.key)
        _bind(look, step, key, function, receiver, takes_receiver=of is not None)
        result |= survey.returned.setdefault(key, 0)
    for key in survey.classes.get(word, ()):
        result |= _construct(look, step, key, arguments)
    return result


def _read_by_name(look: Look, step: cfg.Call, arguments: int) -> int:
    """``getattr(x, "name")``: as ``x.name``, where the name is written there."""
    name = look.texts.get(step.arguments[1].value) if len(step.arguments) > 1 else None
    if not isinstance(name, str):
        look.matter("getattr")
        return BOTH
    look.read(step.target, name)
    look.hand(step.target)
    return (BOTH if arguments & BOTH else 0) | look.survey.fields.setdefault(name, 0)


def _construct(look: Look, step: cfg.Call, key: Key, arguments: int) -> int:
    """An object of a project's class is made: it is new, unless the class says how."""
    survey = look.survey
    path, name = key
    known = survey.program.files[path].classes[name]
    if "__new__" in known.methods:
        look.matter("__new__")
    others = {look.survey.meant[path].get(each, each) for text in known.decorators for each in _NAME.findall(text)[:1]}
    if _is_enumeration(look, key) or any(each in survey.functions or each in survey.classes for each in others):
        return BOTH
    maker = known.methods.get("__init__")
    if maker is not None:
        _bind(look, step, (path, maker), survey.facts((path, maker)), 0, takes_receiver=True)
        return 0
    if arguments:
        for other, function in survey.functions.get("__init__", ()):
            for each in function.parameters[1:]:
                survey.give(other, each.name, BOTH)
        for attribute in known.annotations:
            survey.join(survey.fields, attribute, arguments)
        return HOLDS
    return 0


def _construct_any(look: Look) -> None:
    """An object of any class may be made, and keep what is given."""
    survey = look.survey
    for name in _MAKERS:
        for key, function in survey.functions.get(name, ()):
            for each in function.parameters[1:]:
                survey.give(key, each.name, BOTH)
    for path in survey.paths:
        for known in survey.program.files[path].classes.values():
            for attribute in known.annotations:
                survey.join(survey.fields, attribute, BOTH)


def _is_enumeration(look: Look, key: Key) -> bool:
    """Whether calling a class gives one of the objects that it has."""
    pending, seen = [key], {key}
    while pending:
        path, name = pending.pop()
        for base in look.survey.program.files[path].classes[name].bases:
            last = look.survey.meant[path].get(base, base).rpartition(".")[2]
            if last in _ENUMS:
                return True
            new = set(look.survey.classes.get(last, ())) - seen
            seen |= new
            pending += new
    return False


def _bind(
    look: Look, step: cfg.Call, key: Key, function: FunctionFacts, receiver: int, *, takes_receiver: bool
) -> None:
    """The parameters of a function get what a call gives it."""
    survey, parameters = look.survey, function.parameters
    if not receiver and not any(look.get(each.value) for each in step.arguments):
        return
    wrapped = not _KEEPING_SIGNATURE.issuperset(function.decorators)
    if wrapped or any(each.star for each in step.arguments):
        for parameter in parameters:
            survey.give(key, parameter.name, BOTH)
        return
    position = 0
    if takes_receiver and function.in_class is not None and "staticmethod" not in function.decorators:
        position = 1
        if parameters:
            survey.give(key, parameters[0].name, receiver)
    names = {each.name: each for each in parameters}
    rest = [each.name for each in parameters if each.kind in ("star", "double_star")]
    for each in step.arguments:
        bits, taken = look.get(each.value), None
        if each.name is not None:
            taken = each.name if each.name in names else None
        elif position < len(parameters) and parameters[position].kind in ("positional", "either"):
            taken = parameters[position].name
        position += each.name is None
        for name in [taken] if taken is not None else rest:
            survey.give(key, name, bits if taken is not None else HOLDS if bits else 0)


STEPS: Final[dict[type, Step]] = {cfg.Call: _call}
