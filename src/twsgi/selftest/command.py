"""C{twsgi --selftest-reload app.ini [N]}: are requests lost when this application is reloaded?"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from typing import TextIO

from twsgi.errors import ConfigurationError, UserError
from twsgi.selftest.client import Client, Request
from twsgi.selftest.fate import Fate, Summary
from twsgi.selftest.load import Load
from twsgi.selftest.served import Served, ServedError, apart
from twsgi.settings.model import Plan
from twsgi.surroundings import Surroundings
from twsgi.tap import plan_of

#: The flag.
NAME = "--selftest-reload"
USAGE = f"{NAME} needs the name of an ini file, and may have a number of reloads: app.ini 4"
RELOADS = 4

NOTHING_LOST, LOST, COULD_NOT_RUN = range(3)

#: Clients that keep their connection, and as many that do not.
CLIENTS = 4
#: Answers that are seen before the first reload, between two, and after the last.
ANSWERS = 24
#: Seconds: for one request; for the server to do what it should, beyond its own limits.
PATIENCE = 60.0


def main(
    arguments: Sequence[str],
    output: TextIO | None = None,
    serve: Callable[[Sequence[str]], Served] = Served,
) -> int:
    """
    Starts the server of an ini file on other ports, and reloads it under load.

    @param arguments: what follows the flag: the file, the number of reloads, and flags of the
        server's, if there are any.
    @return: the process's exit code: 0: nothing was lost; 1: requests were lost; 2: it could not
        be found out.
    """
    output = output or sys.stdout
    try:
        reloads, rest = _taken_apart(arguments)
        plan = plan_of(rest, Surroundings(change=apart))
        if not plan.master:
            raise ConfigurationError(f"{rest[0]}: a reload needs a master: master = true")
    except UserError as error:
        print(f"twsgi: {error}", file=sys.stderr)
        return COULD_NOT_RUN
    served = serve(rest)
    try:
        code = Reloads(served, plan, output).run(reloads)
    except (ServedError, KeyboardInterrupt) as error:
        print(f"twsgi: {error or 'interrupted'}", file=sys.stderr)
        code = COULD_NOT_RUN
    finally:
        served.kill()
    if code == NOTHING_LOST:
        served.forget()
    else:
        print(f"the server's log is {served.log}", file=output)
    return code


def _taken_apart(arguments: Sequence[str]) -> tuple[int, list[str]]:
    """How many reloads, and the server's command line."""
    if not arguments or arguments[0].startswith("-"):
        raise ConfigurationError(USAGE)
    rest = list(arguments)
    if len(rest) < 2 or rest[1].startswith("-"):
        return RELOADS, rest
    text = rest.pop(1)
    if not text.isdecimal() or not 0 < int(text) < 10**6:
        raise ConfigurationError(f"{NAME}: '{text}' is no number of reloads: write 1 or more")
    return int(text), rest


class Reloads:
    """One run."""

    def __init__(self, served: Served, plan: Plan, output: TextIO) -> None:
        self._served = served
        self._output = output
        self._mercy = plan.settings.worker_reload_mercy

    def run(self, reloads: int) -> int:
        """
        All of it.

        @return: the exit code.
        @raise ServedError: the server does not do its part.
        """
        ports = self._served.wait_ready(PATIENCE)
        request = self._request(ports[0])
        self._say(
            f"{request} answers {request.status} on port {', '.join(map(str, ports))}; "
            f"{CLIENTS} clients keep their connections, {CLIENTS} do not"
        )
        with Load(ports, [request], kept=CLIENTS, fresh=CLIENTS, timeout=PATIENCE) as load:
            self._wait_for_answers(load)
            for number in range(1, reloads + 1):
                began = time.monotonic()
                self._served.reload(self._mercy + PATIENCE)
                took = time.monotonic() - began
                self._wait_for_answers(load)
                summary = load.summary()
                self._say(
                    f"reload {number} of {reloads}: {took:.1f} s; so far "
                    f"{len(summary.outcomes)} requests, {len(summary.lost)} lost"
                )
        self._served.end(self._mercy)
        return self._told(load.summary())

    def _request(self, port: int) -> Request:
        """What is asked again and again: whatever status C{/} has now is the one that counts."""
        client = Client(port, kept=False, timeout=PATIENCE)
        outcome = client.ask(Request())
        if outcome.fate is not Fate.ANSWERED and not 0 < outcome.status < 500:
            raise ServedError(f"before any reload: {outcome}")
        return Request(status=outcome.status)

    def _wait_for_answers(self, load: Load) -> None:
        try:
            load.wait_for(ANSWERS, PATIENCE)
        except TimeoutError as error:
            self._say(load.summary().text())
            raise ServedError(f"the server answers no more: {error}") from None

    def _told(self, summary: Summary) -> int:
        self._say(summary.text())
        return LOST if summary.lost else NOTHING_LOST

    def _say(self, text: str) -> None:
        print(text, file=self._output, flush=True)
