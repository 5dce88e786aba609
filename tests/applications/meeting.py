"""
A WSGI application in which requests meet, wait for the test, or misbehave, as their path says.

It stands alone, so that a test can put it into C{code/app.py}.  What is not in the table of pages
is answered 404.  Every answer carries C{X-App: PID}, by which a test tells an answer of the
application's from one of the server's own.

Requests find each other, across processes, by files in the directory that the environment
variable C{MEET_DIRECTORY} names.  Whatever waits gives up after L{PATIENCE} seconds with a 504, so
that a test fails rather than hangs.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import sys
import tempfile
import time

#: Seconds after which a request that waits gives up.
PATIENCE = 20.0
#: Seconds between two looks.
LOOK = 0.01
#: What C{/stream} sends, a piece at a time.
PIECES = [b"one ", b"two ", b"three ", b"four ", b"five"]


def application(environ, start_response):
    """The WSGI callable."""
    asked = environ["PATH_INFO"]
    page = path if asked.startswith("/path/") else PAGES.get(asked, missing)
    status, headers, body = page(environ)
    start_response(status, [*headers, ("X-App", str(os.getpid()))])
    return body


def text(value, status="200 OK"):
    """An answer of one piece, with its length."""
    body = value if isinstance(value, bytes) else str(value).encode("utf-8", "backslashreplace")
    headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))]
    return status, headers, [body]


def late():
    """What a request that waited too long answers."""
    return text("nobody came", "504 Gateway Timeout")


def missing(environ):
    """There is no such page."""
    return text(f"no page {environ['PATH_INFO']!r}", "404 Not Found")


def hello(environ):
    """C{/}: a greeting."""
    return text("hello from the application")


def pid(environ):
    """C{/pid}: the process."""
    return text(os.getpid())


def path(environ):
    """C{/path}, C{/path/...}: PATH_INFO, as it is."""
    return text(environ["PATH_INFO"])


def env(environ):
    """C{/env}: all of the environ that is plain, as JSON."""
    plain = {k: v for k, v in environ.items() if isinstance(v, (str, int, bool, tuple))}
    return text(json.dumps(plain))


def process(environ):
    """C{/process?NAME}: a variable of the process's environment, its directory and its sys.path."""
    name = environ["QUERY_STRING"]
    return text(json.dumps({"value": os.environ.get(name), "cwd": os.getcwd(), "path": sys.path}))


def meet(environ):
    """C{/meet?N[&KEY]}: answers when N requests with this key are inside at once."""
    number, _, key = environ["QUERY_STRING"].partition("&")
    count = int(number)
    register = os.path.join(directory(), "meet-" + (key or "all"))
    with open(register, "ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(b".")
        file.flush()
        mine = os.fstat(file.fileno()).st_size
    # The requests come in companies of N: this one waits until the last of its own is inside.
    complete = -(-mine // count) * count
    if not becomes_true(lambda: os.path.getsize(register) >= complete):
        return late()
    return text(f"{count} met in {os.getpid()}")


def block(environ):
    """C{/block?NAME}: stays inside until a file C{release-NAME} appears."""
    name = environ["QUERY_STRING"]
    with open(os.path.join(directory(), "inside-" + name), "ab", buffering=0) as file:
        file.write(b"%d\n" % os.getpid())
    released = os.path.join(directory(), "release-" + name)
    if not becomes_true(lambda: os.path.exists(released)):
        return late()
    return text(os.getpid())


def sleep(environ):
    """C{/sleep?SECONDS}: answers afterwards."""
    time.sleep(min(float(environ["QUERY_STRING"]), PATIENCE))
    return text("slept")


def spin(environ):
    """C{/spin?NAME}: as C{/block}; then it never ends, nor lets go of the interpreter's lock."""
    block(environ)
    re.match("(a+)+$", "a" * 64 + "b")
    return text("spun")


def big(environ):
    """C{/big?BYTES}: that many bytes, with their length, in pieces of 64 KiB."""
    size = int(environ["QUERY_STRING"])
    headers = [("Content-Type", "application/octet-stream"), ("Content-Length", str(size))]
    return "200 OK", headers, pieces(size)


def pieces(size):
    """C{size} bytes, 64 KiB at a time."""
    piece = bytes(range(256)) * 256
    while size > 0:
        yield piece[:size]
        size -= len(piece)


def echo(environ):
    """C{/echo}: the body of the request, and its length."""
    body = environ["wsgi.input"].read()
    status, headers, answer = text(body)
    return status, [*headers, ("X-Length", str(len(body)))], answer


def stream(environ):
    """C{/stream}: pieces, without a length."""
    return "200 OK", [("Content-Type", "text/plain")], iter(PIECES)


def endless(environ):
    """C{/endless?NAME}: pieces without an end; a file C{closed-NAME} gets a line by C{close()}."""
    name = environ["QUERY_STRING"]
    return "200 OK", [("Content-Type", "text/plain")], Endless(os.path.join(directory(), name))


class Endless:
    """What C{/endless} returns."""

    def __init__(self, path):
        head, name = os.path.split(path)
        self.closed = os.path.join(head, "closed-" + name)

    def __iter__(self):
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            yield b"x" * 1000
            time.sleep(LOOK)

    def close(self):
        with open(self.closed, "ab", buffering=0) as file:
            file.write(b"%d\n" % os.getpid())


def grow(environ):
    """C{/grow?MEGABYTES}: the process has so much more memory from now on."""
    GROWN.append(b"x" * (int(environ["QUERY_STRING"]) * 1024 * 1024))
    return text(os.getpid())


def fail(environ):
    """C{/raise}: an exception."""
    raise RuntimeError("raised because the test asked for it")


def leave(environ):
    """C{/exit}: the process ends, without a word."""
    os._exit(1)


def fork(environ):
    """
    C{/fork?HOW}: what it forks comes out of here as HOW says; the answer is how that ended, its
    exit code.  C{stream}: it is forked between two pieces.
    """
    how = environ["QUERY_STRING"]
    if how == "stream":
        return "200 OK", [("Content-Type", "text/plain")], forking()
    child = os.fork()
    if not child:
        if how == "exit":
            raise SystemExit(3)
        if how == "raise":
            raise RuntimeError("raised by what was forked")
        return text("answered by what was forked")
    return text(ended(child))


def forking():
    """Pieces; what is forked between them goes on with them."""
    yield b"ended: "
    child = os.fork()
    yield str(ended(child)).encode() if child else b"by what was forked"


def ended(child):
    """The exit code of a forked process."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def becomes_true(condition):
    """Looks until C{condition()} is true; False: it did not become so in time."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(LOOK)
    return True


def directory():
    """Where the requests find each other."""
    found = os.environ.get("MEET_DIRECTORY") or os.path.join(tempfile.gettempdir(), "meeting")
    os.makedirs(found, exist_ok=True)
    return found


#: What C{/grow} keeps.
GROWN = []

PAGES = {
    "/": hello,
    "/pid": pid,
    "/path": path,
    "/env": env,
    "/process": process,
    "/meet": meet,
    "/block": block,
    "/sleep": sleep,
    "/spin": spin,
    "/big": big,
    "/echo": echo,
    "/stream": stream,
    "/endless": endless,
    "/grow": grow,
    "/raise": fail,
    "/exit": leave,
    "/fork": fork,
}

#: A test that needs an application that is slow to load says so.
time.sleep(float(os.environ.get("MEET_IMPORT_SECONDS", "0")))
