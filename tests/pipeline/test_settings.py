"""Settings: what is accepted, and what a mistake in them says."""

from pathlib import Path
from typing import Any

import pytest

from leaklint.ir.finding import Severity
from leaklint.pipeline.settings import FIELDS, Settings, Sourced, override, read_settings, span_in_settings
from leaklint.pipeline.wrong_use import WrongUse

RULES = {"LK101": "module-state-mutated", "LK102": "module-state-rebound", "LK201": "coroutine-not-awaited"}


def read(folder: Path, text: str, name: str = "pyproject.toml") -> Sourced:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return read_settings(file, name, RULES)


def complaint(folder: Path, text: str, name: str = "pyproject.toml") -> str:
    with pytest.raises(WrongUse) as caught:
        read(folder, text, name)
    return str(caught.value)


def test_every_setting_is_read(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        """
[tool.leaklint]
select = ["ALL"]
extend-select = ["LK2"]
ignore = ["LK101"]
per-file-ignores = { "tests/*" = ["LK1"] }
severity = { LK101 = "warning", LK2 = "info" }
min-severity = "error"
exclude = ["old"]
extend-exclude = ["older/"]
src = ["lib"]
handlers = ["app.main:handler"]
platforms = { "gcp/**" = "gcp" }
scope = "all"
models = ["rows.toml"]
python = ".venv"
target-version = "3.12"
baseline = "known.json"
events = { "app.main:handler" = ["one.json", "two.json"], "lib/app:handler" = "three.json" }
confirm-setup = "stubs.py"
cache-dir = ".cache"
""",
    ).settings
    assert settings == Settings(
        select=("ALL",),
        extend_select=("LK2",),
        ignore=("LK101",),
        per_file_ignores=(("tests/*", ("LK1",)),),
        severity=(("LK101", Severity.WARNING), ("LK2", Severity.INFO)),
        min_severity="error",
        exclude=("old",),
        extend_exclude=("older/",),
        src=("lib",),
        handlers=("app.main:handler",),
        platforms=(("gcp/**", "gcp"),),
        scope="all",
        models=("rows.toml",),
        python=".venv",
        target_version="3.12",
        baseline="known.json",
        events=(("app.main:handler", ("one.json", "two.json")), ("lib/app:handler", ("three.json",))),
        confirm_setup="stubs.py",
        cache_dir=".cache",
    )


def test_every_setting_differs_from_its_default_above() -> None:
    assert len(FIELDS) == 19


@pytest.mark.parametrize("key", FIELDS)
def test_the_example_of_a_setting_is_right(tmp_path: Path, key: str) -> None:
    rules = RULES | {"LK110": "temporary-file-left", "LK501": "async-without-await"}
    file = tmp_path / "leaklint.toml"
    file.write_text(f"{key} = {FIELDS[key].metadata['example']}\n")
    settings = read_settings(file, "leaklint.toml", rules).settings
    assert getattr(settings, FIELDS[key].name) != FIELDS[key].default


def test_leaklint_toml_needs_no_table(tmp_path: Path) -> None:
    assert read(tmp_path, 'select = ["LK1"]\n', "leaklint.toml").settings.select == ("LK1",)


def test_a_named_file_without_our_table_says_nothing(tmp_path: Path) -> None:
    assert read(tmp_path, '[project]\nname = "x"\n').settings == Settings()


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ('handlers = ["a:b",\n  "c:d"]\n', (2, 3, 8)),
        ('handlers = "c:d"\n', (1, 12, 17)),
        ('[tool.leaklint]\nhandlers = ["c:d"]\n', (2, 13, 18)),
        ("handlers = []\n", (1, 1, 1)),
    ],
)
def test_a_word_of_the_settings_has_its_place(tmp_path: Path, text: str, span: tuple[int, int, int]) -> None:
    file = tmp_path / "leaklint.toml"
    file.write_text(text)
    found = span_in_settings(file, "handlers", "c:d")
    assert (found.line, found.column, found.end_column) == span


def test_one_word_is_a_list_of_one(tmp_path: Path) -> None:
    assert read(tmp_path, 'select = "LK1"\n', "leaklint.toml").settings.select == ("LK1",)


def test_one_platform_is_for_all_files(tmp_path: Path) -> None:
    assert read(tmp_path, 'platforms = "azure"\n', "leaklint.toml").settings.platforms == (("**", "azure"),)


