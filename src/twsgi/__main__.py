"""C{twsgi uwsgi.ini}: as C{twistd -n --pidfile= uwsgi --ini uwsgi.ini}, but its own runner."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Runs until a signal ends it.

    @param arguments: by default C{sys.argv} without the command.
    @return: the process's exit code.
    @raise SystemExit: the start is refused, or C{--help} or C{--version} is answered.
    """
    from twsgi import tap

    given = sys.argv[1:] if arguments is None else list(arguments)
    if given[:1] == ["--selftest-reload"]:
        from twsgi.selftest import command

        return command.main(given[1:])
    from twsgi.lint import command as lint

    if lint.asked(given):
        return lint.main(given)
    options = tap.Options()
    options.parseOptions(given)
    instance = tap.makeService(options)

    from twisted.internet import reactor

    from twsgi.log.observer import start_logging

    start_logging(instance.sink)
    run(instance, reactor)
    return instance.exit_code


def run(instance: Any, reactor: Any) -> None:
    """Starts a service, runs the reactor, and lets the service finish before it returns."""
    instance.privilegedStartService()
    instance.startService()
    reactor.addSystemEventTrigger("before", "shutdown", instance.stopService)
    reactor.run()


if __name__ == "__main__":
    sys.exit(main())
