"""Joins findings with observations: which finding execution has confirmed, and which leak only execution has shown.

Work is joined by the line that started it, an error by the lines that it came through, state by its name: the name
that the finding mentions, or that the line binds where the state was made. State that no finding claims by its name is
joined *loosely*: with a finding that nothing else bears out, in a function that is about it.
"""

from __future__ import annotations

import ast
import dataclasses
import re
from functools import cache
from pathlib import Path

from leaklint.confirm.findings import Static
from leaklint.confirm.observation import WORKING, Kind, Observation
from leaklint.confirm.plan import module_file

K = Kind
COMPATIBLE: dict[str, frozenset[Kind]] = {
    "LK101": frozenset({K.STATE, K.LIBRARY}),
    "LK102": frozenset({K.STATE, K.LIBRARY, K.ERROR}),
    "LK103": frozenset({K.STATE}),
    "LK104": frozenset({K.STATE}),
    "LK105": frozenset({K.STATE}),
    "LK106": frozenset({K.STATE}),
    "LK107": frozenset({K.ERROR}),
    "LK108": frozenset({K.PROCESS}),
    "LK109": frozenset({K.STATE, K.ERROR}),
    "LK110": frozenset({K.FILE}),
    "LK111": frozenset({K.LIBRARY, K.CONTEXT, K.STATE, K.PROCESS}),
    "LK201": frozenset({K.COROUTINE, K.ERROR}),
    "LK202": frozenset({K.TASK, K.CALLBACK}),
    "LK203": frozenset({K.TASK}),
    "LK204": frozenset({K.THREAD}),
    "LK205": frozenset({K.TIMER, K.CALLBACK, K.THREAD}),
    "LK206": frozenset({K.FUTURE, K.TASK}),
    "LK207": frozenset({K.SUBPROCESS}),
    "LK208": frozenset({K.TASK, K.FUTURE}),
    "LK209": frozenset({K.ERROR, K.COROUTINE}),
    "LK210": frozenset({K.ERROR}),
    "LK211": frozenset({K.STATE, K.LIBRARY, K.THREAD, K.PROCESS}),
    "LK301": WORKING | {K.STATE},
    "LK302": WORKING | {K.STATE, K.LIBRARY},
    "LK303": WORKING | {K.STATE, K.ERROR},
    "LK401": frozenset({K.CONTEXT}),
    "LK402": frozenset({K.STATE, K.CONTEXT}),
    "LK404": frozenset({K.STATE}),
    "LK406": frozenset({K.ERROR}),
}
"""The kinds of observation that can bear out each code."""
CALLBACKS = frozenset({"LK301", "LK302", "LK303"})
SAME_CODE = frozenset({"LK103", "LK104", "LK106", "LK109", "LK402", "LK404"})
"""Codes of state that only an observation of the very same code bears out."""

ASPECTS = (
    ("os.environ", ("environ", "putenv", "setenv", "session")),
    ("current folder", ("chdir", "folder")),
    ("sys.path", ("sys.path", "addsitedir")),
    ("locale", ("locale",)),
    ("default socket timeout", ("timeout",)),
    ("atexit", ("atexit",)),
    ("warnings", ("warning",)),
    ("signal", ("signal",)),
    ("umask", ("umask",)),
    ("recursion limit", ("recursion",)),
    ("sys.std", ("stdout", "stderr")),
    ("time zone", ("tzset", "TZ")),
    ("sys.excepthook", ("excepthook",)),
    ("garbage", ("gc.",)),
    ("handlers of", ("handler", "logg", "basicConfig")),
    ("filters of", ("filter", "logg")),
    ("level of", ("level", "basicConfig")),
    ("sys.argv", ("argv",)),
    ("seed of random", ("seed",)),
    ("decimal context", ("decimal", "getcontext", "setcontext", "prec", "rounding")),
)
"""Beginnings of aspects of the process, and the words of a line or message that are about them."""
FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef
COMPUTED = re.compile(r"\b(globals|setattr|vars|__dict__|__setitem__)\b")
"""What binds a name that the source does not have."""
IDENTIFIER = re.compile(r"[A-Za-z_]\w*")
LABEL_WORDS = frozenset({"context", "variable", "closure", "default", "of"})


