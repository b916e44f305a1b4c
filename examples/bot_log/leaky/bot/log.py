"""The log of the bot, which all its modules share."""

_messages = []


def write(message):
    _messages.append(message)


def text():
    return "\n".join(_messages)
