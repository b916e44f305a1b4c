"""Terraform modules."""

from leaklint.link.templates import hcl

RUN = "def run(x, y): ...\n"


def rows(found):
    """Path and module of each handler."""
    return [(each.path, each.module) for each in found.handlers]


def function(**attributes):
    """A Python function resource with the handler ``app.run``."""
    lines = {"handler": '"app.run"', "runtime": '"python3.12"', **attributes}
    inside = "\n".join(f"  {name} = {value}" for name, value in lines.items())
    return f'resource "aws_lambda_function" "fn" {{\n{inside}\n}}\n'


def archive(**attributes):
    """An archive of the name ``zip``."""
    inside = "\n".join(f"  {name} = {value}" for name, value in attributes.items())
    return f'data "archive_file" "zip" {{\n{inside}\n}}\n'


def test_archive_of_a_folder_or_a_file(found_in):
    packed = function(filename="data.archive_file.zip.output_path")
    folder = archive(source_dir='"${path.module}/../src"')
    texts = {"infra/main.tf": packed, "infra/zip.tf": folder, "src/app.py": RUN, "infra/app.py": RUN}
    assert rows(found_in(texts)) == [("src/app.py", "app")]
    texts["infra/zip.tf"] = archive(source_file='"${path.module}/app.py"')
    assert rows(found_in(texts)) == [("infra/app.py", "app")]
    texts["infra/zip.tf"] = (
        'data "archive_file" "zip" {\n source {\n content = file("${path.module}/../src/app.py")\n }\n}'
    )
    assert rows(found_in(texts)) == [("src/app.py", "app")]


def test_archive_behind_a_path_a_bucket_or_a_hash(found_in):
    source = archive(source_dir='"lambda"', output_path='"${path.module}/out/fn.zip"')
    stored = 'resource "aws_s3_object" "o" {\n source = data.archive_file.zip.output_path\n}\n'
    for name, value in {
        "filename": '"./out/fn.zip"',
        "s3_key": "aws_s3_object.o.key",
        "source_code_hash": "data.archive_file.zip.output_base64sha256",
    }.items():
        texts = {"main.tf": function(**{name: value}) + source + stored, "lambda/app.py": RUN, "x/app.py": RUN}
        assert rows(found_in(texts)) == [("lambda/app.py", "app")]


def test_missing_only_where_the_package_is_made_of_the_folder(found_in):
    packed = function(filename="data.archive_file.zip.output_path", handler='"app.rum"') + archive(source_dir='"src"')
    (missing,) = found_in({"main.tf": packed, "src/app.py": RUN}).missing
    assert (missing.line, missing.message) == (2, "src/app.py has no 'rum'; did you mean 'run'?")
    zipped = function(filename='"app.zip"', handler='"app.rum"')
    assert found_in({"main.tf": zipped, "app.py": RUN}).missing == ()


def test_zip_without_an_archive_is_looked_for_from_the_folder_upwards(found_in):
    texts = {"deploy/prod/main.tf": function(filename='"../build/x.zip"', handler='"svc.app.run"'), "svc/app.py": RUN}
    assert rows(found_in(texts)) == [("svc/app.py", "svc.app")]


def test_variables_locals_and_each(found_in):
    found = found_in(
        {
            "main.tf": """
                variable "runtime" { default = "python3.12" }
                locals {
                  root = "${path.module}/functions"
                  functions = {
                    one = { handler = "one.run" }
                    two = { handler = "two.run" }
                  }
                }
                data "archive_file" "zip" { source_dir = local.root }
                resource "aws_lambda_function" "all" {
                  for_each = local.functions
                  handler  = each.value.handler
                  runtime  = var.runtime
                  filename = data.archive_file.zip.output_path
                }
                """,
            "functions/one.py": RUN,
            "functions/two.py": RUN,
        }
    )
    assert rows(found) == [("functions/one.py", "one"), ("functions/two.py", "two")]


def test_local_module_with_values(found_in):
    found = found_in(
        {
            "live/main.tf": """
                module "fn" {
                  source  = "../modules/lambda"
                  handler = "app.run"
                  folder  = "${path.module}/../src"
                }
                """,
            "modules/lambda/main.tf": """
                variable "handler" {}
                variable "folder" {}
                data "archive_file" "zip" { source_dir = var.folder }
                resource "aws_lambda_function" "fn" {
                  handler  = var.handler
                  runtime  = "python3.12"
                  filename = data.archive_file.zip.output_path
                  snap_start { apply_on = "PublishedVersions" }
                }
                """,
            "src/app.py": RUN,
        }
    )
    assert rows(found) == [("src/app.py", "app")]
    assert found.handlers[0].snap_start


