"""Where a wait goes, so that it stands on every path: building blocks that several fixes share."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Iterator, Sequence

from leaklint.fix.plan import After, Before, Change, Comment, Enclose, Finally, Instead, NoFix, Replace
from leaklint.fix.tree import Function, Tree, dotted
from leaklint.ir.location import Span

_HARMLESS = (
    *(ast.Constant, ast.Name, ast.Dict, ast.List, ast.Tuple, ast.Set, ast.JoinedStr, ast.FormattedValue),
    *(ast.Assign, ast.AnnAssign, ast.Expr, ast.Pass, ast.expr_context),
)
TAKING_OUT = frozenset({"clear", "discard", "pop", "popitem", "popleft", "remove"})
"""Methods by which a container loses what is in it."""
WAITS = frozenset({"as_completed", "communicate", "gather", "join", "result", "wait"})
"""What waits for work that was started before."""


def alone(tree: Tree, *statements: ast.stmt) -> None:
    """Raises ``NoFix`` where a statement shares its line with something else."""
    for each in statements:
        if not tree.stands_alone(each):
            raise NoFix("the statement shares its line with another one")


def whole_lines(tree: Tree, statements: Sequence[ast.stmt]) -> None:
    """Raises ``NoFix`` where a run of statements shares its first or its last line with something else."""
    if not tree.begins_line(statements[0]) or not tree.ends_line(statements[-1]) or _follows_head(tree, statements[0]):
        raise NoFix("the statement shares its line with another one")


def ends_its_line(tree: Tree, statement: ast.stmt) -> None:
    """Raises ``NoFix`` where something else follows on the line of a statement, or its block is on one line."""
    if not tree.ends_line(statement) or _follows_head(tree, statement):
        raise NoFix("the statement shares its line with another one")


def _follows_head(tree: Tree, statement: ast.stmt) -> bool:
    """Whether a statement stands on the line of the head of its block: ``if ready: start()``."""
    first = tree.block(statement)[0]
    return not tree.begins_line(first)


def comments_above(tree: Tree, statement: ast.stmt) -> list[Comment]:
    """The changes by which the lines with comments right above a statement go, from the top down."""
    found: list[Comment] = []
    for number in range(statement.lineno - 1, 0, -1):
        text = tree.lines[number - 1]
        start = len(text) - len(text.lstrip())
        if not text.lstrip().startswith("#"):
            break
        found.insert(0, Comment(Span(number, start + 1, number, len(text) + 1), ""))
    return found


def comments_beside(tree: Tree, statement: ast.stmt) -> tuple[list[Comment], Comment | None]:
    """The changes by which the comments right above a statement go, and the one behind it."""
    span = tree.span(statement)
    rest = tree.lines[span.end_line - 1][span.end_column - 1 :]
    start = span.end_column + len(rest) - len(rest.lstrip())
    behind = Comment(Span(span.end_line, start, span.end_line, start + len(rest.strip())), "") if rest.strip() else None
    return comments_above(tree, statement), behind


def commented(tree: Tree, text: str, above: Sequence[Comment], behind: Comment | None) -> str:
    """A statement with comments that stood beside another one."""
    lines = [*(tree.lines[each.span.line - 1].strip() for each in above), text]
    if behind is not None:
        lines[-1] += f"  {tree.lines[behind.span.line - 1][behind.span.column - 1 :].rstrip()}"
    return "\n".join(lines)


def harmless(statement: ast.stmt) -> bool:
    """Whether a statement can neither raise nor leave its block."""
    return all(isinstance(each, _HARMLESS) for each in ast.walk(statement))


def span_of(tree: Tree, statements: Sequence[ast.stmt]) -> Span:
    """From the start of the first statement, its decorators included, to the end of the last."""
    first, last = tree.span(statements[0]), tree.span(statements[-1])
    return Span(first.line, first.column, last.end_line, last.end_column)


def at_the_end(tree: Tree, statement: ast.stmt, wait: str, *, name: str = "", quiet: Sequence[ast.stmt] = ()) -> Change:
    """The change that puts a wait behind what follows a statement in its block, on every way out of it.

    ``name`` is what is waited for: an answer that asks it how far it is stays what it was. ``quiet`` are statements
    known to do no harm.
    """
    rest = list(tree.after(statement))
    left_whole(tree, statement, name)
    while rest and (harmless(rest[0]) or rest[0] in quiet):
        statement = rest.pop(0)
    ends_its_line(tree, statement)
    if not rest:
        return After(tree.span(statement), wait)
    if isinstance(rest[0], ast.Return) and not _asks(rest[0], name) and not _awaits(rest[0]):
        alone(tree, rest[0])
        return Before(tree.span(rest[0]), wait)
    return finally_after(tree, statement, wait)


def left_whole(tree: Tree, statement: ast.stmt, name: str) -> None:
    """Raises ``NoFix`` where, behind a statement, something is taken out of the container that is waited for."""
    for each in (inner for rest in tree.after(statement) for inner in ast.walk(rest)):
        if isinstance(each, ast.Attribute) and each.attr in TAKING_OUT and name and dotted(each.value) == name:
            raise NoFix("what would have to be waited for is taken out of where it lies")


def _awaits(statement: ast.Return) -> bool:
    """Whether an answer is waited for: what has been started may be waiting for that."""
    return any(isinstance(each, ast.Await) for each in ast.walk(statement))


def _asks(statement: ast.Return, name: str) -> bool:
    """Whether an answer looks into what is waited for; its mere number, or the thing itself, is no such look."""
    if not name:
        return False
    counted = {
        argument
        for each in ast.walk(statement)
        if isinstance(each, ast.Call) and dotted(each.func) == "len"
        for argument in each.args
    }
    return any(
        dotted(each) == name and each not in counted and each is not statement.value for each in ast.walk(statement)
    )


def finally_after(tree: Tree, statement: ast.stmt, closing: str, last: ast.stmt | None = None) -> Change:
    """``try`` around what follows a statement in its block (up to the last one given), ``finally`` with the closing."""
    ends_its_line(tree, statement)
    rest = list(tree.after(statement))
    if last is not None:
        rest = rest[: rest.index(last) + 1]
    if not rest:
        return After(tree.span(statement), closing)
    return guarded(tree, rest, closing)


def blocks_around(tree: Tree, statement: ast.stmt) -> list[ast.stmt]:
    """The statements of a function in whose blocks a statement stands, from the inside."""
    found: list[ast.stmt] = []
    for each in tree.above(statement):
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef):
            break
        found += [each] if isinstance(each, ast.stmt) else []
    return found


def goes_on_behind(tree: Tree, blocks: Sequence[ast.stmt]) -> bool:
    """Whether something happens behind some blocks, other than that an answer is given which is there already."""
    rest = [each for block in blocks for each in tree.after(block)]
    answers = [ast.Expr(each.value) if isinstance(each, ast.Return) and each.value else each for each in rest]
    return not all(harmless(each) or isinstance(each, ast.Return) for each in answers)


def guarded(tree: Tree, rest: Sequence[ast.stmt], closing: str, begins: ast.stmt | None = None) -> Change:
    """``finally`` with the closing for some statements: that of the ``try`` that they are, or one around them.

    ``begins`` is the statement among or in them before which there is nothing to close.
    """
    last = rest[-1]
    whole_lines(tree, rest)
    if isinstance(last, ast.Try) and (len(rest) == 1 or begins in set(_statements(last.body))):
        if not last.finalbody:
            return Finally(tree.span(last), indented(closing))
        if tree.stands_alone(last.finalbody[-1]):
            return After(tree.span(last.finalbody[-1]), closing)
    return Enclose(span_of(tree, rest), f"try:\n    ...\nfinally:\n{indented(closing)}")


def _statements(block: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in block:
        yield from (each for each in ast.walk(statement) if isinstance(each, ast.stmt))


def once(tree: Tree, changes: Sequence[Change]) -> list[Change]:
    """The changes by which a wait that moves into a ``finally`` does not stay where it stood, with its comments."""
    found: list[Change] = []
    for each in changes:
        head, _, closing = each.text.rpartition("finally:\n") if isinstance(each, Enclose) else ("", "", "")
        stood = _stands_among(tree, each.span, closing.strip()) if isinstance(each, Enclose) and head else None
        if stood is None or not isinstance(each, Enclose):
            found.append(each)
            continue
        above, behind = comments_beside(tree, stood)
        text = f"{head}finally:\n{indented(commented(tree, closing.strip(), above, behind))}"
        found += [dataclasses.replace(each, text=text), Instead(tree.span(stood), ""), *above]
        found += [behind] if behind is not None else []
    return found


def _stands_among(tree: Tree, span: Span, text: str) -> ast.stmt | None:
    """The only statement with some text among those that a span holds, where what follows it needs no such wait."""
    first = next((each for each in tree.nodes if isinstance(each, ast.stmt) and _starts(tree, each, span)), None)
    if first is None or "\n" in text:
        return None
    rest = [first, *tree.after(first)]
    same = [each for each in rest if isinstance(each, ast.Expr) and tree.text_of(each) == text]
    if len(same) != 1 or not tree.stands_alone(same[0]) or len(rest) == 1:
        return None
    behind = tree.after(same[0])
    shared = {name for each in tree.nodes if isinstance(each, ast.Global | ast.Nonlocal) for name in each.names}
    for each in behind:
        plain = ast.Expr(each.value) if isinstance(each, ast.Return) and each.value is not None else each
        names = {inner.id for inner in ast.walk(each) if isinstance(inner, ast.Name)}
        if not (harmless(plain) or isinstance(plain, ast.Return)) or names & shared:
            return None
    return same[0]


def _starts(tree: Tree, statement: ast.stmt, span: Span) -> bool:
    start = tree.span(statement)
    return (start.line, start.column) == (span.line, span.column)


@dataclasses.dataclass(frozen=True, slots=True)
class Wait:
    """How something is waited for."""

    one: str
    """For one: ``{}.join()``."""
    many: str
    """For a list of them, with ``{0}`` for the list and ``{1}`` for one of them."""
    lists: tuple[str, ...]
    """What the list is called where there is none yet."""


JOIN = Wait("{}.join()", "for {1} in {0}:\n    {1}.join()", ("threads", "started"))
PROCESS_JOIN = Wait("{}.join()", "for {1} in {0}:\n    {1}.join()", ("processes", "started"))
PROCESS_WAIT = Wait("{}.wait()", "for {1} in {0}:\n    {1}.wait()", ("processes", "started"))
PROCESS_READ = Wait("{}.communicate()", "for {1} in {0}:\n    {1}.communicate()", ("processes", "started"))
GET = Wait("{}.wait()", "for {1} in {0}:\n    {1}.wait()", ("results", "pending"))


def futures_wait(wait: str) -> Wait:
    """For futures of an executor, by ``concurrent.futures.wait``: what their work raises stays where it was."""
    return Wait(f"{wait}([{{}}])", f"{wait}({{0}})", ("futures", "submitted"))


def kept_here(tree: Tree, function: Function, name: str) -> None:
    """Raises ``NoFix`` where what a name is bound to lives on: it is returned, or others may ask for it."""
    attribute = name.partition(".")[2]
    shared = name in tree.names_of(function)[0]
    if shared and any(isinstance(each, ast.Name) and each.id == name and _is_load(each) for each in tree.nodes):
        raise NoFix("it is kept in a variable of the module, for later invocations")
    for each in tree.own_nodes(function):
        if isinstance(each, ast.Yield) and tree.manages(function):
            continue
        if isinstance(each, ast.Return | ast.Yield) and each.value is not None and _gives(each.value, name):
            raise NoFix("it goes to the caller, who can wait for it")
    if attribute:
        last = attribute.rpartition(".")[2]
        inside = set(ast.walk(function))
        if any(isinstance(each, ast.Attribute) and each.attr == last and each not in inside for each in tree.nodes):
            raise NoFix(f"another function uses {name}")
    arguments = function.args
    handed = {each.arg for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
    for each in tree.own_nodes(function):
        if isinstance(each, ast.Expr) and _keeps(each, name):
            _nobody_else_waits(tree, function, each)
            match each.value:
                case ast.Call(func=ast.Attribute(value=ast.Name(id=owner), attr="add" | "append")) if owner in handed:
                    raise NoFix("it goes into what the caller has handed in, who can wait for it")


def _nobody_else_waits(tree: Tree, function: Function, keeps: ast.Expr) -> None:
    """Raises ``NoFix`` where another function waits for what an attribute of an object holds."""
    match keeps.value:
        case ast.Call(func=ast.Attribute(value=ast.Attribute(attr=held))):
            pass
        case _:
            return
    for other in tree.nodes:
        if not isinstance(other, ast.FunctionDef | ast.AsyncFunctionDef) or other is function:
            continue
        attributes = {each.attr for each in ast.walk(other) if isinstance(each, ast.Attribute)}
        if held in attributes and not WAITS.isdisjoint(attributes):
            raise NoFix(f"{other.name}() waits for it, where somebody calls that")


def _is_load(name: ast.Name) -> bool:
    return isinstance(name.ctx, ast.Load)


def _gives(value: ast.expr, name: str) -> bool:
    """Whether an answer is the object itself, or holds it."""
    parts = value.elts if isinstance(value, ast.Tuple | ast.List) else [value]
    return any(dotted(each) == name for each in parts)


def waited_for(tree: Tree, statement: ast.stmt, name: str, wait: Wait) -> list[Change]:
    """The changes after which all that a statement starts, and that a name is bound to, is waited for."""
    loops = [loop for loop in tree.loops(statement) if _binds(loop, name)]
    if not loops:
        following = tree.after(statement)
        function = tree.function(statement)
        if function is not None and following:
            first, last = following[0].lineno, following[-1].end_lineno or 0
            if any(
                isinstance(each, ast.Assign) and first <= each.lineno <= last and _lets_go(each, name)
                for each in tree.own_nodes(function)
            ):
                raise NoFix("its name stands for nothing on some path")
        quiet = [each for each in following if _keeps(each, name)]
        return [at_the_end(tree, statement, wait.one.format(name), name=name, quiet=quiet)]
    loop = loops[-1]
    alone(tree, statement, loop)
    if any(isinstance(each, ast.Return) for each in ast.walk(loop)) or loop.orelse:
        return [After(tree.span(statement), wait.one.format(name))]
    if (
        isinstance(loop, ast.For)
        and len(loops) == 1
        and _is_name(loop.target, name)
        and isinstance(loop.iter, ast.Name)
    ):
        # a loop over what has been made before
        return [at_the_end(tree, loop, wait.many.format(loop.iter.id, name), name=loop.iter.id)]
    kept = list_of(tree, loop, name)
    changes: list[Change] = []
    if not kept:
        kept = tree.fresh(*wait.lists)
        changes = [Before(tree.span(loop), f"{kept} = []"), After(tree.span(statement), f"{kept}.append({name})")]
        if loops[0] is not loop:
            alone(tree, *loops)
    closing = indented(wait.many.format(kept, name.rpartition(".")[2]))
    return [*changes, Enclose(span_of(tree, [loop]), f"try:\n    ...\nfinally:\n{closing}")]


def _lets_go(node: ast.Assign, name: str) -> bool:
    """Whether an assignment may bind a name to None, which nobody can wait for."""
    bound = {dotted(each) for target in node.targets for each in ast.walk(target)}
    return name in bound and any(isinstance(each, ast.Constant) and each.value is None for each in ast.walk(node.value))


def listed(tree: Tree, statement: ast.stmt, node: ast.Call, wait: Wait, one: str) -> list[Change]:
    """The changes after which all that a loop starts, bound to no name, is waited for behind it; none elsewhere."""
    loops = tree.loops(statement)
    if not loops or any(isinstance(each, ast.Return) for each in ast.walk(loops[-1])) or loops[-1].orelse:
        return []
    alone(tree, statement, loops[-1])
    kept = tree.fresh(*wait.lists)
    return [
        Before(tree.span(loops[-1]), f"{kept} = []"),
        Replace(tree.span(node), f"{kept}.append({tree.text_of(node)})"),
        After(tree.span(loops[-1]), wait.many.format(kept, one)),
    ]


def indented(text: str) -> str:
    """The text one level deeper."""
    return "\n".join(f"    {line}" for line in text.split("\n"))


def _binds(loop: ast.AST, name: str) -> bool:
    return any(
        isinstance(each, ast.Name) and each.id == name and isinstance(each.ctx, ast.Store) for each in ast.walk(loop)
    )


def _is_name(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _keeps(statement: ast.stmt, name: str) -> bool:
    """Whether a statement only puts the object somewhere, or attaches something to it."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
        return False
    put = call.func.attr in ("add", "append") and len(call.args) == 1 and _is_name(call.args[0], name)
    return put or (call.func.attr == "add_done_callback" and _is_name(call.func.value, name))


def list_of(tree: Tree, loop: ast.stmt, name: str) -> str:
    """The list, made just for this outside of the loop, into which the loop puts each object; or nothing."""
    for each in ast.walk(loop):
        if isinstance(each, ast.Expr) and _keeps(each, name):
            assert isinstance(each.value, ast.Call)
            assert isinstance(each.value.func, ast.Attribute)
            owner = each.value.func.value
            if each.value.func.attr == "append" and isinstance(owner, ast.Name) and each in _steady(loop):
                made = [
                    before
                    for before in tree.block(loop)
                    if isinstance(before, ast.Assign)
                    and _is_name(before.targets[0], owner.id)
                    and isinstance(before.value, ast.List)
                    and not before.value.elts
                    and before.lineno < loop.lineno
                ]
                if made:
                    return owner.id
    return ""


def _steady(loop: ast.stmt) -> list[ast.stmt]:
    """The statements that every round of a loop comes to."""
    return list(getattr(loop, "body", ()))
