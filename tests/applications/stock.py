"""
A stock C{twisted.web} site with a L{WSGIResource} at its root: a process of the behaviour tests'.

C{python stock.py [FILE]}: with a file, which holds a key and a certificate, over TLS and HTTP/2.
Says C{serving PORT}.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.python.threadpool import ThreadPool
from twisted.web.server import Site

from twsgi import WSGIResource

MEGABYTE = b"x" * 1048576


def application(environ: dict[str, Any], start_response: Any) -> Any:
    """C{/300}: as many megabytes; all else: what it was asked."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    path = environ["PATH_INFO"]
    if path == "/300":
        return pieces()
    said = (environ["SERVER_PROTOCOL"], environ["wsgi.url_scheme"], path)
    return [" ".join(said).encode(), environ["wsgi.input"].read()]


def pieces() -> Iterator[bytes]:
    """300 MB."""
    for _ in range(300):
        yield MEGABYTE


def main() -> None:
    """Serves until it is killed, with a pool of its own."""
    pool = ThreadPool(2, 4)
    reactor.callWhenRunning(pool.start)  # type: ignore[attr-defined]
    reactor.addSystemEventTrigger("after", "shutdown", pool.stop)  # type: ignore[attr-defined]
    site: Any = Site(WSGIResource(reactor, pool, application))  # type: ignore[arg-type]
    if sys.argv[1:]:
        from twisted.internet.ssl import PrivateCertificate

        certificate = PrivateCertificate.loadPEM(Path(sys.argv[1]).read_bytes())
        options = certificate.options()
        port = reactor.listenSSL(0, site, options, interface="127.0.0.1")  # type: ignore
    else:
        port = reactor.listenTCP(0, site, interface="127.0.0.1")  # type: ignore
    print("serving", port.getHost().port, flush=True)
    reactor.run()  # type: ignore


if __name__ == "__main__":
    main()