def test_local_module_that_cannot_be_read_is_like_one_of_the_registry(found_in):
    found = found_in(
        {
            "live/main.tf": """
                module "pack" {
                  source      = "../modules/lambda"
                  source_path = "../src"
                }
                module "fn" {
                  source                 = "../modules/lambda"
                  handler                = "app.run"
                  runtime                = "python3.12"
                  local_existing_package = module.pack.local_filename
                }
                """,
            "modules/lambda/main.tf": 'resource "aws_lambda_function" "fn" {\n handler = var.x ? null : var.handler\n}\n',
            "src/app.py": RUN,
            "other/app.py": RUN,
        }
    )
    assert rows(found) == [("src/app.py", "app")]


def test_modules_and_locals_that_lead_to_themselves(templates_of):
    said = templates_of(
        {
            "a/main.tf": 'module "b" {\n source = "../b"\n}\nlocals {\n x = local.y\n y = local.x\n}\n'
            + function(handler="local.x"),
            "b/main.tf": 'module "a" {\n source = "../a"\n}\n',
            "c/main.tf": 'module "c" {\n source = "./"\n}\n' + function(),
        }
    )
    assert [each.template for each in said.declarations] == ["c/main.tf"]


def test_lambda_module_of_the_registry(found_in):
    module = """
        module "fn" {
          source      = "terraform-aws-modules/lambda/aws"
          handler     = "app.run"
          runtime     = "python3.12"
          source_path = %s
        }
        """
    for path in ('"./src"', '"${path.module}/src/app.py"', '[{ path = "src", pip_requirements = true }, "other"]'):
        assert rows(found_in({"main.tf": module % path, "src/app.py": RUN})) == [("src/app.py", "app")]


def test_layer_image_and_google(found_in, templates_of):
    layer = 'resource "aws_lambda_layer_version" "l" {\n filename = data.archive_file.zip.output_path\n}\n'
    assert templates_of({"main.tf": layer + archive(source_dir='"layer"')}).shared_roots == ("layer/python", "layer")
    image = 'resource "aws_lambda_function" "i" {\n package_type = "Image"\n image_config {\n command = ["app.run"]\n }\n}\n'
    assert rows(found_in({"main.tf": image, "src/app.py": RUN})) == [("src/app.py", "app")]
    google = """
        data "archive_file" "zip" { source_dir = "src" }
        resource "google_storage_bucket_object" "o" { source = data.archive_file.zip.output_path }
        resource "google_cloudfunctions2_function" "f" {
          build_config {
            runtime     = "python312"
            entry_point = "hello"
            source { storage_source { object = google_storage_bucket_object.o.name } }
          }
        }
        """
    found = found_in({"main.tf": google, "src/main.py": "def hello(request): ..."})
    assert [(each.path, each.attribute, each.platform.value) for each in found.handlers] == [
        ("src/main.py", "hello", "gcp")
    ]


def test_other_runtimes(found_in):
    text = function(runtime='"nodejs20.x"', filename='"x.zip"')
    assert rows(found_in({"main.tf": text, "app.py": RUN})) == []


def test_json_syntax(found_in):
    text = """
        {
          "variable": {"folder": {"default": "src"}},
          "data": {"archive_file": {"zip": {"source_dir": "${path.module}/${var.folder}"}}},
          "resource": {"aws_lambda_function": {"fn": [{
            "handler": "app.run", "runtime": "python3.12",
            "filename": "${data.archive_file.zip.output_path}",
            "snap_start": {"apply_on": "PublishedVersions"}}]}}
        }
        """
    found = found_in({"main.tf.json": text, "src/app.py": RUN})
    assert rows(found) == [("src/app.py", "app")]
    assert found.handlers[0].snap_start
    assert found.handlers[0].reason == "Terraform function fn in main.tf.json, line 6"


def test_json_has_no_aliases(templates_of):
    said = templates_of({"main.tf.json": '{"resource": &a {"x": *a}}'})
    assert [trouble.span.line for _, trouble in said.troubles] == [1]


def test_examples_of_a_module_that_is_the_project_itself(found_in):
    found = found_in(
        {
            "main.tf": """
                module "orders" {
                  source      = "terraform-aws-modules/lambda/aws"
                  handler     = "app.run"
                  runtime     = "python3.12"
                  source_path = "./lambda/orders"
                }
                """,
            "examples/minimal/main.tf": 'module "ours" {\n  source = "../.."\n}\n',
            "lambda/orders/app.py": "def run(x, y): ...\n",
            "lambda/other/app.py": "def run(x, y): ...\n",
        }
    )
    assert [(each.path, each.source.value) for each in found.handlers] == [("lambda/orders/app.py", "template")]
    assert found.missing == ()


