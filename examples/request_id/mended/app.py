"""The request id, mended: the reminder is printed while its request is being answered."""

import time

from reminders import remind


def handler(event, context):
    print(f"{context.aws_request_id} order {event['order']}")
    time.sleep(0.02)
    remind(context.aws_request_id, event["order"])
    return {"order": event["order"]}
