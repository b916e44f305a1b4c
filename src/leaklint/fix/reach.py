"""Which functions may run when another one is called, as far as names tell: for a variable that goes into a context.

A context belongs to one invocation and is not followed by threads; what a task or ``asyncio.run`` sets in it is not
seen outside. So a variable can become a ``ContextVar`` only where all that uses it runs within a handler, in the
handler's own context. *May run* is told by names alone: a function may run all functions whose names stand in it.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Collection, Iterable, Sequence

from leaklint.fix.occurrences import Occurrence
from leaklint.fix.plan import NoFix
from leaklint.fix.project import Project
from leaklint.fix.tree import Tree, Unreadable
from leaklint.ir.handler import Handler

POOLS_WAIT = frozenset({"apply", "map", "starmap"})
"""Methods that hand a callable to the workers of a pool, and wait; functions of these names do not."""
POOLS_GO_ON = frozenset(
    {"apply_async", "imap", "imap_unordered", "map_async", "run_in_executor", "starmap_async", "submit"}
)
"""Methods that hand a callable to the workers of a pool, and do not wait."""
_THREADS = POOLS_GO_ON | {"Process", "Thread", "Timer", "add_done_callback", "start_new_thread"}
STARTERS = _THREADS | {"Popen", "create_subprocess_exec", "create_subprocess_shell", "create_task", "ensure_future"}
"""What starts work that goes on by itself."""
_TASKS = frozenset({"call_later", "call_soon", "create_task", "ensure_future", "gather", "run", "run_until_complete"})
_SEVERAL = frozenset({"create_task", "ensure_future", "gather"})
_READING = frozenset({"copy", "count", "get", "index", "items", "keys", "values"})
_READERS = frozenset(
    {"any", "all", "bool", "dict", "enumerate", "frozenset", "len", "list", "max", "min", "print", "repr", "set"}
    | {"sorted", "str", "sum", "tuple"}
)


def users(project: Project, path: str, uses: Sequence[Occurrence], handlers: Sequence[Handler]) -> list[Handler]:
    """The handlers in which a variable of a file is used.

    Raises ``NoFix`` where it is used outside of handlers, or outside of their context.
    """
    key = ("reach", path, *(each.label for each in handlers))
    reach = project.once(key, lambda: _Reach(project, path, handlers))
    inside = {use: reach.function(use) for use in uses if isinstance(use.node, ast.expr) and not use.is_definition}
    for use in inside:
        if _looks_up(use):
            raise NoFix(
                f"{use.path}:{use.span.line}: it is looked up by a key, perhaps for what another invocation left"
            )
        if _is_counted(use):
            raise NoFix(
                f"{use.path}:{use.span.line}: it is to grow over several invocations: what is left would be lost"
            )
    touching = {each for each in inside.values() if each is not None}
    binding = {each for use, each in inside.items() if each is not None and _binds(use)}
    changing = {each for use, each in inside.items() if each is not None and _changes(use)}
    if reach.at_import & touching:
        raise NoFix("it is used while a module is imported")
    reached: set[ast.AST] = set()
    found: list[Handler] = []
    for handler in handlers:
        mine = reach.from_handler(handler)
        reached |= mine
        if mine & touching:
            found.append(handler)
        if mine & touching and not mine & changing:
            raise NoFix(f"{handler.label} only reads it: one invocation keeps it for another")
    for use, function in inside.items():
        if function not in reached:
            raise NoFix(f"{use.path}:{use.span.line}: it is used where no handler comes, and would not be set there")
    outer = {each for each in binding if isinstance(each, ast.AsyncFunctionDef)} - reach.heads(handlers)
    for call in reach.calls:
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        pool = name in POOLS_WAIT and isinstance(call.func, ast.Attribute)
        if name in _THREADS or pool:
            if reach.from_arguments(call) & touching:
                raise NoFix(f"it is used in another thread (line {call.lineno}), which has a context of its own")
        elif name in _TASKS and (reach.from_arguments(call) & binding or (outer and name in _SEVERAL)):
            raise NoFix(f"it is bound in a task (line {call.lineno}), which has a context of its own")
    return found


def _binds(use: Occurrence) -> bool:
    return not isinstance(getattr(use.node, "ctx", None), ast.Load)


def _looks_up(use: Occurrence) -> bool:
    """Whether a use asks for something under a key, or for an element, that is no constant: a cache, or a memory."""
    parents, node = use.tree.parents, use.node
    parent = parents.get(node)
    above = parents.get(parent) if parent is not None else None
    match parent:
        case ast.Compare(left=left, ops=[ast.In() | ast.NotIn()]) if parent.comparators[0] is node:
            return not isinstance(left, ast.Constant)
        case ast.Subscript(ctx=ast.Load(), slice=key):
            return not isinstance(key, ast.Constant | ast.Slice | ast.UnaryOp)
        case ast.Attribute(attr="get" | "pop" | "setdefault" | "remove" | "discard") if isinstance(above, ast.Call):
            return bool(above.args) and not isinstance(above.args[0], ast.Constant | ast.UnaryOp)
    return False


def _is_counted(use: Occurrence) -> bool:
    """Whether the program waits until enough has come together: a test compares the number with one above 1."""
    node: ast.AST = use.node
    parent = use.tree.parents.get(node)
    while isinstance(parent, ast.Call) and isinstance(parent.func, ast.Name) and parent.func.id == "len":
        node, parent = parent, use.tree.parents.get(parent)
    while isinstance(parent, ast.BinOp):
        right = parent.right
        if isinstance(parent.op, ast.Mod) and parent.left is node and not _is_small(right):
            return True
        node, parent = parent, use.tree.parents.get(parent)
    if not isinstance(parent, ast.Compare):
        return False
    others = [each for each in (parent.left, *parent.comparators) if each is not node]
    tested = isinstance(use.tree.parents.get(parent), ast.If | ast.While | ast.IfExp | ast.BoolOp)
    bounds = isinstance(parent.ops[0], ast.Gt | ast.GtE | ast.Lt | ast.LtE | ast.Eq)
    return tested and bounds and not all(map(_is_small, others)) and _empties(use, parent)


def _is_small(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int) and node.value <= 1


def _empties(use: Occurrence, test: ast.AST) -> bool:
    """Whether the variable is emptied, or begun anew, under a test."""
    branch = next((each for each in use.tree.above(test) if isinstance(each, ast.If | ast.While)), None)
    name = use.tree.text_of(use.node)
    for each in ast.walk(branch) if branch is not None else ():
        match each:
            case ast.Call(func=ast.Attribute(attr="clear", value=held)) if use.tree.text_of(held) == name:
                return True
            case ast.Assign(targets=[held]) if use.tree.text_of(held) == name:
                return True
            case ast.Call(func=ast.Name()) if isinstance(each.func, ast.Name) and "flush" in each.func.id.lower():
                return True
            case ast.Delete():
                return True
    return False


def _changes(use: Occurrence) -> bool:
    """Whether a use may change the object: all that does not surely only read it."""
    parents, node = use.tree.parents, use.node
    if _binds(use):
        return True
    parent = parents.get(node)
    above = parents.get(parent) if parent is not None else None
    match parent:
        case ast.Attribute(attr=name):
            return name not in _READING or not isinstance(above, ast.Call)
        case ast.Call(func=ast.Name(id=name)):
            return name not in _READERS
        case ast.Call(func=ast.Attribute(attr="join")):
            return False
        case ast.Subscript(ctx=ast.Load()):
            return isinstance(above, ast.Attribute | ast.Subscript | ast.Return | ast.Assign)
        case ast.For() | ast.comprehension():
            return parent.iter is not node
        case ast.BinOp() | ast.BoolOp() | ast.Compare() | ast.FormattedValue() | ast.If() | ast.IfExp() | ast.Starred():
            return False
        case ast.UnaryOp() | ast.While():
            return False
    return True


class _Reach:
    """The functions of the files between the handlers and a file."""

    def __init__(self, project: Project, path: str, handlers: Sequence[Handler]) -> None:
        self.handlers = handlers
        self._run: dict[object, set[ast.AST]] = {}
        """What may run through a handler, by its name, or a call."""
        above = {path}
        pending = [path]
        while pending:
            fresh = project.importers(pending.pop()) - above
            above |= fresh
            pending += fresh
        wanted = {path, *(each.path for each in handlers), *above}
        self.trees: list[Tree] = []
        for each in sorted(wanted):
            try:
                self.trees.append(project.tree(each))
            except Unreadable as error:
                raise NoFix(f"{each} cannot be parsed") from error
        self.named: dict[str, list[ast.AST]] = {}
        self.given: dict[str, list[ast.AST]] = {}
        """What decorators are given, by the names in the decorators."""
        heads: dict[str, set[str]] = {}
        """The handlers, which their platform calls: name and files."""
        for handler in handlers:
            heads.setdefault(handler.attribute.rpartition(".")[2], set()).add(handler.path)
        self.mentioned: dict[ast.AST, frozenset[str]] = {}
        for tree in self.trees:
            for statement in tree.module.body:
                # a table of functions, a lambda with a name
                if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
                    for target in statement.targets if isinstance(statement, ast.Assign) else [statement.target]:
                        for name in _names(target):
                            self.named.setdefault(name, []).append(statement)
            for node in tree.nodes:
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    self.named.setdefault(node.name, []).append(node)
                    if not any(project.tree(file) is tree for file in heads.get(node.name, ())):
                        # what a decorator is given may be called by whoever has the decorator's object
                        for name in (name for each in node.decorator_list for name in _names(each)):
                            self.given.setdefault(name, []).append(node)
                elif isinstance(node, ast.ClassDef):
                    # what Python itself calls of an object comes with its class
                    own = [each for each in node.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]
                    self.named.setdefault(node.name, []).extend(e for e in own if e.name.startswith("__"))

    def function(self, use: Occurrence) -> ast.AST | None:
        """The innermost function that holds a use, or the statement that gives a lambda its name."""
        for each in use.tree.above(use.node):
            if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef):
                return each
            if each in use.tree.module.body:
                return each
        return None

    def from_handler(self, handler: Handler) -> set[ast.AST]:
        """The functions that a handler may run, itself included."""
        name = handler.attribute.rpartition(".")[2]
        if name not in self._run:
            self._run[name] = self._closure([name])
        return self._run[name]

    def from_arguments(self, call: ast.Call) -> set[ast.AST]:
        """The functions that may run through the arguments of a call."""
        if call not in self._run:
            given = [*call.args, *(each.value for each in call.keywords)]
            self._run[call] = self._closure(name for each in given for name in _names(each))
        return self._run[call]

    @functools.cached_property
    def at_import(self) -> set[ast.AST]:
        """The functions that may run while a module is imported, those left out that a handler calls for them."""
        names: set[str] = set()
        for tree in self.trees:
            for call in tree.nodes:
                if isinstance(call, ast.Call) and not _is_in_function(tree, call):
                    names.update(_names(call.func))
                elif isinstance(call, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                    names.update(
                        name
                        for each in call.decorator_list
                        if not isinstance(each, ast.Call) and not _is_in_function(tree, call)
                        for name in _names(each)
                    )
        return self._closure(names, self.heads(self.handlers), given=False)

    def heads(self, handlers: Sequence[Handler]) -> set[ast.AST]:
        """The functions that are the handlers themselves."""
        return {each for handler in handlers for each in self.named.get(handler.attribute.rpartition(".")[2], ())}

    @functools.cached_property
    def calls(self) -> list[ast.Call]:
        """All calls that may hand a callable over."""
        wanted = _THREADS | POOLS_WAIT | _TASKS
        return [
            each
            for tree in self.trees
            for each in tree.nodes
            if isinstance(each, ast.Call) and (getattr(each.func, "attr", "") or getattr(each.func, "id", "")) in wanted
        ]

    def _closure(self, names: Iterable[str], without: Collection[ast.AST] = (), *, given: bool = True) -> set[ast.AST]:
        found: set[ast.AST] = set(without)
        pending = list(names)
        seen = set(pending)
        while pending:
            name = pending.pop()
            for function in [*self.named.get(name, ()), *(self.given.get(name, ()) if given else ())]:
                if function in found:
                    continue
                found.add(function)
                if function not in self.mentioned:
                    self.mentioned[function] = frozenset(_names(function))
                fresh = self.mentioned[function] - seen
                seen |= fresh
                pending += fresh
        return found.difference(without)


def _is_in_function(tree: Tree, node: ast.AST) -> bool:
    """Whether something stands in the body of a function, and so does not run when its module is imported."""
    inner = node
    for each in tree.above(node):
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) and inner in each.body:
            return True
        if isinstance(each, ast.Lambda):
            return True
        inner = each
    return False


def _names(node: ast.AST) -> Iterable[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.Name):
            yield each.id
        elif isinstance(each, ast.Attribute):
            yield each.attr
