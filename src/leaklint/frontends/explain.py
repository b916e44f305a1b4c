"""``leaklint explain CODE``: the page of a rule."""

from __future__ import annotations

import sys

from leaklint.frontends.arguments import Parser
from leaklint.frontends.output import prepare, style_for
from leaklint.pipeline.rule_names import rule_names
from leaklint.pipeline.wrong_use import WrongUse, did_you_mean
from leaklint.report.style import Style


def main(arguments: list[str]) -> int:
    """Runs the command and gives its exit status."""
    parser = Parser("explain", "Prints what a rule reports and why, with bad and good code.")
    parser.add_argument("codes", nargs="+", metavar="CODE", help="a code such as LK101, or the name of a rule")
    options = parser.parse_args(arguments)
    names = rule_names()
    by_word = {name: code for code, name in names.items()} | {code: code for code in names}
    chosen: list[str] = []
    for word in options.codes:
        family = [code for code in names if code.startswith(word.upper()) and len(word) > 2]
        if len(family) > 1:
            chosen += family
            continue
        code = by_word.get(word) or by_word.get(word.upper()) or by_word.get(word.lower())
        if code is None:
            guess = did_you_mean(word, by_word) or "; `leaklint rules` lists all codes"
            raise WrongUse(f"unknown rule `{word}`{guess}")
        chosen.append(code)
    from leaklint.rules.catalogue import catalogue

    prepare(sys.stdout)
    style = style_for(sys.stdout)
    print("\n\n".join(marked(catalogue()[code].page.rstrip("\n"), style) for code in chosen))
    return 0


def marked(page: str, style: Style) -> str:
    """Markdown with its titles in bold and its code dimmed, where the terminal has colours."""
    if not style.colours:
        return page
    lines: list[str] = []
    in_code = False
    for line in page.split("\n"):
        if line.startswith("```"):
            in_code = not in_code
            lines.append(style("dim", line))
        elif not in_code and (line.startswith("#") or (line.startswith("*") and line.endswith("*"))):
            lines.append(style("bold", line))
        else:
            lines.append(style("place", line) if in_code else line)
    return "\n".join(lines)
