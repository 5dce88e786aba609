"""L{RequestLog}: one line per request in uWSGI's default format, batched.

Formatting costs a few microseconds and writing is shared by many lines; C{twisted.logger} would
take five times as long for each.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import Any

from twsgi.interfaces import ILineLog

#: Bytes of lines that are written at once, at the latest.
BATCH = 65536
#: Seconds that a line may wait.
DELAY = 0.1


class RequestLog:
    """
    The request lines of one process.  Any thread.

    @ivar total: how many requests the whole instance has served.
    @ivar own: how many of them this worker's applications.
    """

    def __init__(self, sink: ILineLog, total: Callable[[], int], own: Callable[[], int]) -> None:
        self._sink = sink
        self.total = total
        self.own = own
        self._pid = str(os.getpid())
        self._lines: list[str] = []
        self._size = 0
        self._flushing = threading.Lock()
        self._date = (-1, "")

    def application(
        self,
        variables: dict[str, str],
        variables_size: int,
        response: Any,
        sink: Any,
        microseconds: int,
        core: int,
    ) -> None:
        """
        A request that an application has answered.

        @param variables_size: see L{twsgi.wsgi.core.Core}; 0: not known.
        @param response: a L{twsgi.wsgi.response.Response}.
        @param sink: its L{IResponseSink}.
        """
        count = len(variables)
        if variables_size:
            # NULs between the words against four bytes of lengths for each pair.
            size = variables_size - (2 * count - 1) + 4 * count
        else:
            size = packet_size(variables)
        self._add(
            f"[pid: {self._pid}|app: {response.app}|req: {self.own()}/{self.total()}] "
            f"{self._request(variables, count, size, microseconds)} => generated "
            f"{sink.body_size} bytes in {microseconds // 1000} msecs"
            f"{f' via {response.via}()' if response.via else ''} "
            f"({variables['SERVER_PROTOCOL']} {(response.status or '500')[:3]}) "
            f"{len(response.headers)} headers in {sink.head_size} bytes "
            f"({response.steps} switches on core {core})\n"
        )

    def resource(self, request: Any, seconds: float) -> None:
        """
        A request that a resource of C{twisted.web} has answered: a static file.

        @param request: a L{twsgi.web.request.Request}, finished.
        @param seconds: Unix time.
        """
        variables = request.head.environ
        took = int((seconds - request.started) * 1_000_000)
        via = f" via {request.via}()" if request.via else ""
        self._add(
            f"[pid: {self._pid}|app: -1|req: -1/{self.total()}] "
            f"{self._request(variables, len(variables), packet_size(variables), took)} => "
            f"generated {request.sentLength} bytes in {took // 1000} msecs{via} "
            f"({variables['SERVER_PROTOCOL']} {request.code}) "
            f"{request.header_count} headers in {request.head_size} bytes (0 switches on core 0)\n"
        )

    def flush(self) -> None:
        """Writes what waits.  Called every L{DELAY} seconds, and at the end."""
        lines = self._lines
        if lines:
            with self._flushing:
                # Other threads append meanwhile: what is taken is what was there.
                batch = lines[:]
                del lines[: len(batch)]
                self._size = 0
                self._sink.write("".join(batch).encode("latin-1", "backslashreplace"))

    def _request(self, variables: dict[str, str], count: int, size: int, took: int) -> str:
        get = variables.get
        second = int(time.time() - took / 1_000_000)
        made, date = self._date
        if second != made:
            date = time.asctime(time.localtime(second))
            self._date = second, date
        return (
            f"{get('REMOTE_ADDR', '')} ({get('REMOTE_USER', '')}) "
            f"{{{2 * count} vars in {size} bytes}} [{date}] "
            f"{variables['REQUEST_METHOD']} {variables['REQUEST_URI']}"
        )

    def _add(self, line: str) -> None:
        self._lines.append(line)
        self._size += len(line)
        if self._size >= BATCH:
            self.flush()


def packet_size(variables: dict[str, str]) -> int:
    """The size of the variables as a packet of the uwsgi protocol: two lengths for each pair."""
    return 4 * len(variables) + sum(map(len, variables)) + sum(map(len, variables.values()))
