"""Deployment templates: the declarations of handlers in them.

``is_template`` names the files that are worth reading; ``read_templates`` reads them. One module here a kind of
template, each with ``NAME`` (which paths) or ``MARKER`` (which content) and ``read``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping

import msgspec

from leaklint.ir.facts import Trouble
from leaklint.link.templates import dockerfile, sam, serverless, terraform
from leaklint.link.templates.declaration import Declaration, Said, Tree
from leaklint.link.templates.document import Unreadable

LARGEST = 1_000_000
"""Bytes of a template; a larger file is data, and not worth reading."""

_ANY = re.compile(r"\.(ya?ml|json|template|tf)$")
_READERS: tuple[tuple[re.Pattern[str], re.Pattern[str] | None, Callable[[str, Tree], Said]], ...] = (
    (re.compile(r"\.(ya?ml|json|template)$"), re.compile(sam.MARKER), sam.read),
    (serverless.NAME, None, serverless.read),
    (dockerfile.NAME, None, dockerfile.read),
)


class Templates(msgspec.Struct, frozen=True, gc=False):
    """All that the templates of a project say."""

    declarations: tuple[Declaration, ...] = ()
    shared_roots: tuple[str, ...] = ()
    troubles: tuple[tuple[str, Trouble], ...] = ()
    """Templates that cannot be read, each with the reason."""

    @property
    def function_roots(self) -> tuple[str, ...]:
        """The folders that are packed as one function each."""
        return tuple(sorted({each.root for each in self.declarations if each.root is not None}))


def is_template(path: str) -> bool:
    """Whether a file, by its path, may declare handlers and is to be handed to ``read_templates``."""
    return bool(_ANY.search(path) or dockerfile.NAME.search(path))


def read_templates(
    texts: Mapping[str, bytes], files: Container[str], wrappers: Mapping[str, str] | None = None
) -> Templates:
    """Reads templates.

    ``texts`` by path; ``files``: the paths of all Python files of the project; ``wrappers``: handlers of libraries that
    call the one named in an environment variable, each with that variable (``Framework.wraps``).
    """
    troubles: list[tuple[str, Trouble]] = []
    tree = Tree(
        {path: _text(content) for path, content in texts.items() if len(content) <= LARGEST}, files, wrappers or {}
    )
    said: list[Said] = []
    for path in sorted(tree.texts):
        for name, marker, read in _READERS:
            if name.search(path) and (marker is None or marker.search(tree.texts[path])):
                try:
                    said.append(read(path, tree))
                except Unreadable as error:
                    troubles.append((error.path or path, error.trouble))
    terraform_said, broken = terraform.read(tree)
    said.append(terraform_said)
    troubles += [(error.path, error.trouble) for error in broken]
    return Templates(
        declarations=tuple(each for one in said for each in one.declarations),
        shared_roots=tuple(dict.fromkeys(root for one in said for root in one.shared_roots)),
        troubles=tuple(sorted(set(troubles), key=lambda trouble: (trouble[0], trouble[1].span))),
    )


def _text(content: bytes) -> str:
    return content.decode("utf-8-sig", errors="replace")
