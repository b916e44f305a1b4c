"""The log of the bot, which all its modules share while one invocation lasts."""

import contextlib
from contextvars import ContextVar

_messages = ContextVar("messages")


@contextlib.contextmanager
def opened():
    token = _messages.set([])
    try:
        yield
    finally:
        _messages.reset(token)


def write(message):
    _messages.get().append(message)


def text():
    return "\n".join(_messages.get())