def test_values_are_found_out_once_and_only_where_they_are_asked_for(found_in):
    # Followed at each mention, these would be eight to the power of eleven, and that in each of the modules.
    chain = "".join(f" l{at} = [{{ h = var.h }}{f', local.l{at + 1}' * 8}]\n" for at in range(11))
    passed = 'module "next" {\n source = "./next"\n h = var.h\n unused = local.l0\n}\n'
    middle = f'variable "h" {{}}\nlocals {{\n{chain}}}\n{passed}'
    last = 'variable "h" {}\n' + function(handler="local.used.h", filename='"${path.module}/app.zip"')
    last += "locals {\n used = { h = var.h }\n}\n"
    texts = {f"m{'/next' * at}/main.tf": middle for at in range(8)} | {f"m{'/next' * 8}/main.tf": last}
    texts |= {"main.tf": 'module "m" {\n source = "./m"\n h = "app.run"\n}\n', f"m{'/next' * 8}/app.py": RUN}
    assert rows(found_in(texts)) == [(f"m{'/next' * 8}/app.py", "app")]


def test_strings_that_double_each_other_are_unknown():
    assert hcl.evaluate('"${local.a}${local.a}"', lambda _: "a" * 4000) == "a" * 8000
    assert hcl.evaluate('"${local.a}${local.a}"', lambda _: "a" * 8000) is None


def test_locals_that_mean_each_other_come_to_an_end(found_in):
    circle = 'locals {\n a = "${local.b}${local.b}"\n b = "${local.a}${local.a}"\n}\n'
    texts = {"main.tf": function(handler="local.a") + circle, "app.py": RUN}
    assert rows(found_in(texts)) == []


def test_file_that_is_packed_under_another_name(found_in):
    source = 'data "archive_file" "zip" {\n source {\n content = CONTENT\n filename = "app.py"\n }\n}\n'
    packed = function(filename="data.archive_file.zip.output_path")
    renamed = source.replace("CONTENT", 'file("${path.module}/scripts/user-creation.py")')
    texts = {"main.tf": packed + renamed, "scripts/user-creation.py": RUN}
    found = found_in(texts)
    assert (rows(found), found.missing) == ([("scripts/user-creation.py", "user-creation")], ())
    (missing,) = found_in({**texts, "scripts/user-creation.py": "def other(x, y): ...\n"}).missing
    assert missing.message == "scripts/user-creation.py has no 'run'"
    alone = archive(source_content='file("scripts/user-creation.py")', source_content_filename='"app.py"')
    assert rows(found_in({**texts, "main.tf": packed + alone})) == [("scripts/user-creation.py", "user-creation")]
    # The handler is the second file, under its own name.
    others = source.replace("CONTENT", 'file("lib/a.py")').replace("app.py", "helper.py")
    others = others.removesuffix("}\n") + ' source {\n content = file("src/app.py")\n filename = "app.py"\n }\n}\n'
    assert rows(found_in({"main.tf": packed + others, "lib/a.py": "", "src/app.py": RUN})) == [("src/app.py", "app")]


def test_nothing_is_said_of_a_file_that_the_template_makes_or_names_unknown(found_in):
    for content, name in [
        ('templatefile("app.py.tmpl", {})', '"app.py"'),
        ('file("scripts/other.py")', "basename(local.path)"),
    ]:
        source = f'data "archive_file" "zip" {{\n source {{\n content = {content}\n filename = {name}\n }}\n}}\n'
        packed = function(filename="data.archive_file.zip.output_path") + source
        assert found_in({"main.tf": packed, "scripts/other.py": RUN}).missing == ()
    source = archive(source_content='file("scripts/other.py")', source_content_filename='"other.py"')
    packed = function(filename="data.archive_file.zip.output_path") + source
    (missing,) = found_in({"main.tf": packed, "scripts/other.py": RUN}).missing
    assert missing.message == "there is no module 'app' below scripts"


def test_one_handler_in_as_many_folders_as_there_are_packages(found_in):
    module = 'variable "package" {}\n' + function(filename="var.package")

    def call(name):
        return f'module "{name}" {{\n source = "./fn"\n package = "dist/{name}.zip"\n}}\n'

    texts = {"main.tf": call("buyer") + call("seller"), "fn/main.tf": module}
    texts |= {"api/buyer/app.py": RUN, "api/seller/app.py": RUN}
    assert rows(found_in(texts)) == [("api/buyer/app.py", "app"), ("api/seller/app.py", "app")]
    texts["main.tf"] = call("buyer")
    assert rows(found_in(texts)) == []
    texts["main.tf"] = call("buyer") + call("seller") + call("broker")
    assert rows(found_in(texts)) == []


def test_one_package_deployed_twice_is_not_two(found_in):
    same = function(filename='"dist/app.zip"')
    texts = {"main.tf": same + same.replace('"fn"', '"copy"'), "a/app.py": RUN, "b/app.py": RUN}
    assert rows(found_in(texts)) == []
