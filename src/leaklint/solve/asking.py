"""Asking: calls of a function whose result it only asks whether it is nothing, as ``if len(jobs) > 0`` does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from leaklint.ir import cfg
from leaklint.ir.cfg import Body

MIRRORED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
EMPTY: Final = {
    "true": {("==", 0), ("<", 1), ("<=", 0)},
    "false": {("!=", 0), (">", 0), (">=", 1)},
}
"""Comparisons of a length, by the answer that says that nothing is there."""
_ALL: Final = EMPTY["true"] | EMPTY["false"]


def only_asked(body: Body, operands: Callable[[cfg.Instruction], Iterable[str]]) -> frozenset[cfg.Call]:
    """The calls of whose result only tests are made, all of which ask whether it is nothing."""
    steps = [step for block in body.blocks for step in block.instructions]
    calls = [step for step in steps if isinstance(step, cfg.Call)]
    uses: dict[str, list[cfg.Instruction]] = {}
    for step in steps if calls else ():
        for name in operands(step):
            uses.setdefault(name, []).append(step)
    constants = {step.target: step.value for step in steps if isinstance(step, cfg.Constant)}
    alone = not any(isinstance(step, cfg.MakeFunction) for step in steps)
    """Whether no other function may read the names."""
    return frozenset(step for step in calls if _is_only_asked(step.target, uses, constants, alone))


def _is_only_asked(
    result: str, uses: Mapping[str, Sequence[cfg.Instruction]], constants: Mapping[str, object], alone: bool
) -> bool:
    pending, seen = [result], {result}
    while pending:
        name = pending.pop()
        for use in uses.get(name, ()):
            match use:
                case cfg.Assume():
                    continue
                case cfg.Operation(operator="not", target=target):
                    pass
                case cfg.Operation(operator=operator, operands=(left, right), target=target) if operator in MIRRORED:
                    limit = constants.get(right if left == name else left)
                    asked = operator if left == name else MIRRORED[operator]
                    if type(limit) is not int or (asked, limit) not in _ALL:
                        return False
                case cfg.Copy(target=target) if alone:
                    pass
                case _:
                    return False
            if target not in seen:
                seen.add(target)
                pending.append(target)
    return True
