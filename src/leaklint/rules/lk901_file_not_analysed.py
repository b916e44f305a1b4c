"""A file cannot be read or parsed, so nothing in it was analysed.

A tool that passes silently over what it cannot read is worse than no tool: the run would look clean. The finding says
which file it was, the reason and the place; the run goes on with all other files.

The reasons are those that Python itself would have (a syntax error, bytes that are not text in the declared encoding,
a NUL byte) and the limits of a parser (nesting without end).

**Silent**

- Files that are left out: by git, by the settings, virtual environments and build folders.
- It stays on whatever is selected, unless it is ignored by name (`ignore = ["LK901"]`).

**Fix**

Mend the file, declare its encoding, or exclude it in the settings.
"""

from leaklint.rules.rule import page

RULE = page("LK901", "file-not-analysed", __doc__)
