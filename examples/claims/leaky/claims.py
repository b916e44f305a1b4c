"""The claims of the caller, for code that is not given them."""

import functools
from contextvars import ContextVar

_claims = ContextVar("claims", default=None)


def use_claims():
    claims = _claims.get()
    if claims is None:
        raise PermissionError("no claims were set")
    return claims


def with_claims(function):
    @functools.wraps(function)
    def wrapper(event, context):
        if "claims" in event:
            _claims.set(event["claims"])
        return function(event, context)

    return wrapper
