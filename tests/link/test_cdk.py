"""AWS CDK stacks in Python and TypeScript."""

import textwrap
import time

import pytest

from leaklint.facts import extract
from leaklint.link.handlers import discover

RUN = "def run(x, y): ...\n"


def rows(found):
    """Path and module of each handler."""
    return [(each.path, each.module) for each in found.handlers]


PYTHON = """
    import os
    from os import path
    from pathlib import Path
    from aws_cdk import aws_lambda as lambda_

    DIRNAME = os.path.dirname(__file__)
    HERE = Path(__file__).resolve().parent
    common = dict(runtime=lambda_.Runtime.PYTHON_3_12)
    FOLDER = "src"

    class Stack:
        def __init__(self):
            %s
    """


@pytest.mark.parametrize(
    "construct",
    [
        'lambda_.Function(self, "F", runtime=lambda_.Runtime.PYTHON_3_12, handler="app.run", code=lambda_.Code.from_asset("src"))',
        'lambda_.Function(self, "F", handler="app.run", code=lambda_.Code.from_asset(path="./src/"), **common)',
        'lambda_.Function(self, "F", handler="app.run", code=lambda_.Code.from_asset(os.path.join(DIRNAME, "..", FOLDER)))',
        'lambda_.Function(self, "F", handler="app.run", code=lambda_.Code.from_asset(str(HERE.parent / "src")))',
        'lambda_.Function(self, "F", handler="app.run", code=lambda_.Code.from_asset(f"{DIRNAME}/../src"))',
        'lambda_.Function(self, "F", handler="app.run", code=lambda_.Code.from_asset("src/app.zip"))',
        'lambda_.FunctionProps(handler="app.run", code=lambda_.Code.from_asset("src"))',
        'OurFunction(self, handler="app.run", code=lambda_.Code.from_asset(Path(__file__).parents[1].joinpath("src").as_posix()))',
        'PythonFunction(self, "F", entry="src", index="app.py", handler="run")',
        'DockerImageFunction(self, "F", code=lambda_.DockerImageCode.from_image_asset("src", cmd=["app.run"]))',
    ],
)
def test_python(found_in, construct):
    found = found_in(
        {
            "infra/cdk.json": "{}",
            "infra/stacks/stack.py": PYTHON % construct.replace(".as_posix()", ""),
            "infra/src/app.py": RUN,
            "infra/src/Dockerfile": "FROM public.ecr.aws/lambda/python:3.12\nCOPY . .\n",
            "infra/app.py": RUN,
            "src/app.py": RUN,
        }
    )
    assert rows(found) == [("infra/src/app.py", "app")]
    assert found.handlers[0].source.value == "template"


@pytest.mark.parametrize(
    "construct",
    [
        'lambda_.Function(self, "F", runtime=lambda_.Runtime.NODEJS_22_X, handler="app.run", code=lambda_.Code.from_asset("src"))',
        'lambda_.Function(self, "F", handler=name + ".run", code=lambda_.Code.from_asset("src"))',
        'lambda_.Function(self, "F", handler="app.run")',
        'lambda_.Function(self, "F", handler="app.run", code=lambda_.Code.from_asset(somewhere()))',
        'lambda_.Function(self, "F", handler="index.run", code=lambda_.Code.from_inline("x"))',
    ],
)
def test_python_that_says_nothing(found_in, construct):
    found = found_in({"infra/cdk.json": "{}", "infra/stack.py": PYTHON % construct, "infra/src/app.py": RUN})
    assert rows(found) == []


def test_file_that_is_read_as_inline_code(found_in):
    python = PYTHON % (
        'fp = 1\n            with open("fns/lambda-handler.py", encoding="utf8") as fp:\n'
        "                code = fp.read()\n"
        '            lambda_.Function(self, "F", handler="index.run", code=lambda_.InlineCode(code), **common)'
    )
    found = found_in(
        {"infra/cdk.json": "{}", "infra/app.py": python, "infra/fns/lambda-handler.py": RUN, "index.py": RUN}
    )
    assert rows(found) == [("infra/fns/lambda-handler.py", "lambda-handler")]
    for code in (
        "lambda.Code.fromInline(fs.readFileSync('fns/lambda-handler.py', { encoding: 'utf-8' }))",
        "new InlineCode(readFileSync(path.join(__dirname, '../fns/lambda-handler.py'), 'utf8'))",
    ):
        text = TYPESCRIPT % f"new lambda.Function(this, 'F', {{handler: 'index.run', runtime: RUNTIME, code: {code}}})"
        found = found_in({"infra/cdk.json": "{}", "infra/lib/s.ts": text, "infra/fns/lambda-handler.py": RUN})
        assert rows(found) == [("infra/fns/lambda-handler.py", "lambda-handler")]


