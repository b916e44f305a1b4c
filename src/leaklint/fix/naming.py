"""Where a file gets its name: in the function that makes it, or in the caller that hands the name down to it."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Callable, Sequence

from leaklint.fix.occurrences import occurrences
from leaklint.fix.plan import NoFix
from leaklint.fix.project import Project
from leaklint.fix.reach import STARTERS
from leaklint.fix.travels import GIVERS, names_of_file
from leaklint.fix.tree import Function, Tree, dotted
from leaklint.fix.waits import WAITS
from leaklint.ir.finding import Finding, StepKind
from leaklint.ir.location import Place

_UNCLEAR = "it is not clear which argument names the file"


@dataclasses.dataclass(frozen=True, slots=True)
class Site:
    """A call in a function of a file: the one that makes the file, or the one that hands its name down."""

    file: str
    tree: Tree
    node: ast.Call
    function: Function
    in_handler: bool

    @property
    def statement(self) -> ast.stmt:
        """The statement that holds the call."""
        return self.tree.statement(self.node)


IsTemporary = Callable[[Tree, ast.expr, Function], bool]


def named_at(finding: Finding, project: Project, site: Site, is_temporary: IsTemporary) -> tuple[Site, ast.expr]:
    """The call at which the name of a file is no parameter any more, and the argument that is the name."""
    calls = [step.place for step in finding.trace if step.kind is StepKind.CALL]
    arguments = _candidates(site.node, finding.hint.holder)
    while True:
        found = [each for each in arguments if is_temporary(site.tree, each, site.function)]
        if len(found) == 1:
            return site, found[0]
        names = [each.id for each in arguments if isinstance(each, ast.Name) and _is_handed_in(site, each.id)]
        if found or not names or not calls:
            raise NoFix(_UNCLEAR)
        caller = _caller(project, calls.pop(), in_handler=not calls)
        given = _given(site, caller, names)
        for name, argument in given:
            if is_temporary(caller.tree, argument, caller.function):
                _only_here(project, site, caller)
                _stays_below(site, caller, name)
        site, arguments = caller, [argument for _, argument in given]


def _candidates(node: ast.Call, holder: str) -> Sequence[ast.expr]:
    """The argument of which a row says that it names the file; all, and the receiver, where none says so."""
    position, _, name = holder.partition(":")
    receiver = [node.func.value] if isinstance(node.func, ast.Attribute) else []
    if holder == "self" and receiver:
        return receiver
    if name and not any(isinstance(each, ast.Starred) for each in node.args):
        given = [each.value for each in node.keywords if each.arg == name]
        given += node.args[int(position) : int(position) + 1]
        if len(given) == 1:
            return given
    return [*node.args, *(each.value for each in node.keywords), *receiver]


def _is_handed_in(site: Site, name: str) -> bool:
    """Whether a name is a parameter that is never bound anew."""
    arguments = site.function.args
    listed = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return any(each.arg == name for each in listed) and all(
        isinstance(each.ctx, ast.Load) for each in site.tree.uses(site.function, name)
    )


def _caller(project: Project, place: Place, *, in_handler: bool) -> Site:
    tree = project.tree(place.path)
    node: ast.AST | None = tree.at(place.span)
    if isinstance(node, ast.Await):
        node = node.value
    function = tree.function(node) if node is not None else None
    if not isinstance(node, ast.Call) or function is None:
        raise NoFix(_UNCLEAR)
    return Site(place.path, tree, node, function, in_handler)


def _given(site: Site, caller: Site, names: Sequence[str]) -> list[tuple[str, ast.expr]]:
    """What a call gives for some parameters, those left out that have their default."""
    arguments = site.function.args
    positional = [each.arg for each in (*arguments.posonlyargs, *arguments.args)]
    plain = all(dotted(each) != "staticmethod" for each in site.function.decorator_list)
    if isinstance(site.tree.parents[site.function], ast.ClassDef) and plain:
        del positional[:1]
    called = caller.node.func.attr if isinstance(caller.node.func, ast.Attribute) else dotted(caller.node.func)
    if called != site.function.name or any(isinstance(each, ast.Starred) for each in caller.node.args):
        raise NoFix(_UNCLEAR)
    found = dict(zip(positional, caller.node.args, strict=False))
    found |= {each.arg: each.value for each in caller.node.keywords if each.arg}
    return [(name, found[name]) for name in names if name in found]


def _only_here(project: Project, site: Site, caller: Site) -> None:
    """Raises ``NoFix`` where others may call the function too, and leave a file of their own."""
    name = site.function.name
    several = NoFix(f"{name}() is used in several places, each of which may name a file")
    if site.function in site.tree.module.body:
        uses = [each for each in occurrences(project, site.file, name) if not isinstance(each.node, ast.alias)]
        if any(each.node is not caller.node.func for each in uses):
            raise several
        return
    for path in project.sources:
        if not project.mentions(path, name):
            continue
        for each in project.tree(path).nodes:
            if not isinstance(each, ast.Attribute) or each.attr != name or each is caller.node.func:
                continue
            parent = project.tree(path).parents[each]
            if not isinstance(parent, ast.Call) or parent.func is not each or _fits(site.function, parent):
                raise several


def _fits(function: Function, call: ast.Call) -> bool:
    """Whether a call of a method of that name may be one of this method, by the number of its arguments."""
    arguments = function.args
    most = len(arguments.posonlyargs) + len(arguments.args)
    least = most - len(arguments.defaults) - 1
    given = len(call.args) + len(call.keywords)
    open_ended = any(isinstance(each, ast.Starred) for each in call.args) or any(not each.arg for each in call.keywords)
    return open_ended or least <= given <= most + len(arguments.kwonlyargs)


def _stays_below(site: Site, caller: Site, name: str) -> None:
    """Raises ``NoFix`` where the function that makes the file keeps its name, or gives it back to one who uses it."""
    names = names_of_file(site.tree, site.function, name, site.function.body)
    if isinstance(caller.statement, ast.Expr):
        return
    handed = set(ast.walk(site.node))
    for each in site.tree.own_nodes(site.function):
        if isinstance(each, ast.Return | ast.Yield) and each.value is not None:
            inside = {node.id for node in ast.walk(each.value) if isinstance(node, ast.Name) and node not in handed}
            if inside & names:
                raise NoFix("the name of the file goes to the caller, who may use it")


_LOOKS = frozenset({"basename", "exists", "getsize", "is_file", "isfile", "len", "read_bytes", "read_text", "stat"})
"""What an answer may ask of a file that is removed right after."""
_SENDS = frozenset({"send_file", "send_from_directory", "static_file"})
"""What gives a web framework a file to send, once the function has ended."""
_KEPT_BY = frozenset({"partial", "register"})
"""What keeps its arguments for one who calls it later."""
_MESSAGES = frozenset({"dumps"})
"""What puts a name into a text that somebody else reads."""


def stays_here(site: Site, names: set[str], path: ast.expr | None = None) -> bool:
    """Whether nobody can ask for the file after the function; raises ``NoFix`` where a caller does.

    The file is known by names, or by what is written as its path is.
    """
    if _is_working_folder(site, names):
        raise NoFix("the function ends in the folder, and what comes then may look for files there")
    safe = not _is_handed_on(site, names)
    text = site.tree.text_of(path) if path is not None else ""
    for each in site.tree.own_nodes(site.function):
        if not isinstance(each, ast.Return | ast.Yield | ast.YieldFrom) or each.value is None:
            continue
        for part in each.value.elts if isinstance(each.value, ast.List | ast.Tuple) else [each.value]:
            if any(site.tree.uses(holder, name) for holder in _holders(site, part) for name in names):
                raise NoFix("what goes to the caller may use the file after the function has ended")
        for name in ast.walk(each.value):
            written = type(name) is type(path) and site.tree.text_of(name) == text
            if written or (isinstance(name, ast.Name) and name.id in names):
                taker = _taker(site.tree, name, each)
                if taker is None and not site.in_handler:
                    raise NoFix("the name of the file goes to the caller, who may use it")
                if taker is not None and (_last(taker)[:1].isupper() or _last(taker) in _SENDS):
                    raise NoFix(f"{_last(taker)} may use the file after the function has ended")
                # who gets the answer may ask for the file, and a call may keep its name
                safe = safe and taker is not None and (_last(taker) in _LOOKS or _is_read(site.tree, taker))
    return safe


def _is_working_folder(site: Site, names: set[str]) -> bool:
    """Whether the last change of the working folder, but for one that a ``with`` puts back, leads there."""
    calls = [
        each
        for each in site.tree.own_nodes(site.function)
        if isinstance(each, ast.Call)
        and _last(each) == "chdir"
        and not isinstance(site.tree.parents[each], ast.withitem)
    ]
    last = max(calls, key=lambda each: each.lineno, default=None)
    return last is not None and any(isinstance(each, ast.Name) and each.id in names for each in ast.walk(last))


def _is_handed_on(site: Site, names: set[str]) -> bool:
    """Whether something that goes on after the function is given the name of a file, or a message to others has it."""
    nodes = site.tree.own_nodes(site.function)
    calls = [each for each in nodes if isinstance(each, ast.Call)]
    shared = site.tree.names_of(site.function)[0]
    waits = any(_last(each) in WAITS and (not each.args or _last(each) != "join") for each in calls)
    for each in nodes:
        match each:
            case ast.Assign(targets=[ast.Name(id=target)]) if target in shared:
                goes_on = True
            case ast.Call() if _last(each) in _MESSAGES:
                goes_on = any(above in calls for above in site.tree.above(each))
            case ast.Call():
                starts = _last(each) in STARTERS and not (waits or _is_in_group(site.tree, each))
                goes_on = starts or _last(each) in _KEPT_BY
            case _:
                continue
        if goes_on and any(isinstance(inner, ast.Name) and inner.id in names for inner in ast.walk(each)):
            return True
    return False


def _is_in_group(tree: Tree, call: ast.Call) -> bool:
    """Whether a call stands in a ``with`` that waits for what is started in it: of an executor or a group of tasks."""
    entered = [
        item.context_expr
        for each in tree.above(call)
        if isinstance(each, ast.With | ast.AsyncWith)
        for item in each.items
    ]
    return any(isinstance(each, ast.Call) and _last(each).endswith(("Executor", "Group")) for each in entered)


def _holders(site: Site, given: ast.expr) -> list[ast.AST]:
    """The function that somebody is given to call later, or the call that makes the object that one is given."""
    if isinstance(given, ast.Lambda):
        return [given]
    found: list[ast.AST] = []
    functions = (each for each in site.tree.nodes if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef))
    generators = [each.name for each in functions if site.tree.is_generator(each)]
    for each in site.tree.own_nodes(site.function) if isinstance(given, ast.Name) else ():
        match each:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if name == dotted(given):
                found.append(each)
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as made) if name == dotted(given):
                found += [made] if _last(made) in generators or _last(made)[:1].isupper() else []
    return found


def _taker(tree: Tree, name: ast.AST, answer: ast.AST) -> ast.Call | None:
    """The call of an answer that is given the name of a file and does not just give it back."""
    node: ast.AST = name
    while node is not answer:
        parent = tree.parents[node]
        if isinstance(parent, ast.Call):
            asked = parent.func is node and isinstance(node, ast.Attribute) and node.attr not in GIVERS
            given = parent.func is not node and _last(parent) not in GIVERS
            if asked or given:
                return parent
        node = parent
    return None


def _last(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else dotted(call.func)


def _is_read(tree: Tree, call: ast.Call) -> bool:
    """Whether a file is opened, and read at once: ``open(path).read()``, ``json.load(open(path))``."""
    if _last(call) in ("close", "read", "readline", "readlines"):
        return True
    parent = tree.parents[call]
    if _last(call) != "open":
        return False
    read = isinstance(parent, ast.Attribute) and parent.attr in ("read", "readlines")
    return read or (isinstance(parent, ast.Call) and _last(parent) in ("load", "safe_load"))
