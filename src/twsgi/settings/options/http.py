"""Options: the addresses that are listened on, and the limits on what comes in there."""

from __future__ import annotations

from twsgi.settings.options.row import By, Option

TITLE = "HTTP"

ROWS = (
    Option(
        "http",
        "addresses",
        By.START,
        "Serves HTTP at this address by a frontend process that queues and balances: `:8000`, "
        "`/run/site.sock`, `@abstract`, `fd://3`.",
        difference="The host is numeric or localhost. Without a master it means http-socket.",
        test="tests.behaviour.test_serving.HttpServingTests.test_hello",
    ),
    Option(
        "http-socket",
        "addresses",
        By.START,
        "Serves HTTP at this address by the workers themselves, which share the socket.",
        difference="Connections are kept. A socket file that somebody listens on, "
        "and a file that is no socket, are never replaced. "
        "`fd://N`, or `fd://NAME` with systemd, is a descriptor that listens already.",
        test="tests.behaviour.test_serving.HttpSocketServingTests.test_hello",
    ),
    Option(
        "listen",
        "count",
        By.START,
        "How many connections the kernel keeps for each socket until they are accepted.",
        short="l",
        difference="100 in uWSGI, where more than net.core.somaxconn is an error; "
        "here it is capped, with a notice.",
        test="tests.control.test_listening.ListeningTests.test_somaxconn",
    ),
    Option(
        "buffer-size",
        "bytes",
        By.BOTH,
        "The most bytes of request line and headers together.",
        short="b",
        difference="4096 in uWSGI, which resets the connection; here the answer is 431.",
        test="tests.web.test_http1_limits.LimitTests",
    ),
    Option(
        "max-vars",
        "count",
        By.BOTH,
        "The most header fields that a request may have.",
        short="v",
        difference="64 CGI variables in uWSGI, which resets the connection; here it is 431.",
        test="tests.behaviour.test_limits.HttpLimitTests.test_max_vars",
    ),
    Option(
        "limit-post",
        "size",
        By.BOTH,
        "The most bytes of a request's body; 0: no limit.",
        difference="Chunked bodies count too, and the answer is 413; uWSGI closes the connection.",
        test="tests.behaviour.test_limits.HttpLimitTests.test_limit_post",
    ),
    Option(
        "post-buffering-bufsize",
        "size",
        By.BOTH,
        "How many bytes of a request's body stay in memory; a longer one goes to a temporary file.",
        difference="In uWSGI the size of the buffer through which post-buffering reads. "
        "Here every body is read before the application is called.",
        test="tests.behaviour.test_limits.HttpLimitTests.test_in_memory",
    ),
    Option(
        "http-timeout",
        "seconds",
        By.FRONTENDS,
        "How long a request waits for a free core, and then for its response to start.",
        difference="uWSGI closes the connection; here the answer is 503 or 504.",
        test="tests.proxy.test_dispatcher.TimeoutTests.test_no_response",
    ),
    Option(
        "http-keepalive",
        "keepalive",
        By.BOTH,
        "Keeps clients' connections: 0 or false: no; 1, true or bare: yes; N: idle for N seconds.",
        difference="Off in uWSGI, where bare and `true` mean off too.",
        test="tests.web.test_http1_limits.DeadlineTests",
    ),
    Option(
        "http-headers-timeout",
        "seconds",
        By.BOTH,
        "How long the head of a request may take to arrive.",
        difference="The same as http-timeout in uWSGI.",
        test="tests.web.test_http1_limits.DeadlineTests",
    ),
    Option(
        "http-processes",
        "number",
        By.FRONTENDS,
        "How many frontends accept on the http sockets.",
        aliases=("http-workers",),
        test="tests.behaviour.test_frontends.SharingTests.test_both_at_once",
    ),
    Option(
        "http-queue",
        "number",
        By.FRONTENDS,
        "How many requests wait for a free core in a frontend; one more is answered 503. "
        "0: as many as listen.",
        difference="uWSGI has no such option.",
        test="tests.proxy.test_dispatcher.QueueTests.test_full",
    ),
    Option(
        "socket-timeout",
        "seconds",
        By.WORKERS,
        "How long a connection of http-socket may be idle, or not move while a body is awaited.",
        short="z",
        test="tests.web.test_http1_limits.DeadlineTests.test_body_stalls",
    ),
    Option(
        "http-min-body-rate",
        "number",
        By.BOTH,
        "Bytes a second that a request's body must come with, on average; 0: any. "
        "It does not count until the body has taken http-timeout, or socket-timeout.",
        difference="uWSGI has no such option.",
        test="tests.behaviour.test_limits.HttpLimitTests.test_minimum_rate",
    ),
    Option(
        "http-keepalive-requests",
        "number",
        By.BOTH,
        "How many requests a connection may bring before it is closed; 0: any number.",
        difference="uWSGI has no such option.",
        test="tests.behaviour.test_limits.HttpLimitTests.test_requests_of_one_connection",
    ),
    Option(
        "http-connections",
        "number",
        By.BOTH,
        "How many connections a process has at once; others wait in the kernel's queue. "
        "0: as many as there are descriptors for.",
        difference="uWSGI has no such option.",
        test="tests.behaviour.test_limits.HttpLimitTests.test_connections_in_all",
    ),
    Option(
        "http-connections-per-peer",
        "number",
        By.BOTH,
        "How many connections one address may have to a process; one more is answered 503. "
        "0: any number: behind a proxy all clients share one address.",
        difference="uWSGI has no such option.",
        test="tests.behaviour.test_limits.HttpLimitTests.test_connections_of_a_peer",
    ),
    Option(
        "http-response-spool",
        "size",
        By.FRONTENDS,
        "How many bytes of a response that its client has not read yet a frontend keeps in a "
        "temporary file, so that no core waits; all responses together 16 times that. 0: none.",
        difference="uWSGI has no such option.",
        test="tests.behaviour.test_slow_clients.HttpSlowClientTests.test_what_does_not_fit",
    ),
    Option(
        "http-retry",
        "methods",
        By.FRONTENDS,
        "Which requests go to another worker, once, when theirs dies before its first byte: "
        "`idempotent` (GET, HEAD, OPTIONS, PUT, DELETE), `safe` (GET, HEAD, OPTIONS), `off`.",
        difference="uWSGI has no such option.",
        test="tests.behaviour.test_retry.RetryTests.test_safe",
    ),
    Option(
        "ready-path",
        "url path",
        By.BOTH,
        "The server itself answers this path: 200, or 503 while no worker is ready or a stop has "
        "begun.",
        difference="uWSGI has no such option.",
        test="tests.behaviour.test_readiness.HttpReadinessTests.test_ready",
    ),
)
