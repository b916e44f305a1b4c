"""The scratch file: reports pile up in /tmp until the disk of the container is full.

Each report is written to a file of its own name, which is read once and left there. Whoever gets to run in the same
container can read it, too.
"""

from report import write_report


def handler(event, context):
    path = write_report(event["report"], event["rows"])
    with open(path) as report:
        return {"size": len(report.read())}
