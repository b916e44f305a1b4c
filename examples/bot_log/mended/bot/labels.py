"""Chooses the labels of a pull request."""

from bot.log import write


def choose(request):
    label = "bug" if request["title"].startswith("fix") else "feature"
    write(f"labelled {label}: {request['title']}")
    return label
