"""Keeps nothing beyond the invocation."""


def lambda_handler(event, context):
    seen = []
    seen.append(event["id"])
    return seen
