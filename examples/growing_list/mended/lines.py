"""The helpers that write lines; whose lines, the caller says."""

import time


def _write(lines, text):
    lines.append(f"{time.strftime('%H:%M:%S')} {text}")


def arrived(lines, customer):
    _write(lines, f"{customer} came in")


def left(lines, customer):
    _write(lines, f"{customer} went away")
