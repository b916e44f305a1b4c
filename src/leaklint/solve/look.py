"""One quick look at a function: the bits of its names, what it changes, and what it calls (see ``survey``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from leaklint.ir import cfg
from leaklint.ir.facts import FileFacts
from leaklint.solve import folders
from leaklint.solve.survey import BOTH, BUILTINS, HOLDS, LIBRARY, OWN, Key, MayMatter, Survey, plain_name

DYNAMIC: Final = frozenset(
    {"__dict__", "__setattr__", "__delattr__", "__setstate__", "import_module", "methodcaller", "reload"}
)
"""Attributes that read or bind others which nobody has written."""
_JOINING: Final = frozenset({"+", "*", "|", "&", "-", "^", "@", "%", "//", "/", "**", "<<", ">>"})
"""Operators whose result may hold what their operands hold."""


Step = Callable[["Look", Any], None]
"""What an instruction says."""


class Look:
    """One look at one function."""

    def __init__(self, survey: Survey, key: Key, *, importing: bool) -> None:
        self.survey = survey
        self.key = key
        self.path = key[0]
        self.facts: FileFacts = survey.program.files[key[0]]
        self.function = self.facts.functions[key[1]]
        self.importing = importing
        self.bits: dict[str, int] = {each.name: BOTH for each in self.function.parameters} if importing else {}
        self.named: dict[str, str] = {}
        """The last name by which an operand was read."""
        self.of: dict[str, str] = {}
        """The object of which an operand is an attribute."""
        self.made: dict[str, str] = {}
        """Functions that are made here, by operand."""
        self.brought: set[str] = set()
        """What is imported here."""
        self.texts: dict[str, object] = {}
        """Constants."""
        self.steps, self.back = survey.body(key)
        self.callees = {each.function for each in self.steps if type(each) is cfg.Call}
        self._known = -1
        self._size = 0

    def run(self, table: Mapping[type, Step]) -> None:
        """Looks at each instruction once, where there is news since the last time."""
        survey = self.survey
        before = survey.news
        if before == self._known:
            return
        if not self.importing:
            given = survey.given.setdefault(self.key, {})
            for each in self.function.parameters:
                self.add(each.name, given.setdefault(each.name, 0))
        for step in self.steps:
            table[type(step)](self, step)
        if self.back:
            size, self._size = self._size, sum(self.bits.values())
            survey.news += size != self._size
        self._known = before
        for name in self.function.cells:
            survey.join(survey.cells, (self.path, name), self.bits.get(name, 0))
        if self.importing and self.key[1].endswith("<body>"):
            known = self.facts.classes[self.key[1].rpartition(".")[0]]
            for name in known.attributes:
                if name not in known.methods:
                    survey.join(survey.fields, name, self.bits.get(name, 0))

    def add(self, operand: str, bits: int) -> None:
        """What an operand may be."""
        self.bits[operand] = self.bits.get(operand, 0) | bits

    def get(self, operand: str | None) -> int:
        """What an operand may be, as far as is known."""
        return self.bits.get(operand, 0) if operand is not None else 0

    def matter(self, what: str) -> None:
        """Something may be judged, if a handler gets here."""
        if not self.importing:
            self.survey.matters.setdefault(self.key, what)

    def matter_anywhere(self, what: str) -> None:
        """Something may be judged, if anything calls what is handed about here."""
        if self.importing:
            raise MayMatter(f"{what} is handed about")
        self.matter(what)

    def change(self, operand: str, what: str) -> None:
        """An object is changed in place."""
        if self.get(operand) & (OWN | LIBRARY):
            self.matter(what)

    def within(self, operand: str) -> int:
        """What lies in a container."""
        bits, survey = self.get(operand), self.survey
        holds = bits & HOLDS or (bits & OWN and survey.items_of_import)
        return (BOTH if holds else 0) | survey.items | survey.returned_anyhow

    def give_back(self, bits: int) -> None:
        """The function returns or yields a value."""
        survey = self.survey
        if bits and not self.importing:
            survey.join(survey.returned, self.key, bits)
            if self.key in survey.anyhow and bits & ~survey.returned_anyhow:
                survey.returned_anyhow |= bits
                survey.news += 1

    def touch(self, name: str) -> int:
        """An attribute is read, bound or deleted: what a method does and gives that stands for it."""
        survey, bits = self.survey, self.survey.returned_anyhow
        for key in survey.decorated.get(name, ()):
            if not self.importing:
                survey.reach(key, survey.facts(key), self.key, anyhow=True)
            bits |= survey.returned.setdefault(key, 0)
        return bits

    def is_class(self, operand: str | None) -> bool:
        """Whether an operand may be a class, whose methods take their object as an argument."""
        name = self.named.get(operand) if operand is not None else None
        return bool(self.get(operand) & LIBRARY) or name in BUILTINS or name in self.survey.classes

    def functions(self, operand: str | None) -> list[Key]:
        """The functions of the project that an operand may be."""
        if operand in self.made:
            return [(self.path, self.made[operand])]
        name = self.named.get(operand) if operand is not None else None
        return [key for key, _ in self.survey.functions[name]] if name in self.survey.functions else []

    def hand(self, *operands: str | None) -> None:
        """Values are put somewhere: functions among them may be called by anybody."""
        for operand in operands:
            for key in self.functions(operand):
                if self.importing:
                    self.survey.escaped[key] = None
                else:
                    self.survey.reach(key, self.survey.facts(key), self.key, anyhow=True)

    def read(self, operand: str, name: str) -> None:
        """A name is read: where it is not called at once, it may be handed about."""
        self.named[operand] = name
        if name in folders.WORDS:
            self.survey.temporary = True
        if operand in self.callees:
            return
        if self.importing and name in self.survey.lasting:
            raise MayMatter(f"{name} may be called under another name")
        verbs = self.survey.verbs
        of = self.of.get(operand)
        changes = name in verbs.changing and (self.get(of) & OWN or self.is_class(of))
        if (
            changes
            or name in verbs.changing_given
            or name in verbs.acting
            or name in verbs.filing
            or name in verbs.answering
        ):
            self.matter_anywhere(name)
        elif name in verbs.keeping and operand in self.of:
            self.survey.put(BOTH, importing=self.importing)


# ------------------------------------------------------------------------------------------------- names and attributes
def _constant(look: Look, step: cfg.Constant) -> None:
    look.texts[step.target] = step.value
    if type(step.value) is str and ("tmp" in step.value or step.value in ("/t", "/tm")):
        look.survey.temporary = True


def _copy(look: Look, step: cfg.Copy | cfg.Annotate) -> None:
    look.add(step.target, look.get(step.source))
    if step.source in look.made:
        look.made[step.target] = look.made[step.source]
    if step.source in look.brought:
        look.named[step.target] = look.named[step.source]
    elif step.source not in look.made or plain_name(look.made[step.source]) != step.target:
        look.hand(step.source)


def _load_global(look: Look, step: cfg.LoadGlobal) -> None:
    look.bits[step.target] = look.survey.global_(look.path, step.name)
    look.read(step.target, look.survey.meant[look.path].get(step.name, step.name))


def _load_free(look: Look, step: cfg.LoadFree) -> None:
    survey, outer = look.survey, look.key[1]
    bits = BOTH if look.importing else survey.cells.setdefault((look.path, step.name), 0)
    while outer:
        outer = outer.rpartition(".<locals>.")[0]
        if (look.path, outer) in survey.at_import:
            bits = BOTH  # what captures it may have been made at import
    look.add(step.target, bits)
    look.read(step.target, step.name)


def _store_global(look: Look, step: cfg.StoreGlobal) -> None:
    if look.key[1] == "<module>":
        if look.made.get(step.value) != step.name and step.value not in look.brought:
            look.hand(step.value)
        look.survey.join(look.survey.names, (look.path, step.name), look.get(step.value))
    else:
        look.matter("global")


def _rebind(look: Look, step: cfg.StoreFree | cfg.DeleteGlobal) -> None:
    look.matter("nonlocal" if type(step) is cfg.StoreFree else "global")


def _get_attribute(look: Look, step: cfg.GetAttribute) -> None:
    bits = look.get(step.object)
    if bits == LIBRARY:
        bits = look.survey.of_library(step.name)
    elif bits or step.name == "__class__" or step.name in look.survey.verbs.objects:
        bits = BOTH  # ``logging.getLogger().handlers`` are of the process, whatever they are asked of
    look.add(step.target, bits | look.survey.fields.setdefault(step.name, 0) | look.touch(step.name))
    look.of[step.target] = step.object
    look.read(step.target, step.name)
    if step.name in DYNAMIC or step.name == "__subclasses__":
        look.matter(step.name)


def _set_attribute(look: Look, step: cfg.SetAttribute) -> None:
    look.change(step.object, f".{step.name} =")
    if step.name in look.survey.verbs.acting or step.name in DYNAMIC:
        look.matter(f".{step.name} =")
    look.touch(step.name)
    look.hand(step.value)
    own = look.function.parameters[:1] if look.key[1].endswith(".__init__") else ()
    if not look.importing or step.object not in [each.name for each in own]:
        look.survey.join(look.survey.fields, step.name, look.get(step.value))


def _delete(look: Look, step: cfg.DeleteAttribute | cfg.DeleteItem) -> None:
    look.change(step.object, "del")
    if type(step) is cfg.DeleteAttribute:
        look.touch(step.name)


def _get_item(look: Look, step: cfg.GetItem) -> None:
    if look.named.get(step.object) in look.survey.verbs.texts:
        return  # what is in there are texts
    look.add(step.target, look.within(step.object))
    if look.survey.supplied and look.get(step.object) & OWN:
        look.matter("[]")


def _set_item(look: Look, step: cfg.SetItem) -> None:
    look.change(step.object, "[] =")
    look.hand(step.value)
    look.survey.put(look.get(step.value) | look.get(step.key), importing=look.importing)


def _element(look: Look, step: cfg.Element) -> None:
    look.add(step.target, look.within(step.iterable))


# ---------------------------------------------------------------------------------------------------------- operations
def _operation(look: Look, step: cfg.Operation) -> None:
    bits = 0
    for each in step.operands:
        bits |= look.get(each)
    if step.operator == "choose":
        look.hand(*step.operands)
        look.add(step.target, bits)
    elif step.operator in _JOINING:
        look.add(step.target, (bits & HOLDS) | (OWN if bits and look.importing else 0) | look.survey.returned_anyhow)


def _in_place(look: Look, step: cfg.InPlace) -> None:
    look.hand(step.right)
    look.change(step.left, f"{step.operator}=")
    look.survey.put(look.get(step.right) & HOLDS, importing=look.importing)
    look.add(step.target, look.get(step.left) | (look.get(step.right) & HOLDS) | look.survey.returned_anyhow)


def _build(look: Look, step: cfg.Build) -> None:
    bits = 0
    for item in step.items:
        look.hand(item.value, item.key)
        bits |= look.get(item.value) | look.get(item.key)
    bits = HOLDS if bits else 0
    if look.importing:
        if step.kind == "generator":
            raise MayMatter("an iterator is made at import")
        if bits or step.kind != "tuple":
            bits |= OWN
    look.add(step.target, bits)


def _fill(look: Look, step: cfg.Fill) -> None:
    look.hand(step.item.value, step.item.key)
    if look.get(step.item.value) | look.get(step.item.key):
        look.add(step.object, HOLDS)


# ------------------------------------------------------------------------------------------------------ ways out and in
def _return(look: Look, step: cfg.Return) -> None:
    if step.value is not None:
        look.hand(step.value)
        look.give_back(look.get(step.value))


def _yield(look: Look, step: cfg.Yield) -> None:
    look.hand(step.value)
    look.give_back(BOTH if look.get(step.value) else 0)
    look.add(step.target, BOTH)


def _enter(look: Look, step: cfg.Enter) -> None:
    bits = look.get(step.manager)
    for key, _ in look.survey.functions.get("__enter__", ()):
        bits |= look.survey.returned.setdefault(key, 0)
    look.add(step.target, BOTH if bits else 0)
    if "__enter__" in look.survey.verbs.acting:
        look.matter("with")


def _exit(look: Look, step: cfg.Exit) -> None:
    look.change(step.manager, "with")
    if "__exit__" in look.survey.verbs.acting or ("__exit__" in look.survey.verbs.calling and look.survey.items):
        look.matter("with")


def _raise(look: Look, step: cfg.Raise) -> None:
    if look.get(step.value) and look.named.get(step.value or "") not in look.survey.classes:
        look.survey.news += not look.survey.raised
        look.survey.raised = BOTH


def _catch(look: Look, step: cfg.Catch) -> None:
    look.add(step.target, look.survey.raised)


def _wait(look: Look, step: cfg.Await) -> None:
    look.matter("await")


# --------------------------------------------------------------------------------------------- definitions and imports
def _make_function(look: Look, step: cfg.MakeFunction) -> None:
    look.made[step.target] = step.function
    look.add(step.target, OWN if look.importing else 0)
    inner = (look.path, step.function)
    for name, operand in step.defaults:
        look.hand(operand)
        look.survey.give(inner, name, look.get(operand))
    if not look.importing:
        look.survey.reach(inner, look.survey.facts(inner), look.key, anyhow=True)


def _make_class(look: Look, step: cfg.MakeClass) -> None:
    look.add(step.target, OWN if look.importing else 0)
    look.matter("class")


def _import_module(look: Look, step: cfg.ImportModule) -> None:
    modules = look.survey.program.modules
    names = {step.module, step.module if step.whole else step.module.partition(".")[0]}
    ours = any(modules.resolve(look.path, each) is not None for each in names)
    look.add(step.target, BOTH if ours else LIBRARY)


def _import_name(look: Look, step: cfg.ImportName) -> None:
    if step.name != "*":
        look.add(step.target, look.survey.imported(look.path, step))
        look.named[step.target] = step.name
        look.brought.add(step.target)
        if not look.importing:
            look.read(step.target, step.name)


def _nothing(look: Look, step: cfg.AnyInstruction) -> None:
    """It changes nothing, and gives nothing that could."""


STEPS: Final[dict[type, Step]] = {
    cfg.Assume: _nothing,
    cfg.DeleteLocal: _nothing,
    cfg.Discard: _nothing,
    cfg.Slice: _nothing,
    cfg.Annotate: _copy,
    cfg.Await: _wait,
    cfg.Build: _build,
    cfg.Catch: _catch,
    cfg.Constant: _constant,
    cfg.Copy: _copy,
    cfg.DeleteAttribute: _delete,
    cfg.DeleteGlobal: _rebind,
    cfg.DeleteItem: _delete,
    cfg.Element: _element,
    cfg.Enter: _enter,
    cfg.Exit: _exit,
    cfg.Fill: _fill,
    cfg.GetAttribute: _get_attribute,
    cfg.GetItem: _get_item,
    cfg.ImportModule: _import_module,
    cfg.ImportName: _import_name,
    cfg.InPlace: _in_place,
    cfg.LoadFree: _load_free,
    cfg.LoadGlobal: _load_global,
    cfg.MakeClass: _make_class,
    cfg.MakeFunction: _make_function,
    cfg.Operation: _operation,
    cfg.Raise: _raise,
    cfg.Return: _return,
    cfg.SetAttribute: _set_attribute,
    cfg.SetItem: _set_item,
    cfg.StoreFree: _rebind,
    cfg.StoreGlobal: _store_global,
    cfg.Yield: _yield,
}
"""What each kind of instruction says; calls are in ``leaklint.solve.look_calls``."""
