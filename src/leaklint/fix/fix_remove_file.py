"""A file or folder under the folder for temporary files is removed in a ``finally`` (LK110)."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from leaklint.fix.names import member, module
from leaklint.fix.naming import Site, named_at, stays_here
from leaklint.fix.occurrences import is_local, occurrences
from leaklint.fix.plan import Before, Change, Enclose, Forget, Import, Instead, NoFix, Plan, Replace, fix, plan
from leaklint.fix.project import Project
from leaklint.fix.spelling import is_spelled_elsewhere, spelled_again
from leaklint.fix.tails import in_handler
from leaklint.fix.travels import names_of_file
from leaklint.fix.tree import Function, Tree, dotted
from leaklint.fix.waits import (
    alone,
    at_the_end,
    commented,
    comments_beside,
    finally_after,
    guarded,
    span_of,
    whole_lines,
)
from leaklint.ir.finding import Finding
from leaklint.ir.values import is_temporary

_FOLDERS = ("extractall", "makedirs", "mkdir", "mkdtemp", "copytree", "unpack_archive")
_TEMPORARY = ("tempfile.gettempdir", "tempfile.gettempprefix")


@fix("remove-file")
def make(finding: Finding, project: Project) -> Plan:
    tree = project.tree(finding.place.path)
    node = tree.at(finding.place.span)
    function = tree.function(node) if node is not None else None
    if not isinstance(node, ast.Call) or function is None:
        raise NoFix("it is made by no call in a function")
    site = Site(finding.place.path, tree, node, function, in_handler(finding))
    if finding.hint.operation == "mkdtemp":
        return _with_folder(finding, site)
    if finding.hint.operation == "mkstemp":
        return _after_mkstemp(finding, site)
    if finding.hint.operation == "NamedTemporaryFile":
        return _after_named(finding, site)
    if finding.hint.operation == "make_archive":
        raise NoFix("the file gets an ending that its name does not have")
    site, path = named_at(finding, project, site, _is_temporary)
    return _with_name(finding, site, path, project)


def _with_name(finding: Finding, site: Site, path: ast.expr, project: Project) -> Plan:
    """A file of which the name is known before it is made."""
    tree, statement, function = site.tree, site.statement, site.function
    if tree.in_comprehension(site.node):
        raise NoFix("it is made in a comprehension, which no block can hold")
    changes: list[Change] = []
    if _needs_name(site, path):
        # a name for the name, by which it can be removed
        alone(tree, statement)
        name = tree.fresh("path", "file_path")
        changes += [Before(tree.span(statement), f"{name} = {tree.text_of(path)}"), Replace(tree.span(path), name)]
        closing, imports = _removal(tree, finding, path, function, name)
        first, names = statement, {name}
    else:
        closing, imports = _removal(tree, finding, path, function)
        first = _first_to_enclose(tree, path, statement, function)
        names = {each.id for each in ast.walk(path) if isinstance(each, ast.Name)}
    block = list(tree.block(first))
    rest = block[block.index(first) :]
    whole_lines(tree, rest)
    again = spelled_again(tree, function, path, folder=finding.hint.operation in _FOLDERS)
    held = names_of_file(tree, function, path.id if isinstance(path, ast.Name) else "", rest, again)
    if isinstance(path, ast.Name):
        names = held
        done = _done_already(tree, rest, path.id)
        if done is not None:
            alone(tree, done)
            first_closing = closing
            closing, imports = _taken_over(tree, done, closing, imports)
            above, behind = comments_beside(tree, done)
            changes += [Instead(tree.span(done), ""), *above, *([behind] if behind is not None else [])]
            if first_closing in closing and _only_use_of_os(tree, done):
                changes.append(Forget("os"))
    safe = stays_here(site, names | held | _objects(site), path) and not _is_known_elsewhere(site, path, project)
    if not site.in_handler:
        files = {step.place.path for step in finding.trace} | {site.file}
        safe = safe and not is_spelled_elsewhere(project, tree, function, path, files)
    _is_made_for_itself(site, path, names, again)
    changes += [guarded(tree, rest, closing, statement), *imports]
    return plan(finding, [(site.file, each) for each in changes], safe=safe)


def _is_made_for_itself(site: Site, path: ast.expr, names: set[str], again: Sequence[ast.expr]) -> None:
    """Raises ``NoFix`` where a function that is no handler makes a file and does not look at it any more."""
    tree = site.tree
    bound = _assignment(tree, site.function, path.id) if isinstance(path, ast.Name) else None
    calls = [each for each in ast.walk(path if bound is None else bound.value) if isinstance(each, ast.Call)]
    drawn = any(tree.full_name(each.func) in _DRAWN for each in calls)
    if site.in_handler or drawn:
        return
    text = tree.text_of(path)
    made = (site.node.end_lineno or 0, site.node.end_col_offset or 0)
    for each in ast.walk(site.function):
        if isinstance(each, ast.expr) and (each.lineno, each.col_offset) >= made:
            named = isinstance(each, ast.Name) and isinstance(path, ast.Name) and each.id in names
            if named or each in again or (type(each) is type(path) and tree.text_of(each) == text):
                return
    raise NoFix("the file is made for others, who know what it is called")


def _is_known_elsewhere(site: Site, path: ast.expr, project: Project) -> bool:
    """Whether a file has a constant name that others use too; raises ``NoFix`` where they may come later."""
    tree, function = site.tree, site.function
    made = _constant(tree, function, path.id) if isinstance(path, ast.Name) else None
    inside = set(ast.walk(function)) | (set(ast.walk(made)) if made is not None else set())
    used = (
        isinstance(path, ast.Name)
        and made is not None
        and any(each.node not in inside for each in occurrences(project, site.file, path.id) if not each.is_definition)
    )
    match path if made is None else made.value:
        case ast.Constant(value=str(text)):
            files = [each for each in project.sources if project.own(each) and project.mentions(each, text)]
            used = used or any(
                isinstance(each, ast.Constant) and each.value == text and each not in inside
                for file in files
                for each in project.tree(file).nodes
            )
    if used and not site.in_handler:
        raise NoFix("the file is made for others, who know what it is called")
    return used


def _objects(site: Site) -> set[str]:
    """The names of the open file, which knows what it is called."""
    match site.statement:
        case ast.With(items=items):
            bound = [each.optional_vars for each in items if each.context_expr is site.node]
        case ast.Assign(targets=[target], value=value) if value is site.node:
            bound = [target]
        case _:
            bound = []
    return {each.id for each in bound if isinstance(each, ast.Name)}


def _done_already(tree: Tree, rest: Sequence[ast.stmt], name: str) -> ast.stmt | None:
    """The only statement of a block that removes the file, where it is reached; not the one that makes it."""
    found = [
        each
        for each in rest[1:]
        if _removes(each, name)
        or (isinstance(each, ast.If) and not each.orelse and len(each.body) == 1 and _removes(each.body[0], name))
    ]
    if len(found) != 1 or any("#" in line for line in tree.text_of(found[0]).split("\n")):
        return None
    return found[0]


def _removes(statement: ast.stmt, name: str) -> bool:
    match statement:
        case ast.Expr(value=ast.Call(func=function, args=[ast.Name(id=given)], keywords=[])):
            return given == name and dotted(function) in ("os.remove", "os.unlink")
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=given), attr="unlink"), args=[])):
            return given == name
    return False


def _only_use_of_os(tree: Tree, statement: ast.stmt) -> bool:
    """Whether nothing but a statement uses the module ``os``."""
    inside = set(ast.walk(statement))
    uses = [each for each in tree.nodes if isinstance(each, ast.Name) and each.id == "os"]
    return bool(uses) and all(each in inside for each in uses)


def _taken_over(tree: Tree, done: ast.stmt, closing: str, imports: list[Import]) -> tuple[str, list[Import]]:
    """What removes the file already, with the comments beside it, where it asks whether there is one."""
    above, behind = comments_beside(tree, done)
    match done:
        case ast.If(test=ast.Call(func=called), body=[ast.Expr(value=inner)]) if dotted(called).rpartition(".")[2] in (
            "exists",
            "isfile",
            "is_file",
        ):
            closing, imports = f"if {tree.text_of(done.test)}:\n    {tree.text_of(inner)}", []
    return commented(tree, closing, above, behind), imports


def _needs_name(site: Site, path: ast.expr) -> bool:
    """Whether the expression that names a file gets a name: it is worked out once only, and may differ later."""
    tree = site.tree
    called = [each for each in ast.walk(path) if isinstance(each, ast.Call)]
    unsteady = [each for each in called if tree.full_name(each.func) not in _STEADY]
    if isinstance(path, ast.Name | ast.Constant):
        return False
    text = tree.text_of(path)
    again = [each for each in ast.walk(site.function) if type(each) is type(path) and tree.text_of(each) == text]
    if not unsteady and len(again) > 1:
        return False
    # who draws a name is the only one to know it; another name may be made again, behind the block
    drawn = any(tree.full_name(each.func) in _DRAWN for each in unsteady)
    start = (path.lineno, path.col_offset)
    earlier = [
        each
        for each in ast.walk(site.statement)
        if isinstance(each, ast.Call | ast.Await | ast.NamedExpr | ast.Yield)
        and ((each.end_lineno or 0), (each.end_col_offset or 0)) <= start
    ]
    return (drawn or site.statement in site.function.body) and not earlier


# ------------------------------------------------------------------------------------------------- files with a name
def _is_temporary(tree: Tree, node: ast.expr, function: Function, depth: int = 0) -> bool:
    match node:
        case ast.Constant(value=str(text)):
            return is_temporary(text)
        case ast.JoinedStr(values=[first, *_]):
            inner = first.value if isinstance(first, ast.FormattedValue) else first
            return _is_temporary(tree, inner, function, depth)
        case ast.BinOp(left=left, op=ast.Add() | ast.Div() | ast.Mod()):
            return _is_temporary(tree, left, function, depth)
        case ast.Call(func=ast.Attribute(value=left, attr="format" | "joinpath")):
            return _is_temporary(tree, left, function, depth)
        case ast.Call(args=[first, *_]) if dotted(node.func).rpartition(".")[2] in ("Path", "join", "str", "joinpath"):
            return _is_temporary(tree, first, function, depth)
        case ast.Call():
            return tree.full_name(node.func) in _TEMPORARY
        case ast.Name(id=name) if depth < 5:
            made = _assignment(tree, function, name) or _constant(tree, function, name)
            return made is not None and _is_temporary(tree, made.value, function, depth + 1)
    return False


def _constant(tree: Tree, function: Function, name: str) -> ast.Assign | None:
    """The only assignment of a name of the module, where it means that in a function."""
    if is_local(tree, function.body[0], name):
        return None
    stores = [each for each in tree.uses(tree.module, name) if not isinstance(each.ctx, ast.Load)]
    made = tree.parents[stores[0]] if len(stores) == 1 else None
    return made if isinstance(made, ast.Assign) and made in tree.module.body and made.targets == stores else None


def _assignment(tree: Tree, function: Function, name: str) -> ast.Assign | None:
    """The only assignment of a local name."""
    stores = [each for each in tree.uses(function, name) if not isinstance(each.ctx, ast.Load)]
    made = tree.parents[stores[0]] if len(stores) == 1 and name not in tree.names_of(function)[0] else None
    return made if isinstance(made, ast.Assign) and made.targets == stores else None


def _first_to_enclose(tree: Tree, path: ast.expr, statement: ast.stmt, function: Function) -> ast.stmt:
    """The statement from which on, to the end of its block, the file may be used."""
    if isinstance(path, ast.Name) and _constant(tree, function, path.id) is None:
        made = _assignment(tree, function, path.id)
        following = tree.after(made) if made is not None else ()
        if not following:
            raise NoFix("the name of the file is made in another block than the file")
        return following[0]
    outer = statement
    for each in tree.above(statement):
        if each is function:
            break
        if isinstance(each, ast.stmt):
            outer = each
    if outer not in function.body:
        raise NoFix("the file is made in an inner function")
    start = function.body.index(outer)
    before = {name.arg for name in [*function.args.args, *function.args.kwonlyargs, *function.args.posonlyargs]}
    for each in function.body[:start]:
        before |= {name.id for name in ast.walk(each) if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)}
    for each in function.body[start:]:
        for name in ast.walk(each):
            if isinstance(name, ast.Name) and not isinstance(name.ctx, ast.Load):
                before.discard(name.id)
    known = before | _module_names(tree)
    if any(isinstance(each, ast.Name) and each.id not in known for each in ast.walk(path)):
        return _within_block(tree, path, statement, function, known)
    if any(isinstance(each, ast.Call) and tree.full_name(each.func) not in _STEADY for each in ast.walk(path)):
        raise NoFix("what names the file may be another name the next time")
    return outer


def _within_block(tree: Tree, path: ast.expr, statement: ast.stmt, function: Function, known: set[str]) -> ast.stmt:
    """The statement that makes the file, where nothing behind its block knows what the file is called."""
    rest = [statement, *tree.after(statement)]
    inside = {node for each in rest for node in ast.walk(each)}
    for name in {each.id for each in ast.walk(path) if isinstance(each, ast.Name)} - known:
        for use in tree.uses(function, name):
            if use in inside and not isinstance(use.ctx, ast.Load):
                raise NoFix("the name of the file changes after the file is made")
            if use not in inside and (use.lineno, use.col_offset) > (statement.lineno, statement.col_offset):
                raise NoFix("the file may be used behind the block in which it is made")
    return statement


_STEADY = (*_TEMPORARY, "int", "os.path.join", "str", "pathlib.Path", "os.path.basename")
_DRAWN = (
    *("datetime.datetime.now", "datetime.datetime.utcnow", "random.choice", "random.randint", "secrets.token_hex"),
    *("time.time", "time.time_ns", "uuid.uuid1", "uuid.uuid4"),
)
"""Calls that draw a name, or a part of one."""


def _module_names(tree: Tree) -> set[str]:
    found = {"str"}
    for statement in tree.module.body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            found |= {(each.asname or each.name).partition(".")[0] for each in statement.names}
        elif isinstance(statement, ast.Assign):
            found |= {each.id for each in statement.targets if isinstance(each, ast.Name)}
    return found


def _removal(
    tree: Tree, finding: Finding, path: ast.expr, function: Function, called: str = ""
) -> tuple[str, list[Import]]:
    """The call that removes what lies at a path, by a name of it where that has one."""
    text = called or tree.text_of(path)
    if finding.hint.operation in _FOLDERS:
        shutil, imports = module(tree, "shutil")
        return f"{shutil}.rmtree({text}, ignore_errors=True)", imports
    name, imports = member(tree, "pathlib", "Path")
    if _is_path_object(tree, path, function):
        text = text if called or isinstance(path, ast.Name | ast.Attribute | ast.Call) else f"({text})"
        return f"{text}.unlink(missing_ok=True)", []
    return f"{name}({text}).unlink(missing_ok=True)", imports


def _is_path_object(tree: Tree, path: ast.expr, function: Function) -> bool:
    if isinstance(path, ast.Name):
        made = _assignment(tree, function, path.id)
        return made is not None and _is_path_object(tree, made.value, function)
    if isinstance(path, ast.BinOp) and isinstance(path.op, ast.Div):
        return True
    return isinstance(path, ast.Call) and dotted(path.func).rpartition(".")[2] in ("Path", "joinpath")


# -------------------------------------------------------------------------------------------------- module tempfile
def _with_folder(finding: Finding, site: Site) -> Plan:
    tree, node, function, statement = site.tree, site.node, site.function, site.statement
    if not isinstance(statement, ast.Assign) or statement.value is not node or len(statement.targets) != 1:
        raise NoFix("no name is bound to the folder")
    name = dotted(statement.targets[0])
    rest = list(tree.after(statement))
    if not name or "." in name or not rest:
        raise NoFix("no local name is bound to the folder")
    safe = stays_here(site, names_of_file(tree, function, name, rest))
    alone(tree, statement)
    whole_lines(tree, rest)
    written = dotted(node.func)
    changes: list[Change] = []
    if written == "mkdtemp":
        maker, imports = member(tree, "tempfile", "TemporaryDirectory")
        changes += imports
        if sum(isinstance(each, ast.Name) and each.id == written for each in tree.nodes) == 1:
            changes.append(Forget(written))
    else:
        maker = f"{written.removesuffix('mkdtemp')}TemporaryDirectory"
    made = tree.text_with(node, (node.func, maker))
    return plan(
        finding,
        [
            Enclose(span_of(tree, [statement, *rest]), f"with {made} as {name}:\n    ...", head=tree.span(statement)),
            *changes,
        ],
        safe=safe,
    )


def _after_mkstemp(finding: Finding, site: Site) -> Plan:
    tree, node, function, statement = site.tree, site.node, site.function, site.statement
    match statement:
        case ast.Assign(targets=[ast.Tuple(elts=[_, ast.Name(id=name)])], value=value) if value is node:
            pass
        case _:
            raise NoFix("the name of the file is not bound to a name of its own")
    names = names_of_file(tree, function, name, list(tree.after(statement)) or [statement])
    safe = stays_here(site, names)
    closing, imports = _unlink(finding, site, name, names)
    return plan(finding, [finally_after(tree, statement, closing), *imports], safe=safe)


def _unlink(finding: Finding, site: Site, name: str, names: set[str]) -> tuple[str, list[Import]]:
    """The removal of a file that exists for certain, unless something else removes it."""
    some = NoFix("the file is removed on some paths already")
    if finding.hint.settled != "never":
        raise some
    for each in site.tree.own_nodes(site.function):
        if not isinstance(each, ast.Call) or not isinstance(each.func, ast.Name | ast.Attribute):
            continue
        removes = (each.func.attr if isinstance(each.func, ast.Attribute) else each.func.id) in ("remove", "unlink")
        if removes and any(isinstance(inner, ast.Name) and inner.id in names for inner in ast.walk(each)):
            raise some
    os, imports = module(site.tree, "os")
    return f"{os}.unlink({name})", imports


def _after_named(finding: Finding, site: Site) -> Plan:
    tree, node, function, statement = site.tree, site.node, site.function, site.statement
    name = ""
    match statement:
        case ast.With(items=[ast.withitem(context_expr=value, optional_vars=ast.Name(id=name))]) if value is node:
            pass
        case ast.Assign(targets=[ast.Name(id=name)], value=value) if value is node:
            pass
        case _:
            raise NoFix("no name is bound to the file")
    names = names_of_file(tree, function, name, [statement, *tree.after(statement)])
    safe = stays_here(site, names)
    closing, imports = _unlink(finding, site, f"{name}.name", names)
    answers = [each for each in tree.own_nodes(function) if isinstance(each, ast.Return)]
    if isinstance(statement, ast.With) and any(each in answers for each in ast.walk(statement)):
        return plan(finding, [guarded(tree, statement.body, closing), *imports], safe=safe)
    calls = [each for answer in answers for each in ast.walk(answer) if isinstance(each, ast.Call)]
    asked = any(isinstance(each, ast.Name) and each.id in names for call in calls for each in ast.walk(call))
    if isinstance(statement, ast.With) and not asked:
        return plan(finding, [at_the_end(tree, statement, closing), *imports], safe=safe)
    return plan(finding, [finally_after(tree, statement, closing), *imports], safe=safe)
