"""What is compared: one table, each case with its contenders and its targets.

A target compares two contenders of one case within the same round.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass

from benchmarks import server
from benchmarks.figures import METRICS, Finding, Run, Target
from benchmarks.load import Load
from benchmarks.probe import HELLO, Expectation

#: The one case of a quick run that has all the other servers.
_WITH_OTHERS = "socket-tiny-8"
#: What a quick run leaves out, unless it is named.
NOT_QUICK = ("http-browser-64", "socket-browser-64")

#: Bytes of the body that is sent and comes back.
BODY = 1_000_000


@dataclass(frozen=True)
class Case:
    """
    One load, and who bears it.

    @ivar application: a module of C{site/}.
    @ivar contenders: those without which a target could not be looked at come first.
    @ivar bulk: megabytes count, not requests.
    @ivar times: how many times as many rounds as the others it has, where what is looked for is
        less than what two runs differ by.
    @ivar note: what is to be said below its table.
    """

    name: str
    title: str
    load: Load
    contenders: tuple[str, ...]
    targets: tuple[Target, ...]
    expected: Expectation = HELLO
    application: str = "hello"
    bulk: bool = False
    times: int = 1
    note: str = ""

    def quick(self) -> Case:
        """The same for a quick run: what its targets need, and the others in one case only."""
        wanted = self.essential()
        case = self.narrowed(wanted if self.name == _WITH_OTHERS else wanted - set(_OTHERS))
        return dataclasses.replace(case, times=1)

    def narrowed(self, names: Iterable[str]) -> Case:
        """The same with some of its contenders."""
        wanted = set(names)
        return dataclasses.replace(
            self, contenders=tuple(one for one in self.contenders if one in wanted)
        )

    def essential(self) -> set[str]:
        """The contenders of its targets."""
        return {name for one in self.targets for name in (one.of, one.versus)}

    def findings(self, runs: dict[str, list[Run]], titles: dict[str, str]) -> list[Finding]:
        """
        Its targets, each beside its figure; a target whose contenders did not run is left out.

        @param titles: how contenders are called.
        """
        found = []
        for target in self.targets:
            values = target.values(runs)
            if not values:
                continue
            metric = METRICS[target.metric]
            as_ratio = target.by == "ratio"
            found.append(
                Finding(
                    f"{self.title}: {titles[target.of]} against {titles[target.versus]},"
                    f" {metric.title}",
                    values,
                    target.least,
                    target.most,
                    "x" if as_ratio else metric.unit,
                )
            )
        return found


_KEEP = "uwsgi-http-keep"
_OTHERS = ("gunicorn", "waitress", "twist", "granian", "uwsgi-http11-socket")
_CONNECTIONS = (8, 64)

_UWSGI_CLOSES = (
    "uWSGI's `http-socket` closes every connection, so its figures hold a new connection for each"
    " request; `http11-socket` keeps them, and a core with each. The p99 is made by the system:"
    " with kept connections there is always a request to read, so a worker runs until its slice of"
    " the processor (3 to 4 ms) is over, while the others wait; who closes sleeps after each"
    " answer. Eight workers of one thread, which share no lock, have the same p99 or a worse one"
    " (3.6 to 6.8 ms with 8 connections, 29 to 38 with 64), and medians that are as good or"
    " better."
)

_FRONTEND = (
    "What the frontend does for a request, alone on a processor: 13 µs for a tiny one, 21 for a"
    " browser's: four system calls (two reads, two writes), the head's parsing and its checks, a"
    " frame to the worker and one back. A core of a worker needs four more, and the application."
)


def _http() -> list[Case]:
    return [
        *(
            Case(
                f"http-tiny-{count}",
                f"`http =`, kept connections, a tiny request, {count} connections",
                Load("tiny", count),
                ("twsgi-http", _KEEP, "uwsgi-http"),
                (
                    Target("twsgi-http", "rate", _KEEP, least=1.8),
                    Target("twsgi-http", "cpu", _KEEP, most=0.6),
                ),
                note=_FRONTEND,
            )
            for count in _CONNECTIONS
        ),
        *(
            Case(
                f"http-browser-{count}",
                f"`http =`, kept connections, a browser's request, log on, {count} connections",
                Load("browser", count),
                ("twsgi-http-log", "uwsgi-http-keep-log"),
                (
                    Target("twsgi-http-log", "rate", "uwsgi-http-keep-log", least=1.5),
                    Target("twsgi-http-log", "cpu", "uwsgi-http-keep-log", most=0.7),
                ),
                note=_FRONTEND,
            )
            for count in _CONNECTIONS
        ),
        Case(
            "http-new",
            "`http =`, a new connection per request, 8 at once",
            Load("close", 8),
            ("twsgi-http", "uwsgi-http"),
            (Target("twsgi-http", "rate", "uwsgi-http", least=1.3),),
        ),
        Case(
            "log",
            "`http =`, request log on and off, 8 connections",
            Load("tiny", 8),
            ("twsgi-http-log", "twsgi-http"),
            (Target("twsgi-http-log", "cpu", "twsgi-http", most=8, by="difference"),),
            times=5,
            note="Two runs of one server differ by more than the log costs, hence five times the"
            " rounds. Its line is made in 1.5 µs and written with those of the same turn; the rest"
            " is the clock, the length of the answer, and the addresses.",
        ),
    ]


def _socket_targets(cpu: float) -> tuple[Target, ...]:
    return (
        Target("twsgi-socket", "rate", "uwsgi-socket", least=1.4),
        Target("twsgi-socket", "cpu", "uwsgi-socket", most=cpu),
        Target("twsgi-socket", "p99", "uwsgi-socket", most=2),
        Target("twsgi-socket", "rate", "gunicorn", least=3),
        Target("twsgi-socket", "rate", "waitress", least=4),
        Target("twsgi-socket", "rate", "twist", least=6),
    )


def _socket() -> list[Case]:
    kinds = (("tiny", "a tiny request", 1.0), ("browser", "a browser's request", 1.15))
    return [
        *(
            Case(
                f"socket-{kind}-{count}",
                f"`http-socket =`, kept connections, {title}, {count} connections",
                Load(kind, count),
                ("twsgi-socket", "uwsgi-socket", *_OTHERS),
                _socket_targets(cpu),
                note=_UWSGI_CLOSES,
            )
            for kind, title, cpu in kinds
            for count in _CONNECTIONS
        ),
        Case(
            "socket-new",
            "`http-socket =`, a new connection per request, 8 at once",
            Load("close", 8),
            ("twsgi-socket", "uwsgi-socket", *_OTHERS[:-1]),
            (Target("twsgi-socket", "rate", "uwsgi-socket", least=0.6),),
            note="The weak spot: what a kept connection pays once is paid for each request here."
            " One core does it all, with eight system calls: `epoll_wait`, `accept4`, `getsockname`"
            " (Python's, for the socket's object), `FIONBIO`, `recvfrom`, `sendto`, `FIONREAD`,"
            " `close`; and the objects of a connection, in Python. A kept connection needs four:"
            " `epoll_wait`, `recvfrom`, `sendto`, `epoll_ctl`.",
        ),
    ]


def _bulk() -> list[Case]:
    css = Expectation("/small.css", body=server.SMALL, headers={"Content-Type": "text/css"})
    binary = Expectation("/large.bin", body=server.large(), headers={})
    echo = Expectation("/", "POST", b"0123456789abcdef" * (BODY // 16), headers={})
    echo = dataclasses.replace(echo, body=echo.sent)
    large = ("twsgi-http", "twsgi-socket", "uwsgi-socket")
    return [
        Case(
            "static-small",
            "A static file of 32 bytes by `http =`, 8 connections",
            Load("tiny", 8, css.path),
            ("twsgi-http", _KEEP, "uwsgi-http"),
            (
                Target("twsgi-http", "rate", _KEEP, least=3),
                Target("twsgi-http", "cpu", _KEEP, most=0.4),
            ),
            css,
        ),
        Case(
            "static-large",
            "A static file of 20 MB, 4 connections",
            Load("tiny", 4, binary.path),
            (*large, "twsgi-http-offload", "twsgi-socket-offload", "uwsgi-socket-offload"),
            tuple(
                target
                for ours in large[:2]
                for target in (
                    Target(ours, "megabytes", "uwsgi-socket", least=0.9),
                    Target(ours, "cpu_megabyte", "uwsgi-socket", most=1.5),
                )
            ),
            binary,
            bulk=True,
            note="One `sendfile` of 1 MiB a MB, five sixths of it system time. Slices of 4 MiB"
            " cost a tenth less processor time and a fifth of the MB/s; smaller ones more. uWSGI"
            " asks for all 20 MB at once; probably more of it leaves when the client makes room,"
            " in the client's time.",
        ),
        Case(
            "post",
            "1 MB posted and echoed, 8 connections",
            Load("post", 8, size=BODY),
            ("twsgi-http", _KEEP, "uwsgi-http"),
            (Target("twsgi-http", "megabytes", _KEEP, least=2),),
            echo,
            application="echo",
            bulk=True,
        ),
    ]


TABLE = (*_http(), *_socket(), *_bulk())
CASES = {one.name: one for one in TABLE}