class Joiner:
    """Finds the observations that bear out a finding."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def matching(self, finding: Static, observations: list[Observation]) -> list[Observation]:
        """The observations that show what the finding says, the strongest first."""
        kinds = COMPATIBLE.get(finding.code, frozenset())
        near = [each for each in observations if each.kind in kinds]
        if finding.code in SAME_CODE:
            near = [each for each in near if each.code == finding.code]
        exact = [each for each in near if self._is_about(each, finding, finding.message)]
        exact = exact or [each for each in near if self._is_about(each, finding, _words_of(finding))]
        return sorted(exact, key=lambda each: (-each.strength, each.code != finding.code, each.subject))

    def loosely(self, finding: Static, observations: list[Observation]) -> list[Observation]:
        """The observations of state that may be what the finding means under another name, the strongest first.

        A finding names one object where its line may reach several, or an attribute of what a metaclass keeps; and
        what ``globals()`` and ``setattr`` bind has a name that stands nowhere.
        """
        kinds = COMPATIBLE.get(finding.code, frozenset()) & {Kind.STATE, Kind.LIBRARY}
        first, last = function_around(finding.path, finding.line)
        spoken = set(IDENTIFIER.findall(finding.message + "\n" + _source(finding.path, first, last)))
        computed = COMPUTED.search(_source(finding.path, finding.line, finding.end_line))
        near = [each for each in observations if each.kind in kinds]
        about = [
            each
            for each in near
            if any(self._last_name_of(label) in spoken for label in (each.subject, *each.also))
            or (computed and self._stands_nowhere(each))
            or (finding.code in CALLBACKS and each.code == "LK111")  # what a library keeps may be the callback
        ]
        same = [each for each in about if each.code == finding.code]
        return sorted(same or about, key=lambda each: (-each.strength, each.subject))

    def _last_name_of(self, label: str) -> str:
        """The name in a label that says most: of ``app.Session._local`` the last."""
        return next(reversed(IDENTIFIER.findall(self.split(label)[1])), "")

    def _stands_nowhere(self, seen: Observation) -> bool:
        """Whether no statement binds a variable of the project: its name was made at run time."""
        module, variable = self.split(seen.subject)
        file = module_file(self.root, module) if module else None
        names = IDENTIFIER.findall(variable)
        return file is not None and bool(names) and names[0] not in names_made(file.resolve())

    def _is_about(self, seen: Observation, finding: Static, words: str) -> bool:
        """Whether an observation shows what a finding is about, going by the message or also by the source line."""
        if seen.kind is Kind.ERROR:
            returned = seen.code == "LK209" and finding.code == "LK201"  # a coroutine that the handler gives back
            return seen.code == finding.code or returned or self.touches(seen, finding)
        if seen.kind is Kind.PROCESS:
            return finding.code in ("LK111", "LK211") or _same_aspect(seen.subject, words)
        if seen.kind is Kind.LIBRARY:
            return True
        if seen.kind in (Kind.STATE, Kind.CONTEXT):
            if finding.code in ("LK111", "LK211", "LK302") and seen.code == "LK111":
                return True
            return any(self._names(label, finding, words) for label in (seen.subject, *seen.also))
        if seen.kind is Kind.COROUTINE and not seen.lines and finding.code == "LK201":  # a thread of a library made it
            return seen.subject.rpartition(".")[2] in IDENTIFIER.findall(_words_of(finding))
        return self.touches(seen, finding) or (finding.code in CALLBACKS and self._in_function(seen, finding))

    def touches(self, seen: Observation, finding: Static) -> bool:
        """Whether the work was started, or the error came, through the lines of the finding."""
        if seen.kind is Kind.COROUTINE and not seen.lines and finding.code == "LK209":
            return True
        return any(
            (self.root / path).resolve() == finding.path and finding.line <= line <= finding.end_line
            for path, line, _ in seen.lines
        )

    def _in_function(self, seen: Observation, finding: Static) -> bool:
        """Whether work was started in the function of the finding: a callback waits for work of another line."""
        first, last = function_around(finding.path, finding.line)
        return any(
            (self.root / path).resolve() == finding.path and first <= line <= last for path, line, _ in seen.lines
        )

    def _names(self, label: str, finding: Static, words: str) -> bool:
        """Whether a label such as ``app.CACHE`` is what a finding is about."""
        module, variable = self.split(label)
        tokens = set(IDENTIFIER.findall(variable)) - LABEL_WORDS
        if not tokens:
            return False
        file = module_file(self.root, module) if module else None
        if finding.defined is not None:
            path, line = finding.defined
            if file is not None and path != file.resolve():
                return False
            bound = names_bound(path, line)
            if bound:
                return bool(tokens & bound)
        return bool(tokens & set(IDENTIFIER.findall(words)))

    def named_where_made(self, seen: Observation) -> Observation:
        """The observation under the name of the module that makes the object, not of one that imports it."""
        for label in (seen.subject, *seen.also):
            module, variable = self.split(label)
            file = module_file(self.root, module) if module else None
            if file is not None and IDENTIFIER.findall(variable)[0] in names_made(file.resolve()):
                others = tuple(each for each in (seen.subject, *seen.also) if each != label)
                evidence = seen.evidence.replace(seen.subject, label)
                return dataclasses.replace(seen, subject=label, also=others, evidence=evidence)
        return seen

    def with_place(self, seen: Observation) -> Observation:
        """The observation with the line that binds its variable first."""
        if seen.kind not in (Kind.STATE, Kind.CONTEXT):
            return seen
        module, variable = self.split(seen.subject)
        file = module_file(self.root, module) if module else None
        names = IDENTIFIER.findall(variable)
        line = line_made(file.resolve(), names[0]) if file is not None and names else 0
        if file is None or not line:
            return seen
        return dataclasses.replace(seen, made=(file.relative_to(self.root).as_posix(), line))

    def split(self, label: str) -> tuple[str, str]:
        """The module and the variable of a label; no module where none of the project's fits."""
        plain = label.removeprefix("context variable ")
        names = re.split(r"[(\[]", plain)[0].split(".")
        for count in range(len(names) - 1, 0, -1):
            module = ".".join(names[:count])
            if module_file(self.root, module):
                return module, plain[len(module) + 1 :]
        return "", plain


