"""Handlers that code declares: decorators, applications, adapters and base classes."""

import pytest

from leaklint.link.frameworks import FrameworkError, parse_frameworks


def rows(found):
    """Path, attribute and platform of each handler."""
    return [(each.path, each.attribute, each.platform.value) for each in found.handlers]


@pytest.mark.parametrize(
    ("text", "platform", "awaited"),
    [
        ("import functions_framework\n@functions_framework.http\ndef f(request): ...", "gcp", False),
        ("import functions_framework as ff\n@ff.cloud_event\ndef f(event): ...", "gcp", False),
        ("from functions_framework import http\n@http\ndef f(request): ...", "gcp", False),
        ("import functions_framework.aio\n@functions_framework.aio.http\nasync def f(r): ...", "gcp", True),
        ("from functions_framework import aio\n@aio.cloud_event\nasync def f(r): ...", "gcp", True),
        ("import functions_framework\n@functions_framework.typed(int)\ndef f(x): ...", "gcp", False),
        ("from firebase_functions import https_fn\n@https_fn.on_request(region='x')\ndef f(r): ...", "gcp", False),
        (
            "from firebase_functions.firestore_fn import on_document_created\n@on_document_created('x')\ndef f(e): ...",
            "gcp",
            False,
        ),
        (
            "import azure.functions as func\napp = func.FunctionApp()\n@app.route(route='x')\nasync def f(req): ...",
            "azure",
            True,
        ),
        (
            "import azure.functions\nbp = azure.functions.Blueprint()\n@bp.timer_trigger('x')\ndef f(t): ...",
            "azure",
            True,
        ),
        (
            "import azure.durable_functions as df\nd = df.DFApp()\n@d.orchestration_trigger('c')\ndef f(c): ...",
            "azure",
            True,
        ),
        (
            "from chalice import Chalice\napp = Chalice(app_name='x')\n@app.route('/')\ndef f(): ...",
            "aws-lambda",
            False,
        ),
        (
            "from chalice import Blueprint\nb = Blueprint(__name__)\n@b.on_sqs_message(queue='q')\ndef f(e): ...",
            "aws-lambda",
            False,
        ),
        (
            "from aws_lambda_powertools.event_handler import APIGatewayRestResolver\n"
            "app = APIGatewayRestResolver()\n@app.get('/x')\ndef f(): ...",
            "aws-lambda",
            True,
        ),
        (
            "from aws_lambda_powertools.event_handler.router import APIGatewayRouter\n"
            "r = APIGatewayRouter()\n@r.post('/x')\ndef f(): ...",
            "aws-lambda",
            True,
        ),
        (
            "from aws_lambda_powertools import Logger\nlog = Logger()\n@log.inject_lambda_context\ndef f(e, c): ...",
            "aws-lambda",
            False,
        ),
        (
            "from cfn_custom_resource import create\n@create()\ndef f(event, context): ...",
            "aws-lambda",
            False,
        ),
        (
            "from crhelper import CfnResource\nhelper = CfnResource()\n@helper.create\ndef f(event, context): ...",
            "aws-lambda",
            False,
        ),
        (
            "from ask_sdk_core.skill_builder import SkillBuilder\nsb = SkillBuilder()\n"
            "@sb.request_handler(can_handle_func=lambda i: True)\ndef f(i): ...",
            "aws-lambda",
            False,
        ),
    ],
)
def test_decorators(found_in, text, platform, awaited):
    found = found_in({"code.py": text})
    assert rows(found) == [("code.py", "f", platform)]
    assert (found.handlers[0].source.value, found.handlers[0].awaited) == ("decorator", awaited)


@pytest.mark.parametrize(
    "text",
    [
        "import mine\n@mine.http\ndef f(request): ...",
        "app = make()\n@app.route('/')\ndef f(req): ...",
        "from chalice import Chalice\napp = Chalice()\n@app.test_client\ndef f(req): ...",
        "from chalice import Chalice\ndef make():\n    app = Chalice()\n    @app.route('/')\n    def f(): ...",
        "from fastapi import FastAPI\napp = FastAPI()\n@app.get('/')\ndef f(req): ...",
        "@(lambda f: f)\ndef f(request): ...",
    ],
)
def test_what_is_no_declaration(found_in, text):
    assert rows(found_in({"code.py": text})) == []


def test_objects_of_other_files(found_in):
    found = found_in(
        {
            "function_app.py": """
                import azure.functions as func
                from routes.pages import pages
                from base import application as app
                app.register_functions(pages)

                @app.function_name(name="x")
                @app.route(route="y")
                def first(req): ...
                """,
            "base.py": "import azure.functions as func\nthe_app = func.FunctionApp()\napplication = the_app\n",
            "routes/pages.py": """
                import azure.functions as func
                pages = func.Blueprint()

                @pages.route(route="z")
                def second(req): ...
                """,
        }
    )
    assert rows(found) == [("function_app.py", "first", "azure"), ("routes/pages.py", "second", "azure")]
    assert found.handlers[0].reason == "decorated with @app.function_name"


