"""The orders of a customer."""

from claims import use_claims


def of_caller():
    return [f"first order of {use_claims()['sub']}"]
