"""All templates of a project, each read by what knows its kind."""

from __future__ import annotations

import fnmatch
import functools
import posixpath
import re
from collections.abc import Callable, Container, Iterable, Mapping

import msgspec

from leaklint.ir.facts import Trouble
from leaklint.link.templates import (
    LARGEST,
    SERVICE,
    azure,
    cdk_python,
    cdk_typescript,
    chalice,
    dockerfile,
    gcloud,
    google,
    pulumi,
    sam,
    serverless,
    terraform,
    zappa,
)
from leaklint.link.templates.declaration import Declaration, Said, Texts, Tree
from leaklint.link.templates.document import Unreadable

_JSON_OR_YAML = re.compile(r"\.(ya?ml|json|template)$")
_VARIABLE = re.compile(r"\$\{[^{}]*\}")
_GENERATED = re.compile(r"\{%.*?%\}|\{\{|%\w+%|<%.*?%>")
"""Text that another template engine turns into the template: it need not be well-formed before."""
_READERS: tuple[tuple[re.Pattern[str], re.Pattern[bytes] | None, Callable[[str, Tree], Said]], ...] = (
    (_JSON_OR_YAML, sam.MARKER, sam.read),
    (pulumi.NAME, pulumi.MARKER, pulumi.read),
    (serverless.NAME, None, serverless.read),
    (zappa.NAME, None, zappa.read),
    (chalice.NAME, None, chalice.read),
    (azure.NAME, azure.MARKER, azure.read),
    (dockerfile.NAME, None, dockerfile.read),
    (gcloud.NAME, gcloud.MARKER, gcloud.read),
    (google.NAME, google.MARKER, google.read),
    (dockerfile.NAME, google.MARKER, google.read),
    (SERVICE, None, cdk_typescript.read_service),
    (cdk_typescript.NAME, cdk_typescript.MARKER, cdk_typescript.read),
    (cdk_typescript.NAME, cdk_typescript.OF_SST, cdk_typescript.read_application),
    (cdk_python.NAME, None, cdk_python.read),
)


@functools.lru_cache(4096)
def _readers_of(name: str) -> tuple[tuple[re.Pattern[bytes] | None, Callable[[str, Tree], Said]], ...]:
    """The readers for files of a name, each with what has to be in the file."""
    return tuple((marker, read) for names, marker, read in _READERS if names.search(name))


def _readers(path: str) -> tuple[tuple[re.Pattern[bytes] | None, Callable[[str, Tree], Said]], ...]:
    folder, _, name = path.rpartition("/")
    return _readers_of(f".chalice/{name}" if folder.endswith(".chalice") else name)


def _is_for(content: bytes, marker: re.Pattern[bytes] | None) -> bool:
    """Whether a file has what a reader looks for, be it in another encoding than UTF-8, which is a mistake then."""
    return marker is None or marker.search(content.replace(b"\0", b"") if b"\0" in content else content) is not None


class Templates(msgspec.Struct, frozen=True, gc=False):
    """All that the templates of a project say."""

    declarations: tuple[Declaration, ...] = ()
    shared_roots: tuple[str, ...] = ()
    sources: tuple[tuple[str, bytes], ...] = ()
    """Code inside templates, to be analysed like files: see ``Said.sources``."""
    troubles: tuple[tuple[str, Trouble], ...] = ()
    """Templates that cannot be read, each with the reason."""


def stacks_among(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Those Python files that may be stacks of the CDK or of Pulumi."""
    return {path: content for path, content in files.items() if cdk_python.is_stack(content)}


def looked_at(paths: Iterable[str], content_of: Callable[[str], bytes]) -> Callable[[str, bytes], bool]:
    """Whether a reader may look at the content of one of these files: most YAML and JSON is something else."""
    included = _included(paths, content_of)

    def is_looked_at(path: str, content: bytes) -> bool:
        if path in included or not _JSON_OR_YAML.search(path):
            return True
        return any(_is_for(content, marker) for marker, _ in _readers(path)) or terraform.NAME.search(path) is not None

    return is_looked_at


def _included(paths: Iterable[str], content_of: Callable[[str], bytes]) -> frozenset[str]:
    """The files that services of the Serverless Framework may include, at any distance: those of a name they give."""
    pending = [path for path in paths if serverless.NAME.search(path)]
    named: dict[str, list[str]] = {}
    for path in paths if pending else ():
        named.setdefault(posixpath.basename(path), []).append(path)
    found: set[str] = set()
    while pending:
        for match in serverless.INCLUDED.finditer(content_of(pending.pop())):
            name = posixpath.basename(_VARIABLE.sub("*", match[1].decode("utf-8", "replace")))
            fresh = {
                path
                for each in (fnmatch.filter(named, name) if "*" in name else [name])
                for path in named.get(each, ())
            }
            pending += sorted(fresh - found)
            found |= fresh
    return frozenset(found)


def read_templates(
    texts: Mapping[str, bytes],
    files: Container[str],
    *,
    stacks: Mapping[str, bytes] | None = None,
    wrappers: Mapping[str, str] | None = None,
) -> Templates:
    """Reads templates.

    ``texts`` by path; ``files``: the paths of all Python files of the project; ``stacks``: their contents, as far as
    CDK stacks are to be looked for in them; ``wrappers``: handlers of libraries that call the one named in an
    environment variable, each with that variable (``Framework.wraps``).
    """
    troubles: list[tuple[str, Trouble]] = []
    sources = stacks_among(stacks or {})
    contents = {path: content for path, content in {**texts, **sources}.items() if len(content) <= LARGEST}
    tree = Tree(Texts(contents), files, wrappers or {})
    said: list[Said] = []
    for path, content in sorted(contents.items()):
        for marker, read in _readers(path):
            if _is_for(content, marker):
                try:
                    if b"\0" in content:
                        raise Unreadable.at(1, 1, "it is not UTF-8 text")
                    said.append(read(path, tree))
                except Unreadable as error:
                    broken_path = error.path or path
                    if not _GENERATED.search(tree.texts.get(broken_path, "")):
                        troubles.append((broken_path, error.trouble))
    terraform_said, broken = terraform.read(tree)
    said.append(terraform_said)
    troubles += [(error.path, error.trouble) for error in broken if not _GENERATED.search(tree.texts[error.path])]
    troubles += [trouble for one in said for trouble in one.troubles]
    decided = {image for one in said for image in one.images}
    return Templates(
        declarations=tuple(each for one in said for each in one.declarations if each.template not in decided),
        shared_roots=tuple(dict.fromkeys(root for one in said for root in one.shared_roots)),
        sources=tuple(source for one in said for source in one.sources),
        troubles=tuple(sorted(set(troubles), key=lambda trouble: (trouble[0], trouble[1].span))),
    )
