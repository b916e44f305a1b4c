"""YAML, JSON and Terraform's language, read without executing or expanding anything."""

import time

import pytest

from leaklint.link.templates import hcl
from leaklint.link.templates.document import Unreadable, read_documents


def test_places_tags_and_merges():
    (root,) = read_documents("a: &a {x: 1, y: 2}\nb:\n  <<: *a\n  y: 3\nc: !Ref P\nd: {Ref: Q}\ne: ~\nf: '~'\n")
    assert root.string_at("b", "x") == "1"
    assert root.string_at("b", "y") == "3"
    assert [name for name, _, _ in root.find("b").items()] == ["y", "x"]
    assert (root.find("c").line, root.find("c").intrinsic()[0]) == (5, "Ref")
    assert root.find("d").intrinsic()[1].text == "Q"
    assert root.string_at("c") is None
    assert (root.string_at("e"), root.string_at("f")) == (None, "~")
    assert root.find("a", "x", "y") is None


def test_json_with_tabs():
    (root,) = read_documents('{\n\t"a": {\n\t\t"b": "c"\n\t}\n}\n')
    assert root.string_at("a", "b") == "c"


def test_several_documents():
    assert [each.string_at("a") for each in read_documents("a: 1\n---\na: 2\n")] == ["1", "2"]


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("a:\n  - b\n c: d\n", 3, "block"),
        ("a: *nowhere\n", 1, "alias"),
        ("a: b\nc: \x00\n", 2, "character"),
        ("a: [b\n", 1, "flow sequence"),
        ("[" * 100_000, 1, "nested more than 500 levels"),
        ("- " * 100_000, 1, "nested more than 500 levels"),
        ("{a: " * 20_000, 1, "nested more than 500 levels"),
    ],
)
def test_broken_yaml_has_a_place(text, line, reason):
    with pytest.raises(Unreadable) as raised:
        read_documents(text)
    assert raised.value.trouble.span.line == line
    assert reason in raised.value.trouble.reason


def test_aliases_do_not_blow_up():
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 200)]
    started = time.process_time()
    (root,) = read_documents("\n".join(lines) + "\nloop: &l {<<: *l, b: c}\n")
    assert root.string_at("loop", "b") == "c"
    assert root.string_at("loop", "nothing") is None
    assert time.process_time() - started < 1


def resolve(parts: tuple[str, ...]) -> hcl.Value:
    """A module at ``M`` with one variable and one local."""
    known: dict[tuple[str, ...], hcl.Value] = {("path", "module"): "M", ("var", "v"): "V", ("local", "f", "k"): "X"}
    return known.get(parts)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ('"${path.module}/x-${var.v}"', "M/x-V"),
        (r'"a\"b$${c}"', 'a"b${c}'),
        ('"${"q"}"', "q"),
        ('[1, "a", var.v, b + 1]', ["1", "a", "V", None]),
        ('{ a = "x", "b" = [var.v]\n c : { d = "y" } }', {"a": "x", "b": ["V"], "c": {"d": "y"}}),
        ('local.f["k"]', "X"),
        ("(var.v)", "V"),
        ('abspath("${path.module}/s")', "M/s"),
        ("true", "true"),
        ('join("/", ["a", "b"])', None),
        ('var.v ? "a" : "b"', None),
        ('"%{ if x }a%{ endif }"', None),
        ("var.unknown", None),
        ("<<-EOT\n  text\n  EOT\n", None),
        ('"never closed', None),
        ("", None),
        ("[" * 100_000, None),
        ('"${' * 10_000, None),
    ],
)
def test_terraform_expressions(expression, value):
    assert hcl.evaluate(expression, resolve) == value


def test_terraform_blocks():
    blocks = hcl.parse(
        """
        # a comment with { and "
        resource "kind" "name" {   /* another } */
          a = "${f("x")} // no comment"
          b = [
            "c",  // a comment
          ]
          inner { d = <<-EOT
            } not the end
          EOT
          }
          dynamic "e" { for_each = {} }
        }
        locals { f = { g = 1 } }
        """
    )
    resource, other = blocks
    assert (resource.kind, resource.labels, resource.line) == ("resource", ("kind", "name"), 3)
    assert resource.attributes["b"][1] == 5
    assert resource.inner("inner").text("d").startswith("<<-EOT")
    assert other.text("f") == "{ g = 1 }"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('a "b" {\n c = 1\n', 3),
        ('a {\n b = "c\n}', 2),
        ("a {\n b\n}", 3),
        ("}", 1),
        ("a {" * 1_000, 1),
        ("a = <<E\n", 1),
    ],
)
def test_broken_terraform_has_a_place(text, line):
    with pytest.raises(Unreadable) as raised:
        hcl.parse(text)
    assert raised.value.trouble.span.line == line


def test_large_terraform_file_is_read_in_time():
    started = time.process_time()
    (block,) = hcl.parse("a {\n" + "".join(f'x{n} = "${{var.v}}-{n}" # {{\n' for n in range(20_000)) + "}\n")
    assert len(block.attributes) == 20_000
    assert time.process_time() - started < 2
