"""A post request, as small as it gets."""

import asyncio
import json
from urllib.parse import urlsplit


async def post(url, body):
    where = urlsplit(url)
    content = json.dumps(body).encode()
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    try:
        head = f"POST {where.path} HTTP/1.0\r\nHost: {where.netloc}\r\nContent-Length: {len(content)}\r\n\r\n"
        writer.write(head.encode() + content)
        await writer.drain()
        answer = await reader.read()
    finally:
        writer.close()
        await writer.wait_closed()
    return answer.rpartition(b"\r\n\r\n")[2].decode()
