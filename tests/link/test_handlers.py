"""Guessed handlers, handlers from the settings, and which source is believed."""

import pytest

from leaklint.ir.handler import Platform


def rows(handlers):
    """Path, attribute and source of each handler."""
    return [(each.path, each.attribute, each.source.value) for each in handlers]


@pytest.mark.parametrize(
    ("parameters", "is_one"),
    [
        ("event, context", True),
        ("evt, ctx", True),
        ("_event, _context", True),
        ("_, context", True),
        ("event, _", True),
        ("event: dict, context, retries=3", True),
        ("event, context, /", True),
        ("event, context, *rest, flag=False, **more", True),
        ("event, context, callback", False),
        ("event, context=None", False),
        ("event", False),
        ("context, event", False),
        ("event, *, context", False),
        ("event, context, *, flag", False),
        ("request, context", False),
        ("self, event, context", False),
    ],
)
@pytest.mark.parametrize("prefix", ["", "async "])
def test_guess_from_the_parameters(found_in, parameters, is_one, prefix):
    found = found_in({"app.py": f"{prefix}def any_name({parameters}): ..."})
    assert rows(found.handlers) == ([("app.py", "any_name", "guess")] if is_one else [])


@pytest.mark.parametrize(
    ("parameters", "is_one"),
    [("a, b", True), ("a, b=None", True), ("a, b, c=None", True), ("event", False), ("a, b, c", False), ("*a", False)],
)
def test_reserved_name(found_in, parameters, is_one):
    found = found_in({"app.py": f"def lambda_handler({parameters}): ..."})
    assert rows(found.handlers) == ([("app.py", "lambda_handler", "name")] if is_one else [])
    assert all(each.declared for each in found.handlers)


def test_only_at_module_level_and_the_last_definition(found_in):
    found = found_in(
        {
            "app.py": """
                class Service:
                    def method(event, context): ...

                def make():
                    def inner(event, context): ...

                try:
                    def handler(event, context): ...
                except Exception:
                    def handler(event, context): ...
                """
        }
    )
    assert rows(found.handlers) == [("app.py", "handler", "guess")]
    assert found.handlers[0].place.span.line == 11


def test_what_another_handler_calls_is_reached_through_it(found_in):
    text = """
        def lambda_handler(event, context):
            return on_create(event, context) if event["new"] else on_delete(event, context)

        def on_create(event, context): ...
        def on_delete(event, context): return on_create(event, context)
        def alone(event, context): ...
        def first(event, context): second(event, context)
        def second(event, context): first(event, context)
        """
    found = found_in({"app.py": text, "other.py": "def on_create(event, context): ..."})
    assert rows(found.handlers) == [
        ("app.py", "lambda_handler", "name"),
        ("app.py", "alone", "guess"),
        ("app.py", "first", "guess"),
        ("app.py", "second", "guess"),
        ("other.py", "on_create", "guess"),
    ]


@pytest.mark.parametrize("path", ["tests/app.py", "a/tests/b/app.py", "test_app.py", "a/app_test.py", "conftest.py"])
def test_never_in_tests(found_in, path):
    text = "def lambda_handler(event, context): ...\nhandler = make()\n"
    found = found_in({path: text, "testsuite.py": "def lambda_handler(event, context): ..."})
    assert rows(found.handlers) == [("testsuite.py", "lambda_handler", "name")]
    assert found.candidates == ()


def test_never_in_bundled_packages(found_in):
    texts = {"lib/x.py": "def lambda_handler(event, context): ...", "app.py": "def handler(event, context): ..."}
    assert rows(found_in(texts, foreign={"lib/x.py"}).handlers) == [("app.py", "handler", "guess")]


def test_callables_bound_at_module_level(found_in):
    found = found_in(
        {
            "app.py": """
                from endpoints import Endpoint, main

                class Own:
                    def __call__(self, event, context): ...

                run = Own()
                other = Endpoint("x")
                small = lambda event, context: None
                lambda_handler = main
                no = lambda a, b: None
                """,
            "endpoints.py": """
                class Endpoint:
                    def __call__(self, event, context): ...

                def main(first, second): ...
                """,
        }
    )
    assert rows(found.handlers) == [
        ("app.py", "run", "guess"),
        ("app.py", "other", "guess"),
        ("app.py", "small", "guess"),
        ("app.py", "lambda_handler", "name"),
    ]
    assert found.handlers[3].place.path == "endpoints.py"


def test_alias_or_re_export_is_no_second_handler(found_in):
    found = found_in(
        {
            "a.py": "from core.app import run\nhandler = run\n",
            "core/__init__.py": "from .app import run",
            "core/app.py": "def run(event, context): ...\nagain = run\n",
        }
    )
    assert rows(found.handlers) == [("core/app.py", "run", "guess")]


