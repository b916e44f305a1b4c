"""The callback handler: the answer is given in a callback, and by then nobody listens.

The file is read through an API that takes a callback. The handler returns before the callback has been called, so the
caller gets an answer without the text; the text arrives in an answer that has been sent already.
"""

from files import read_file


def handler(event, context):
    answer = {"status": 202, "text": None}

    def respond(error, text):
        answer.update(status=500 if error else 200, text=text)

    read_file(event["file"], respond)
    return dict(answer)
