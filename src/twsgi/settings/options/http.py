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
        "max-vars",
        "count",
        "The most header fields that a request may have.",
        short="v",
        difference="64 CGI variables in uWSGI, which resets the connection; here it is 431.",
    ),
    Option(
        "limit-post",
        "size",
        "The most bytes of a request's body; 0: no limit.",
        difference="Chunked bodies count too, and the answer is 413; uWSGI closes the connection.",
    ),
    Option(
        "post-buffering-bufsize",
        "size",
        "How many bytes of a request's body stay in memory; a longer one goes to a temporary file.",
        difference="In uWSGI the size of the buffer through which post-buffering reads. "
        "Here every body is read before the application is called.",
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
    Option(
        "http-min-body-rate",
        "number",
        "Bytes a second that a request's body must come with, on average; 0: any. "
        "It does not count until the body has taken http-timeout, or socket-timeout.",
        difference="uWSGI has no such option.",
    ),
    Option(
        "http-keepalive-requests",
        "number",
        "How many requests a connection may bring before it is closed; 0: any number.",
        difference="uWSGI has no such option.",
    ),
    Option(
        "http-connections",
        "number",
        "How many connections a process has at once; others wait in the kernel's queue. "
        "0: as many as there are descriptors for.",
        difference="uWSGI has no such option.",
    ),
    Option(
        "http-connections-per-peer",
        "number",
        "How many connections one address may have to a process; one more is answered 503. "
        "0: any number: behind a proxy all clients share one address.",
        difference="uWSGI has no such option.",
    ),
    Option(
        "http-response-spool",
        "size",
        "How many bytes of a response that its client has not read yet a frontend keeps in a "
        "temporary file, so that no core waits; all responses together 16 times that. 0: none.",
        difference="uWSGI has no such option.",
    ),
    Option(
        "http-retry",
        "methods",
        "Which requests go to another worker, once, when theirs dies before its first byte: "
        "`idempotent` (GET, HEAD, OPTIONS, PUT, DELETE), `safe` (GET, HEAD, OPTIONS), `off`.",
        difference="uWSGI has no such option.",
    ),
    Option(
        "ready-path",
        "url path",
        "The server itself answers this path: 200, or 503 while no worker is ready or a stop has "
        "begun.",
        difference="uWSGI has no such option.",
    ),
)
