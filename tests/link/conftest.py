"""Small projects given as texts, linked without touching the disk."""

import textwrap
from collections.abc import Callable, Mapping
from importlib.resources import files as resources

import pytest

from leaklint.facts import extract
from leaklint.ir.facts import FileFacts
from leaklint.link.frameworks import Framework, parse_frameworks
from leaklint.link.handlers import Discovery, discover
from leaklint.link.modules import Modules
from leaklint.link.templates import templates_among
from leaklint.link.templates.reading import Templates, read_templates


def facts_of(texts: Mapping[str, str]) -> dict[str, FileFacts]:
    """The facts of the Python files among some texts."""
    return {path: extract(textwrap.dedent(text).encode()) for path, text in texts.items() if path.endswith(".py")}


@pytest.fixture(scope="session")
def frameworks() -> dict[str, Framework]:
    """The packaged frameworks."""
    tables = resources("leaklint.models.platforms")
    return parse_frameworks({each.name: each.read_text() for each in tables.iterdir() if each.name.endswith(".toml")})


@pytest.fixture
def modules_of() -> Callable[..., Modules]:
    """Modules of a project given as texts, or as paths of empty files."""

    def make(texts: Mapping[str, str] | str, **options: list[str]) -> Modules:
        given = dict.fromkeys(texts.split(), "") if isinstance(texts, str) else texts
        return Modules(facts_of(given), **options)

    return make


@pytest.fixture
def templates_of(frameworks: dict[str, Framework]) -> Callable[[Mapping[str, str]], Templates]:
    """What the templates of a project given as texts say."""
    wrappers = {name: variable for each in frameworks.values() for name, variable in each.wraps.items()}

    def read(texts: Mapping[str, str]) -> Templates:
        contents = {path: textwrap.dedent(text).encode() for path, text in texts.items()}
        python = {path: content for path, content in contents.items() if path.endswith(".py")}
        wanted = {path: contents[path] for path in templates_among(contents)}
        return read_templates(wanted, python, stacks=python, wrappers=wrappers)

    return read


@pytest.fixture
def found_in(
    frameworks: dict[str, Framework], templates_of: Callable[[Mapping[str, str]], Templates]
) -> Callable[..., Discovery]:
    """The handlers of a project given as texts."""

    def find(texts: Mapping[str, str], **options: object) -> Discovery:
        return discover(facts_of(texts), templates_of(texts), frameworks.values(), **options)[1]

    return find
