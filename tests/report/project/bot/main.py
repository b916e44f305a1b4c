import asyncio

from bot import log
from bot.news import fetch, notify


def handler(event, context):
    log.write(f"größe → {event['size']}")
    log.write(event["id"])  # noqa: LK101
    asyncio.run(work(event))
    notify(
        event["url"],
        on_done=lambda answer: log.write(answer),
    )
    return log.all_messages()


async def work(event):
    asyncio.create_task(fetch(event["url"]))


def other_handler(event, context):
    log.write("<b>&amp; *bold* `tick` | pipe \x1b[31m")
