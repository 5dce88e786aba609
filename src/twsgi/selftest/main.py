"""The user's server as L{twsgi.selftest.served} starts it: C{twsgi}, but with harmless settings."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from twsgi.errors import UserError
from twsgi.selftest.served import apart
from twsgi.surroundings import Surroundings


def main(arguments: Sequence[str]) -> int:
    """
    Runs until a signal ends it.

    @param arguments: as C{twsgi} takes them.
    @return: the process's exit code.
    @raise SystemExit: the start is refused.
    """
    from twisted.internet import reactor

    from twsgi.__main__ import run
    from twsgi.log.observer import start_logging
    from twsgi.tap import prepare, refuse

    try:
        instance = prepare(arguments, Surroundings(change=apart), reactor)
    except UserError as error:
        refuse(error)
    start_logging(instance.sink)
    run(instance, reactor)
    return instance.exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
