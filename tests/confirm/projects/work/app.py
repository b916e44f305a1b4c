"""Every kind of work that can be left at the return, each beside a twin that is settled."""

import _thread
import asyncio
import concurrent.futures
import contextlib
import multiprocessing
import multiprocessing.pool
import os
import sched
import signal
import subprocess
import sys
import tempfile
import threading
import time

EXECUTOR = concurrent.futures.ThreadPoolExecutor(4)
POOL = multiprocessing.pool.ThreadPool(2)
LOOP = asyncio.new_event_loop()


def pause():
    time.sleep(0.2)


async def rest():
    await asyncio.sleep(0.45)


def thread():
    threading.Thread(target=pause).start()
    settled = threading.Thread(target=len, args=("a",))
    settled.start()
    settled.join()


def raw_thread():
    _thread.start_new_thread(pause, ())


class Worker(threading.Thread):
    def run(self):
        pause()


def subclass():
    Worker(daemon=True).start()


def timer():
    threading.Timer(0.2, pause).start()
    settled = threading.Timer(60, pause)
    settled.start()
    settled.cancel()
    settled.join()


def future():
    EXECUTOR.submit(pause)
    EXECUTOR.submit(len, "a").result()
    list(EXECUTOR.map(len, ["a"]))


def pool():
    POOL.apply_async(pause)
    POOL.apply_async(len, ("a",)).get()
    POOL.map(len, ["a"])


def process():
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(5)"])
    subprocess.run([sys.executable, "-c", ""], check=True)


def forked():
    if os.fork() == 0:
        time.sleep(5)
        os._exit(0)


def forked_and_waited():
    context = multiprocessing.get_context("fork")
    child = context.Process(target=len, args=("a",))
    child.start()
    child.join()


def dropped_by_run():
    async def main():
        asyncio.create_task(rest())
        await asyncio.create_task(asyncio.sleep(0))
        asyncio.get_running_loop().call_later(5, pause)
        await asyncio.to_thread(len, "a")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(rest(), 0.001)

    asyncio.run(main())


def left_on_loop():
    async def main():
        LOOP.create_task(rest())
        LOOP.call_later(5, pause)
        settled = LOOP.call_later(5, pause)
        settled.cancel()
        await asyncio.sleep(0.25)

    LOOP.run_until_complete(main())


def cancelled():
    async def main():
        task = asyncio.create_task(rest())
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    asyncio.run(main())


def unawaited():
    rest()


def scheduled():
    later = sched.scheduler()
    later.enter(60, 1, pause)
    done = sched.scheduler()
    done.enter(0, 1, len, ("a",))
    done.run()


def alarm():
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.alarm(60)


def files():
    with open(os.path.join(tempfile.gettempdir(), "left.txt"), "w") as file:
        file.write("x")
    os.mkdir(os.path.join(tempfile.gettempdir(), f"folder-{time.monotonic_ns()}"))
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"x")
    with tempfile.TemporaryDirectory() as folder, open(os.path.join(folder, "in"), "w") as file:
        file.write("x")


def handler(event, context):
    if event["what"] == "thread":
        time.sleep(0.5)  # what is left of the invocation before comes to its end here
    globals()[event["what"]]()
    return event["what"]
