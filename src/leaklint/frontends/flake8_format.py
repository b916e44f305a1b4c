"""The flake8 formatter ``--format=leaklint``: our findings with their traces, all others as flake8 writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flake8.formatting.default import Default
from flake8.violation import Violation

from leaklint.frontends.flake8_plugin import finding_of

if TYPE_CHECKING:
    from leaklint.ir.finding import Finding
    from leaklint.report.report import Report


class Formatter(Default):
    """Writes each of our findings as ``leaklint`` itself does."""

    def after_init(self) -> None:
        """Keeps flake8's own pattern for what is not ours: the name of this format is none."""

    def format(self, error: Violation) -> str | None:
        """One violation as text."""
        ours = _ours(error)
        if ours is None:
            return super().format(error)
        from leaklint.report.style import Style
        from leaklint.report.text import block

        return f"{block(*ours, Style(colours=self.color))}\n"

    def show_source(self, error: Violation) -> str | None:
        """The source line for ``--show-source``, which our findings have already."""
        return super().show_source(error) if _ours(error) is None else None


def _ours(error: Violation) -> tuple[Finding, Report] | None:
    return finding_of(error.filename, error.line_number, error.column_number - 1, f"{error.code} {error.text}")
