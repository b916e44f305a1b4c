"""A comment suppresses a code that is not reported there.

`# noqa: LK101` and `# leaklint: ignore[LK101] reason` say: this is known and wanted. When the code that they excuse
has been mended, or was never reported at that place, the comment is a trap: it will silence the next leak on that
line, which nobody knows of yet. Severity `warning`.

```python
SEEN = []  # leaklint: ignore[LK101] nothing is reported on this line


def handler(event, context):
    return len(SEEN)
```

**Silent**

- Codes that this run could not have reported: ignored ones, those that are off, those of other tools.
- `# noqa` without codes.

**Fix**

Remove the code from the comment, or the comment.
"""

from leaklint.rules.rule import page

RULE = page("LK902", "unused-suppression", __doc__, fix="remove-suppression")
