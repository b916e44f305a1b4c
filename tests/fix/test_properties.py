"""Over generated programs: every fix that is offered parses, takes its finding away, adds none, and keeps the rest."""

from __future__ import annotations

import ast
import io
import tempfile
import tokenize
from collections import Counter
from pathlib import Path

import pytest
from conftest import PROVE
from fix.twins import mend, part_of
from hypothesis import given, settings
from hypothesis import strategies as st

from leaklint.pipeline.analyse import analysed_for_fixes
from leaklint.pipeline.offers import with_edits
from leaklint.report.report import Report

HEAD = """\
# a generated program
import asyncio
import subprocess
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar

tasks_of_all = set()
user = ContextVar("user", default=None)
workers = ThreadPoolExecutor(2)
seen = []  # all of them
count = 0


def work(value=None):
    time.sleep(0.01)  # some time


def kept(value, to=[], *, of={}):  # both
    \"\"\"Keeps.\"\"\"
    to.append(value)
    of[value] = 1


async def later(value=None):
    await asyncio.sleep(0)

"""
SYNC = [
    "seen.append(event['id'])  # kept",
    "thread = threading.Thread(target=work)\n# go\nthread.start()",
    "threading.Thread(\n    target=work,  # this\n).start()",
    "for each in event['ids']:\n    threading.Thread(target=work, args=(each,)).start()",
    "workers.submit(work, event['id'])",
    "for each in event['ids']:\n    workers.submit(work, each)",
    "subprocess.Popen(['true'])",
    "user.set(event['user'])",
    "path = f\"/tmp/{event['id']}\"\nwith open(path, 'w') as target:\n    target.write('''one\n  two''')",
    "timer = threading.Timer(0.1, work)\ntimer.start()",
    "global count\ncount += 1",
    "workers.submit(\n    work,\n    event['id'],  # which\n)",
    "# its own\npool = ThreadPoolExecutor(2)  # two\n\npool.submit(work, 1)\nprint('submitted')",
    "folder = tempfile.mkdtemp(\n    prefix='x',  # short\n)\n\n# look\nprint(folder)",
    "for each in event['ids']:\n    subprocess.Popen(\n        ['true'],\n    )",
    "kept(event['id'])",
    "both = threading.Thread(target=work); both.start()  # on one line",
    "with tempfile.NamedTemporaryFile('w', delete=False) as named:\n    named.write('x')\nprint(named.name)",
    "number, name = tempfile.mkstemp()  # of its own",
    "print([seen for seen in event['ids']], len(seen))",
    "own = ThreadPoolExecutor(1)\nown.submit(work)\n# let it go\nown.shutdown(wait=False)  # at once",
    "token = user.set(event['id'])\nif event.get('none'):\n    return {}\n# as it was\nuser.reset(token)  # done",
    "late = threading.Thread(target=work)\nlate.start()\nif event.get('none'):\n    return {}\n# wait\nlate.join()  # at last",
    "started = work; threading.Thread(target=started).start()",
]
ASYNC = [
    "later(1)  # dropped",
    "asyncio.create_task(later(2))",
    "task = asyncio.create_task(later(3))\n\nprint('started')",
    "for each in event['ids']:\n    asyncio.create_task(later(each))",
    "[later(each) for each in event['ids']]",
    "tasks = []\nfor each in event['ids']:\n    tasks.append(asyncio.create_task(later(each)))",
    "unused = later(4)",
    "late = asyncio.create_task(\n    later(\n        5,\n    ),\n)\nawait asyncio.sleep(0)",
    "left = list(event['ids'])\nwhile left:\n    asyncio.create_task(later(left.pop()))",
    "for each in event['ids']:\n    tasks_of_all.add(asyncio.create_task(later(each)))  # kept",
    "(later(6), later(7))",
    "later(8), later(9)",
    "[\n    # some\n    later(10),  # ten\n    later(11),\n]",
    "if event.get('none'): later(12)",
    "for each in event['ids']:\n    print(each)\nelse:\n    asyncio.create_task(later(13))",
]
FILLER = [
    "print('between')  # a remark",
    "# a comment of its own",
    "value = [\n    1,\n    2,\n]",
    "text = '''first\n    second'''",
    "if event.get('early'):\n    return {'early': True}",
    "with open('/dev/null') as nothing:\n    nothing.read()",
    "try:\n    number = int(event['id'])\nexcept ValueError:\n    number = 0",
]