def test_origins_name_the_line(tmp_path: Path) -> None:
    assert read(tmp_path, '[tool.leaklint]\n\nscope = "all"\n').origins == {"scope": "pyproject.toml:3"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '[tool.leaklint]\nselct = ["LK1"]\n',
            'pyproject.toml:2:1: unknown setting `selct`; did you mean `select`?\n  2 | selct = ["LK1"]\n      ^^^^^',
        ),
        (
            '[tool.leaklint]\nselect = ["LK1",\n  "LK1O1"]\n',
            "pyproject.toml:3:3: `select`: unknown selector `LK1O1`; did you mean `LK101`?\n"
            '  3 |   "LK1O1"]\n'
            "        ^^^^^^^",
        ),
        (
            '[tool.leaklint]\nignore = ["module-state-mutated"]\n',
            "pyproject.toml:2:11: `ignore`: unknown selector `module-state-mutated`; did you mean `LK101`?\n"
            '  2 | ignore = ["module-state-mutated"]\n'
            "                ^^^^^^^^^^^^^^^^^^^^^^",
        ),
        (
            '[tool.leaklint]\nscope = "al"\n',
            'pyproject.toml:2:9: `scope`: unknown value `al`; did you mean `all`?\n  2 | scope = "al"\n              ^^^^',
        ),
        (
            "[tool.leaklint]\nscope = 3\n",
            "pyproject.toml:2:9: `scope`: expected one of `auto`, `all`, found a number\n  2 | scope = 3\n"
            "              ^",
        ),
        (
            "[tool.leaklint]\nselect = [true]\n",
            "pyproject.toml:2:11: `select`: expected a string, found a boolean\n  2 | select = [true]\n"
            "                ^^^^",
        ),
        (
            '[tool.leaklint]\nhandlers = ["app.main.handler"]\n',
            'pyproject.toml:2:13: `handlers`: a handler is written "module:function", found `app.main.handler`; '
            "did you mean `app.main:handler`?\n"
            '  2 | handlers = ["app.main.handler"]\n'
            "                  ^^^^^^^^^^^^^^^^^^",
        ),
        (
            '[tool.leaklint.severity]\nLK101 = "eror"\n',
            "pyproject.toml:2:9: `severity`: unknown value `eror`; did you mean `error`?\n"
            '  2 | LK101 = "eror"\n'
            "              ^^^^^^",
        ),
        (
            '[tool.leaklint]\nper-file-ignores = { "a.py" = ["LK7"] }\n',
            "pyproject.toml:2:32: `per-file-ignores`: unknown selector `LK7`; did you mean `LK`?\n"
            '  2 | per-file-ignores = { "a.py" = ["LK7"] }\n'
            "                                     ^^^^^",
        ),
        ("[tool.leaklint\n", "pyproject.toml:1:15: not valid TOML: Expected ']' at the end of a table declaration"),
        ("[tool]\nleaklint = 3\n", "pyproject.toml:2:12: [tool.leaklint] is not a table"),
    ],
)
def test_a_mistake_has_its_place_and_a_guess(tmp_path: Path, text: str, message: str) -> None:
    assert complaint(tmp_path, text).startswith(message)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = '[tool.leaklint]\nscope = "al"\nbaselin = "x"\nplatforms = "aws"\nsrc = 1\nseverity = []\npython = ""\n'
    assert complaint(tmp_path, text).count("pyproject.toml:") == 6


def test_bytes_that_are_no_text_are_a_mistake(tmp_path: Path) -> None:
    file = tmp_path / "leaklint.toml"
    file.write_bytes(b"# ok\nsrc = ['\xff']\n")
    with pytest.raises(WrongUse, match=r"x:2:1: is not UTF-8 text"):
        read_settings(file, "x", RULES)


def test_nesting_without_end_is_a_mistake(tmp_path: Path) -> None:
    assert "nested too deeply" in complaint(tmp_path, "src = " + "[" * 100_000, "leaklint.toml")


def given(base: Sourced, **values: Any) -> Settings:
    return override(base, {name.replace("_", "-"): value for name, value in values.items()}, RULES).settings


def test_the_command_line_replaces_a_selection_and_adds_to_the_rest() -> None:
    base = Sourced(Settings(select=("LK1",), extend_select=("LK2",), ignore=("LK101",), extend_exclude=("a",)))
    assert given(base, select=["LK102"]).ignore == ()
    assert given(base, select=["LK102"]).extend_select == ()
    assert given(base, ignore=["LK102"]).ignore == ("LK101", "LK102")
    assert given(base, extend_exclude=["b"]).extend_exclude == ("a", "b")


def test_a_mistake_on_the_command_line_names_the_option() -> None:
    with pytest.raises(WrongUse, match=r"--select: unknown selector `LK9O1`"):
        given(Sourced(), select=["LK9O1"])


def test_the_longest_selector_decides_the_severity() -> None:
    settings = Settings(severity=(("LK1", Severity.INFO), ("LK101", Severity.WARNING)))
    assert settings.severity_of("LK101", Severity.ERROR) is Severity.WARNING
    assert settings.severity_of("LK102", Severity.ERROR) is Severity.INFO
    assert settings.severity_of("LK201", Severity.ERROR) is Severity.ERROR
