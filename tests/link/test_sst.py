"""Applications of SST, and Pulumi in other languages: what is a handler, and what is missing."""

import pytest

RUN = "def run(x, y): ...\n"


def rows(found):
    """Path and attribute of each handler."""
    return [(each.path, each.attribute) for each in found.handlers]


@pytest.mark.parametrize("name", ["sst.config.ts", "sst.config.mjs"])
def test_an_application_of_sst(found_in, name):
    text = 'new sst.aws.Function("F", { handler: "src/api.run", runtime: "python3.11" });'
    found = found_in({f"orders/{name}": text, "orders/src/api.py": RUN})
    assert rows(found) == [("orders/src/api.py", "run")]


def test_a_missing_handler_of_sst(found_in):
    text = 'new sst.aws.Function("F", {\n  handler: "src/apis.run",\n  runtime: "python3.11",\n});'
    found = found_in({"sst.config.ts": text, "src/api.py": RUN})
    assert (rows(found), [(each.path, each.line) for each in found.missing]) == ([], [("sst.config.ts", 2)])


@pytest.mark.parametrize(
    "text",
    [
        'new sst.aws.Function("F", { handler: "src/api.run" });',
        'new sst.aws.Function("F", { handler: "src/api.run", runtime: "nodejs22.x" });',
        '// new sst.aws.Function("F", { handler: "src/api.run", runtime: "python3.11" });',
        'const other = { runtime: "python3.11" }; new sst.aws.Function("F", { handler: "src/api.run" });',
        "new sst.aws.Function(",
        '{{{ handler: "src/api.run"',
    ],
)
def test_no_python_of_sst(found_in, text):
    found = found_in({"sst.config.ts": f"{text} // sst.aws.", "src/api.py": RUN})
    assert (rows(found), found.missing) == ([], ())


@pytest.mark.parametrize("code", ['pulumi.FileArchive("./missing.zip")', "pulumi.RemoteArchive(url)", "archive", "f()"])
def test_archives_of_pulumi_that_are_built(found_in, code):
    text = f'import pulumi_aws as aws\naws.lambda_.Function("f", runtime="python3.13", handler="no.run", code={code})\n'
    found = found_in({"Pulumi.yaml": "name: x\nruntime: python\n", "__main__.py": text, "api.py": RUN})
    assert (rows(found), found.missing) == ([], ())
