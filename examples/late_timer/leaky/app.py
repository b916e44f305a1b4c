"""The late timer: a number drawn for one request is printed in the middle of the next one.

The handler starts a timer of 20 ms and returns. The container is frozen with the timer in it; when it is thawed for the
next request, the time is over and the timer fires there. The timer of the last request never fires.
"""

import random
import threading


def show(number):
    print(f"still thinking of {number}")


def handler(event, context):
    number = random.randint(1, 1000)
    print(f"thinking of {number}")
    threading.Timer(0.02, show, [number]).start()
    return {"number": number}
