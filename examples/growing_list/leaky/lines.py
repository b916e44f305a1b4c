"""The lines of the day, and the helpers that write them."""

import time

LINES = []


def _write(text):
    LINES.append(f"{time.strftime('%H:%M:%S')} {text}")


def arrived(customer):
    _write(f"{customer} came in")


def left(customer):
    _write(f"{customer} went away")
