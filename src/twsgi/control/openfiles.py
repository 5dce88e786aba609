"""How many descriptors a process may have (C{ulimit -n}), and those that it starts."""

from __future__ import annotations

import resource

#: What the limit was before this process has raised it; None: it has not.
_before: int | None = None


def raise_limit(wanted: int = 0) -> None:
    """
    Takes as many descriptors as the system allows (C{ulimit -Hn}).  For a process that runs no
    code but ours: with a descriptor above 1023 C{select()} fails.

    @param wanted: so many at least, where this process may raise what is allowed (C{max-fd}).
    """
    global _before
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and wanted > hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, wanted))
            hard = wanted
        except (OSError, ValueError):
            pass  # only root may
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError):
            return  # a sandbox forbids it: fewer connections, then
        _before = soft


def usual_limit() -> int:
    """How many a process has that was not raised: what the operator has said."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0] if _before is None else _before


def take_limit(soft: int) -> None:
    """This process may have so many from now on, or as many as the system allows."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    bounded = hard != resource.RLIM_INFINITY and soft > hard
    # Only root may have more than the system allows.
    for limits in ((soft, soft), (hard, hard)) if bounded else ((soft, hard),):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
            return
        except (OSError, ValueError):
            pass  # it was lowered meanwhile, or a sandbox forbids it: what there is has to do
