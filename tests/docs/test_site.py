"""The site: every page is in its navigation, and every link leads to a page and an anchor that exist."""

from __future__ import annotations

import posixpath
import re
import runpy
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from docs.pages import FENCE, ROOT, text_of

SITE = runpy.run_path(str(ROOT / ".ci" / "site.py"))
PAGES: dict[str, str] = SITE["gathered"]()
LINK = re.compile(r"\]\(([^)\s]+)\)")


def in_navigation(entry: Any) -> Iterator[str]:
    if isinstance(entry, str):
        yield entry
    else:
        for each in entry.values() if isinstance(entry, dict) else entry:
            yield from in_navigation(each)


def test_every_page_is_in_the_navigation() -> None:
    settings = yaml.safe_load(text_of(ROOT / "mkdocs.yml"))
    assert sorted(in_navigation(settings["nav"])) == sorted(PAGES)


def anchors(text: str) -> set[str]:
    """What a link can lead to on a page: anchors that are written, and titles."""
    titles = re.findall(r"^#+ (.*)$", FENCE.sub("", text), re.MULTILINE)
    made = {re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-") for title in titles}
    return made | set(re.findall(r'<a id="([^"]+)">', text))


@pytest.mark.parametrize("name", sorted(PAGES))
def test_links_lead_somewhere(name: str) -> None:
    for target in LINK.findall(FENCE.sub("", PAGES[name])):
        if ":" in target:
            continue
        path, _, anchor = target.partition("#")
        page = posixpath.normpath(posixpath.join(posixpath.dirname(name), path)) if path else name
        assert page in PAGES, target
        assert not anchor or anchor in anchors(PAGES[page]), target


def test_a_fence_with_words_has_a_title() -> None:
    assert '```python title="bad"' in PAGES["rules/lk1.md"]
    assert not re.search("^```python [^t]", PAGES["rules/lk1.md"], re.MULTILINE)


def test_the_pages_beside_are_there() -> None:
    assert "](architecture.md)" in PAGES["index.md"]
    assert "](rows.md)" in PAGES["architecture.md"]
    assert "[bot_log]" not in PAGES["examples.md"]
