"""Reads files; whoever asks waits for the text."""

import asyncio
from pathlib import Path

HERE = Path(__file__).parent


async def read_file(name):
    await asyncio.sleep(0.02)
    return await asyncio.to_thread((HERE / name).read_text)
