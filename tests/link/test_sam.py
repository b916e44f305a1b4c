"""AWS SAM and CloudFormation templates, and the images that they name."""

from leaklint.facts import extract
from leaklint.link.handlers import discover

APP = "def lambda_handler(a, b): ...\n"


def rows(found):
    """Path, attribute and module of each handler."""
    return [(each.path, each.attribute, each.module) for each in found.handlers]


def test_own_properties_come_before_globals(found_in):
    found = found_in(
        {
            "template.yaml": """
                Globals:
                  Function: {Runtime: python3.12, Handler: main.run, CodeUri: shared/, SnapStart: {ApplyOn: PublishedVersions}}
                Resources:
                  One: {Type: AWS::Serverless::Function}
                  Two:
                    Type: AWS::Serverless::Function
                    Properties:
                      CodeUri: functions/two
                      Handler: src.app.go
                  Node: {Type: AWS::Serverless::Function, Properties: {Runtime: nodejs20.x}}
                """,
            "shared/main.py": "def run(x, y): ...",
            "functions/two/src/app.py": "def go(x, y): ...",
        }
    )
    assert rows(found) == [("functions/two/src/app.py", "go", "src.app"), ("shared/main.py", "run", "main")]
    assert [each.snap_start for each in found.handlers] == [True, True]
    assert found.handlers[0].reason == "SAM function Two in template.yaml, line 6"
    assert not found.missing


def test_reason_names_the_line_of_the_handler(templates_of):
    said = templates_of(
        {
            "infra/template.json": """
            {"Resources": {
               "Fn": {"Type": "AWS::Lambda::Function",
                      "Properties": {
                         "Handler": "app.lambda_handler", "Runtime": "python3.12", "Code": "../src"}}}}
            """
        }
    )
    (each,) = said.declarations
    assert (each.line, each.root, each.expected) == (5, "src", True)


def test_missing_handlers_and_likely_names(found_in):
    template = """
        Resources:
          A: {Type: AWS::Serverless::Function, Properties: {Runtime: python3.12, CodeUri: src, Handler: app.lambda_handlr}}
          B: {Type: AWS::Serverless::Function, Properties: {Runtime: python3.12, CodeUri: src, Handler: ap.lambda_handler}}
        """
    found = found_in({"template.yaml": template, "src/app.py": APP})
    assert [(each.line, each.message) for each in found.missing] == [
        (3, "src/app.py has no 'lambda_handlr'; did you mean 'lambda_handler'?"),
        (4, "there is no module 'ap' below src; did you mean 'app'?"),
    ]


def test_what_is_built_elsewhere_is_not_missing(found_in):
    found = found_in(
        {
            "template.yaml": """
                Parameters:
                  Folder: {Type: String, Default: src}
                Resources:
                  Absent: {Type: AWS::Serverless::Function, Properties: {Runtime: python3.12, CodeUri: build, Handler: a.b}}
                  Bucket:
                    Type: AWS::Serverless::Function
                    Properties: {Runtime: python3.12, CodeUri: {Bucket: x, Key: y}, Handler: a.b}
                  Uri: {Type: AWS::Serverless::Function, Properties: {Runtime: python3.12, CodeUri: s3://x/y, Handler: a.b}}
                  Make:
                    Type: AWS::Serverless::Function
                    Metadata: {BuildMethod: makefile}
                    Properties: {Runtime: python3.12, CodeUri: src, Handler: a.b}
                  Web:
                    Type: AWS::Serverless::Function
                    Properties:
                      Runtime: python3.12
                      CodeUri: src
                      Handler: run.sh
                      Environment: {Variables: {AWS_LAMBDA_EXEC_WRAPPER: /opt/bootstrap}}
                  Unknown: {Type: AWS::Serverless::Function, Properties: {Runtime: !Ref R, CodeUri: src, Handler: a.b}}
                  Given: {Type: AWS::Serverless::Function, Properties: {Runtime: python3.12, CodeUri: !Ref Folder, Handler: a.b}}
                  If: {Type: AWS::Serverless::Function, Properties: {Runtime: python3.12, CodeUri: !If [a, b, c], Handler: a.b}}
                  Up: {Type: AWS::Serverless::Function, Properties: {Runtime: python3.12, CodeUri: ../../x, Handler: a.b}}
                """,
            "src/app.py": APP,
        }
    )
    assert found.missing == ()


