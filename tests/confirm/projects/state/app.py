"""Every way in which a variable can survive, and the harmless ways beside them."""

import collections
import contextvars
import decimal
import csv
import functools
import hashlib
import io
import itertools
import json
import logging
import os
import queue
import sys
import threading
import time
import warnings

from keeper import Keeper, keep_default, tally

GROWS = []
GROWS_WITHOUT_MARKERS = []
COUNTS = 0
KEPT = None
STAMP = 0.0
LAZY = None
LAZY_ENTRY = {}
RESET = []
CONSTANT = {"a": 1}
KEYS = {}
DEQUE = collections.deque()
QUEUE = queue.Queue()
ONCE_PER_REQUEST = set()
ITERATOR = iter(["a", "b", "c", "d", "e"])
IDS = itertools.count(1)
ROWS = csv.reader(io.StringIO("a\nb\nc\nd\n"))
GENERATOR = (letter for letter in "abcdef")
KEEPER = Keeper()
LOCAL = threading.local()
CURRENT = contextvars.ContextVar("current", default=None)
RESTORED = contextvars.ContextVar("restored", default=None)
SHARED_DEFAULT = contextvars.ContextVar("shared", default=[])
VARIABLES = {"tenant": contextvars.ContextVar("tenant", default=None)}
DIGEST = hashlib.sha256()
ROUND = itertools.cycle([1])
BUFFER = io.StringIO()
LINE = ""


@functools.cache
def looked_up(key):
    return key.upper()


@functools.lru_cache(maxsize=8)
def looked_up_and_forgotten(key):
    return key.lower()


@functools.lru_cache
def configured(name="x"):
    return {"name": name}


def handler(event, context):
    global COUNTS, KEPT, STAMP, LAZY, LINE
    mark = event["id"]
    GROWS.append(mark)
    GROWS_WITHOUT_MARKERS.append("line")
    COUNTS += 1
    KEPT = {"id": mark}
    STAMP = time.perf_counter()
    if LAZY is None:
        LAZY = object()
    LAZY_ENTRY.setdefault("config", {"a": 1})
    RESET.append(mark)
    KEYS[mark] = True
    DEQUE.append((1, {"deep": [mark]}))
    QUEUE.put(mark)
    ONCE_PER_REQUEST.add(mark)
    next(ITERATOR)
    next(IDS)
    next(ROWS)
    next(GENERATOR)
    KEEPER.keep(mark)
    Keeper.seen.append(mark)
    LOCAL.user = mark
    CURRENT.set(mark)
    VARIABLES["tenant"].set(mark)
    DIGEST.update(mark.encode())
    decimal.getcontext().prec = 20 + COUNTS
    token = RESTORED.set(mark)
    RESTORED.reset(token)
    SHARED_DEFAULT.get().append(mark)
    looked_up(mark)
    looked_up_and_forgotten(mark)
    configured()
    keep_default(mark)
    tally()
    BUFFER.write(mark)
    LINE += "line\n"
    os.environ["TENANT"] = mark
    os.environ["CONSTANT"] = "x"
    sys.path.append("/nowhere")
    logging.getLogger("app").addHandler(logging.NullHandler())
    warnings.filterwarnings("ignore", message=mark)
    json.load = lambda file: (mark, file)
    RESET.clear()
    return {"seen": len(GROWS)}
