"""Runs a handler in an emulated warm container and shows what really survives, and what really runs where.

The terms of this house:

- A *container* is the process that the platform reuses: it imports the handler once and then calls it for one event
  after the other. The *warden* is the process that starts it, plays the platform's Runtime API and ends it.
- The container is *frozen* (stopped) after each return and *thawed* for the next event. What was still pending at the
  return goes on at the thaw, inside an invocation that it does not belong to.
- *Work* is whatever an invocation starts that can outlive it: thread, timer, task, future, process, temporary file.
  Its *origin* is the invocation and the user's lines that started it.
- A *photo* is a description of everything that survives, taken at each return by a forked copy of the container, so
  that looking does not change what is looked at.
- A *marker* is a text that occurs in one invocation only: its request id, and ``{{unique}}`` in the event file.
- An *observation* is what execution showed; a *verdict* joins it with a finding of the static analysis.

This part runs the user's code. The linter never imports it.
"""
