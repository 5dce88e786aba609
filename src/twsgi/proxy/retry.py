"""Which requests may be sent to another worker when the first is gone (C{http-retry})."""

from __future__ import annotations

#: RFC 9110, 9.2.1: they change nothing.
SAFE = frozenset(("GET", "HEAD", "OPTIONS"))
#: RFC 9110, 9.2.2: done twice they are as good as done once.
IDEMPOTENT = SAFE | {"PUT", "DELETE"}


def methods(option: str) -> frozenset[str]:
    """
    The methods of such requests.

    @param option: a value of C{http-retry}: C{idempotent}, C{safe} or C{off}.
    """
    return {"idempotent": IDEMPOTENT, "safe": SAFE}.get(option, frozenset())
