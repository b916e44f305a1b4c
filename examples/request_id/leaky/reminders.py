"""Reminds of orders."""

import threading


def remind(request_id, order):
    print(f"{request_id} do not forget order {order}")


def remind_later(request_id, order):
    timer = threading.Timer(0.02, remind, args=(request_id, order))
    timer.daemon = True
    timer.start()
