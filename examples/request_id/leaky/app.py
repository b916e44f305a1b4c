"""The request id: a line of the log says one request and stands among the lines of another.

A reminder is due 20 ms after the order. It remembers the id of its request, and prints it when that request has been
answered long ago.
"""

from reminders import remind_later


def handler(event, context):
    print(f"{context.aws_request_id} order {event['order']}")
    remind_later(context.aws_request_id, event["order"])
    return {"order": event["order"]}
