"""A file cannot be read or parsed, so nothing in it was analysed.

A tool that passes silently over what it cannot read is worse than no tool: the run would look clean. The finding says
which file it was, the reason and the place; the run goes on with all other files.

The reasons are those that Python itself would have (a syntax error, bytes that are not text in the declared encoding,
a NUL byte) and the limits of a parser (nesting without end).

A function, a file or a handler that would take minutes is analysed up to a bound: `too large, analysed in part` says
where, and what is left out. The bounds count work and no time, so that every machine finds the same. Everything else is
analysed as ever. Generated code is what is met most: leave it out with `extend-exclude`, or divide the function.

**Silent**

- Files that are left out: by git, by the settings, virtual environments and build folders.
- It stays on whatever is selected, unless it is ignored by name (`ignore = ["LK901"]`).

**Fix**

Mend the file, declare its encoding, divide what is too large, or exclude it in the settings.
"""

from leaklint.rules.rule import page

RULE = page("LK901", "file-not-analysed", __doc__)
