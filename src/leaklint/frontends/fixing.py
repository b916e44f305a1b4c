"""``--fix``, ``--diff`` and ``--show-fixes``: what is mended is written or shown, and told."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from leaklint.fix.apply import difference
from leaklint.pipeline.mend import Mended, mended, write
from leaklint.pipeline.roots import shown
from leaklint.pipeline.run import Request, parts_of
from leaklint.report.plain import harmless, plain
from leaklint.report.report import Report, mark


def mend(request: Request, *, unsafe: bool) -> list[Mended]:
    """What mending does to each project of a run; nothing is written."""
    return [mended(part, request, unsafe=unsafe) for part in parts_of(request)]


def show(
    mendings: Sequence[Mended],
    request: Request,
    options: argparse.Namespace,
    check: Callable[[], Report],
    report: Callable[[Report], None],
) -> int:
    """Prints or writes the changes, says what was done, and gives the exit status."""
    if options.diff:
        for each in mendings:
            for path, after in each.after.items():
                name = plain(shown(each.part.project.root / path, request.cwd))
                text = difference(each.before[path], after, name)
                sys.stdout.write(harmless(text) if sys.stdout.isatty() else text)  # a patch has to be exact
    left = [{} if options.diff else write(each) for each in mendings]
    _tell(mendings, request, options, left)
    if options.diff:
        return 1 if any(each.after for each in mendings) and not options.exit_zero else 0
    rest = check()
    report(rest)
    return 1 if rest.findings and not options.exit_zero else 0


def _tell(
    mendings: Sequence[Mended], request: Request, options: argparse.Namespace, left: Sequence[Mapping[str, str]]
) -> None:
    """The counts, the fixes one by one where that is asked for, and what did not go as planned."""
    done = [
        [plan for plan in each.done if alone.keys().isdisjoint(plan.paths)]
        for each, alone in zip(mendings, left, strict=True)
    ]
    files = sum(len(each.after) - len(alone) for each, alone in zip(mendings, left, strict=True))
    if options.show_fixes:
        for each, plans in zip(mendings, done, strict=True):
            for plan in plans:
                place = plan.finding.place
                path = shown(each.part.project.root / place.path, request.cwd)
                kind = "" if plan.safe else " (unsafe)"
                print(f"{plain(path)}: {plan.finding.code} {plan.finding.fix}{kind}", file=sys.stderr)
    for each in mendings:
        for finding, reason in each.withdrawn:
            path = shown(each.part.project.root / finding.place.path, request.cwd)
            where = f"{plain(path)}:{finding.place.span.line}"
            print(f"{where}: {finding.code} is not mended: {plain(reason)}", file=sys.stderr)
    for each, alone in zip(mendings, left, strict=True):
        for path, reason in alone.items():
            print(f"{plain(shown(each.part.project.root / path, request.cwd))}: left alone: {reason}", file=sys.stderr)
    if not options.quiet:
        verb = "Would mend" if options.diff else "Mended"
        counted = Counter(plan.finding.code for plans in done for plan in plans)
        codes = ", ".join(f"{count} {code}" for code, count in sorted(counted.items()))
        what = f"{verb} {counted.total()} {'finding' if counted.total() == 1 else 'findings'}"
        told = f"{what} ({codes}) in {files} {'file' if files == 1 else 'files'}." if counted else f"{what}."
        print(told, file=sys.stderr)


def show_offers(report: Report) -> None:
    """What each fix would change, finding by finding."""
    for each in report.findings:
        if each.fix:
            place = f"{plain(each.place.path)}:{each.place.span.line}:{each.place.span.column}"
            print(f"{place}: {each.code} {mark(each)} {each.fix}")
            for edit in each.edits:
                span = edit.place.span
                lines = report.sources.get(edit.place.path, ())
                for line in lines[span.line - 1 : span.end_line - (span.end_column == 1)]:
                    print(f"  - {plain(line)}")
                for line in edit.text.splitlines():
                    print(f"  + {plain(line)}")
