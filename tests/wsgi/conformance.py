"""
What is expected of each probe of C{tests/applications/probes.py}: PEP 3333, as a table.

The table knows nothing of servers: L{tests.wsgi.test_conformance} asks every sink in memory,
L{tests.behaviour.test_wsgi_probes} asks servers over sockets.
"""

from __future__ import annotations

from dataclasses import dataclass, field

ERROR = b"Internal Server Error\n"
_TRACE = "Traceback (most recent call last)"


@dataclass(frozen=True)
class Expected:
    """
    What a client, and the log, are to see of a probe.

    @ivar body: None: less than was announced, and the client can tell.
    @ivar end: C{kept}: the connection serves the next request; C{closed}: it ends after a whole
        response; C{cut}: the response is not whole.
    @ivar headers: lower-case names and values; None: it is not there.
    @ivar log: what the log has of it; nothing: it has nothing.
    @ivar closed: how often C{close()} is called, None: there is none.
    """

    name: str
    status: int = 200
    body: bytes | None = b""
    end: str = "kept"
    headers: dict[str, str | None] = field(default_factory=dict)
    log: tuple[str, ...] = ()
    closed: int | None = None
    method: str = "GET"
    sent: bytes = b""


def _error(name: str, *log: str, closed: int | None = None) -> Expected:
    """A fault before anything has left: 500, and the traceback."""
    return Expected(name, 500, ERROR, log=(_TRACE, *log), closed=closed, headers={"x-first": None})


def _cut(name: str, *log: str, closed: int | None = 1, trace: bool = True) -> Expected:
    """A fault when something has left."""
    return Expected(name, 200, None, "cut", log=(_TRACE, *log) if trace else log, closed=closed)


def _refused(name: str, *log: str) -> Expected:
    """Status or headers that cannot be sent."""
    return _error(name, "ResponseError", *log)


_LONG = "more body than its Content-Length, 3: cut there"
_HOP = ("connection", "keep-alive", "upgrade", "te", "trailer", "transfer-encoding")
_PROXY = ("proxy-authenticate", "proxy-authorization", "proxy-connection")
_DIGITS = b"0123456789"
_NOWHERE: dict[str, str | None] = {"content-length": None, "transfer-encoding": None}

TABLE: tuple[Expected, ...] = (
    # Nothing wrong with them.
    Expected("valid", body=b"GET "),
    Expected("valid", body=b"POST abc", method="POST", sent=b"abc"),
    Expected("empty", headers={"content-length": "0"}),
    Expected("no-content", 204, headers=_NOWHERE),
    Expected("no-content-with-body", 204, headers=_NOWHERE),
    Expected("not-modified-with-body", 304, headers={"transfer-encoding": None}),
    Expected("sized", body=b"abcdef", headers={"content-length": "6"}),
    Expected("sized", method="HEAD", headers={"content-length": "6"}),
    Expected("unsized", body=b"abcdef", headers={"content-length": None}),
    Expected("unsized", method="HEAD", headers={"content-length": None}),
    Expected("generator", body=b"ab"),
    Expected("late", 201, b"late"),
    Expected("write", body=b"written and returned"),
    Expected("replaced", 503, b"sorry", headers={"x-first": None}),
    Expected("closes", body=b"ab", closed=1),
    Expected("closes", method="HEAD", closed=1),
    Expected(
        "hop-by-hop", body=b"abc", headers={"x-kept": "1", **dict.fromkeys(_HOP + _PROXY, None)}
    ),
    # Files.
    Expected("file", body=_DIGITS),
    Expected("file", method="HEAD"),
    Expected("file-offset", body=b"456789"),
    Expected("file-part", body=b"456", headers={"content-length": "3"}),
    Expected("file-memory", body=b"456789"),
    Expected("file-memory-part", body=b"012345", headers={"content-length": "6"}),
    Expected("file-pipe", body=_DIGITS),
    Expected("file-gzip", body=_DIGITS),
    Expected("file-closes", body=_DIGITS, closed=1),
    # Status and header fields that cannot be sent.
    *(_refused(f"status-{word}", "malformed status") for word in ("cr", "lf", "nul", "crlf")),
    *(_refused(f"name-{word}", "X-Faulty") for word in ("cr", "lf", "nul", "crlf")),
    *(_refused(f"value-{word}", "header X-Faulty: ") for word in ("cr", "lf", "nul", "crlf")),
    _refused("value-text", "header X-Faulty: "),
    _refused("value-number", "header X-Faulty: "),
    _refused("name-bytes", "X-Faulty"),
    _refused("headers-dict", "headers must be a list"),
    _refused("length-two", "Content-Length"),
    _refused("length-word", "Content-Length"),
    _refused("status-word", "malformed status"),
    _refused("status-bytes", "malformed status"),
    _refused("status-number", "malformed status"),
    _refused("status-interim", "interim status"),
    # Bodies that are none.
    _error("text", "must be bytes", closed=1),
    _cut("text-later", "must be bytes"),
    _error("none", "not iterable"),
    _error("never", "before start_response", closed=1),
    _error("twice", "twice without exc_info"),
    # More and less than was announced.
    Expected("long", body=b"abc", end="closed", log=(_LONG,), headers={"connection": "close"}),
    Expected("long-pieces", body=b"abc", end="closed", log=(_LONG,), closed=1),
    Expected("long-later", body=b"abc", end="closed", log=(_LONG,), closed=1),
    Expected("long-write", body=b"abc", end="closed", log=(_LONG,), closed=1),
    Expected("long", method="HEAD", headers={"content-length": "3"}),
    _cut("short", "6 bytes less body", closed=None, trace=False),
    _cut("short-pieces", "6 bytes less body", trace=False),
    _cut("short-empty", "9 bytes less body", closed=None, trace=False),
    Expected("short-empty", method="HEAD", headers={"content-length": "9"}),
    # Exceptions.
    _error("raises", "RuntimeError: secret of raises"),
    _error("raises-after-start", "RuntimeError: secret of raises-after-start"),
    _error("raises-first", "RuntimeError: secret of raises-first", closed=1),
    _error("raises-exit", "SystemExit: secret of raises-exit"),
    _cut("raises-later", "RuntimeError: secret of raises-later"),
    _cut("raises-later-sized", "RuntimeError: secret of raises-later-sized"),
    _cut("exc-info-later", "RuntimeError: secret of exc-info-later"),
    Expected("close-raises", body=b"abc", closed=1, log=("RuntimeError: secret of close-raises",)),
)

#: No response may have any of it: what an application did not want to say, or said in vain.
HIDDEN = (b"secret", b"evil", b"faulty")
