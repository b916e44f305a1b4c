"""The late timer, mended: the handler returns when the timer has fired."""

import random
import threading


def show(number):
    print(f"still thinking of {number}")


def handler(event, context):
    number = random.randint(1, 1000)
    print(f"thinking of {number}")
    timer = threading.Timer(0.02, show, [number])
    timer.start()
    timer.join()
    return {"number": number}
