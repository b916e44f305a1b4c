"""Handlers that are not solved: each reason to solve is one way in which a program leaks, and nothing else hides it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from test_fixtures import findings_of

from leaklint.ir.handler import Handler
from leaklint.link.library import Library
from leaklint.link.program import Program
from leaklint.models.load import Models
from leaklint.solve import inert

EVENT = "def handler(event, context):\n    "
LEAKS = {
    "a module variable is rebound": f"LAST = None\n{EVENT}global LAST\n    LAST = event['id']\n",
    "a module variable is deleted": f"LAST = 1\n{EVENT}global LAST\n    del LAST\n",
    "a method changes a list": f"SEEN = []\n{EVENT}SEEN.append(event['id'])\n",
    "an item is set": f"SEEN = {{}}\n{EVENT}SEEN[event['id']] = 1\n",
    "an item is deleted": f"SEEN = {{'a': 1, 'b': 2}}\n{EVENT}del SEEN[event['id']]\n",
    "an attribute is set": f"class Box: pass\nBOX = Box()\n{EVENT}BOX.last = event['id']\n",
    "an attribute of a class is set": f"class Box: pass\n{EVENT}Box.last = event['id']\n",
    "an attribute of the class of an object": f"class Box: pass\n{EVENT}type(Box()).last = event['id']\n",
    "an attribute of a function is set": f"{EVENT}handler.last = event['id']\n",
    "a formatter of all handlers is set": (
        f"import logging\n{EVENT}for each in logging.getLogger().handlers:\n"
        "        each.setFormatter(logging.Formatter(event['id']))\n"
    ),
    "an attribute of a library is set": f"import json\n{EVENT}json.last = event['id']\n",
    "an operator changes a list": f"SEEN = []\n{EVENT}global SEEN\n    SEEN += [event['id']]\n",
    "an operator changes what is in a list": f"SEEN = [[]]\n{EVENT}first = SEEN[0]\n    first += [event['id']]\n",
    "through a name": f"SEEN = []\n{EVENT}seen = SEEN\n    seen.append(event['id'])\n",
    "through a method that is handed about": f"SEEN = []\n{EVENT}list(map(SEEN.append, event['ids']))\n",
    "through a name of a method": f"SEEN = []\n{EVENT}keep = SEEN.append\n    keep(event['id'])\n",
    "through a conditional": f"SEEN = []\n{EVENT}(SEEN or []).append(event['id'])\n    SEEN.sort()\n",
    "through a list that holds it": f"SEEN = []\n{EVENT}for each in [SEEN]:\n        each.append(event['id'])\n",
    "through a list that gets it": (
        f"SEEN = []\n{EVENT}lists = []\n    same = lists\n    lists.append(SEEN)\n    same[0].append(event['id'])\n"
    ),
    "through an attribute": (
        f"SEEN = []\nclass Box: pass\n{EVENT}box = Box()\n    box.seen = SEEN\n    box.seen.append(event['id'])\n"
    ),
    "through a constructor": (
        "SEEN = []\nclass Box:\n    def __init__(self, seen):\n        self.seen = seen\n"
        f"{EVENT}Box(SEEN).seen.append(event['id'])\n"
    ),
    "through an argument": f"SEEN = []\ndef keep(seen, x):\n    seen.append(x)\n{EVENT}keep(SEEN, event['id'])\n",
    "through what a function returns": f"SEEN = []\ndef seen():\n    return SEEN\n{EVENT}seen().append(event['id'])\n",
    "through what a function yields": (
        f"SEEN = []\ndef seen():\n    yield SEEN\n{EVENT}for each in seen():\n        each.append(event['id'])\n"
    ),
    "through a method that is one of several for an argument": (
        "import functools\nSEEN = []\nclass Box:\n    @functools.singledispatchmethod\n    def keep(self, x):\n"
        "        return x\n    @keep.register\n    def _(self, x: dict):\n        SEEN.append(x['id'])\n"
        f"{EVENT}Box().keep(event)\n"
    ),
    "through a method of a dictionary": f"SEEN = {{'a': []}}\n{EVENT}SEEN.get('a').append(event['id'])\n",
    "a function writes to a buffer": f"import io, pickle\nSEEN = io.BytesIO()\n{EVENT}pickle.dump(event['id'], SEEN)\n",
    "an object made from it writes to a buffer": (
        f"import csv, io\nSEEN = io.StringIO()\n{EVENT}rows = csv.writer(SEEN)\n    rows.writerow([event['id']])\n"
    ),
    "through getattr": (
        f"class Box:\n    seen = []\n{EVENT}box = Box()\n    getattr(box, 'seen').append(event['id'])\n"
    ),
    "through a method's name": (
        "import operator\nclass Box:\n    def __init__(self):\n        self.seen = []\n    def keep(self, x):\n"
        f"        self.seen.append(x)\nBOX = Box()\n{EVENT}operator.methodcaller('keep', event['id'])(BOX)\n"
    ),
    "through setattr": f"class Box: pass\nBOX = Box()\n{EVENT}setattr(BOX, 'last', event['id'])\n",
    "through globals": f"LAST = 1\n{EVENT}globals()['LAST'] = event['id']\n",
    "a list of the class": f"class Box:\n    seen = []\n{EVENT}Box().seen.append(event['id'])\n",
    "a default": f"def keep(x, seen=[]):\n    seen.append(x)\n    return len(seen)\n{EVENT}return keep(event['id'])\n",
    "a member of an enumeration": (
        f"from enum import Enum\nclass State(Enum):\n    NEW = 'new'\n{EVENT}State(event['s']).by = event['id']\n"
    ),
    "a captured variable": (
        "def make():\n    seen = []\n    def keep(x):\n        seen.append(x)\n    return keep\n"
        f"KEEP = make()\n{EVENT}KEEP(event['id'])\n"
    ),
    "a captured number": (
        "def make():\n    count = 0\n    def step():\n        nonlocal count\n        count += 1\n    return step\n"
        f"STEP = make()\n{EVENT}STEP()\n"
    ),
    "a decorator of the project": (
        "SEEN = []\ndef noted(f):\n    def inner(event, context):\n        SEEN.append(event['id'])\n"
        "        return f(event, context)\n    return inner\n@noted\ndef handler(event, context):\n    return 1\n"
    ),
    "a function that a library makes a decorator of": (
        "import somewhere\nSEEN = []\n@somewhere.decorator\ndef noted(f, event, context):\n    SEEN.append(event['id'])\n"
        "    return f(event, context)\n@noted\ndef handler(event, context):\n    return 1\n"
    ),
    "an object of a library that is called": (
        "from aws_lambda_powertools.utilities.batch import BatchProcessor\nSEEN = []\nbatch = BatchProcessor()\n"
        f"def keep(x):\n    SEEN.append(x)\n{EVENT}batch(event['Records'], keep)\n    batch.process()\n"
    ),
    "a method that a class of a library runs around": (
        "from lambda_decorators import LambdaDecorator\nSEEN = []\nclass Noted(LambdaDecorator):\n"
        "    def before(self, event, context):\n        SEEN.append(event['id'])\n        return event, context\n"
        "@Noted\ndef handler(event, context):\n    return 1\n"
    ),
    "a lambda of the module": f"SEEN = []\nkeep = lambda x: SEEN.append(x)\n{EVENT}keep(event['id'])\n",
    "a table of functions": (
        f"SEEN = []\ndef keep(x):\n    SEEN.append(x)\nTABLE = {{'keep': keep}}\n{EVENT}TABLE[event['do']](event['id'])\n"
    ),
    "a partial": (
        "import functools\nSEEN = []\ndef keep(seen, x):\n    seen.append(x)\n"
        f"KEEP = functools.partial(keep, SEEN)\n{EVENT}KEEP(event['id'])\n"
    ),
    "a property": (
        "SEEN = []\nclass Box:\n    @property\n    def next(self):\n        SEEN.append(1)\n        return 1\n"
        f"{EVENT}return Box().next\n"
    ),
    "a property in an operation": (
        "SEEN = []\nclass Box:\n    @property\n    def next(self):\n        SEEN.append(1)\n        return 1\n"
        f"{EVENT}return Box().next + 1\n"
    ),
    "a property that is bound": (
        "SEEN = []\nclass Box:\n    @property\n    def last(self):\n        return 1\n    @last.setter\n"
        f"    def last(self, x):\n        SEEN.append(x)\n{EVENT}Box().last = event['id']\n"
    ),
    "a method of a class": f"SEEN = []\n{EVENT}list.append(SEEN, event['id'])\n",
    "a method of a class under another name": f"SEEN = []\nadd = list.append\n{EVENT}add(SEEN, event['id'])\n",
    "a function that changes what it is given": (
        f"import heapq\nSEEN = []\npush = heapq.heappush\n{EVENT}push(SEEN, event['id'])\n"
    ),
    "one object of a class": (
        "def single(cls):\n    made = cls()\n    def give():\n        return made\n    return give\n"
        f"@single\nclass Box: pass\n{EVENT}Box().last = event['id']\n"
    ),
    "one of two functions": (
        "SEEN = []\ntry:\n    from fast import keep as save\nexcept ImportError:\n    def save(x):\n"
        f"        SEEN.append(x)\n{EVENT}save(event['id'])\n"
    ),
    "an operator of a class": (
        "SEEN = []\nclass Box:\n    def __add__(self, x):\n        SEEN.append(x)\n        return self\n"
        f"{EVENT}Box() + event['id']\n"
    ),
    "a container that makes what is missing": (
        f"from collections import defaultdict\nSEEN = defaultdict(list)\n{EVENT}return SEEN[event['id']]\n"
    ),
    "an iterator of the module": f"NEXT = iter([1, 2, 3])\n{EVENT}return next(NEXT)\n",
    "a generator of the module": f"NEXT = (x for x in (1, 2, 3))\n{EVENT}for x in NEXT:\n        return x\n",
    "a time that goes stale": f"import time\nSTART = time.time()\n{EVENT}return {{'at': START}}\n",
    "a time that goes stale under another name": (
        f"import time\nclock = time.time\nSTART = clock()\n{EVENT}return {{'at': START}}\n"
    ),
    "an iterator of the module under another name": f"make = iter\nNEXT = make([1, 2, 3])\n{EVENT}return next(NEXT)\n",
    "an identifier that goes stale": f"import uuid\nKEY = uuid.uuid4().hex\n{EVENT}return {{'key': KEY}}\n",
    "a connection that is closed": (
        f"import sqlite3\nDB = sqlite3.connect('a.db')\n{EVENT}DB.execute('select 1')\n    DB.close()\n"
    ),
    "a variable of the process": f"import os\n{EVENT}os.environ['TENANT'] = event['id']\n",
    "a folder of the process": f"import os\n{EVENT}os.chdir(event['folder'])\n",
    "a thread": f"import threading\n{EVENT}threading.Thread(target=print).start()\n",
    "a thread under another name": f"from threading import Thread as Work\n{EVENT}Work(target=print).start()\n",
    "a thread under a name of the module": (
        f"import threading\nWork = threading.Thread\n{EVENT}Work(target=print).start()\n"
    ),
    "a thread imported in a function": f"{EVENT}from threading import Thread\n    Thread(target=print).start()\n",
    "a process": f"import subprocess\n{EVENT}subprocess.Popen(['ls'])\n",
    "a cache": (
        f"import functools\n@functools.cache\ndef double(x):\n    return x * 2\n{EVENT}return double(event['id'])\n"
    ),
    "a cache around a function": (
        f"import functools\ndef twice(x):\n    return x * 2\ndouble = functools.cache(twice)\n{EVENT}double(event['id'])\n"
    ),
    "a file": f"{EVENT}open('/tmp/' + event['id'], 'w').close()\n",
    "a file in a folder of that name": (
        f"import os, tempfile\n{EVENT}open(os.path.join(tempfile.gettempdir(), event['id']), 'w').close()\n"
    ),
    "a file in a folder that the import asked for": (
        "import os, tempfile\nTMP = os.path.join(tempfile.gettempdir(), 'x')\n"
        f"{EVENT}open(os.path.join(TMP, event['id']), 'w').close()\n"
    ),
    "a file in a folder that the import made": (
        f"import os, tempfile\nTMP = tempfile.mkdtemp()\n{EVENT}open(os.path.join(TMP, event['id']), 'w').close()\n"
    ),
    "a file of a new name": f"import tempfile\n{EVENT}return tempfile.mkdtemp()\n",
    "a coroutine": f"async def send(x): pass\n{EVENT}send(event['id'])\n",
    "a context variable": (
        f"import contextvars\nUSER = contextvars.ContextVar('user')\n{EVENT}USER.set(event['id'])\n"
    ),
    "an asynchronous handler": "async def lambda_handler(event, context):\n    return event['id']\n",
    "a buffer of a logger": (
        "import logging, logging.handlers\nLOG = logging.getLogger('a')\n"
        "LOG.addHandler(logging.handlers.MemoryHandler(10, target=logging.StreamHandler()))\n"
        f"{EVENT}LOG.info('%s', event['id'])\n"
    ),
}
QUIET = {
    "it answers": f"{EVENT}return {{'id': event['id']}}\n",
    "it fills its own list": (
        "import json\nNAMES = ['a', 'b']\n"
        f"{EVENT}found = []\n    for each in event['ids']:\n        found.append(each)\n    found += NAMES\n"
        "    body = {'found': found}\n    body['n'] = len(found)\n    return json.dumps(body)\n"
    ),
    "it asks a service": (
        "import os\nimport boto3\nTABLE = boto3.resource('dynamodb').Table(os.environ['TABLE'])\n"
        "def get(key):\n    try:\n        return TABLE.get_item(Key={'id': key}).get('Item')\n"
        "    except Exception as error:\n        print(f'failed: {error}')\n        raise\n"
        f"{EVENT}item = get(event['id'])\n    item['seen'] = True\n    TABLE.put_item(Item=item)\n    return item\n"
    ),
    "it makes objects of its own": (
        "class Order:\n    def __init__(self, key):\n        self.key = key\n        self.lines = []\n"
        "    def add(self, line):\n        self.lines.append(line)\n        return self\n"
        f"{EVENT}return Order(event['id']).add(event['line']).key\n"
    ),
    "it logs": (
        "import logging\nLOG = logging.getLogger()\nLOG.setLevel(logging.INFO)\n"
        f"{EVENT}LOG.info('%s', event['id'])\n    return 1\n\nif __name__ == '__main__':\n    handler({{}}, None)\n"
    ),
}


def _project(folder: Path, source: str) -> Path:
    name = "lambda_handler" if "lambda_handler" in source else "handler"
    (folder / "leaklint.toml").write_text(f'handlers = ["app:{name}"]\n')
    (folder / "app.py").write_text(source)
    return folder


@pytest.mark.parametrize("source", LEAKS.values(), ids=LEAKS.keys())
def test_each_way_to_leak_is_a_reason_to_solve(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = findings_of(_project(tmp_path, source))
    assert [each for each in found if each.code.startswith(("LK1", "LK2", "LK4"))]
    monkeypatch.setattr(inert, "inert", lambda *_: {})
    assert findings_of(tmp_path) == found


@pytest.mark.parametrize("source", QUIET.values(), ids=QUIET.keys())
def test_what_can_do_nothing_is_not_solved(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Sequence[Handler], Mapping[Handler, Any]]] = []
    looked = inert.inert

    def remembered(
        program: Program, models: Models, library: Library, handlers: Sequence[Handler]
    ) -> Mapping[Handler, Any]:
        found: Mapping[Handler, Any] = looked(program, models, library, handlers)
        asked.append((handlers, found))
        return found

    monkeypatch.setattr(inert, "inert", remembered)
    assert findings_of(_project(tmp_path, source)) == []
    assert asked
    assert all(set(handlers) == set(found) for handlers, found in asked)