def test_declared_re_export_leads_to_its_definition(found_in):
    found = found_in(
        {
            "serverless.yml": "provider: {name: aws, runtime: python3.12}\nfunctions: {a: {handler: app.go}}\n",
            "app.py": "from core import run as go\n",
            "core/__init__.py": "from core.inner import *\n",
            "core/inner.py": "\n\ndef run(event, context): ...\n",
        }
    )
    assert rows(found.handlers) == [("app.py", "go", "template")]
    assert (found.handlers[0].place.path, found.handlers[0].place.span.line) == ("core/inner.py", 3)


def test_candidates_are_names_whose_value_the_outline_does_not_show(found_in):
    found = found_in(
        {
            "app.py": """
                import logging
                from factory import make_handler, app
                from vendor import wrap

                file_handler = logging.FileHandler("x")
                handler = make_handler("orders")
                errorHandler = app.handle
                lambda_handler = wrap(handler)
                result = make_handler("not called like a handler")

                def inner_handler(a): ...
                """,
            "factory.py": "def make_handler(name): ...\napp = None\n",
        }
    )
    assert rows(found.candidates) == [
        ("app.py", "handler", "guess"),
        ("app.py", "errorHandler", "guess"),
        ("app.py", "lambda_handler", "name"),
    ]


def test_settings(found_in):
    texts = {
        "pkg/mod.py": "def one(a): ...\ndef two(a): ...\n_x = 1\n",
        "src/deep/app.py": "def run(a): ...",
        "fns/a/app.py": "def go(a): ...",
        "fns/b/app.py": "def go(a): ...",
    }

    def named(*handlers, **options):
        found = found_in(texts, named_handlers=handlers, **options)
        assert found.missing == ()
        return [(each.path, each.attribute) for each in found.handlers]

    assert named("pkg.mod:one") == [("pkg/mod.py", "one")]
    assert named("pkg/mod.py:two") == [("pkg/mod.py", "two")]
    assert named("./pkg/mod.py:two") == [("pkg/mod.py", "two")]
    assert named("deep.app:run") == [("src/deep/app.py", "run")]
    assert named("pkg.mod:t*") == [("pkg/mod.py", "two")]
    assert named("fns/*/app.py:go") == [("fns/a/app.py", "go"), ("fns/b/app.py", "go")]
    assert named("fns.*:*") == [("fns/a/app.py", "go"), ("fns/b/app.py", "go")]
    assert named("app:run", src=["src/deep"]) == [("src/deep/app.py", "run")]


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("pkg.mod:on", "pkg/mod.py has no 'on'; did you mean 'one'?"),
        ("pkg.mode:one", "there is no module 'pkg.mode'; did you mean 'pkg.mod'?"),
        ("pkg/mode.py:one", "there is no module 'pkg/mode.py'; did you mean 'pkg/mod.py'?"),
        (
            "pkg.mod.one",
            "a handler is named as 'package.module:function' or 'folder/file.py:function', not as 'pkg.mod.one'",
        ),
        ("app:go", "there is no module 'app'"),
        ("x/*.py:go", "there is no module 'x/*.py'"),
    ],
)
def test_settings_that_name_nothing(found_in, written, message):
    texts = {"pkg/mod.py": "def one(a): ...", "a/app.py": "def go(a): ...", "b/app.py": "def go(a): ..."}
    (missing,) = found_in(texts, named_handlers=[written]).missing
    assert (missing.handler, missing.path) == (written, "")
    assert missing.message.startswith(message)


def test_one_function_is_one_handler_in_the_words_of_the_most_trusted_source(found_in):
    texts = {
        "template.yaml": """
            Resources:
              Fn:
                Type: AWS::Serverless::Function
                Properties: {Runtime: python3.12, Handler: app.lambda_handler, SnapStart: {ApplyOn: PublishedVersions}}
            """,
        "app.py": "def lambda_handler(event, context): ...",
    }
    (handler,) = found_in(texts, named_handlers=["app:lambda_handler"]).handlers
    assert (handler.source.value, handler.snap_start, handler.label) == ("template", True, "app:lambda_handler")


def test_platform_of_what_nothing_else_gives_one(found_in):
    texts = {
        "app.py": "def handler(event, context): ...",
        "main.py": "from google.cloud import storage\ndef f(event, context): ...",
    }
    assert [each.platform for each in found_in(texts).handlers] == [Platform.AWS_LAMBDA, Platform.GOOGLE]
    managed = found_in(texts, platform=Platform.AWS_LAMBDA_MANAGED).handlers
    assert [each.platform for each in managed] == [Platform.AWS_LAMBDA_MANAGED, Platform.GOOGLE]


def test_twenty_functions_with_one_module_name(found_in):
    texts = {f"fns/f{number}/app.py": "def handler(event, context): ..." for number in range(20)}
    assert len(found_in(texts).handlers) == 20


def test_names_that_lead_in_a_circle(found_in):
    found = found_in(
        {
            "a.py": "from b import handler\n",
            "b.py": "from a import handler\nrun_handler = other_handler\nother_handler = run_handler\n",
            "c.py": "from c import *\nfrom .c import x as lambda_handler\n",
        }
    )
    assert found.handlers == ()
