"""``leaklint completion SHELL``: a script that makes the shell complete commands, options, codes and formats."""

from __future__ import annotations

import sys

from leaklint.frontends.arguments import Parser
from leaklint.frontends.check import parser as check_parser
from leaklint.frontends.commands import COMMANDS
from leaklint.frontends.output import FORMATS
from leaklint.pipeline.rule_names import rule_names
from leaklint.pipeline.selection import known_selectors
from leaklint.pipeline.setting_kinds import SCOPES, SEVERITIES

BASH = """\
_leaklint() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}}
    case $before in
{cases}
        explain) COMPREPLY=($(compgen -W "{codes}" -- "$word")); return ;;
        completion) COMPREPLY=($(compgen -W "bash zsh fish" -- "$word")); return ;;
    esac
    case $word in
        -*) COMPREPLY=($(compgen -W "{options}" -- "$word")); return ;;
    esac
    COMPREPLY=($(compgen -f -- "$word"))
    if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY+=($(compgen -W "{commands}" -- "$word"))
    fi
}}
complete -o filenames -F _leaklint leaklint
"""
BASH_CASE = '        {options}) COMPREPLY=($(compgen -W "{words}" -- "$word")); return ;;'

FISH = """\
complete -c leaklint -n __fish_use_subcommand -a "{commands}"
complete -c leaklint -n "__fish_seen_subcommand_from explain" -f -a "{codes}"
complete -c leaklint -n "__fish_seen_subcommand_from completion" -f -a "bash zsh fish"
{options}
"""


def main(arguments: list[str]) -> int:
    """Runs the command and gives its exit status."""
    made = Parser("completion", 'Prints a completion script: `eval "$(leaklint completion bash)"`.')
    made.add_argument("shell", choices=("bash", "zsh", "fish"))
    shell = made.parse_args(arguments).shell
    sys.stdout.write(fish() if shell == "fish" else bash(zsh=shell == "zsh"))
    return 0


def _values() -> dict[str, tuple[str, ...]]:
    """The words that may follow an option."""
    selectors = tuple(sorted(known_selectors(rule_names())))
    return {
        "--select": selectors,
        "--extend-select": selectors,
        "--ignore": selectors,
        "--output-format": tuple(FORMATS),
        "--min-severity": SEVERITIES,
        "--scope": SCOPES,
        "--color": ("auto", "always", "never"),
    }


def _options() -> list[tuple[str, str]]:
    """The long options of ``check``, with their help."""
    return [
        (option, action.help or "")
        for action in check_parser()._actions
        for option in action.option_strings
        if option.startswith("--")
    ]


def bash(*, zsh: bool) -> str:
    """The script for bash, which zsh runs too in its emulation."""
    by_words: dict[tuple[str, ...], list[str]] = {}
    for option, words in _values().items():
        by_words.setdefault(words, []).append(option)
    cases = [BASH_CASE.format(options="|".join(options), words=" ".join(words)) for words, options in by_words.items()]
    script = BASH.format(
        cases="\n".join(cases),
        codes=" ".join(rule_names()),
        options=" ".join(option for option, _ in _options()),
        commands=" ".join(COMMANDS),
    )
    return f"autoload -U +X bashcompinit && bashcompinit\n{script}" if zsh else script


def fish() -> str:
    """The script for fish."""
    values = _values()
    lines = []
    for option, about in _options():
        words = f" -x -a '{' '.join(values[option])}'" if option in values else ""
        quoted = about.replace("\\", "\\\\").replace("'", "\\'").replace("%%", "%")
        lines.append(f"complete -c leaklint -l {option[2:]} -d '{quoted}'{words}")
    return FISH.format(commands=" ".join(COMMANDS), codes=" ".join(rule_names()), options="\n".join(lines))
