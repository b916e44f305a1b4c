"""The deployment template or the settings name a handler that does not exist.

The platform looks the handler up by its name at the first event. Where the module or the function is not there, every
invocation fails, and leaklint has not analysed what the deployment really runs: its silence would mean nothing. The
finding stands at the place in the template or in the settings that names the handler.

```yaml
Resources:
  Orders:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src/
      Handler: orders.hanlder
```

**Silent**

- Names that are put together at deployment time, and code that is not in the project (an image, an archive).
- It stays on whatever is selected, unless it is ignored by name (`ignore = ["LK903"]`).

**Fix**

Correct the name in the template or in the settings, or add the function.
"""

from leaklint.rules.rule import page

RULE = page("LK903", "handler-not-found", __doc__)
