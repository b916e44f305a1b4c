"""Answers a webhook."""

from bot import log
from bot.jobs import review


def lambda_handler(event, context):
    log.write(event["title"])
    log.whisper(event["title"])
    log.keep(event["title"])
    review.start(event["number"])
    return {"log": log.lines()}
