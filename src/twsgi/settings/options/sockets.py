"""Options: further addresses, and how the sockets there are made."""

from __future__ import annotations

from twsgi.settings.options.row import By, Option

TITLE = "Sockets"

_TESTS = "tests.behaviour.test_listeners."

ROWS = (
    Option(
        "http11-socket",
        "addresses",
        By.START,
        "The same as http-socket.",
        difference="uWSGI keeps connections here, and here alone, ignores `Connection: close`, "
        "and each idle client holds a core.",
        test=_TESTS + "ManyTests.test_all",
    ),
    Option(
        "socket",
        "wire addresses",
        By.START,
        "With `protocol = http` the same as http-socket.",
        short="s",
        difference="Without it uWSGI speaks the uwsgi protocol here, for nginx's uwsgi_pass: "
        "not yet, and refused where there is no other address.",
        test=_TESTS + "ManyTests.test_all",
    ),
    Option(
        "uwsgi-socket",
        "wire addresses",
        By.START,
        "The uwsgi protocol, whatever `protocol` says: not yet.",
        difference="Passed over, with a warning; refused where there is no other address.",
        test="tests.settings.test_listeners.CheckTests.test_wire",
    ),
    Option(
        "protocol",
        "protocol",
        By.START,
        "What is spoken at the addresses of socket: `http`, or `uwsgi`, which is not there yet.",
        aliases=("socket-protocol",),
        test=_TESTS + "ManyTests.test_all",
    ),
    Option(
        "shared-socket",
        "addresses",
        By.START,
        "An address for http, http-socket or socket to name by its place: `=0` is the first.",
        aliases=("undeferred-shared-socket",),
        difference="Made for ports below 1024 in uWSGI; here every address is bound before uid "
        "counts. One that nobody names is not bound.",
        test=_TESTS + "ManyTests.test_shared",
    ),
    Option(
        "abstract-socket",
        "flag",
        By.START,
        "UNIX sockets have no files: `/run/a.sock` is `@/run/a.sock`.",
        short="a",
        test=_TESTS + "KindTests.test_abstract",
    ),
    Option(
        "reuse-port",
        "flag",
        By.START,
        "Another instance that says so, too, may listen at the same ports (SO_REUSEPORT).",
        difference="In both the processes of one instance share one socket, so that nothing "
        "changes for these.",
        test=_TESTS + "KindTests.test_reuse_port",
    ),
    Option(
        "freebind",
        "flag",
        By.START,
        "Binds addresses that this machine does not have yet (IP_FREEBIND).",
        test=_TESTS + "KindTests.test_freebind",
    ),
    Option(
        "so-keepalive",
        "flag",
        By.START,
        "The kernel looks whether silent clients are still there (SO_KEEPALIVE).",
        difference="Of http, too.",
        test=_TESTS + "KindTests.test_accepted",
    ),
    Option(
        "tcp-nodelay",
        "flag",
        By.MASTER,
        "What is sent leaves at once (TCP_NODELAY).",
        difference="Always so here, whatever it says.",
        always="TCP_NODELAY is always on",
        test="tests.control.test_listening.ListeningTests.test_the_children_get_what_they_need",
    ),
    Option(
        "no-defer-accept",
        "flag",
        By.START,
        "Workers are woken by each connection, and not only when its first bytes have come "
        "(TCP_DEFER_ACCEPT).",
        test="tests.control.test_tuning.TuningTests.test_defer_accept",
    ),
    Option(
        "tcp-fast-open",
        "number",
        By.START,
        "How many connections may bring their first bytes with their first packet "
        "(TCP_FASTOPEN); 0: none.",
        aliases=("tcp-fastopen",),
        test="tests.control.test_tuning.TuningTests.test_fast_open",
    ),
    Option(
        "socket-sndbuf",
        "number",
        By.START,
        "Bytes that the kernel keeps of what a client has not taken (SO_SNDBUF); 0: as it likes.",
        difference="Of http, too; not of UNIX sockets.",
        test=_TESTS + "KindTests.test_accepted",
    ),
    Option(
        "socket-rcvbuf",
        "number",
        By.START,
        "Bytes that the kernel keeps of what a client has sent (SO_RCVBUF); 0: as it likes.",
        difference="Of http, too; not of UNIX sockets.",
        test=_TESTS + "KindTests.test_accepted",
    ),
    Option(
        "so-send-timeout",
        "number",
        By.BOTH,
        "Seconds that a client may take nothing of its response before it is cut; "
        "0: as socket-timeout, or http-timeout, has it.",
        aliases=("socket-send-timeout", "so-write-timeout", "socket-write-timeout"),
        difference="SO_SNDTIMEO in uWSGI, whose sockets do not block, so that nothing comes of it.",
        test=_TESTS + "KindTests.test_send_timeout",
    ),
    Option(
        "enable-proxy-protocol",
        "flag",
        By.START,
        "Connections to http-socket may begin with a line that says who the client is "
        "(the PROXY protocol, version 1): for a balancer in front, as anybody may send it.",
        difference="A line that is none is refused with 400.",
        test=_TESTS + "ProxyTests.test_worker",
    ),
    Option(
        "http-enable-proxy-protocol",
        "flag",
        By.START,
        "The same for http.",
        test=_TESTS + "ProxyTests.test_frontend",
    ),
    Option(
        "http-auto-chunked",
        "flag",
        By.MASTER,
        "Responses of unknown length are chunked, so that their connections are kept.",
        difference="Always so here, whatever it says.",
        always="a response of unknown length is always chunked",
        test="tests.wire.test_response.EncoderTests.test_chunked",
    ),
    Option(
        "http-chunked-input",
        "flag",
        By.MASTER,
        "Applications can read chunked requests.",
        difference="Always so here, by wsgi.input, whatever it says.",
        always="wsgi.input always has the body, chunked or not",
        test="tests.behaviour.test_clients.HttpClientTests.test_chunked_upload",
    ),
    Option(
        "http-raw-body",
        "flag",
        By.MASTER,
        "Applications get chunked bodies.",
        difference="Always so here, by wsgi.input, whatever it says; as they were sent in uWSGI.",
        always="wsgi.input always has the body, chunked or not",
        test="tests.behaviour.test_clients.HttpClientTests.test_chunked_upload",
    ),
    Option(
        "http-manage-expect",
        "keepalive",
        By.MASTER,
        "Clients that wait for `100 Continue` get it.",
        difference="Always so here, whatever it says; a number above 1 is what limit-post is for.",
        always="who waits for 100 Continue gets it",
        test="tests.behaviour.test_clients.HttpClientTests.test_expect",
    ),
)
