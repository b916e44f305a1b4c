"""Chooses who reviews a pull request."""

from bot import log

TEAM = ("ada", "grace", "edsger")


def choose(request):
    reviewer = next(name for name in TEAM if name != request["author"])
    log.write(f"asked {reviewer} to review {request['title']}")
    return reviewer