def _words_of(finding: Static) -> str:
    """The message of a finding and the source line that it is about."""
    return f"{finding.message}\n{_source(finding.path, finding.line, finding.end_line)}"


def _source(path: Path, first: int, last: int) -> str:
    """These lines of a file."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return "\n".join(lines[first - 1 : last])


def _same_aspect(subject: str, words: str) -> bool:
    known = [aspects for beginning, aspects in ASPECTS if subject.startswith(beginning)]
    if known:
        return any(word in words for aspects in known for word in aspects)
    return subject.rpartition(".")[2] in IDENTIFIER.findall(words)


@cache
def names_bound(path: Path, line: int) -> frozenset[str]:
    """The names that a statement on a line of a file binds: variables, functions and classes."""
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, ValueError, SyntaxError, RecursionError):
        return frozenset()
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            if first <= line <= node.lineno or (not isinstance(node, ast.ClassDef) and _in_arguments(node, line)):
                found.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign) and node.lineno <= line <= (
            node.end_lineno or node.lineno
        ):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {name for target in targets for name in _names_in(target)}
    return frozenset(found)


@cache
def function_around(path: Path, line: int) -> tuple[int, int]:
    """The first and last line of the innermost function around a line; the line itself where there is none."""
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, ValueError, SyntaxError, RecursionError):
        return line, line
    spans = [
        (node.lineno, node.end_lineno or node.lineno)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return max((span for span in spans if span[0] <= line <= span[1]), default=(line, line))


@cache
def names_made(path: Path) -> frozenset[str]:
    """The names that a module binds itself, not by import."""
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, ValueError, SyntaxError, RecursionError):
        return frozenset()
    defined = {
        node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
    names = (node for node in ast.walk(tree) if isinstance(node, ast.Name))
    return frozenset(defined | {node.id for node in names if isinstance(node.ctx, ast.Store)})


@cache
def line_made(path: Path, name: str) -> int:
    """The line on which a module binds a name first, 0 where none does."""
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, ValueError, SyntaxError, RecursionError):
        return 0
    at_import = [node for node in tree.body if not isinstance(node, FUNCTIONS) or node.name == name]
    for nodes in (at_import, [tree]):
        bound = [line for node in nodes for each in ast.walk(node) if (line := _line_if_bound(each, name))]
        if bound:
            return min(bound)
    return 0


def _line_if_bound(node: ast.AST, name: str) -> int:
    if isinstance(node, ast.Name):
        return node.lineno if isinstance(node.ctx, ast.Store) and node.id == name else 0
    return node.lineno if isinstance(node, FUNCTIONS | ast.ClassDef) and node.name == name else 0


def _names_in(target: ast.expr) -> set[str]:
    names = {each.id for each in ast.walk(target) if isinstance(each, ast.Name)}
    attributes = {each.attr for each in ast.walk(target) if isinstance(each, ast.Attribute)}
    return attributes or names


def _in_arguments(node: ast.FunctionDef | ast.AsyncFunctionDef, line: int) -> bool:
    defaults = [*node.args.defaults, *(each for each in node.args.kw_defaults if each is not None)]
    return any(each.lineno <= line <= (each.end_lineno or each.lineno) for each in defaults)
