"""The forgotten post, mended: the handler returns when the partner has answered."""

import asyncio

from http_client import post
from partner import URL


async def register(first_name):
    answer = await post(URL, {"firstName": first_name})
    print("the partner says", answer)
    return "OK"


def handler(event, context):
    return asyncio.run(register(event["first_name"]))
