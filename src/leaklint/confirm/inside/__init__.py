"""What runs inside the container, beside the user's code: the engines that call the handler, and the observers.

Nothing here imports anything but the standard library, and nothing of it stays on ``sys.path``. The observers only
record; they keep the user's objects alive no longer than the work itself does.
"""
