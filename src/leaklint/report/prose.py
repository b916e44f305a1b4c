"""Sentences and pages of ours as HTML: names between backticks become code, and a rule's page keeps its form.

Only what the pages of rules use is known: paragraphs, lists, fences, ``code`` and ``**bold**``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape

from leaklint.report.plain import plain

BOLD = re.compile(r"\*\*(.+?)\*\*")
EMPHASIS = re.compile(r"(?<![\w*])\*([^*\s][^*]*)\*(?![\w*])")


def text(words: str) -> str:
    """Text that HTML shows as it is."""
    return escape(plain(words))


def prose(sentence: str) -> str:
    """A sentence of ours, whose names stand between backticks."""
    parts = plain(sentence).split("`")
    if len(parts) % 2 == 0:
        return text(sentence)
    return "".join(f"<code>{escape(part)}</code>" if at % 2 else escape(part) for at, part in enumerate(parts))


def page(document: str) -> str:
    """The page of a rule."""
    return "".join(_blocks(document))


def _blocks(document: str) -> Iterator[str]:
    block: list[str] = []
    fence: list[str] | None = None
    for line in [*document.split("\n"), ""]:
        if line.startswith("```"):
            if fence is None:
                yield from _block(block)
                block, fence = [], []
                title = line.removeprefix("```").removeprefix("python").strip()
                if title:
                    yield f"<h3>{escape(title)}</h3>"
            else:
                yield f"<pre class='plain'>{escape(chr(10).join(fence))}</pre>"
                fence = None
        elif fence is not None:
            fence.append(line)
        elif line:
            block.append(line)
        else:
            yield from _block(block)
            block = []


def _block(lines: list[str]) -> Iterator[str]:
    """A paragraph or a list."""
    if not lines:
        return
    if not lines[0].startswith("- "):
        yield f"<p>{_marked(' '.join(lines))}</p>"
        return
    items: list[str] = []
    for line in lines:
        if line.startswith("- "):
            items.append(line[2:])
        else:
            items[-1] += f" {line.strip()}"
    yield f"<ul>{''.join(f'<li>{_marked(each)}</li>' for each in items)}</ul>"


def _marked(sentence: str) -> str:
    """A sentence with bold and emphasised words, neither of which is looked for in code."""
    parts = plain(sentence).split("`")
    if len(parts) % 2 == 0:
        return text(sentence)
    shown = []
    for at, part in enumerate(parts):
        if at % 2:
            shown.append(f"<code>{escape(part)}</code>")
        else:
            shown.append(EMPHASIS.sub(r"<em>\1</em>", BOLD.sub(r"<b>\1</b>", escape(part))))
    return "".join(shown)
