"""Gathers the pages of the site in ``.site/pages``: those of ``docs/``, and some that stand beside it.

Links are turned with their pages, and the words behind a fence become its title. A link to what is no page of the site
becomes plain text.
"""

import posixpath
import re
import shutil
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = ROOT / ".site" / "pages"
BESIDE = {
    "ARCHITECTURE.md": "architecture.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "examples/README.md": "examples.md",
}
"""Pages outside of ``docs/``, each with its name in the site."""
TITLE = re.compile(r"^(```python) (\w.*)$", re.MULTILINE)
LINK = re.compile(r"\[([^\]\n]+)\]\(([^)\s]+)\)")


def gathered() -> dict[str, str]:
    """The text of every page of the site, by its name there."""
    inside = {path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md")}
    names = {path: path.removeprefix("docs/") for path in inside} | BESIDE
    return {name: turned((ROOT / path).read_text(encoding="utf-8"), path, names) for path, name in names.items()}


def turned(text: str, path: str, names: dict[str, str]) -> str:
    """The text with its links as they are in the site."""

    def link(match: re.Match[str]) -> str:
        target, mark, anchor = match[2].partition("#")
        if ":" in target or not target:
            return match[0]
        wanted = names.get(posixpath.normpath(posixpath.join(posixpath.dirname(path), target)))
        if wanted is None:
            return match[1]
        return f"[{match[1]}]({posixpath.relpath(wanted, posixpath.dirname(names[path]) or '.')}{mark}{anchor})"

    return TITLE.sub(r'\1 title="\2"', LINK.sub(link, text))


def main() -> None:
    """Writes the pages anew."""
    shutil.rmtree(PAGES, ignore_errors=True)
    for name, text in gathered().items():
        (PAGES / name).parent.mkdir(parents=True, exist_ok=True)
        (PAGES / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
