"""Which file an import means.

Terms:

*import root*
    A folder from which absolute names are looked up, as an entry of ``sys.path`` is. ``""`` is the project root.
*function root*
    An import root for its own files only: the folder that a template packs as one function (SAM's ``CodeUri``).
    Two functions with a module ``utils`` each never see each other's.
*shared root*
    An import root for every file: a layer, or a folder named in the setting ``src``.
*package folder*
    A folder whose files are imported through it, so that its files are no top-level names: a file in it imports
    relatively, or it has an ``__init__.py`` and code outside the tests imports its topmost package by name. An
    ``__init__.py`` alone proves nothing: folders of single functions often have an empty one.

An absolute name is looked for, from a file in folder F, in this order; the first folder that has it wins:

1. the known roots that hold F (function roots and shared roots), deepest first;
2. F itself, unless it is a package folder;
3. the shared roots that do not hold F, in the given order (before F where 1 found a root, as on the platform);
4. the folders above F up to the project root, nearest first, unless they are package folders;
5. a folder ``src`` in F or in a folder above it, nearest first; then ``python`` folders below a folder that is named
   like a layer, and folders with setuptools' ``setup.py`` (or the ``src`` in them): what is installed with a function
   wherever it lies;
6. the package folders among F and those above, nearest first: sloppy code that works only when started elsewhere;
7. the whole project, for a name of at least two parts that only one file outside the tests can mean, and that no
   function root keeps to itself: what a build that no template tells of puts beside the function.

The standard library is shadowed only as Python would: by a file or a package with an ``__init__.py`` in 1, or, where no
root is known, in F; for a package folder, where a name has at least two parts, in the first folder above that is none.
Never is it by a folder alone, and never a module built into the interpreter. No file imports itself,
except a package that imports from itself in its ``__init__.py``.
"""

from __future__ import annotations

import sys
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from leaklint.ir.facts import FileFacts

_INIT = "__init__.py"


def normal_folder(folder: str) -> str:
    """The folder with forward slashes, relative to the project root: ``""`` for the root itself, no ``.`` segments."""
    return "/".join(part for part in folder.replace("\\", "/").split("/") if part not in ("", "."))


def parent(path: str) -> str:
    """The folder that holds a file or folder; ``""`` above the top."""
    return path.rpartition("/")[0]


def joined(folder: str, name: str) -> str:
    """A path below a folder."""
    return f"{folder}/{name}" if folder and name else folder or name


def holds(folder: str, path: str) -> bool:
    """Whether a path is the folder or lies below it."""
    return not folder or path == folder or path.startswith(folder + "/")


def is_test(path: str) -> bool:
    """Whether a file belongs to the tests of a project, by its place and name."""
    *folders, name = path.split("/")
    return (
        "tests" in folders
        or name == "conftest.py"
        or (name.startswith("test_") and name.endswith(".py"))
        or name.endswith("_test.py")
    )


class Imported(NamedTuple):
    """The files that one import means; None where that is foreign, or no file."""

    module: str | None
    """The file of the module that is named."""
    inner: str | None
    """The file of the module in it that is imported by name."""


