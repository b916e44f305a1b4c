"""Reviews a pull request."""

from ..log import write

OPEN = {}


async def post(number):
    return number


def start(number):
    write("review")
    OPEN[number] = "open"
    post(number)


def stop(number):
    return number  # noqa: LK101
