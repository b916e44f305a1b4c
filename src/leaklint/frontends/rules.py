"""``leaklint rules``: all rules, as a table, as JSON, or as the page of the documentation."""

from __future__ import annotations

import json
import sys

from leaklint.frontends.arguments import Parser
from leaklint.frontends.output import prepare, style_for


def main(arguments: list[str]) -> int:
    """Runs the command and gives its exit status."""
    parser = Parser("rules", "Lists all rules.")
    parser.add_argument("--output-format", choices=("text", "json", "markdown"), default="text")
    options = parser.parse_args(arguments)
    from leaklint.rules.catalogue import catalogue, markdown

    prepare(sys.stdout)
    rules = catalogue().values()
    if options.output_format == "markdown":
        sys.stdout.write(markdown())
    elif options.output_format == "json":
        fields = ("code", "name", "scope", "summary", "fix", "optional", "page")
        print(json.dumps([{field: getattr(rule, field) for field in fields} for rule in rules], indent=2))
    else:
        style = style_for(sys.stdout)
        width = max((len(rule.name) for rule in rules), default=0)
        for rule in rules:
            off = "  (off unless selected)" if rule.optional else ""
            print(f"{style('bold', rule.code)}  {rule.name:<{width}}  {rule.scope:<7}  {rule.summary}{off}")
    return 0