def test_the_repository_of_the_framework_itself(found_in):
    text = "import azure.durable_functions as df\napp = df.DFApp()\n@app.orchestration_trigger('c')\ndef f(c): ..."
    library = {"azure/__init__.py": "", "azure/durable_functions/__init__.py": "class DFApp: ..."}
    found = found_in({"samples/function_app.py": text, **library})
    assert rows(found) == [("samples/function_app.py", "f", "azure")]
    own = "import mine.durable_functions as df\napp = df.DFApp()\n@app.orchestration_trigger('c')\ndef f(c): ..."
    assert rows(found_in({"app.py": own, "mine/durable_functions.py": "class DFApp: ..."})) == []


def test_two_routes_under_one_name_are_two_handlers(found_in):
    text = """
        from chalice import Chalice
        app = Chalice(app_name="x")

        @app.route("/a")
        def index(): ...

        @app.route("/b")
        def index(): ...
        """
    assert rows(found_in({"app.py": text})) == [("app.py", "index", "aws-lambda"), ("app.py", "index#2", "aws-lambda")]


ROUTES = """
    from fastapi import APIRouter
    router = APIRouter()

    @router.get("/")
    async def index(): ...
    """


def test_routes_behind_an_adapter(found_in):
    texts = {
        "lambda_entry.py": "from mangum import Mangum\nfrom web.app import app\nhandler = Mangum(app)\n",
        "web/app.py": "from fastapi import FastAPI\nfrom web import pages\napp = FastAPI()\napp.include_router(pages.router)\n",
        "web/pages.py": ROUTES,
        "other/pages.py": ROUTES,
    }
    assert rows(found_in(texts)) == [
        ("lambda_entry.py", "handler", "aws-lambda"),
        ("web/pages.py", "index", "aws-lambda"),
    ]


@pytest.mark.parametrize(
    ("entry", "platform"),
    [
        (
            "import awsgi\nimport pages\ndef lambda_handler(event, context):\n    return awsgi.response(pages.router, event)",
            "aws-lambda",
        ),
        (
            "import serverless_wsgi, pages\ndef lambda_handler(e, c):\n    return serverless_wsgi.handle_request(pages, e, c)",
            "aws-lambda",
        ),
        ("import azure.functions as func\nfrom pages import router\napp = func.AsgiFunctionApp(app=router)", "azure"),
    ],
)
def test_other_adapters(found_in, entry, platform):
    found = found_in({"entry.py": entry, "pages.py": ROUTES})
    assert ("pages.py", "index", platform) in rows(found)


def test_import_of_a_library_that_also_adapts_is_not_enough(found_in):
    entry = "import azure.functions as func\nimport pages\napp = func.FunctionApp()\n"
    assert rows(found_in({"entry.py": entry, "pages.py": ROUTES})) == []


def test_web_handlers_where_the_settings_ask_for_them(found_in):
    tasks = "from celery import shared_task\n@shared_task\ndef work(x): ...\n"
    texts = {"pages.py": ROUTES, "tasks.py": tasks, "other.py": tasks}
    assert rows(found_in(texts)) == []
    assert rows(found_in(texts, web=lambda path: path != "other.py")) == [
        ("pages.py", "index", "web"),
        ("tasks.py", "work", "web"),
    ]


def test_methods_of_subclasses(found_in):
    text = """
        from ask_sdk_core.dispatch_components import AbstractRequestHandler
        from ask_sdk_core.skill_builder import SkillBuilder

        class Launch(AbstractRequestHandler):
            def can_handle(self, handler_input): ...
            def handle(self, handler_input): ...
            def other(self, x): ...

        sb = SkillBuilder()
        sb.add_request_handler(Launch())
        lambda_handler = sb.lambda_handler()
        """
    found = found_in({"app.py": text})
    assert [(each.attribute, each.receiver) for each in found.handlers] == [
        ("Launch.can_handle", "kept"),
        ("Launch.handle", "kept"),
        ("lambda_handler", ""),
    ]


def test_not_in_tests(found_in):
    text = "import functions_framework\n@functions_framework.http\ndef f(request): ..."
    assert rows(found_in({"tests/main.py": text})) == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('[a]\nplatform = "gcp"\ndecorator = ["x"]', "decorator"),
        ('[a]\nplatform = "moon"', "moon"),
        ("[a]\nawaited = true", "platform"),
        ("[a", "a.toml"),
    ],
)
def test_wrong_tables_name_file_and_key(text, reason):
    with pytest.raises(FrameworkError, match=reason) as raised:
        parse_frameworks({"a.toml": text})
    assert "a.toml" in str(raised.value)


def test_one_title_twice():
    with pytest.raises(FrameworkError, match="second table"):
        parse_frameworks({"a.toml": '[x]\nplatform = "gcp"', "b.toml": '[x]\nplatform = "gcp"'})


def test_packaged_tables_are_sorted(frameworks):
    for title, framework in frameworks.items():
        for name in ("decorators", "objects", "registers", "callables", "makes", "adapters"):
            values = getattr(framework, name)
            assert list(values) == sorted(values), f"{title}: {name}"