@pytest.mark.parametrize(
    ("path", "construct"),
    [
        ("app.py", 'lambda_.Function(self, handler=\'index.run\', code=lambda_.Code.from_inline("""%s"""), **common)'),
        (
            "app.py",
            'lambda_.Function(self, handler=\'index.run\', code=lambda_.InlineCode(dedent("""%s""")), **common)',
        ),
        ("app.ts", "new Function(this, 'F', {handler: 'index.run', runtime: RUNTIME, code: Code.fromInline(`%s`)})"),
    ],
)
@pytest.mark.parametrize("indent", ["", "    "])
def test_inline_code_has_the_lines_of_the_stack(templates_of, frameworks, path, construct, indent):
    code = f"\n{indent}SEEN = []\n{indent}def run(event, context):\n{indent}    SEEN.append(1)\n"
    text = textwrap.dedent(PYTHON if path.endswith(".py") else TYPESCRIPT) % (construct % code)
    said = templates_of({"cdk.json": "{}", path: text})
    ((inline, source),) = said.sources
    (handler,) = discover({inline: extract(source)}, said, frameworks.values())[1].handlers
    assert (handler.path.startswith(f"{path}#"), handler.attribute) == (True, "run")
    assert text.splitlines()[handler.place.span.line - 1] == f"{indent}def run(event, context):"
    assert handler.place.span.column == len(indent) + 5


def test_layers(templates_of):
    text = PYTHON % 'lambda_.LayerVersion(self, "L", code=lambda_.Code.from_asset("layer"))'
    assert templates_of({"cdk.json": "{}", "stack.py": text}).shared_roots == ("layer/python", "layer")


MAKER = """
    import os
    from aws_cdk import aws_lambda as lambda_

    class Stack:
        def __init__(self):
            %s

        def make(self, name, handler, folder="src", *, runtime=lambda_.Runtime.PYTHON_3_12):
            return lambda_.Function(self, name, handler=handler, code=lambda_.Code.from_asset(folder), runtime=runtime)


    class Ours:
        def __init__(self, scope, id, handler):
            lambda_.Function(self, id, handler=handler, code=lambda_.Code.from_asset("own"), **PYTHON)
    """


@pytest.mark.parametrize(
    ("calls", "wanted"),
    [
        ('self.make("A", "app.run")', ["src/app.py"]),
        ('self.make("A", handler="app.run", folder="other")', ["other/app.py"]),
        ('self.make("A", "app.run"); self.make("B", "app.run", "other")', ["other/app.py", "src/app.py"]),
        ('Ours(self, "A", "app.run")', ["own/app.py"]),
        ('self.make("A", "app.run", runtime=lambda_.Runtime.NODEJS_22_X)', []),
        ('self.make("A", unknown)', []),
        ("pass", []),
    ],
)
def test_python_function_that_makes_constructs(found_in, calls, wanted):
    """One construct for each call, with what that call gives."""
    modules = dict.fromkeys(["src/app.py", "other/app.py", "own/app.py"], RUN)
    found = found_in({"cdk.json": "{}", "stack.py": MAKER % calls, **modules})
    assert [each.path for each in found.handlers] == wanted


LOOPS = """
    from aws_cdk import aws_lambda as lambda_
    NAMED = {"one": "app", "two": "gone"}

    class Stack:
        def __init__(self):
            for %s:
                lambda_.Function(self, "F", handler=%s, code=lambda_.Code.from_asset("src"))
    """


@pytest.mark.parametrize(
    ("loop", "handler"),
    [
        ('name in ["app", "gone"]', 'f"{name}.run"'),
        ('id, module in (("one", "app"), ("two", "gone"))', 'module + ".run"'),
        ("id, module in NAMED.items()", 'f"{module}.run"'),
        ('each in [{"handler": "app.run"}, {"handler": "gone.run"}]', 'each["handler"]'),
    ],
)
def test_python_loop_over_what_is_written_out(found_in, loop, handler):
    """What a loop makes of names is never missing: it may skip some of them."""
    found = found_in({"cdk.json": "{}", "stack.py": LOOPS % (loop, handler), "src/app.py": RUN, "src/other.py": RUN})
    assert (rows(found), found.missing) == ([("src/app.py", "app")], ())


