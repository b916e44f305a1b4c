"""The environment of a container: the platform's variables with fake credentials, and nothing of the caller's own."""

from __future__ import annotations

import os
import sys

DEAD = "http://127.0.0.1:1"
"""Where nobody listens, and nobody may without being root."""
REGION = "eu-west-1"
FUNCTION = "leaklint"
ARN = f"arn:aws:lambda:{REGION}:123456789012:function:{FUNCTION}"
KEPT = ("PATH", "LD_LIBRARY_PATH", "LANG", "VIRTUAL_ENV")


def environment_of(root: str, folder: str, api: str, handler: str, moto: bool) -> dict[str, str]:
    """What a container is started with."""
    environment = {name: os.environ[name] for name in KEPT if name in os.environ}
    environment |= {
        "HOME": os.path.join(folder, "home"),
        "TMPDIR": os.path.join(folder, "tmp"),
        "TZ": ":UTC",
        "PYTHONDONTWRITEBYTECODE": "1",
        "LAMBDA_TASK_ROOT": root,
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "_HANDLER": handler,
        "AWS_LAMBDA_RUNTIME_API": api,
        "AWS_LAMBDA_FUNCTION_NAME": FUNCTION,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{FUNCTION}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "2000/01/01/[$LATEST]leaklint",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{sys.version_info.major}.{sys.version_info.minor}",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "leaklint-no-key",
        "AWS_SECRET_ACCESS_KEY": "leaklint-no-secret",
        "AWS_SESSION_TOKEN": "leaklint-no-token",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_ENDPOINT_URL": DEAD,
        "GOOGLE_APPLICATION_CREDENTIALS": os.devnull,
        "NO_GCE_CHECK": "true",
    }
    if moto:
        del environment["AWS_ENDPOINT_URL"]  # moto answers where the real service would be asked
    return environment
