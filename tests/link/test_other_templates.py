"""Zappa, Chalice, Azure Functions of the first model, and the functions framework started by command."""

import pytest

from leaklint.link.templates.reading import looked_at, read_templates

RUN = "def run(x, y): ...\n"


def rows(found):
    """Path, attribute and platform of each handler."""
    return [(each.path, each.attribute, each.platform.value) for each in found.handlers]


ROUTES = """
    from flask import Flask
    app = Flask(__name__)

    @app.route("/")
    def index(): ...
    """


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "zappa_settings.json",
            """
            {"dev": {"app_function": "web.app",
                     "events": [{"function": "jobs.run", "expression": "rate(1 hour)"}]},
             "prod": {"extends": "dev", "app_function": "web.app", "authorizer": {"function": "jobs.authorize"}}}
            """,
        ),
        (
            "zappa_settings.toml",
            """
            [dev]
            app_function = "web.app"
            [[dev.events]]
            function = "jobs.run"
            [prod]
            authorizer = {function = "jobs.authorize"}
            """,
        ),
    ],
)
def test_zappa(found_in, name, text):
    code = "def run(x, y): ...\ndef authorize(x, y): ...\n"
    found = found_in({name: text, "web.py": ROUTES, "jobs.py": code})
    assert sorted(rows(found)) == [
        ("jobs.py", "authorize", "aws-lambda"),
        ("jobs.py", "run", "aws-lambda"),
        ("web.py", "app", "aws-lambda"),
        ("web.py", "index", "aws-lambda"),
    ]


def test_zappa_with_django(found_in):
    views = """
        from django.contrib.auth.decorators import login_required
        from django.views import View

        @login_required
        def page(request): ...

        class Other(View):
            def get(self, request, number): ...
        """
    found = found_in(
        {
            "zappa_settings.json": '{"dev": {"django_settings": "site.settings"}}',
            "site/settings.py": "",
            "site/urls.py": "from shop import views\nurlpatterns = []\n",
            "shop/views.py": views,
            "elsewhere/views.py": views,
        }
    )
    assert [(each.path, each.attribute, each.receiver) for each in found.handlers] == [
        ("shop/views.py", "page", ""),
        ("shop/views.py", "Other.get", "request"),
    ]


def test_broken_zappa_settings(templates_of):
    said = templates_of({"zappa_settings.toml": "[dev]\na = \n", "sub/zappa_settings.json": '{"dev":\n {'})
    assert [(path, trouble.span.line) for path, trouble in said.troubles] == [
        ("sub/zappa_settings.json", 2),
        ("zappa_settings.toml", 2),
    ]


def test_chalice(found_in):
    text = "from chalice import Chalice\napp = Chalice(app_name='x')\n@app.route('/')\ndef index(): ...\n"
    found = found_in({"svc/.chalice/config.json": '{"version": "2.0"}', "svc/app.py": text})
    assert [(each.attribute, each.source.value) for each in found.handlers] == [
        ("app", "template"),
        ("index", "decorator"),
    ]


def test_chalice_with_a_broken_configuration(templates_of):
    said = templates_of({".chalice/config.json": '{"a": ', "app.py": "", "other/.chalice/config.json": '{"a": '})
    assert [(path, trouble.span.line) for path, trouble in said.troubles] == [(".chalice/config.json", 1)]
    assert [each.attribute for each in said.declarations] == ["app"]


FUNCTION = "Resources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties: {Handler: app.run}\n"


@pytest.mark.parametrize(
    ("content", "reasons"),
    [
        (FUNCTION.encode("utf-16"), ["it is not UTF-8 text"]),
        (b"\xff\xfe\x00" + FUNCTION.encode(), ["it is not UTF-8 text"]),
        (b"\xff\xfe\x00\x89PNG" * 20, []),
        ("key: value\n".encode("utf-16"), []),
        (FUNCTION.encode(), []),
    ],
)
def test_templates_that_are_no_text(content, reasons):
    is_one = bool(reasons) or content == FUNCTION.encode()
    assert looked_at(["template.yaml"], lambda _: content)("template.yaml", content) == is_one
    said = read_templates({"template.yaml": content}, ())
    assert [trouble.reason for _, trouble in said.troubles] == reasons


