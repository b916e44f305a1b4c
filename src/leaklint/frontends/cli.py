"""The command ``leaklint``: finds the subcommand, runs it, and turns every ending into an exit status."""

import gc
import sys
from errno import ENOSPC

from leaklint import __version__

# Only what every start needs is imported at the top: `leaklint --version` should cost no more than Python itself.

CLEAN = 0
FOUND = 1
WRONG_USE = 2
INTERRUPTED = 130
TERMINATED = 143


def main(arguments: list[str] | None = None) -> int:
    """Runs the command and gives its exit status."""
    given = sys.argv[1:] if arguments is None else arguments
    if None in (sys.stdin, sys.stdout, sys.stderr):
        _open_what_is_closed()
    if arguments is None:
        # What a command leaves behind goes when the process ends: nothing of it is worth collecting.
        gc.disable()
    if given in (["--version"], ["-V"]):
        sys.stdout.write(f"leaklint {__version__}\n")
        return CLEAN
    if arguments is None:
        _end_in_order()
    try:
        status = _run(given)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has seen enough, as in `leaklint | head`. What is still buffered must not be written at exit.
        _drop_output()
        return FOUND
    except KeyboardInterrupt:
        sys.stderr.write("\n")
        return INTERRUPTED
    except Exception as error:
        _lament(error)
        return WRONG_USE
    if arguments is None:
        _leave(status)
    return status


def _open_what_is_closed() -> None:
    """Stands in for a stream that the caller has closed (``>&-``): what goes there is for nobody."""
    import os

    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8"))


def _end_in_order() -> None:
    """Lets ``SIGTERM`` end the command as Ctrl-C does: no half of a report and no process stays behind."""
    import signal

    def end(_signal: int, _frame: object) -> None:
        sys.exit(TERMINATED)

    signal.signal(signal.SIGTERM, end)


def _run(given: list[str]) -> int:
    from leaklint.frontends.commands import command_of
    from leaklint.pipeline.wrong_use import WrongUse

    try:
        run, rest = command_of(given)
        return run(rest)
    except WrongUse as wrong:
        from leaklint.frontends.output import complain

        complain(wrong)
        return WRONG_USE


def _leave(status: int) -> None:
    """Ends the process at once: to take a large program apart, piece by piece, takes a twentieth of a run."""
    import os
    import threading

    if threading.active_count() > 1:
        return
    sys.stderr.flush()
    os._exit(status)


def _lament(error: Exception) -> None:
    """Says that the disk is full, or that leaklint is broken; Python's own status for it would be that of findings."""
    if isinstance(error, OSError) and error.errno == ENOSPC:
        _drop_output()
        sys.stderr.write(f"error: cannot write: {error.strerror}\n")
        return
    import traceback

    traceback.print_exception(error)
    sys.stderr.write("\nThis is a bug of leaklint: please report it with the lines above.\n")


def _drop_output() -> None:
    import os

    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)
