"""The formats for machines keep to their schemas, and those for people cannot be led astray by what they show."""

from __future__ import annotations

import dataclasses
import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from leaklint.frontends.output import FORMATS, rendered
from leaklint.ir.finding import Finding, Severity, Step, StepKind
from leaklint.ir.handler import Platform
from leaklint.ir.location import Place, Span
from leaklint.report import github, gitlab, html_page, json_list, junit, markdown, prose, sarif, text
from leaklint.report.fingerprint import fingerprints
from leaklint.report.plain import plain, width
from leaklint.report.report import Report
from leaklint.report.style import PLAIN, Style
from leaklint.report.timeline import timeline
from leaklint.rules.catalogue import catalogue

SCHEMA = json.loads((Path(__file__).parent / "schemas/sarif-schema-2.1.0.json").read_text(encoding="utf-8"))
HOSTILE = "\x1b]0;x\x07\x1b[2J\u202e\u2028</script><script>alert(1)</script>&\"'`|%0A::error::\ud800\x00\r\n]]>"


def hostile_report() -> Report:
    """A report in which every text is an attack."""
    # Python decodes file names so that a surrogate of this range stands for a byte.
    place = Place(f"a{HOSTILE}.py".replace("\ud800", "\udcff"), Span(1, 1, 1, 30))
    step = Step(StepKind.CALL, place, HOSTILE)
    finding = Finding("LK101", HOSTILE, Severity.ERROR, place, HOSTILE, HOSTILE, HOSTILE, (step, step), (HOSTILE,))
    return Report(root="/srv", findings=(finding,), notes=(HOSTILE,), files=1, sources={place.path: (HOSTILE,)})


class TestSarif:
    """SARIF 2.1.0."""

    def run_of(self, report: Report) -> dict[str, Any]:
        log = json.loads(sarif.render(report))
        jsonschema.Draft7Validator(SCHEMA).validate(log)
        (run,) = log["runs"]
        assert isinstance(run, dict)
        return run

    def test_it_is_valid(self, sample: Report, empty: Report) -> None:
        assert len(self.run_of(sample)["results"]) == 6
        assert self.run_of(empty)["results"] == []
        assert len(self.run_of(hostile_report())["results"]) == 1

    def test_the_trace_is_a_code_flow(self, sample: Report) -> None:
        result = self.run_of(sample)["results"][0]
        (flow,) = result["codeFlows"]
        steps = flow["threadFlows"][0]["locations"]
        assert [each["kinds"] for each in steps] == [["handler"], ["call"], ["leak"], ["defined"]]
        place = steps[0]["location"]["physicalLocation"]
        assert place["artifactLocation"] == {"uri": "bot/main.py", "uriBaseId": "SRCROOT"}
        assert (place["region"]["startLine"], place["region"]["startColumn"]) == (7, 5)

    def test_the_definition_is_related(self, sample: Report) -> None:
        (related,) = self.run_of(sample)["results"][0]["relatedLocations"]
        assert related["message"]["text"] == "MESSAGES is defined here"

    def test_paths_are_relative_to_a_base(self, sample: Report) -> None:
        assert self.run_of(sample)["originalUriBaseIds"] == {"SRCROOT": {"uri": "file:///srv/bot%20project/"}}

    def test_what_is_silenced_is_suppressed(self, sample: Report) -> None:
        results = self.run_of(sample)["results"]
        assert [each["suppressions"] for each in results[:-1]] == [[]] * 5
        assert results[-1]["suppressions"] == [
            {"kind": "inSource", "status": "accepted", "justification": "known since spring"}
        ]

    def test_rules_have_help(self, sample: Report) -> None:
        rules = {each["id"]: each for each in self.run_of(sample)["tool"]["driver"]["rules"]}
        assert list(rules) == ["LK101", "LK102", "LK202", "LK302", "LK901"]
        assert "```python bad" in rules["LK101"]["help"]["markdown"]


class TestGitlab:
    """GitLab's code quality report."""

    def test_its_shape(self, sample: Report) -> None:
        issues = json.loads(gitlab.render(sample))
        assert len(issues) == 5
        for issue in issues:
            assert issue.keys() == {"check_name", "description", "severity", "fingerprint", "location"}
            assert issue["severity"] in {"info", "minor", "major", "critical", "blocker"}
            assert issue["location"].keys() == {"path", "positions"}
            assert not issue["location"]["path"].startswith(("./", "/"))
            assert issue["location"]["positions"]["begin"]["line"] >= 1

    def test_fingerprints_are_unique(self, sample: Report) -> None:
        twice = dataclasses.replace(sample, findings=sample.findings * 2)
        prints = [each["fingerprint"] for each in json.loads(gitlab.render(twice))]
        assert len(set(prints)) == 10


