"""The closed pool, mended: each invocation opens the connection that it closes."""

from database import database


def handler(event, context):
    database.open()
    try:
        return {"answer": database.query("select ? + 1", event["number"])}
    finally:
        database.close()