def test_python_constants_of_another_file(found_in):
    texts = {
        "infra/cdk.json": "{}",
        "infra/ours/constants.py": """
            from pathlib import Path
            from aws_cdk import aws_lambda
            ROOT = Path(__file__).parent.parent.parent
            AROUND = AGAIN
            from infra.ours.stack import AROUND as AGAIN
            """,
        "infra/ours/stack.py": """
            from aws_cdk.aws_lambda_python_alpha import PythonFunction
            from ours.constants import ROOT, AROUND
            PythonFunction(None, "A", entry=str(ROOT / "src" / "news"), index="app.py", handler="run")
            PythonFunction(None, "B", entry=str(AROUND), index="app.py", handler="other")
            """,
        "src/news/app.py": RUN + "def other(x, y): ...\n",
    }
    found = found_in(texts)
    assert [(each.path, each.attribute, each.module) for each in found.handlers if each.attribute == "run"] == [
        ("src/news/app.py", "run", "app")
    ]


def test_python_construct_of_another_file(found_in):
    texts = {
        "cdk.json": "{}",
        "infra/ours.py": MAKER % "pass",
        "infra/stack.py": """
            import os
            from aws_cdk import Stack
            from infra.ours import Ours

            Ours(None, "A", os.path.basename("x") and "app.run")
            Ours(None, "B", handler="app.run")
            """,
        "infra/alone.py": """
            import aws_cdk
            def Ours(scope, id, handler): ...
            Ours(None, "B", handler="app.other")
            """,
        "own/app.py": RUN + "def other(x, y): ...\n",
    }
    assert [(each.path, each.attribute) for each in found_in(texts).handlers] == [("own/app.py", "run")]


SCOPES = """
    import { Function, Runtime, Code } from 'aws-cdk-lib/aws-lambda';
    const NAMES = ['app', 'gone'];
    export class Stack extends cdk.Stack {
      constructor(scope: Construct, id: string) {
        super(scope, id);
        %s
      }
      private make(id: string, handler: string, folder: string = 'src'): Function {
        return new Function(this, id, { runtime: Runtime.PYTHON_3_12, handler, code: Code.fromAsset('src') });
      }
    }
    """


@pytest.mark.parametrize(
    "construct",
    [
        "this.make('A', 'app.run');",
        "const a = this.make('A', `app.run`); this.make('B', 'gone.run');",
        "for (const name of ['app', 'gone']) { new Function(this, name, { handler: `${name}.run`, code: Code.fromAsset('src') }); }",
        "NAMES.forEach((name) => { new Function(this, name, { handler: `${name}.run`, code: Code.fromAsset('src') }); });",
        "const ours = (c: Props) => { new Function(this, c.id, { handler: c.handler, code: Code.fromAsset(c.folder) }); };"
        "ours({ id: 'A', handler: 'app.run', folder: 'src' });",
        "const inner = (handler: string) => { new Function(this, 'A', { handler: handler, code: Code.fromAsset('src') }); }; inner('app.run');",
    ],
)
def test_typescript_that_makes_several(found_in, construct):
    found = found_in({"cdk.json": "{}", "lib/stack.ts": SCOPES % construct, "src/app.py": RUN, "src/other.py": RUN})
    assert (rows(found), found.missing) == ([("src/app.py", "app")], ())


def test_typescript_function_that_nobody_calls(found_in):
    assert rows(found_in({"cdk.json": "{}", "lib/stack.ts": SCOPES % "", "src/app.py": RUN})) == []


def test_stack_without_cdk_json_looks_upwards(found_in):
    text = PYTHON % 'lambda_.Function(self, "F", handler="app.run", code=lambda_.Code.from_asset("fns"))'
    assert rows(found_in({"deploy/stacks/stack.py": text, "fns/app.py": RUN})) == [("fns/app.py", "app")]


def test_hostile_python_stack(templates_of):
    deep = PYTHON % ('lambda_.Function(handler="a" ' + '+ "a"' * 20_000 + ', code=lambda_.Code.from_asset("src"))')
    nested = "import aws_cdk\n" + "(" * 1_500 + ")" * 1_500
    assert templates_of({"deep.py": deep, "nested.py": nested, "no.py": "import aws_cdk\ndef ("}).declarations == ()


TYPESCRIPT = """
    import * as cdk from 'aws-cdk-lib';
    import * as lambda from 'aws-cdk-lib/aws-lambda';
    import * as path from 'path';
    const FOLDER = 'src';  // it's a comment with a quote
    const RUNTIME: lambda.Runtime = lambda.Runtime.PYTHON_3_12;
    /* new lambda.Function(this, 'No', {handler: 'other.run', code: lambda.Code.fromAsset('src')}) */
    export class Stack extends cdk.Stack {
      constructor(scope: Construct, id: string) {
        %s
      }
    }
    """