def test_azure_functions_of_the_first_model(found_in):
    trigger = '{"scriptFile": "%s", %s "bindings": [{"type": "%s", "direction": "in"}]}'
    found = found_in(
        {
            "api/host.json": "{}",
            "api/One/function.json": trigger % ("__init__.py", "", "httpTrigger"),
            "api/One/__init__.py": "async def main(req): ...",
            "api/Two/function.json": trigger % ("../shared/two.py", '"entryPoint": "start",', "queueTrigger"),
            "api/shared/two.py": "def start(msg): ...",
            "api/Three/function.json": '{"bindings": [{"type": "timerTrigger"}]}',
            "api/Three/__init__.py": "def main(timer): ...",
            "api/Four/function.json": trigger % ("../dist/four.js", "", "httpTrigger"),
            "api/Five/function.json": trigger % ("__init__.py", "", "http"),
            "api/Five/__init__.py": "def main(out): ...",
            "api/Six/function.json": trigger % ("__init__.py", '"entryPoint": "mein",', "httpTrigger"),
            "api/Six/__init__.py": "def main(req): ...",
        }
    )
    assert [(each.path, each.attribute, each.module) for each in found.handlers] == [
        ("api/One/__init__.py", "main", "One"),
        ("api/Three/__init__.py", "main", "Three"),
        ("api/shared/two.py", "start", "shared.two"),
    ]
    assert {(each.platform.value, each.awaited) for each in found.handlers} == {("azure", True)}
    (missing,) = found.missing
    assert missing.message == "api/Six/__init__.py has no 'mein'; did you mean 'main'?"


@pytest.mark.parametrize(
    ("name", "text", "path"),
    [
        ("Procfile", "web: functions-framework --target=hello --source src/main.py", "src/main.py"),
        ("Procfile", "# none\nweb: exec functions-framework --target hello", "main.py"),
        ("Dockerfile", 'FROM python:3.12\nCMD ["functions-framework", "--target", "hello"]', "main.py"),
        (
            "Dockerfile",
            "FROM python:3.12\nENV FUNCTION_TARGET=hello\nCMD exec functions-framework --port=$PORT",
            "main.py",
        ),
        ("Dockerfile", 'FROM python:3.12\nENV FUNCTION_TARGET hello\nENTRYPOINT ["functions-framework"]', "main.py"),
    ],
)
def test_functions_framework_by_command(found_in, name, text, path):
    assert rows(found_in({f"fn/{name}": text, f"fn/{path}": "def hello(request): ..."})) == [
        (f"fn/{path}", "hello", "gcp")
    ]


@pytest.mark.parametrize(
    ("name", "text", "is_missing"),
    [
        ("Procfile", "web: functions-framework --target=gone", True),
        ("Procfile", "web: functions-framework --target=gone --source=none.py", False),
        ("Dockerfile", 'FROM python:3.12\nCMD ["functions-framework", "--target", "gone"]', False),
        ("deploy.sh", "gcloud functions deploy gone --runtime python312\n", False),
        ("deploy.sh", "gcloud functions deploy a --runtime python312 --entry-point gone\n", True),
        ("deploy.sh", "gcloud run deploy a --base-image python312 --function gone\n", True),
        ("scripts/deploy.sh", "gcloud functions deploy a --runtime python312 --entry-point gone\n", True),
        ("scripts/deploy.sh", "pushd x\ngcloud functions deploy a --runtime python312 --entry-point gone\n", False),
        ("both/deploy.sh", "gcloud functions deploy a --runtime python312 --entry-point gone\n", False),
        (
            "c.yaml",
            "steps:\n- dir: x\n  args: [gcloud, functions, deploy, a, --runtime=python312, --entry-point=gone]\n",
            False,
        ),
    ],
)
def test_functions_that_are_not_there(found_in, name, text, is_missing):
    found = found_in({name: text, "main.py": "def hello(request): ...", "both/main.py": "def hello(request): ..."})
    assert [each.message for each in found.missing] == (["main.py has no 'gone'"] if is_missing else [])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Procfile", "web: gunicorn main:app\nworker: 'functions-framework"),
        ("Procfile", "web: echo functions-framework"),
        ("Dockerfile", 'FROM python:3.12\nCMD ["uvicorn", "main:app"]'),
    ],
)
def test_other_commands(found_in, name, text):
    assert rows(found_in({name: text, "main.py": "def hello(request): ..."})) == []


