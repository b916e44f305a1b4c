"""Keeps things in attributes, defaults and closures."""


class Keeper:
    seen = []
    limit = 10

    def __init__(self):
        self.kept = []

    def keep(self, value):
        self.kept.append(value)


def keep_default(value, kept=[]):
    kept.append(value)
    return kept


def _counter():
    count = 0

    def add():
        nonlocal count
        count += 1
        return count

    return add


tally = _counter()
