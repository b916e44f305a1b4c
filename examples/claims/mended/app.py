"""The claims, mended: the middleware resets the context variable on every way out."""

import orders
from claims import with_claims


@with_claims
def handler(event, context):
    return {"orders": orders.of_caller()}
