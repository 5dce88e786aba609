"""Options: the addresses that are listened on, and the limits on what comes in there."""

from __future__ import annotations

from twsgi.settings.options.row import Option

TITLE = "HTTP"

ROWS = (
    Option(
        "http",
        "addresses",
        "Serves HTTP at this address by a frontend process that queues and balances: `:8000`, "
        "`/run/site.sock`, `@abstract`, `fd://3`.",
        difference="The host is numeric or localhost. Without a master it means http-socket.",
    ),
    Option(
        "http-socket",
        "addresses",
        "Serves HTTP at this address by the workers themselves, which share the socket.",
        difference="Connections are kept. A socket file that somebody listens on, "
        "and a file that is no socket, are never replaced. "
        "`fd://N`, or `fd://NAME` with systemd, is a descriptor that listens already.",
    ),
    Option(
        "listen",
        "count",
        "How many connections the kernel keeps for each socket until they are accepted.",
        short="l",
        difference="100 in uWSGI, where more than net.core.somaxconn is an error; "
        "here it is capped, with a notice.",
    ),
    Option(
        "buffer-size",
        "count",
        "The most bytes of request line and headers together.",
        short="b",
        difference="4096 in uWSGI, which resets the connection; here the answer is 431.",
    ),
    Option(
        "http-timeout",
        "seconds",
        "How long a request waits for a free core, and then for its response to start.",
        difference="uWSGI closes the connection; here the answer is 503 or 504.",
    ),
    Option(
        "http-keepalive",
        "keepalive",
        "Keeps clients' connections: 0 or false: no; 1, true or bare: yes; N: idle for N seconds.",
        difference="Off in uWSGI, where bare and `true` mean off too.",
    ),
    Option(
        "http-headers-timeout",
        "seconds",
        "How long the head of a request may take to arrive.",
        difference="The same as http-timeout in uWSGI.",
    ),
    Option(
        "http-processes",
        "number",
        "How many frontends accept on the http sockets.",
        aliases=("http-workers",),
    ),
    Option(
        "http-queue",
        "number",
        "How many requests wait for a free core in a frontend; one more is answered 503. "
        "0: as many as listen.",
        difference="uWSGI has no such option.",
    ),
    Option(
        "socket-timeout",
        "seconds",
        "How long a connection of http-socket may be idle, or not move while a body is awaited.",
        short="z",
    ),
)
