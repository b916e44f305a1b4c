"""The closed pool: the first request works, and every later one fails.

The connection is opened when the module is imported, which happens once. The handler closes it when it is done, as
one was taught to; the next request finds it closed.
"""

from database import database


def handler(event, context):
    try:
        return {"answer": database.query("select ? + 1", event["number"])}
    finally:
        database.close()
