"""L{Load}: clients that ask and ask, each in a thread of its own, until they are told to stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from types import TracebackType

from twsgi.selftest.client import Client, Request
from twsgi.selftest.fate import Fate, Outcome, Summary

#: Seconds between two tries of a client whom nobody listens to.
_REFUSED = 0.02


class Load:
    """
    Several clients at work; also a context in which they are::

        with Load([port], [Request()], kept=4, fresh=4) as load:
            load.wait_for(100)
        print(load.summary().text())
    """

    def __init__(
        self,
        ports: Sequence[int],
        requests: Sequence[Request],
        *,
        kept: int = 0,
        fresh: int = 0,
        pause: float = 0.0,
        timeout: float = 30.0,
    ) -> None:
        """
        @param ports: of the loopback interface; the clients take turns in them.
        @param requests: each client asks them in their order, round and round; each begins with
            another one.
        @param kept: how many clients keep their connection.
        @param fresh: how many take a fresh connection for each request.
        @param pause: seconds between an answer and the next request of a client.
        @param timeout: seconds that a request may take.
        """
        self._requests = requests
        self._pause = pause
        self._stop = threading.Event()
        self._changed = threading.Condition()
        self._outcomes: list[Outcome] = []
        #: When each client has begun its latest request.
        self._begun = [0.0] * (kept + fresh)
        self._clients = [
            Client(ports[number % len(ports)], kept=number < kept, timeout=timeout)
            for number in range(kept + fresh)
        ]
        self._threads = [
            threading.Thread(target=self._work, args=(client, number), daemon=True)
            for number, client in enumerate(self._clients)
        ]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Every request that was begun is waited for."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    @property
    def outcomes(self) -> list[Outcome]:
        """What has become of the requests so far, in the order in which that was known."""
        return self._outcomes[:]

    def summary(self) -> Summary:
        """All so far."""
        return Summary(self.outcomes)

    def wait_for(self, answers: int, seconds: float = 60.0) -> None:
        """
        Waits for so many more answers to requests that are sent from now on.

        @raise TimeoutError: they did not come.
        """
        now = time.monotonic()
        with self._changed:
            looked, found = len(self._outcomes), 0
            while found < answers:
                left = now + seconds - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    raise TimeoutError(f"{found} of {answers} answers in {seconds} s")
                new, looked = self._outcomes[looked:], len(self._outcomes)
                found += sum(one.fate is Fate.ANSWERED and one.sent >= now for one in new)

    def wait_for_those_under_way(self, seconds: float = 60.0) -> None:
        """
        Waits until no request is under way any more that is now.

        @raise TimeoutError: one still is.
        """
        now = time.monotonic()
        with self._changed:
            if not self._changed.wait_for(lambda: min(self._begun) >= now, seconds):
                raise TimeoutError(f"a request is still under way after {seconds} s")

    def _work(self, client: Client, number: int) -> None:
        turn = number
        while not self._stop.is_set():
            self._begun[number] = time.monotonic()
            outcome = client.ask(self._requests[turn % len(self._requests)])
            turn += 1
            with self._changed:
                self._outcomes.append(outcome)
                self._changed.notify_all()
            pause = _REFUSED if outcome.fate is Fate.REFUSED else self._pause
            if pause:
                self._stop.wait(pause)
        client.close()
