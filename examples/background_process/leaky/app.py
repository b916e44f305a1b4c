"""The background process: a picture is half converted when the container is frozen.

The converter is started and not waited for. It is frozen with the container, goes on beside some later request, and
remains a zombie until then; the answer has promised a picture that is not there.
"""

from converter import convert


def handler(event, context):
    process = convert(event["picture"])
    return {"picture": event["picture"], "started": process.pid > 0}
