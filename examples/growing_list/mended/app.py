"""The growing list, mended: the handler makes the list and hands it to the helpers."""

import time

from lines import arrived, left


def handler(event, context):
    lines = []
    arrived(lines, event["customer"])
    time.sleep(0.01)
    left(lines, event["customer"])
    return lines