def test_code_that_is_packed_elsewhere_is_looked_for(found_in):
    template = """
        Resources:
          Fn: {Type: AWS::Serverless::Function, Properties: {Runtime: python3.12, CodeUri: s3://x/y, Handler: orders.run}}
        """
    code = "def run(x, y): ..."
    assert rows(found_in({"a/template.yaml": template, "a/src/orders.py": code, "b/orders.py": code})) == [
        ("a/src/orders.py", "run", "orders")
    ]
    assert rows(found_in({"a/template.yaml": template, "a/c/orders.py": code, "a/d/orders.py": code})) == []
    assert rows(found_in({"a/template.yaml": template, "tests/orders.py": code})) == []


def test_file_as_code_and_parameter_with_default(found_in):
    found = found_in(
        {
            "template.yaml": """
                Parameters: {Entry: {Type: String, Default: app.lambda_handler}}
                Resources:
                  Fn:
                    Type: AWS::Serverless::Function
                    Properties: {Runtime: python3.12, CodeUri: src/app.py, Handler: !Ref Entry}
                """,
            "src/app.py": APP,
        }
    )
    assert [(each.path, each.source.value) for each in found.handlers] == [("src/app.py", "template")]


def test_layers_are_import_roots(templates_of):
    said = templates_of(
        {
            "sub/template.yaml": """
                Resources:
                  Fn: {Type: AWS::Serverless::Function, Properties: {Handler: a.b, Runtime: python3.12}}
                  Layer: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: ../layers/common/}}
                """
        }
    )
    assert said.shared_roots == ("layers/common/python", "layers/common")
    assert {each.root for each in said.declarations} == {"sub"}


INLINE = """\
Resources:
  Fn:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: python3.12
      Handler: index.run
      Code:
        ZipFile: |

          SEEN = []
          def run(event, context):
              SEEN.append("${AWS::Region}")
  Quoted:
    Type: AWS::Serverless::Function
    Properties: {Runtime: python3.12, Handler: index.run, InlineCode: "def run(event, context): ..."}
  Node:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs22.x
      Handler: index.run
      InlineCode: |
        exports.run = 1
"""


def test_inline_code_is_a_file_with_the_lines_of_the_template(templates_of, frameworks):
    for text in (
        INLINE,
        INLINE.replace("ZipFile: |", "ZipFile: !Sub |"),
        INLINE.replace("ZipFile: |", "ZipFile:\n         Fn::Sub: |"),
    ):
        said = templates_of({"cf/template.yaml": text})
        ((path, source),) = said.sources
        files = {path: extract(source)}
        _, found = discover(files, said, frameworks.values())
        (handler,) = found.handlers
        assert (handler.path, handler.attribute, handler.module) == ("cf/template.yaml#Fn.py", "run", "index")
        assert handler.source.value == "template"
        line = text.splitlines()[handler.place.span.line - 1]
        assert line[handler.place.span.column - 1 :].startswith("run(event")
        assert found.missing == ()
        assert (b"${AWS" in source) == ("Sub" not in text)


def test_wrapper_of_a_library(found_in):
    found = found_in(
        {
            "template.yaml": """
                Resources:
                  Fn:
                    Type: AWS::Serverless::Function
                    Properties:
                      Runtime: python3.12
                      Handler: datadog_lambda.handler.handler
                      Environment: {Variables: {DD_LAMBDA_HANDLER: app.run}}
                """,
            "app.py": "def run(x, y): ...",
        }
    )
    assert rows(found) == [("app.py", "run", "app")]


def test_managed_instances(found_in):
    found = found_in(
        {
            "template.yaml": """
                Resources:
                  Fn:
                    Type: AWS::Serverless::Function
                    Properties: {Runtime: python3.13, Handler: app.lambda_handler, CapacityProviderConfig: {Arn: x}}
                """,
            "app.py": APP,
        }
    )
    assert [each.platform.value for each in found.handlers] == ["aws-lambda-managed"]


