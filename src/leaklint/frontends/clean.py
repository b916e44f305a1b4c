"""``leaklint clean``: removes the caches of the projects that hold the given paths."""

from __future__ import annotations

from leaklint.frontends.arguments import Parser, add_paths, add_settings, request_of
from leaklint.pipeline.run import clean
from leaklint.report.plain import plain


def main(arguments: list[str]) -> int:
    """Runs the command and gives its exit status."""
    made = Parser("clean", "Removes the cache of each project that holds one of the paths.")
    add_paths(made)
    add_settings(made)
    request = request_of(made.parse_args(arguments))
    removed = clean(request)
    for folder, size in removed:
        print(f"Removed {plain(str(folder))}: {size / 1_000_000:.1f} MB")
    if not removed:
        print("There is no cache to remove.")
    return 0
