"""Discovery: which files belong to a project, with git and without, and what is left out."""

import os
import subprocess
from pathlib import Path

import pytest

from leaklint.pipeline import git
from leaklint.pipeline.discover import discover
from leaklint.pipeline.git import GitFailed
from leaklint.pipeline.remembered import Tree
from leaklint.pipeline.roots import find_projects, find_root
from leaklint.pipeline.settings import Settings
from leaklint.pipeline.wrong_use import WrongUse


def write(root: Path, *paths: str) -> None:
    for path in paths:
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("", encoding="utf-8")


def repository(root: Path) -> None:
    root.mkdir(parents=True, exist_ok=True)
    subprocess.run(["git", "init", "--quiet", str(root)], check=True)


def tree(root: Path, *given: str, settings: Settings = Settings(), force_exclude: bool = False) -> Tree:  # noqa: B008
    (project,) = find_projects([str(root / each) for each in given] or [str(root)], root)
    return discover(project, settings, root, force_exclude=force_exclude)


@pytest.fixture(params=["with git", "without git"])
def root(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository, seen through git or by walking."""
    repository(tmp_path)
    if request.param == "without git":

        def no_git(*_: object) -> None:
            raise GitFailed("not there")

        monkeypatch.setattr(git, "_ask", no_git)
    return tmp_path


def test_a_single_file_among_all_sorts_of_things(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "a.py", "b.py", "else/c.py")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert tree(tmp_path, "a.py").own == ("a.py",)
    assert tree(tmp_path).own == ("a.py", "b.py", "else/c.py")
    write(tmp_path, "leaklint.toml")
    assert tree(tmp_path, "a.py").own == ("a.py", "b.py", "else/c.py")


def test_files_of_all_kinds_are_sorted_apart(root: Path) -> None:
    write(root, "app/main.py", "app/b.txt", "template.yaml", "x/serverless.yml", ".chalice/config.json", "Dockerfile")
    write(root, "Procfile", "main.tf", "dev.Dockerfile", "x/serverless.ts", "web/app.ts")
    found = tree(root)
    assert found.own == ("app/main.py",)
    assert found.templates == (
        ".chalice/config.json",
        "Dockerfile",
        "Procfile",
        "dev.Dockerfile",
        "main.tf",
        "template.yaml",
        "x/serverless.ts",
        "x/serverless.yml",
    )


def test_ignored_files_are_left_out(root: Path) -> None:
    write(root, "a.py", "gen/b.py", "gen/keep.py", "sub/c.py", "sub/d.py", "sub/deep/c.py")
    (root / ".gitignore").write_text("gen/*\n!gen/keep.py\n")
    (root / "sub/.gitignore").write_text("/c.py\n")
    assert tree(root).own == ("a.py", "gen/keep.py", "sub/d.py", "sub/deep/c.py")


def test_ignore_files_above_the_root_count(root: Path) -> None:
    write(root, "part/leaklint.toml", "part/a.py", "part/gen/b.py")
    (root / ".gitignore").write_text("gen/\n")
    assert tree(root, "part").own == ("a.py",)


@pytest.mark.parametrize("folder", ["node_modules", ".aws-sam", "cdk.out", ".serverless", "build", "dist"])
def test_built_things_are_left_out(root: Path, folder: str) -> None:
    write(root, "a.py", f"{folder}/b.py", f"deep/{folder}/c.py", f"deep/not{folder}/d.py")
    found = tree(root)
    assert found.own == ("a.py", f"deep/not{folder}/d.py")


def test_virtual_environments_are_left_out(root: Path) -> None:
    write(
        root,
        "a.py",
        "env/pyvenv.cfg",
        "env/lib/python3.12/site-packages/x.py",
        "conda/conda-meta/history",
        "conda/y.py",
    )
    found = tree(root)
    assert (found.own, found.libraries) == (("a.py",), ())
    assert ("env", "virtual environment") in found.left_out


def test_a_mark_of_an_environment_beside_own_code_leaves_nothing_out(root: Path) -> None:
    write(root, "a.py", "app/pyvenv.cfg", "app/b.py", "app/lib/c.py", "app/bin/d.py")
    write(root, "app/env/pyvenv.cfg", "app/env/Lib/site-packages/x.py")
    found = tree(root)
    assert found.own == ("a.py", "app/b.py", "app/bin/d.py", "app/lib/c.py")
    assert found.left_out == (("app/env", "virtual environment"),)


def test_patterns_of_the_settings(root: Path) -> None:
    write(root, "a.py", "b_pb2.py", "old/c.py", "build/d.py")
    assert tree(root, settings=Settings(extend_exclude=("*_pb2.py", "old/"))).own == ("a.py",)
    assert tree(root, settings=Settings(exclude=("old",))).own == ("a.py", "b_pb2.py", "build/d.py")


def test_named_paths_are_read_although_they_are_excluded(root: Path) -> None:
    write(root, "a.py", "build/b.py", "build/node_modules/c.py", "gen/d.py", "script")
    (root / ".gitignore").write_text("gen\n")
    assert tree(root, "build/b.py", "script").own == ("a.py", "build/b.py", "script")
    assert tree(root, "build").own == ("a.py", "build/b.py")
    assert tree(root, "gen").own == ("a.py", "gen/d.py")
    assert tree(root, "build/b.py", "build", force_exclude=True).own == ("a.py",)


def test_packages_installed_beside_a_handler_are_libraries(root: Path) -> None:
    write(root, "fn/app.py", "fn/requests/api.py", "fn/six.py", "fn/yaml/__init__.py", "fn/mine/x.py", "six.py")
    write(root, "fn/requests-2.0.dist-info/RECORD", "fn/six-1.0.dist-info/RECORD", "fn/PyYAML.dist-info/top_level.txt")
    (root / "fn/requests-2.0.dist-info/RECORD").write_text(
        "requests/api.py,sha256=x,1\nrequests-2.0.dist-info/RECORD,,\n../../bin/requests,,\n"
    )
    (root / "fn/six-1.0.dist-info/RECORD").write_text("six.py,,\n__pycache__/six.pyc,,\n")
    (root / "fn/PyYAML.dist-info/top_level.txt").write_text("_yaml\nyaml\n")
    found = tree(root)
    assert found.libraries == ("fn/requests/api.py", "fn/six.py", "fn/yaml/__init__.py")
    assert found.own == ("fn/app.py", "fn/mine/x.py", "six.py")


def test_nothing_in_a_bundled_package_is_a_template(root: Path) -> None:
    write(root, "fn/app.py", "fn/template.yaml", "fn/six.yaml", "fn/requests/api.py", "fn/requests/data/template.yaml")
    write(root, "fn/requests-2.0.dist-info/RECORD", "fn/site-packages/boto/sam.yaml", "fn/requests.d/template.yaml")
    (root / "fn/requests-2.0.dist-info/RECORD").write_text("requests/api.py,,\n")
    assert tree(root).templates == ("fn/requests.d/template.yaml", "fn/six.yaml", "fn/template.yaml")


def test_a_build_folder_beside_the_own_package_makes_it_no_library(root: Path) -> None:
    write(root, "src/mine/a.py", "src/mine.egg-info/top_level.txt")
    (root / "src/mine.egg-info/top_level.txt").write_text("mine\n")
    assert tree(root).own == ("src/mine/a.py",)


def test_a_folder_called_like_a_file_is_a_folder(root: Path) -> None:
    write(root, "x.py/inner.py", "x.py/__init__.py")
    assert tree(root).own == ("x.py/__init__.py", "x.py/inner.py")


def test_links_to_folders_are_not_followed(root: Path) -> None:
    write(root, "a/b.py")
    (root / "a/loop").symlink_to(root, target_is_directory=True)
    (root / "loop.py").symlink_to(root, target_is_directory=True)
    (root / "gone.py").symlink_to("nowhere.py")
    assert tree(root).own == ("a/b.py", "gone.py")


def test_a_folder_with_settings_of_its_own_is_another_project(root: Path) -> None:
    write(root, "a.py", "one/leaklint.toml", "one/b.py", "one/in/leaklint.toml", "two/pyproject.toml", "two/c.py")
    (root / "three").mkdir()
    (root / "three/pyproject.toml").write_text("[tool.leaklint]\n")
    (root / "two/pyproject.toml").write_text("[tool.other]\n")
    found = tree(root)
    assert found.nested == ("one", "three")
    assert found.own == ("a.py", "two/c.py")


def test_the_broken_settings_of_another_tool_are_none_of_ours(root: Path) -> None:
    write(root, "a.py")
    (root / "case").mkdir()
    (root / "case/pyproject.toml").write_text("[tool.other\n")
    assert tree(root).nested == ()


def test_repositories_within_are_read(root: Path) -> None:
    write(root, "a.py")
    repository(root / "inner")
    write(root, "inner/b.py", "inner/gen/c.py")
    (root / "inner/.gitignore").write_text("gen\n")
    assert tree(root).own == ("a.py", "inner/b.py")


def test_odd_names_survive(root: Path) -> None:
    write(root, "a b.py", "ü.py", "new\nline.py")
    (root / os.fsdecode(b"\xff.py")).write_text("")
    assert tree(root).own == ("a b.py", "new\nline.py", "ü.py", "\udcff.py")


def test_a_folder_that_cannot_be_opened_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "a.py", "closed/b.py")
    scandir = os.scandir

    def closed(path: str) -> object:
        if path.rstrip("/").endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", closed)
    found = tree(tmp_path)
    assert found.own == ("a.py",)
    assert found.unreadable == (("closed", "Permission denied"),)


def test_git_tells_of_folders_that_it_cannot_open() -> None:
    told = "warning: could not open directory 'a b/c/': Permission denied\nwarning: other\n"
    (match,) = git.CLOSED_FOLDER.finditer(told)
    assert (match["path"], match["reason"]) == ("a b/c", "Permission denied")


def test_a_hook_of_git_does_not_mislead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository(tmp_path / "one")
    repository(tmp_path / "two")
    write(tmp_path, "one/a.py", "two/b.py")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "one/.git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "one/.git/index"))
    assert tree(tmp_path / "two").own == ("b.py",)


def test_a_repository_cannot_make_git_run_programs(tmp_path: Path) -> None:
    repository(tmp_path)
    write(tmp_path, "a.py")
    trap = tmp_path / "trap"
    subprocess.run(["git", "-C", str(tmp_path), "config", "core.fsmonitor", f"touch {trap}; false"], check=True)
    assert tree(tmp_path).own == ("a.py",)
    assert not trap.exists()


class TestRoots:
    """The root of a path: settings, else ``.git``, else the path itself."""

    def test_nearest_settings_win(self, tmp_path: Path) -> None:
        repository(tmp_path)
        write(tmp_path, "leaklint.toml", "a/pyproject.toml", "a/b/c.py")
        assert find_root(tmp_path / "a/b/c.py", tmp_path) == (tmp_path, tmp_path / "leaklint.toml")
        (tmp_path / "a/pyproject.toml").write_text("[tool.leaklint]\n")
        assert find_root(tmp_path / "a/b/c.py", tmp_path) == (tmp_path / "a", tmp_path / "a/pyproject.toml")

    def test_settings_above_the_repository_count(self, tmp_path: Path) -> None:
        repository(tmp_path / "repo")
        write(tmp_path, "leaklint.toml", "repo/a.py")
        assert find_root(tmp_path / "repo", tmp_path)[0] == tmp_path

    def test_a_repository_is_a_root(self, tmp_path: Path) -> None:
        repository(tmp_path)
        write(tmp_path, "a/b.py")
        assert find_root(tmp_path / "a", tmp_path) == (tmp_path, None)

    def test_else_the_path_is_its_own_root(self, tmp_path: Path) -> None:
        write(tmp_path, "a/b.py")
        assert find_root(tmp_path / "a", tmp_path) == (tmp_path / "a", None)
        assert find_root(tmp_path / "a/b.py", tmp_path) == (tmp_path / "a", None)

    def test_paths_of_several_projects(self, tmp_path: Path) -> None:
        write(tmp_path, "a/leaklint.toml", "a/x.py", "b/leaklint.toml", "b/y.py")
        projects = find_projects(["b/y.py", "a", "a/x.py"], tmp_path)
        assert [(each.root.name, [path.name for path in each.given]) for each in projects] == [
            ("a", ["a", "x.py"]),
            ("b", ["y.py"]),
        ]

    def test_missing_paths_are_all_told(self, tmp_path: Path) -> None:
        with pytest.raises(WrongUse, match="nowhere: no such file or folder\nnot/there: no such"):
            find_projects(["nowhere", "not/there", "."], tmp_path)

    def test_a_named_settings_file_decides(self, tmp_path: Path) -> None:
        write(tmp_path, "conf/our.toml", "conf/in/a.py", "out/b.py")
        config = tmp_path / "conf/our.toml"
        assert find_projects(["conf/in"], tmp_path, config)[0].root == tmp_path / "conf"
        assert find_projects(["out"], tmp_path, config)[0].root == tmp_path / "out"
        with pytest.raises(WrongUse, match=r"no\.toml: no such settings file"):
            find_projects(["out"], tmp_path, tmp_path / "no.toml")
