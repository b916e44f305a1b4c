"""The callback handler, mended: reading the file is awaited, and the answer is what the handler returns."""

import asyncio

from files import read_file


async def respond(name):
    try:
        return {"status": 200, "text": await read_file(name)}
    except OSError:
        return {"status": 500, "text": None}


def handler(event, context):
    return asyncio.run(respond(event["file"]))
