"""The head of a function with more parameters, laid out as those that it has."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst


def with_parameters(function: cst.FunctionDef, names: Sequence[str]) -> cst.FunctionDef:
    """The function with more parameters, which have to be named where others have defaults."""
    found = function.params
    listed = [*found.params, *found.kwonly_params]
    last = listed[-1]
    between = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
    behind, end = between, last.comma
    if isinstance(last.comma, cst.Comma):
        # one below the other
        before = listed[-2].comma if len(listed) > 1 else None
        space = before.whitespace_after if isinstance(before, cst.Comma) else function.whitespace_before_params
        between = cst.Comma(whitespace_after=_plain(space))
        behind, end = (
            _with_comment(between, last.comma),
            cst.Comma(whitespace_after=_plain(last.comma.whitespace_after)),
        )
    fresh = [cst.Param(cst.Name(name), comma=between) for name in names]
    fresh[-1] = fresh[-1].with_changes(comma=end)
    changed = last.with_changes(comma=behind)
    if found.kwonly_params:
        params = found.with_changes(kwonly_params=[*found.kwonly_params[:-1], changed, *fresh])
    elif any(each.default is not None for each in listed):
        own = [*found.params[:-1], changed]
        params = found.with_changes(params=own, star_arg=cst.ParamStar(comma=between), kwonly_params=fresh)
    else:
        params = found.with_changes(params=[*found.params[:-1], changed, *fresh])
    return function.with_changes(params=params)


def _plain(space: cst.BaseParenthesizableWhitespace) -> cst.BaseParenthesizableWhitespace:
    """A space between parameters without the comments in it."""
    if not isinstance(space, cst.ParenthesizedWhitespace):
        return space
    return space.with_changes(first_line=cst.TrailingWhitespace(newline=space.first_line.newline), empty_lines=())


def _with_comment(comma: cst.Comma, last: cst.Comma) -> cst.Comma:
    """A comma with the comment behind another one."""
    space, own = comma.whitespace_after, last.whitespace_after
    if not isinstance(space, cst.ParenthesizedWhitespace) or not isinstance(own, cst.ParenthesizedWhitespace):
        return comma
    return comma.with_changes(
        whitespace_after=space.with_changes(first_line=own.first_line, empty_lines=own.empty_lines)
    )
