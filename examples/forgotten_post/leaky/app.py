"""The forgotten post: the handler says "OK", and the post that it stands for never goes out.

The post is started as a task, with a callback that reads the answer. Nothing waits for either: when the handler
returns, its event loop is closed and the task is cancelled before it has sent anything.
"""

import asyncio

from http_client import post
from partner import URL


def show_answer(task):
    if not task.cancelled():
        print("the partner says", task.result())


async def register(first_name):
    task = asyncio.create_task(post(URL, {"firstName": first_name}))
    task.add_done_callback(show_answer)
    return "OK"


def handler(event, context):
    return asyncio.run(register(event["first_name"]))