def test_image_functions(found_in):
    template = """
        Resources:
          Command:
            Type: AWS::Serverless::Function
            Metadata: {DockerContext: ./src, Dockerfile: one/Dockerfile}
            Properties: {PackageType: Image, ImageConfig: {Command: [two.run]}}
          File:
            Type: AWS::Serverless::Function
            Metadata: {DockerContext: ./src, Dockerfile: one/Dockerfile}
            Properties: {PackageType: Image}
        """
    found = found_in(
        {
            "template.yaml": template,
            "src/one/Dockerfile": """\
                ARG VERSION=3.13
                FROM public.ecr.aws/lambda/python:${VERSION} AS base
                COPY one/requirements.txt ${LAMBDA_TASK_ROOT}/
                COPY one/*.py ${LAMBDA_TASK_ROOT}/
                CMD ["app.lambda_handler"]
                """,
            "src/one/app.py": APP,
            "src/one/two.py": "def run(x, y): ...",
        }
    )
    assert rows(found) == [("src/one/app.py", "lambda_handler", "app"), ("src/one/two.py", "run", "two")]


def test_dockerfile_alone(found_in):
    def handlers(dockerfile, *paths):
        found = found_in({"fn/Dockerfile": dockerfile, **dict.fromkeys(paths, "def run(x, y): ...")})
        return [(each.path, each.module) for each in found.handlers]

    python = "FROM public.ecr.aws/lambda/python:3.12\n"
    assert handlers(python + 'COPY app.py ./\nCMD [ "app.run" ]', "fn/app.py") == [("fn/app.py", "app")]
    assert handlers(python + 'COPY src/ ${LAMBDA_TASK_ROOT}/\nCMD ["app.run"]', "fn/src/app.py") == [
        ("fn/src/app.py", "app")
    ]
    assert handlers(python + 'COPY src/ ./src/\nCMD ["src.app.run"]', "fn/src/app.py") == [("fn/src/app.py", "src.app")]
    assert handlers(python + 'COPY fn/app.py ./\nCMD ["app.run"]', "fn/app.py") == [("fn/app.py", "app")]
    client = (
        'FROM python:3.12\nWORKDIR /code\nCOPY . /code\nENTRYPOINT ["python", "-m", "awslambdaric"]\nCMD ["app.run"]'
    )
    assert handlers(client, "fn/app.py") == [("fn/app.py", "app")]
    stages = 'FROM public.ecr.aws/lambda/python:3.12 AS a\nFROM node:20\nFROM a\nCOPY . .\nCMD ["app.run"]'
    assert handlers(stages, "fn/app.py") == [("fn/app.py", "app")]
    assert handlers('FROM public.ecr.aws/lambda/nodejs:20\nCOPY . .\nCMD ["app.run"]', "fn/app.py") == []
    assert handlers('FROM python:3.12\nCOPY . .\nCMD ["python", "app.run"]', "fn/app.py") == []


def test_broken_template_is_said_with_its_line(templates_of):
    said = templates_of(
        {
            "template.yaml": "Resources:\n  A: {Type: AWS::Lambda::Function\n",
            "main.tf": 'resource "a" "b" {\n',
            "values.yaml": "a: [b\n",
        }
    )
    assert [(path, trouble.span.line) for path, trouble in said.troubles] == [("main.tf", 2), ("template.yaml", 2)]


def test_template_that_another_engine_makes_need_not_be_well_formed(templates_of):
    text = "Resources:\n  {%- if x %}\n  A: {Type: AWS::Lambda::Function}\n  {%- endif %}\n"
    assert templates_of({"{{cookiecutter.name}}/template.yaml": text}).troubles == ()
    text = "Resources:\n  A:\n    Type: AWS::Lambda::Function\n    CodeUri: %where%\n"
    assert templates_of({"template.yaml": text}).troubles == ()


def test_defaults_of_parameters_are_filled_in(found_in):
    """A parameter may be given another value when the template is deployed, so nothing is missing then."""
    template = """
        Transform: AWS::Serverless-2016-10-31
        Parameters:
          Name: {Type: String, Default: app}
          Folder: {Type: String, Default: src}
          Open: {Type: String}
        Resources:
          One:
            Type: AWS::Serverless::Function
            Properties: {Runtime: python3.12, Handler: !Sub "${Name}.lambda_handler2", CodeUri: !Sub "./${Folder}/"}
          Two:
            Type: AWS::Serverless::Function
            Properties: {Runtime: python3.12, Handler: !Sub "${Name}.gone", CodeUri: src}
          Three:
            Type: AWS::Serverless::Function
            Properties: {Runtime: python3.12, Handler: !Sub "${Open}.other", CodeUri: src}
        """
    source = "def lambda_handler2(a, b): ...\ndef other(a, b): ...\n"
    found = found_in({"template.yaml": template, "src/app.py": source})
    assert rows(found) == [("src/app.py", "lambda_handler2", "app")]
    assert found.missing == ()
