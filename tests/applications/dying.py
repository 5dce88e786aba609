"""
A WSGI application whose process dies, by SIGKILL, within requests.

It stands alone, so that a test can put it into C{code/app.py}.  What a request says of itself is in
its query: C{NAME} counts it, in a file of the directory that C{MEET_DIRECTORY} names.
"""

from __future__ import annotations

import hashlib
import os
import signal


def application(environ, start_response):
    """The WSGI callable: dies as its path says, or answers how often, and with what, it was run."""
    page, body = environ["PATH_INFO"], environ["wsgi.input"]
    times = count(environ["QUERY_STRING"])
    if page == "/always" or (page == "/once" and times == 1):
        # Not all of it: who comes next must not begin where this one has stopped.
        body.read(1000)
        die()
    answer = f"{times} {hashlib.sha256(body.read()).hexdigest()}\n".encode()
    start_response("200 OK", [("Content-Length", str(len(answer)))])
    return half(answer) if page == "/half" else [answer]


def half(answer):
    """Something of it, and then nothing more."""
    yield answer[:1]
    die()


def die():
    """As if the system had killed it."""
    os.kill(os.getpid(), signal.SIGKILL)


def count(name):
    """How often this was called with C{name}, in whatever process."""
    with open(os.path.join(os.environ["MEET_DIRECTORY"], f"count-{name}"), "ab") as file:
        file.write(b".")
        file.flush()
        return os.fstat(file.fileno()).st_size