class Modules:
    """The modules of a project: which file an import means, and what a file is called as a module."""

    def __init__(self, files: Mapping[str, FileFacts], roots: Sequence[str] = (), shared: Sequence[str] = ()) -> None:
        self._files = files
        self._shared = tuple(dict.fromkeys(normal_folder(root) for root in shared))
        self._roots = frozenset(normal_folder(root) for root in roots) | frozenset(self._shared)
        self._installed = tuple(
            sorted({folder for path, facts in files.items() for folder in _installed_folders(path, facts)})
        )
        self._installed_roots = frozenset(self._installed)
        self._nearby: dict[tuple[str, str, int], str | None] = {}
        self._resolved: dict[tuple[str, str], str | None] = {}
        self._imports: dict[str, tuple[Imported, ...]] = {}
        self._loaded: dict[str, frozenset[str]] = {}
        self._orders: dict[str, tuple[str, ...]] = {}
        self._packages: dict[str, bool] = {}
        self._holders: dict[str, set[str]] | None = None
        self._by_ending: dict[str, list[str]] | None = None
        """The files by the last segment of their path, and by the last two."""
        self._imported_tops: frozenset[str] | None = None
        self._with_relative_imports: frozenset[str] | None = None

    @property
    def roots(self) -> tuple[str, ...]:
        """The known import roots: of functions, and shared ones."""
        return tuple(sorted(self._roots))

    def state(self) -> tuple[object, ...]:
        """All that decides, beside the list of files, what a name means that nobody has looked up yet."""
        tops = sorted(filter(self.may_be_own, self._tops()))
        return self.roots, self._shared, self._installed, sorted(self._importing_relatively()), tops

    def resolve(self, importer: str, module: str, level: int = 0) -> str | None:
        """The file that ``import module`` (or ``from ..module import``) means in a file; None for a foreign one.

        A folder without ``__init__.py`` is no file, so it gives None: see ``import_name`` for what lies in it.
        """
        nearest = self._nearest(parent(importer), module, level)
        if nearest is None or (nearest and _may_import(importer, nearest)):
            return nearest
        if level:
            return None
        key = (importer, module)
        if key not in self._resolved:
            found = self._may_be_at(importer, self._places(parent(importer), module, level)) if nearest else None
            self._resolved[key] = found or self._anywhere(importer, module)
        return self._resolved[key]

    def _nearest(self, folder: str, module: str, level: int) -> str | None:
        """The first file that an import in a folder may mean; ``""`` where none is near, None where all are foreign."""
        key = (folder, module, level)
        if key not in self._nearby:
            own = bool(level) or self.may_be_own(module)
            found = map(self.file_at, self._places(folder, module, level)) if own else ()
            self._nearby[key] = next(filter(None, found), "") if own else None
        return self._nearby[key]

    def _may_be_at(self, importer: str, places: Iterable[str]) -> str | None:
        """The first file at one of the places that a file may import."""
        return next((file for file in map(self.file_at, places) if file and _may_import(importer, file)), None)

    def submodule(self, package: str, name: str) -> str | None:
        """The file of a module in a package, given as the path of its ``__init__.py`` or as a folder."""
        folder = parent(package) if package.endswith("/" + _INIT) or package == _INIT else package
        return None if folder.endswith(".py") else self.file_at(joined(folder, name))

    def import_name(self, importer: str, module: str, name: str, level: int = 0) -> tuple[str, str] | str | None:
        """What ``from module import name`` means: a file for a module, a file and a name in it, or None if foreign.

        A name that ``__init__.py`` binds comes before a module of that name, as in Python. Names that a package
        imports itself are not followed.
        """
        path = self.resolve(importer, module, level)
        if path is None:
            if not level and not self.may_be_own(module):
                return None
            places = self._places(parent(importer), module, level)
            near = self._may_be_at(importer, (joined(place, name) for place in places))
            return near if near or level else self._anywhere(importer, f"{module}.{name}")
        inside = self.submodule(path, name) if path.endswith(_INIT) else None
        if inside is None or (path != importer and name in self._files[path].module_names):
            return path, name
        return inside

    def imports_of(self, path: str) -> tuple[Imported, ...]:
        """What the imports of a file mean, for each in its order."""
        if path not in self._imports:
            modules: dict[tuple[str, int], str | None] = {}
            found: list[Imported] = []
            for fact in self._files[path].imports:
                named = (fact.module, fact.level)
                if named not in modules:
                    modules[named] = self.resolve(path, *named)
                module, inner = modules[named], None
                # what is imported from a file that is no package is no file
                if fact.name and fact.name != "*" and (module is None or module.endswith(_INIT)):
                    meant = self.import_name(path, fact.module, fact.name, fact.level)
                    inner = meant if isinstance(meant, str) else None
                found.append(Imported(module, inner))
            self._imports[path] = tuple(found)
        return self._imports[path]

    def _holding(self, name: str) -> Container[str]:
        """The folders in which a file or folder of a name lies; of a file, without its ending."""
        if self._holders is None:
            self._holders = {}
            for path in self._files:
                folder = ""
                for segment in path.removesuffix(".py").split("/"):
                    self._holders.setdefault(segment, set()).add(folder)
                    folder = joined(folder, segment)
        return self._holders.get(name, ())

    def may_be_own(self, module: str) -> bool:
        """Whether any file or folder is called what the name of a module begins with."""
        return bool(self._holding(module.partition(".")[0]))

    def loaded_with(self, path: str) -> frozenset[str]:
        """The files that run when a file is imported: itself, and all that these import, however indirectly."""
        if path not in self._loaded:
            found, waiting = {path}, [path]
            while waiting:
                new = set(self._run_first(waiting.pop())) - found
                found |= new
                waiting += new
            self._loaded[path] = frozenset(found)
        return self._loaded[path]

    def _run_first(self, path: str) -> list[str]:
        """The files that a file's own imports run, in their order."""
        found: list[str | None] = []
        for imported in self.imports_of(path):
            found += [joined(folder, _INIT) for each in imported if each for folder in _upwards(parent(each))]
            found += imported
        return [each for each in found if each is not None and each in self._files]

    def in_order(self, paths: Iterable[str]) -> list[str]:
        """All files that run when these are imported, each behind what it imports, unless that imports it, too."""
        order: list[str] = []
        begun: set[str] = set()
        for path in paths:
            under_way = [(path, iter(self._run_first(path)))] if path not in begun else []
            begun.add(path)
            while under_way:
                current, imported = under_way[-1]
                following = next((each for each in imported if each not in begun), None)
                if following is None:
                    order.append(current)
                    under_way.pop()
                else:
                    begun.add(following)
                    under_way.append((following, iter(self._run_first(following))))
        return order

    def packages_of(self, path: str) -> Iterator[str]:
        """The ``__init__.py`` of the packages that a file lies in, outermost first: they are imported before it."""
        folders = path.split("/")[:-1]
        for count in range(1, len(folders) + 1):
            package = "/".join((*folders[:count], _INIT))
            if package in self._files and package != path:
                yield package

    def file_at(self, place: str) -> str | None:
        """The file of the module at a path without ending: ``a/b`` is ``a/b/__init__.py``, else ``a/b.py``."""
        init = joined(place, _INIT)
        if init in self._files:
            return init
        file = place + ".py"
        return file if place and file in self._files else None

    def root_of(self, path: str) -> str:
        """The import root from which a platform would import a file, as far as one can tell."""
        for folder in _upwards(parent(path)):
            if folder in self._roots or folder in self._installed_roots:
                return folder
        parts = parent(path).split("/") if parent(path) else []
        foreign = [index for index, part in enumerate(parts) if not part.isidentifier()]
        return "/".join(parts[: foreign[-1] + 1]) if foreign else ""

    def dotted(self, path: str) -> str:
        """The module name under which a platform would import a file."""
        return dotted_from(self.root_of(path), path)

    def ending(self, suffix: str) -> list[str]:
        """Every file whose path ends with the given whole segments (``a/b.py``), sorted."""
        if self._by_ending is None:
            self._by_ending = {}
            for path in sorted(self._files):
                for ending in {_last(path, 1), _last(path, 2)}:
                    self._by_ending.setdefault(ending, []).append(path)
        alike = self._by_ending.get(_last(suffix, 2), [])
        return [path for path in alike if path == suffix or path.endswith("/" + suffix)]

    def _places(self, folder: str, module: str, level: int) -> Iterator[str]:
        """The paths, without ending, at which a module may lie, best first."""
        tail = module.replace(".", "/")
        if level:
            package = _package(folder, level)
            if package is not None:
                yield joined(package, tail)
            return
        top = module.partition(".")[0]
        if top not in sys.stdlib_module_names:
            holding = self._holding(top)
            for root in self._order(folder):
                if root in holding:
                    yield joined(root, tail)
        elif top not in sys.builtin_module_names:
            loose = next((each for each in _upwards(folder) if not self._is_package(each)), "")
            # a package is imported from the folder that holds it, and names what is in it: ``queue.jobs``
            for root in self._known(folder) or ([loose] if loose == folder or "." in module else []):
                if self.file_at(joined(root, top)):
                    yield joined(root, tail)

    def _anywhere(self, importer: str, module: str) -> str | None:
        """The only file of the project that a name of several parts can mean."""
        top, dot, _ = module.partition(".")
        if not dot or top in sys.stdlib_module_names:
            return None
        tail = module.replace(".", "/")
        found = {
            path
            for ending in (f"/{_INIT}", ".py")
            for path in self.ending(tail + ending)
            if path != importer and not is_test(path) and not self._is_of_another_function(importer, path)
        }
        return found.pop() if len(found) == 1 else None

    def _is_of_another_function(self, importer: str, path: str) -> bool:
        own = self._roots.difference(self._shared)
        return any(holds(root, path) and not holds(root, importer) for root in own)

    def _known(self, folder: str) -> list[str]:
        return [each for each in _upwards(folder) if each in self._roots]

    def _order(self, folder: str) -> tuple[str, ...]:
        if folder not in self._orders:
            known = self._known(folder)
            above = list(_upwards(folder))
            loose = [each for each in above if not self._is_package(each)]
            own = [folder] if folder in loose and not known else []
            packages = [each for each in above if self._is_package(each)]
            beside = [joined(each, "src") for each in above]
            order = (*known, *own, *self._shared, *loose, *beside, *self._installed, *packages)
            self._orders[folder] = tuple(dict.fromkeys(order))
        return self._orders[folder]

    def _is_package(self, folder: str) -> bool:
        """Whether a folder's files are imported through it (see *package folder* above)."""
        if folder not in self._packages:
            self._packages[folder] = bool(folder) and (
                folder in self._importing_relatively() or self._imported_by_name(folder)
            )
        return self._packages[folder]

    def _importing_relatively(self) -> frozenset[str]:
        """The folders of files with relative imports."""
        if self._with_relative_imports is None:
            self._with_relative_imports = frozenset(
                parent(path) for path, facts in self._files.items() if any(each.level for each in facts.imports)
            )
        return self._with_relative_imports

    def _imported_by_name(self, folder: str) -> bool:
        top = ""
        for each in _upwards(folder):
            if joined(each, _INIT) not in self._files:
                break
            top = each
        if not top:
            return False
        return top.rpartition("/")[2] in self._tops()

    def _tops(self) -> frozenset[str]:
        """The first segments of all names that code outside the tests imports."""
        if self._imported_tops is None:
            self._imported_tops = frozenset(
                fact.module.partition(".")[0]
                for path, facts in self._files.items()
                if not is_test(path)
                for fact in facts.imports
                if not fact.level
            )
        return self._imported_tops


