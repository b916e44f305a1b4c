"""The bot log, mended: each invocation has a log of its own.

The messages are in a context variable, which the handler sets at the start and resets on every way out.
"""

from bot import labels, log, reviewers, store


def handler(event, context):
    request = event["pull_request"]
    with log.opened():
        log.write(f"pull request {request['number']} was {event['action']}")
        labels.choose(request)
        reviewers.choose(request)
        store.put(f"logs/{request['number']}.txt", log.text())
        return {"lines": len(log.text().splitlines())}