class TestFingerprints:
    """What they depend on."""

    @staticmethod
    def report(*lines: str) -> Report:
        found = tuple(
            Finding("LK101", "n", Severity.ERROR, Place("a.py", Span(at, 1, at, 2)), "m")
            for at, line in enumerate(lines, 1)
            if "leak" in line
        )
        return Report(root="/", findings=found, sources={"a.py": lines})

    def prints(self, *lines: str) -> list[str]:
        report = self.report(*lines)
        return fingerprints(report.findings, report)

    def test_lines_may_move(self) -> None:
        assert self.prints("leak(1)", "leak(2)") == self.prints("", "  leak(1)", "x", "leak( 2)".replace("( ", "("))

    def test_equal_lines_are_numbered(self) -> None:
        first, second = self.prints("leak(1)", "leak(1)")
        assert first != second
        assert self.prints("leak(1)") == [first]


class TestJunit:
    """JUnit's XML."""

    def test_its_shape(self, sample: Report) -> None:
        root = ET.fromstring(junit.render(sample))
        assert (root.tag, root.attrib["failures"]) == ("testsuites", "5")
        assert [each.attrib["name"] for each in root] == ["bot/log.py", "bot/main.py", "bot/news.py"]
        assert sum(len(suite) for suite in root) == 5
        assert all(case[0].tag == "failure" for suite in root for case in suite)

    def test_nothing_found_is_a_test_that_passed(self, empty: Report) -> None:
        root = ET.fromstring(junit.render(empty))
        assert (root.attrib["tests"], root.attrib["failures"], len(root[0][0])) == ("1", "0", 0)

    def test_no_text_breaks_it(self) -> None:
        assert ET.fromstring(junit.render(hostile_report()).encode("utf-8", "backslashreplace")) is not None


class TestGithub:
    """Workflow commands."""

    def test_a_command_is_a_line(self) -> None:
        (line,) = github.render(hostile_report()).splitlines()
        properties, _, message = line.removeprefix("::error ").partition("::")
        assert "\x1b" not in line
        assert all(re.fullmatch(r"\w+=[^:,\n]*", each) for each in properties.split(","))
        assert "%250A::error::" in message

    def test_severities(self, sample: Report) -> None:
        commands = [line.split(" ")[0] for line in github.render(sample).splitlines()]
        assert commands == ["::error", "::warning", "::error", "::notice", "::error"]

    def test_columns_only_where_a_finding_has_one_line(self, sample: Report) -> None:
        lines = github.render(sample).splitlines()
        assert ",col=" in lines[0]
        assert ",col=" not in lines[1]


class TestMarkdown:
    """Markdown."""

    def test_no_text_becomes_markup(self) -> None:
        page = markdown.render(hostile_report())
        outside_of_code = re.sub(r"(`+)[^`].*?\1", "", page)
        assert "<script" not in outside_of_code
        rows = [line for line in page.splitlines() if line.startswith("| LK")]
        assert [len(re.findall(r"(?<!\\)\|", row)) for row in rows] == [5]

    def test_it_is_never_longer_than_a_step_summary_may_be(self, sample: Report) -> None:
        many = dataclasses.replace(sample, findings=sample.findings * 2_000)
        page = markdown.render(many)
        assert len(page.encode()) < 1_000_000
        assert page.endswith("</details>\n\n> The rest is left out here, because it is too long.\n")
        assert "left out" not in markdown.render(sample)