GCLOUD = "def take(request): ...\ndef other(request): ...\n"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (
            "deploy.sh",
            "gcloud functions deploy orders --runtime python312 --entry-point take --source fn --trigger-http\n",
        ),
        ("fn/deploy.sh", "gcloud beta functions deploy orders \\\n  --runtime=python312 \\\n  --entry-point=take\n"),
        ("Makefile", "deploy:\n\tgcloud functions deploy take --source=./fn --runtime=python311 --trigger-topic x\n"),
        ("deploy.sh", "gcloud run deploy orders --source fn --function take --base-image python313\n"),
        (
            "cloudbuild.yaml",
            "steps:\n- args: [gcloud, functions, deploy, orders, --runtime=python312, --entry-point=take, --source=fn]\n",
        ),
        (
            "cloudbuild.yaml",
            "steps:\n- args:\n  - functions\n  - deploy\n  - orders\n  - '--entry-point'\n  - 'take'\n  - '--source'\n  - 'fn'\n",
        ),
    ],
)
def test_gcloud(found_in, path, text):
    found = found_in({path: text, "fn/main.py": GCLOUD, "main.py": "def unrelated(request): ...\n"})
    assert [(each.path, each.attribute, each.platform.value) for each in found.handlers] == [
        ("fn/main.py", "take", "gcp")
    ]
    assert path in found.handlers[0].reason


@pytest.mark.parametrize(
    "text",
    [
        "gcloud functions deploy orders --runtime nodejs22 --entry-point take --source fn\n",
        "gcloud functions deploy orders --entry-point $ENTRY --source fn\n",
        "gcloud functions deploy orders --runtime python312 --source fn\n",
        "gcloud functions deploy orders --runtime python312\ngcloud run deploy --entry-point take --source fn\n",
        "gcloud functions deploy orders --entry-point take --source elsewhere\n",
        "gcloud functions describe take --source fn\n",
    ],
)
def test_gcloud_that_says_nothing(found_in, text):
    found = found_in({"deploy.sh": text, "fn/main.py": GCLOUD})
    assert (found.handlers, found.missing) == ((), ())


def test_exception_handler_of_zappa_is_given_the_exception_first(found_in):
    found = found_in(
        {
            "zappa_settings.json": '{"dev": {"app_function": "app.app", "exception_handler": "app.oops"}}',
            "app.py": "from flask import Flask\napp = Flask(__name__)\ndef oops(error, event, context): ...\n",
        }
    )
    assert [(each.attribute, each.arguments) for each in found.handlers if each.attribute == "oops"] == [("oops", 3)]


def test_middleware_of_django_is_on_the_platform_of_its_settings(found_in):
    found = found_in(
        {
            "zappa_settings.json": '{"dev": {"django_settings": "shop.settings"}}',
            "shop/settings.py": 'MIDDLEWARE = ["shop.ours.First", "shop.ours.gone", "elsewhere.Other"]\n',
            "shop/ours.py": "class First:\n    def __call__(self, request): ...\n    def helper(self): ...\n",
        }
    )
    assert rows(found) == [("shop/ours.py", "First.__call__", "aws-lambda")]
    assert found.handlers[0].receiver == "kept"
