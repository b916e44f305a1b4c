"""Serverless Framework services."""

import pytest


def rows(found):
    """Path, attribute and module of each handler."""
    return [(each.path, each.attribute, each.module) for each in found.handlers]


def test_paths_and_dotted_modules_from_the_folder_of_the_service(found_in):
    found = found_in(
        {
            "service/serverless.yml": """
                provider: {name: aws, runtime: python3.12}
                functions:
                  slash: {handler: src/orders.create}
                  dotted: {handler: src.pay.charge}
                  node: {handler: src/web.main, runtime: nodejs20.x}
                  absent: {handler: src/orders.creat}
                """,
            "service/src/orders.py": "def create(x, y): ...",
            "service/src/pay.py": "def charge(x, y): ...",
        }
    )
    assert rows(found) == [
        ("service/src/orders.py", "create", "src.orders"),
        ("service/src/pay.py", "charge", "src.pay"),
    ]
    (missing,) = found.missing
    assert (missing.line, missing.path) == (7, "service/serverless.yml")
    assert missing.message == "service/src/orders.py has no 'creat'; did you mean 'create'?"


def test_lists_included_files_and_variables(found_in):
    found = found_in(
        {
            "serverless.yml": """
                custom: {runtime: python3.12, folder: fns}
                provider: {name: aws, runtime: "${self:custom.runtime}"}
                functions:
                  - ${file(parts/a.yml)}
                  - ${file(parts/b.yml):functions}
                  - inline: {handler: "${self:custom.folder}/c.run", snapStart: true}
                  - open: {handler: "${opt:x}.run"}
                """,
            "parts/a.yml": "a: {handler: fns/a.run}",
            "parts/b.yml": "functions: {b: {handler: fns/b.run}}",
            **{f"fns/{name}.py": "def run(x, y): ..." for name in "abc"},
        }
    )
    assert [each.path for each in found.handlers] == ["fns/a.py", "fns/b.py", "fns/c.py"]
    assert [each.snap_start for each in found.handlers] == [False, False, True]
    assert found.handlers[0].reason == "serverless function a in parts/a.yml, line 1"


def test_one_file_a_function(found_in):
    found = found_in(
        {
            "serverless.yml": """
                provider: {name: aws, runtime: python3.12}
                functions: {a: "${file(./a/function.yml)}", b: "${file(./a/function.yml):b}"}
                """,
            "a/function.yml": "handler: a/app.run\nb: {handler: a/app.go}",
            "a/app.py": "def run(x, y): ...\ndef go(x, y): ...",
        }
    )
    assert [each.attribute for each in found.handlers] == ["run", "go"]


def test_functions_that_include_themselves(templates_of):
    said = templates_of(
        {"serverless.yml": "provider: {runtime: python3.12}\nfunctions: ${file(serverless.yml):functions}\n"}
    )
    assert said.declarations == ()


@pytest.mark.parametrize(
    ("functions", "lines"),
    [
        ("${file(none.yml)}", [2]),
        ("[{a: '${file(none.yml):a}'}, '${file(here.yml)}']", [2]),
        ("${file(here.yml)}", []),
        ("${file(none.yml), ''}", []),
        ("${file(none.js)}", []),
        ("${file(of-${opt:stage}.yml)}", []),
        ("${file(../none.yml)}", []),
    ],
)
@pytest.mark.parametrize(("runtime", "says"), [("python3.12", True), ("nodejs20.x", False)])
def test_included_functions_that_are_not_there(templates_of, functions, lines, runtime, says):
    said = templates_of(
        {
            "serverless.yml": f"provider: {{runtime: {runtime}}}\nfunctions: {functions}\n",
            "here.yml": "b: {handler: b.c}",
        }
    )
    found = [(path, trouble.span.line, trouble.reason) for path, trouble in said.troubles]
    reason = "it includes none.yml, which is no file of the project"
    assert found == ([("serverless.yml", line, reason) for line in lines] if says else [])


def test_module_of_python_requirements(found_in):
    found = found_in(
        {
            "serverless.yml": """
                provider: {name: aws, runtime: python3.12}
                functions: {a: {handler: app.run, module: fns/a}, b: {handler: app.run, module: fns/b}}
                """,
            "fns/a/app.py": "def run(x, y): ...",
            "fns/b/app.py": "def run(x, y): ...",
        }
    )
    assert [(each.path, each.module) for each in found.handlers] == [("fns/a/app.py", "app"), ("fns/b/app.py", "app")]


def test_wsgi_application_and_its_routes(found_in):
    found = found_in(
        {
            "serverless.yml": """
                provider: {name: aws, runtime: python3.12}
                custom: {wsgi: {app: api.app}}
                functions: {web: {handler: wsgi_handler.handler}}
                """,
            "api.py": "from flask import Flask\nimport views\napp = Flask(__name__)\n",
            "views.py": """
                from flask import Blueprint
                pages = Blueprint("pages", __name__)

                @pages.route("/")
                def index(): ...
                """,
            "elsewhere.py": """
                from flask import Flask
                app = Flask(__name__)

                @app.route("/")
                def other(): ...
                """,
        }
    )
    assert [(each.path, each.attribute, each.platform.value) for each in found.handlers] == [
        ("api.py", "app", "aws-lambda"),
        ("views.py", "index", "aws-lambda"),
    ]


def test_google_and_azure(found_in):
    google = "provider: {name: google, runtime: python312}\nfunctions: {one: {handler: hello}}\n"
    found = found_in({"serverless.yml": google, "main.py": "def hello(request): ..."})
    assert [(each.attribute, each.platform.value) for each in found.handlers] == [("hello", "gcp")]
    azure = "provider: {name: azure, runtime: python3.12}\nfunctions: {one: {handler: src/h.hello}}\n"
    found = found_in({"serverless.yml": azure, "src/h.py": "async def hello(req): ..."})
    assert [(each.platform.value, each.awaited) for each in found.handlers] == [("azure", True)]


def test_layers(templates_of):
    said = templates_of({"serverless.yml": "layers: {common: {path: layers/common}}\n"})
    assert said.shared_roots == ("layers/common/python", "layers/common")


def test_unknown_runtime_is_used_only_where_it_fits(found_in):
    text = "provider: {name: aws}\nfunctions: {a: {handler: a.run}, b: {handler: b.run}, c: {handler: svc/c.run}}\n"
    code = "def run(x, y): ..."
    found = found_in({"serverless.yml": text, "a.py": code, "deep/b.py": code, "deep/svc/c.py": code})
    assert [each.path for each in found.handlers] == ["a.py", "deep/svc/c.py"]
    assert found.missing == ()


def test_an_archive_that_something_else_builds_holds_the_source(found_in):
    found = found_in(
        {
            "serverless.yml": """
                provider: {name: aws, runtime: python3.12}
                functions:
                  packed: {handler: handler.main, package: {artifact: deploy/packed.zip}}
                  here: {handler: handler.other}
                """,
            "src/orders.py": "def create(x, y): ...",
        }
    )
    assert [each.handler for each in found.missing] == ["handler.other"]
