"""The bot log: the second pull request gets the messages of the first one.

A bot answers the webhooks of pull requests. Its modules write what they do to one log, which is stored at the end. The
log is a list of the module, so that it lives as long as the container: each stored log holds all earlier ones too.
"""

from bot import labels, log, reviewers, store


def handler(event, context):
    request = event["pull_request"]
    log.write(f"pull request {request['number']} was {event['action']}")
    labels.choose(request)
    reviewers.choose(request)
    store.put(f"logs/{request['number']}.txt", log.text())
    return {"lines": len(log.text().splitlines())}
