"""The growing list: the same handler answers with 2 lines, then with 4, then with 6.

It writes two lines through helpers, with a pause between them, and returns all lines. Nobody takes the lines of the
last customer away.
"""

import time

from lines import LINES, arrived, left


def handler(event, context):
    arrived(event["customer"])
    time.sleep(0.01)
    left(event["customer"])
    return LINES