def body(parts: list[str], indent: str) -> str:
    lines = [line for part in [*parts, "return {'ok': True}"] for line in [*part.split("\n"), *[""] * (len(part) % 2)]]
    inside = False
    written = []
    for line in lines:
        # the lines of a text stay where they are
        written.append(line if inside or not line else indent + line)
        inside ^= line.count("'''") % 2 == 1
    return "\n".join(written)


@st.composite
def programs(draw: st.DrawFn) -> str:
    sync = draw(st.lists(st.sampled_from(SYNC + FILLER), max_size=4, unique=True))
    asynchronous = draw(st.lists(st.sampled_from(ASYNC + FILLER), max_size=4, unique=True))
    declared = [each for each in sync if each.startswith("global")]
    sync = declared + [each for each in sync if each not in declared]
    indent = draw(st.sampled_from(["    ", "\t", "  "]))
    text = HEAD + f"\n\nasync def main(event):\n{body(asynchronous, indent)}\n"
    text += f"\n\ndef handler(event, context):\n{indent}asyncio.run(main(event))\n{body(sync, indent)}\n"
    return text


def counted(report: Report) -> Counter[tuple[str, str]]:
    return Counter((each.place.path, each.code) for each in report.findings)


def comments(text: str) -> list[str]:
    return [
        each.string for each in tokenize.generate_tokens(io.StringIO(text).readline) if each.type == tokenize.COMMENT
    ]


def texts(text: str) -> list[str]:
    return sorted(
        each.value for each in ast.walk(ast.parse(text)) if isinstance(each, ast.Constant) and "\n" in str(each.value)
    )


@pytest.mark.parametrize("part_of_many", range(10 if PROVE else 1))
@settings(max_examples=30 if PROVE else 12, derandomize=not PROVE)
@given(text=programs())
def test_every_offered_fix_keeps_its_word(part_of_many: int, text: str) -> None:
    del part_of_many
    ast.parse(text)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "leaklint.toml").write_text("")
        (folder / "app.py").write_text(text, encoding="utf-8")
        part = part_of(folder)
        before, project = analysed_for_fixes(part.project, part.sourced.settings, {}, tree=part.tree)
        # the edits that formats show are those that are made
        shown = with_edits(before, project)
        assert [each.fix for each in shown.findings] == [each.fix for each in before.findings]
        for each in shown.findings:
            lines = text.splitlines(keepends=True)
            for edit in sorted(each.edits, reverse=True):
                span = edit.place.span
                lines[span.line - 1 : span.end_line - (span.end_column == 1)] = [edit.text]
            ast.parse("".join(lines))
        mending = mend(folder, unsafe=True)
        offered = Counter((each.place.path, each.code) for each in before.findings if each.fix)
        assert sum(len(mended) for mended in [mending.done, mending.withdrawn]) >= bool(offered)
        assert [reason for _, reason in mending.withdrawn if "would appear in" not in reason] == []
        after_text = mending.after.get("app.py", text.encode()).decode()
        ast.parse(after_text)
        assert sorted(comments(after_text)) == sorted(comments(text))
        assert texts(after_text) == texts(text)
        (folder / "app.py").write_text(after_text, encoding="utf-8")
        after = analysed_for_fixes(part.project, part.sourced.settings, {}, tree=part.tree)[0]
        assert not counted(after) - counted(before)
        left = Counter((each.place.path, each.code) for each in after.findings if each.fix)
        withdrawn = Counter((finding.place.path, finding.code) for finding, _ in mending.withdrawn)
        assert not left - withdrawn
        assert mend(folder, unsafe=True).after == {}
