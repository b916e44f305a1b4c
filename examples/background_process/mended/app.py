"""The background process, mended: the answer is given when the picture is there."""

from converter import convert


def handler(event, context):
    process = convert(event["picture"])
    return {"picture": event["picture"], "converted": process.wait() == 0}
