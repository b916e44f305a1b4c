"""``leaklint rules``: all rules, as a table, as JSON, or as the pages of the documentation."""

from __future__ import annotations

import json
import sys

from leaklint.frontends.arguments import Parser
from leaklint.frontends.output import prepare, style_for
from leaklint.pipeline.wrong_use import WrongUse


def main(arguments: list[str]) -> int:
    """Runs the command and gives its exit status."""
    parser = Parser("rules", "Lists the rules, all or those of a family.")
    parser.add_argument("family", nargs="?", default="", metavar="FAMILY", help="the beginning of codes, such as LK1")
    parser.add_argument("--output-format", choices=("text", "json", "markdown"), default="text")
    options = parser.parse_args(arguments)
    from leaklint.rules.catalogue import FAMILIES, catalogue, markdown, members

    family = options.family.upper()
    if family and family not in FAMILIES:
        raise WrongUse(f"unknown family `{options.family}`; families are {', '.join(FAMILIES)}")
    prepare(sys.stdout)
    rules = members(family)
    if options.output_format == "markdown":
        sys.stdout.write(markdown(family))
    elif options.output_format == "json":
        fields = ("code", "name", "scope", "summary", "fix", "optional", "page")
        print(json.dumps([{field: getattr(rule, field) for field in fields} for rule in rules], indent=2))
    else:
        style = style_for(sys.stdout)
        width = max(len(rule.name) for rule in catalogue().values())
        for rule in rules:
            off = "  (off unless selected)" if rule.optional else ""
            print(f"{style('bold', rule.code)}  {rule.name:<{width}}  {rule.scope:<7}  {rule.summary}{off}")
    return 0