class Tags(HTMLParser):
    """The tags of a page, each closed as it should be."""

    VOID = frozenset({"meta", "input", "br"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.outside: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        if tag not in self.VOID and not (self.open and self.open[-1] == "svg" and tag in ("path", "rect", "circle")):
            self.open.append(tag)
        self.outside += [value or "" for name, value in attrs if name in ("src", "href", "xlink:href")]

    def handle_endtag(self, tag: str) -> None:
        if tag in ("path", "rect", "circle"):
            return
        assert self.open.pop() == tag


class TestHtml:
    """The page."""

    page = resources.files("leaklint.report").joinpath("page.html").read_text(encoding="utf-8")

    def test_it_is_well_formed_and_needs_nothing_else(self, sample: Report, empty: Report) -> None:
        for report in (sample, empty):
            tags = Tags(html_page.render(report, self.page))
            assert tags.open == []
            assert [link for link in tags.outside if not link.startswith("#")] == []

    def test_no_text_becomes_markup(self, empty: Report) -> None:
        scripts = Tags(html_page.render(empty, self.page)).seen.count("script")
        tags = Tags(html_page.render(hostile_report(), self.page))
        assert (tags.seen.count("script"), tags.open) == (scripts, [])

    def test_every_finding_has_its_trace_and_its_timeline(self, sample: Report) -> None:
        tags = Tags(html_page.render(sample, self.page)).seen
        assert tags.count("article") == 5
        assert tags.count("ol") == 5
        # A file that cannot be parsed has no place in time.
        assert tags.count("svg") == 4

    def test_a_dollar_is_no_placeholder(self, sample: Report) -> None:
        odd = msgspec.structs.replace(sample.findings[0], message="costs $summary and $x ${y} $")
        assert "costs $summary and $x ${y} $" in html_page.render(
            dataclasses.replace(sample, findings=(odd,)), self.page
        )

    def test_the_page_of_each_rule_that_found_something_is_there(self, sample: Report, empty: Report) -> None:
        page = html_page.render(sample, self.page)
        assert re.findall("<div id='(LK[0-9]+)'>", page) == ["LK101", "LK102", "LK202", "LK302", "LK901"]
        assert "What the codes mean" not in html_page.render(empty, self.page)

    def test_many_findings_are_listed_first(self, sample: Report) -> None:
        page = html_page.render(sample, self.page)
        assert re.findall("data-for='([^']+)'", page) == re.findall("<article id='([^']+)'", page)
        few = dataclasses.replace(sample, findings=sample.findings[:3])
        assert "data-for" not in html_page.render(few, self.page).partition("<script>")[0]

    def test_an_excerpt_has_no_empty_lines_at_its_edges(self) -> None:
        report = Report(root="/r", sources={"a.py": ("", "", "x()", "", "y()", "", "")})
        rows = re.findall("<i>([0-9]+)</i>", html_page._excerpt(Place("a.py", Span(3, 1, 3, 4)), report))
        assert rows == ["3", "4", "5"]


@pytest.mark.parametrize(
    ("document", "made"),
    [
        ("One *two* **three**\nfour.", "<p>One <em>two</em> <b>three</b> four.</p>"),
        ("`*a*` and 2 * 3 * 4 <b>", "<p><code>*a*</code> and 2 * 3 * 4 &lt;b&gt;</p>"),
        ("a `b", "<p>a `b</p>"),
        ("- one\n  more\n- two", "<ul><li>one more</li><li>two</li></ul>"),
        ("```python bad\nx = [1]\n\n```\nend", "<h3>bad</h3><pre class='plain'>x = [1]\n</pre><p>end</p>"),
        ("```\nx < 1\n```", "<pre class='plain'>x &lt; 1</pre>"),
    ],
)
def test_a_page_as_html(document: str, made: str) -> None:
    assert prose.page(document) == made


@pytest.mark.parametrize("code", catalogue())
def test_the_page_of_every_rule_is_well_formed(code: str) -> None:
    page = prose.page(catalogue()[code].document)
    assert Tags(page).open == []
    assert not re.search("\\*\\*|```|<p>- ", re.sub("<pre.*?</pre>", "", page, flags=re.DOTALL))


@pytest.mark.parametrize(
    ("code", "outcome", "drawn"),
    [
        ("LK101", "", ["frozen", "found again"]),
        ("LK106", "", ['cx="23"', "found again"]),
        ("LK204", "resumes-later", ["frozen", "asleep", "goes on here"]),
        ("LK204", "runs-on", ["keeps running", "runs beside it"]),
        ("LK202", "lost", ["frozen", "cross", "never finishes"]),
        ("LK206", "unknown", ["frozen or not", ">?<"]),
    ],
)
def test_a_timeline_tells_the_outcome(code: str, outcome: str, drawn: list[str]) -> None:
    finding = Finding(code, "n", Severity.ERROR, Place("a.py", Span(1, 1, 1, 2)), "m", outcome=outcome)
    picture = timeline(finding, "x.append(<y>)")
    ET.fromstring(picture)
    assert [word for word in drawn if word not in picture] == []


@pytest.mark.parametrize(
    ("platforms", "between"),
    [
        ([Platform.AWS_LAMBDA], "frozen"),
        ([Platform.GOOGLE], "keeps running"),
        ([Platform.GOOGLE, Platform.AZURE], "keeps running"),
        ([Platform.AWS_LAMBDA, Platform.WEB], "frozen or not"),
        ([Platform.UNKNOWN], "frozen or not"),
    ],
)
def test_a_timeline_freezes_only_where_the_platform_does(
    sample: Report, platforms: list[Platform], between: str
) -> None:
    handlers = tuple(
        msgspec.structs.replace(sample.handlers[0], attribute=f"handler{number}", platform=platform)
        for number, platform in enumerate(platforms)
    )
    state = next(each for each in sample.findings if each.code == "LK101")
    finding = msgspec.structs.replace(state, handlers=tuple(each.label for each in handlers))
    page = html_page.render(dataclasses.replace(sample, handlers=handlers, findings=(finding,)), "$findings")
    assert re.findall("<text class=.on-(?:frozen|idle).[^>]*>([^<]*)<", page) == [between]


@pytest.mark.parametrize("code", ["LK501", "LK901", "LK902"])
def test_what_has_no_place_in_time_has_no_timeline(code: str) -> None:
    assert timeline(Finding(code, "n", Severity.ERROR, Place("a.py", Span(1, 1, 1, 2)), "m"), "x") == ""


@pytest.mark.parametrize("name", FORMATS)
def test_no_format_moves_the_cursor(name: str) -> None:
    printed = rendered(name, hostile_report(), PLAIN)
    assert re.findall("[\x00-\x08\x0b-\x1f\x7f\u202e]", printed) == []


def test_json_holds_everything(sample: Report) -> None:
    listed = json.loads(json_list.render(sample))
    assert [json.loads(line) for line in json_list.render_lines(sample).splitlines()] == listed
    first = listed[0]
    assert first["code"] == "LK101"
    assert first["handlers"] == ["bot.main:handler", "bot.main:other_handler"]
    assert first["trace"][-1]["kind"] == "defined"


class TestText:
    """The text format."""

    @staticmethod
    def block(source: str, span: Span, style: Style = PLAIN) -> list[str]:
        finding = Finding("LK101", "n", Severity.ERROR, Place("a.py", span), "message")
        report = Report(root="/", findings=(finding,), sources={"a.py": (source,)})
        return text.block(finding, report, style).split("\n")

    @pytest.mark.parametrize(
        ("source", "marked"),
        [
            ("x.append(1)", "x.append(1)"),
            ("    x.append(1)  # why", "x.append(1)"),
            ("\t\tx.append(1)", "x.append(1)"),
            ("größe(); x.append(1)", "x.append(1)"),
            ("漢字.append(1)", "漢字.append(1)"),
            ("x\x1b[2J.append(1)", "x\x1b[2J.append(1)"),
        ],
    )
    def test_carets_stand_under_the_expression(self, source: str, marked: str) -> None:
        begin = source.index(marked) + 1
        lines = self.block(source, Span(1, begin, 1, begin + len(marked)))
        shown, carets = lines[3], lines[4]
        before = shown[: shown.index(plain(marked))]
        assert carets.index("^") == width(before)
        assert carets.count("^") == width(plain(marked))

    @pytest.mark.parametrize("columns", [40, 60, 80])
    def test_lines_keep_to_the_width_of_the_terminal(self, columns: int) -> None:
        source = f"result = call({'argument, ' * 30}x.append(1), {'argument, ' * 30})"
        begin = source.index("x.append") + 1
        lines = self.block(source, Span(1, begin, 1, begin + 11), Style(columns=columns))
        assert max(map(width, lines[2:])) <= columns
        assert "x.append(1)" in lines[3]

    def test_a_place_beyond_the_file_is_no_error(self) -> None:
        assert "a.py:9:1" in "\n".join(self.block("x", Span(9, 1, 9, 1)))

    def test_a_summary_counts(self, sample: Report, empty: Report) -> None:
        assert text.summary(sample).startswith("Found 3 errors, 1 warning, 1 info in 3 files; 1 handler.")
        assert text.summary(empty) == "No leaks found in 1 file; no handlers."
