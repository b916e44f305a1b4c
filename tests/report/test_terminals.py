"""What a terminal is given: text that cannot move its cursor, in its width, in colours and with links where it wants them."""

from __future__ import annotations

import pytest

from leaklint.report.plain import plain, shortened, width
from leaklint.report.style import wants_colours, wants_links


class TestPlain:
    """Text made safe."""

    @pytest.mark.parametrize(
        ("given", "made"),
        [
            ("\x1b[31m", "\\x1b[31m"),
            ("a\tb", "a    b"),
            ("a\nb\r", "a\\nb\\x0d"),
            ("\x9b2J", "\\x9b2J"),
            ("\u202eabc\u2066", "\\u202eabc\\u2066"),
            ("\udcff", "\\udcff"),
            ("größe → 漢字", "größe → 漢字"),
        ],
    )
    def test_what_is_unsafe_is_escaped(self, given: str, made: str) -> None:
        assert plain(given) == made

    @pytest.mark.parametrize(("given", "columns"), [("abc", 3), ("漢字", 4), ("e\u0301", 1), ("", 0)])
    def test_width(self, given: str, columns: int) -> None:
        assert width(given) == columns

    @pytest.mark.parametrize(
        ("given", "columns", "made"),
        [("abcdef", 6, "abcdef"), ("abcdef", 5, "abcd…"), ("漢字漢字", 6, "漢字…"), ("ab", 0, "…")],
    )
    def test_shortened(self, given: str, columns: int, made: str) -> None:
        assert shortened(given, columns) == made


class TestTerminals:
    """What a terminal is given."""

    @pytest.mark.parametrize(
        ("environment", "on_terminal", "in_pipe"),
        [
            ({}, True, False),
            ({"NO_COLOR": "1"}, False, False),
            ({"NO_COLOR": ""}, True, False),
            ({"FORCE_COLOR": "1"}, True, True),
            ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False),
            ({"CLICOLOR": "0"}, False, False),
            ({"CLICOLOR_FORCE": "1"}, True, True),
            ({"TERM": "dumb"}, False, False),
            ({"TERM": "dumb", "FORCE_COLOR": "1"}, True, True),
        ],
    )
    def test_colours(self, environment: dict[str, str], on_terminal: bool, in_pipe: bool) -> None:
        assert wants_colours(environment, True) is on_terminal
        assert wants_colours(environment, False) is in_pipe

    @pytest.mark.parametrize(
        ("environment", "wanted"),
        [
            ({}, False),
            ({"TERM_PROGRAM": "vscode"}, True),
            ({"VTE_VERSION": "7200"}, True),
            ({"VTE_VERSION": "4999"}, False),
            ({"TERM": "xterm-kitty"}, True),
            ({"TERM_PROGRAM": "vscode", "NO_COLOR": "1"}, False),
            ({"FORCE_HYPERLINK": "1"}, True),
            ({"TERM_PROGRAM": "vscode", "FORCE_HYPERLINK": "0"}, False),
        ],
    )
    def test_links(self, environment: dict[str, str], wanted: bool) -> None:
        assert wants_links(environment, True) is wanted