def _last(path: str, segments: int) -> str:
    """The last segments of a path; the whole path where it has no more."""
    return "/".join(path.rsplit("/", segments)[-segments:])


def dotted_from(root: str, path: str) -> str:
    """The module name of a file below an import root."""
    inside = path[len(root) + 1 :] if root else path
    name = inside.removesuffix(".py")
    return (name.removesuffix("__init__").rstrip("/") or name).replace("/", ".")


def _may_import(importer: str, path: str) -> bool:
    return path != importer or path.rpartition("/")[2] == _INIT


def _package(folder: str, level: int) -> str | None:
    """The folder that a relative import of the given level in a folder starts from; None above the project root."""
    for _ in range(level - 1):
        if not folder:
            return None
        folder = parent(folder)
    return folder


def _upwards(folder: str) -> Iterator[str]:
    while folder:
        yield folder
        folder = parent(folder)
    yield ""


def _installed_folders(path: str, facts: FileFacts) -> Iterable[str]:
    """The import roots that a file shows: the folders of a layer (``layers/x/python``) or of a distribution."""
    *parts, name = path.split("/")
    for index, part in enumerate(parts):
        if part == "python" and any("layer" in above.lower() for above in parts[:index]):
            yield "/".join(parts[: index + 1])
        if part == "site-packages" and "python" in parts[:index]:
            yield "/".join(parts[: index + 1])
    if name == "setup.py" and any(fact.module in ("distutils.core", "setuptools") for fact in facts.imports):
        yield joined("/".join(parts), "src")
        yield "/".join(parts)