@pytest.mark.parametrize(
    "construct",
    [
        "new lambda.Function(this, 'F', {runtime: lambda.Runtime.PYTHON_3_12, handler: 'app.run', code: lambda.Code.fromAsset('src')});",
        "new lambda.Function(this, 'F', { code: lambda.Code.fromAsset(path.join(__dirname, '..', FOLDER), {exclude: ['a,b']}), runtime: RUNTIME, handler: \"app.run\" })",
        "new Function(this, `F`, {handler: `app.run`, runtime: RUNTIME, code: Code.fromAsset(`${__dirname}/../src`),})",
        "new Function(this, 'F', {handler: 'app.run', runtime: RUNTIME, code: Code.fromAsset(join(__dirname, '/../src'))})",
        "new Ours(this, 'F', {'handler': 'app.run', runtime: RUNTIME, code: lambda.Code.fromAsset('./src')})",
        "new PythonFunction(this, 'F', {entry: path.resolve(__dirname, '../src'), index: 'app.py', handler: 'run', runtime: RUNTIME})",
        "const common = { runtime: RUNTIME, code: lambda.Code.fromAsset('src'), handler: 'other.run' };"
        "new lambda.Function(this, 'F', { ...common, handler: 'app.run', ...unknown });",
        "new lambda.DockerImageFunction(this, 'F', {code: lambda.DockerImageCode.fromImageAsset('src', {cmd: ['app.run']})})",
    ],
)
def test_typescript(found_in, construct):
    found = found_in(
        {
            "infra/cdk.json": "{}",
            "infra/lib/stack.ts": TYPESCRIPT % construct,
            "infra/src/app.py": RUN,
            "infra/src/other.py": RUN,
            "infra/src/Dockerfile": "FROM public.ecr.aws/lambda/python:3.12\nCOPY . .\n",
            "src/app.py": RUN,
        }
    )
    assert rows(found) == [("infra/src/app.py", "app")]


@pytest.mark.parametrize(
    "construct",
    [
        "new lambda.Function(this, 'F', {runtime: lambda.Runtime.NODEJS_22_X, handler: 'app.run', code: lambda.Code.fromAsset('src')});",
        "new lambda.Function(this, 'F', {runtime: RUNTIME, handler: `${name}.run`, code: lambda.Code.fromAsset('src')});",
        "new lambda.Function(this, 'F', props);",
        "new NodejsFunction(this, 'F', {entry: 'src/app.ts'});",
        "new lambda.Function(this, 'F', {handler: 'app.run",
    ],
)
def test_typescript_that_says_nothing(found_in, construct):
    found = found_in({"infra/cdk.json": "{}", "infra/lib/stack.ts": TYPESCRIPT % construct, "infra/src/app.py": RUN})
    assert rows(found) == []


@pytest.mark.parametrize("name", ["stack.test.ts", "stack.spec.ts"])
def test_stack_of_a_test_deploys_nothing(found_in, name):
    text = (
        TYPESCRIPT
        % "new lambda.Function(this, 'F', {runtime: RUNTIME, handler: 'index.run', code: lambda.Code.fromAsset('src')})"
    )
    found = found_in({"cdk.json": "{}", f"test/{name}": text, "src/app.py": RUN})
    assert (rows(found), found.missing) == ([], ())


def test_typescript_is_read_below_a_cdk_application_only(found_in):
    text = (
        TYPESCRIPT
        % "new lambda.Function(this, 'F', {runtime: RUNTIME, handler: 'app.run', code: lambda.Code.fromAsset('src')})"
    )
    assert rows(found_in({"web/stack.ts": text, "infra/cdk.json": "{}", "web/src/app.py": RUN})) == []


def test_serverless_in_typescript(found_in):
    text = "const s: AWS = { provider: { runtime: 'python3.12' }, functions: { a: { handler: 'src/app.run' } } };"
    assert rows(found_in({"serverless.ts": text, "src/app.py": RUN})) == [("src/app.py", "src.app")]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (
            "stack.py",
            "import aws_cdk\nL = [%s]\nfor n in L:\n for m in L:\n  Function(s, handler=n + m, code=Code.from_asset('s'))\n",
        ),
        ("stack.ts", "aws-cdk for (const n of [%s]) { new Function(s, n, {handler: n, code: Code.fromAsset('s')}); }"),
    ],
)
def test_rounds_of_loops_are_bounded(templates_of, path, text):
    names = ", ".join(f"'a{number}.b'" for number in range(5_000))
    assert 0 < len(templates_of({"cdk.json": "{}", path: text % names}).declarations) <= 100


def test_hostile_typescript_is_read_in_time(templates_of):
    started = time.process_time()
    for text in ("new Function({" * 5_000, "const a = (" * 20_000, "'`\"" * 20_000, "{" * 100_000, "/*" * 50_000):
        templates_of({"cdk.json": "{}", "stack.ts": "aws-cdk " + text})
    assert time.process_time() - started < 10
