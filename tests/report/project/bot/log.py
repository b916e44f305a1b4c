"""Collects what the bot has to say."""

MESSAGES = []


def write(text, level="info"):
	MESSAGES.append({"text": text, "level": level})


def all_messages():
    return list(MESSAGES)
