"""
A WSGI application of many small ones: each does one thing that PEP 3333 allows, or forbids.

C{/NAME} is the probe of that name in L{PROBES}; what is expected of it stands in
C{tests/wsgi/conformance.py}.  A probe tells what happens to it by lines of a file C{probe-NAME} in
the directory that the environment variable C{MEET_DIRECTORY} names.  It needs nothing but the
standard library.
"""

from __future__ import annotations

import gzip
import io
import os
import sys
import tempfile
import threading
import time
from wsgiref.validate import validator

#: Seconds after which a probe that waits gives up.
PATIENCE = 20.0
LOOK = 0.01
TEXT = ("Content-Type", "text/plain")
PROBES = {}


def application(environ, start_response):
    """The WSGI callable."""
    name = environ["PATH_INFO"].strip("/")
    return PROBES.get(name, again)(environ, start_response)


def probe(function):
    """Makes a function a probe: C{after_start} is C{/after-start}."""
    PROBES[function.__name__.replace("_", "-")] = function
    return function


def again(environ, start_response):
    """Any other path."""
    start_response("200 OK", [TEXT, ("Content-Length", "5")])
    return [b"again"]


def note(environ, line):
    """A line for the test to read; in one write, for there may be several threads."""
    name = environ["QUERY_STRING"] or environ["PATH_INFO"].strip("/")
    path = os.path.join(os.environ["MEET_DIRECTORY"], "probe-" + name)
    with open(path, "ab", buffering=0) as file:
        file.write(line.encode() + b"\n")


class Closing:
    """What an application returns; notes each C{close()}."""

    def __init__(self, environ, pieces):
        self.environ = environ
        self.pieces = iter(pieces)

    def __iter__(self):
        return self.pieces

    def close(self):
        note(self.environ, "closed")


def saying(status, headers, *pieces):
    """An application that says this."""

    def says(environ, start_response):
        start_response(status, headers)
        return list(pieces)

    return says


# -- nothing wrong with them


def valid(environ, start_response):
    """Reads its body, notes something, answers."""
    environ["wsgi.errors"].write("noted by a valid application\n")
    environ["wsgi.errors"].flush()
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(length)
    start_response("200 OK", [TEXT])
    return [environ["REQUEST_METHOD"].encode() + b" " + body]


PROBES["valid"] = validator(valid)
PROBES["empty"] = saying("200 OK", [])
PROBES["no-content"] = saying("204 No Content", [])
PROBES["no-content-with-body"] = saying("204 No Content", [("Content-Length", "3")], b"abc")
PROBES["not-modified-with-body"] = saying("304 Not Modified", [("Content-Length", "3")], b"abc")
PROBES["sized"] = saying("200 OK", [TEXT, ("Content-Length", "6")], b"abc", b"def")
PROBES["unsized"] = saying("200 OK", [TEXT], b"abc", b"def")


@probe
def generator(environ, start_response):
    """Pieces, some of them empty."""
    start_response("200 OK", [TEXT])
    yield b"a"
    yield b""
    yield b"b"


@probe
def late(environ, start_response):
    """C{start_response} is called when the first piece is asked for."""
    start_response("201 Created", [TEXT])
    yield b"late"


@probe
def write(environ, start_response):
    """C{write}, then an iterable."""
    send = start_response("200 OK", [TEXT])
    send(b"written ")
    send(b"and ")
    return [b"returned"]


@probe
def replaced(environ, start_response):
    """A second C{start_response}, with exc_info, before anything has left."""
    start_response("200 OK", [TEXT, ("X-First", "1")])
    try:
        raise ValueError("replaced")
    except ValueError:
        start_response("503 Busy", [TEXT], sys.exc_info())
    return [b"sorry"]


@probe
def closes(environ, start_response):
    """Its C{close()} is called."""
    start_response("200 OK", [TEXT])
    return Closing(environ, [b"a", b"b"])


@probe
def hop_by_hop(environ, start_response):
    """Header fields that are the server's."""
    names = ("Connection", "Keep-Alive", "Transfer-Encoding", "Upgrade", "TE", "Trailer")
    names += ("Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection")
    start_response("200 OK", [TEXT, *((name, "chunked") for name in names), ("X-Kept", "1")])
    return [b"abc"]


# -- files


def wrapped(environ, file, start_response, *headers):
    """An application's way to send a file."""
    start_response("200 OK", [TEXT, *headers])
    return environ["wsgi.file_wrapper"](file, 4)


def a_file(offset):
    """A real file, at C{offset}; it has no name, and closes as others do."""
    file = tempfile.TemporaryFile()  # noqa: SIM115
    file.write(b"0123456789")
    file.seek(offset)
    return file


@probe
def file(environ, start_response):
    """A real file."""
    return wrapped(environ, a_file(0), start_response)


@probe
def file_offset(environ, start_response):
    """From where it stands."""
    return wrapped(environ, a_file(4), start_response)


@probe
def file_part(environ, start_response):
    """From where it stands, as far as Content-Length."""
    return wrapped(environ, a_file(4), start_response, ("Content-Length", "3"))


@probe
def file_memory(environ, start_response):
    """No real file, from where it stands."""
    memory = io.BytesIO(b"0123456789")
    memory.seek(4)
    return wrapped(environ, memory, start_response)


@probe
def file_memory_part(environ, start_response):
    """No real file, as far as Content-Length."""
    return wrapped(environ, io.BytesIO(b"0123456789"), start_response, ("Content-Length", "6"))


@probe
def file_pipe(environ, start_response):
    """A pipe."""
    reading, writing = os.pipe()
    os.write(writing, b"0123456789")
    os.close(writing)
    return wrapped(environ, open(reading, "rb"), start_response)


@probe
def file_gzip(environ, start_response):
    """A file whose C{read()} is not what is in it."""
    packed = a_file(0)
    packed.truncate(0)
    packed.write(gzip.compress(b"0123456789"))
    packed.seek(0)
    return wrapped(environ, gzip.GzipFile(fileobj=packed), start_response)


@probe
def file_closes(environ, start_response):
    """A file that is closed."""

    class Noting(io.BytesIO):
        def close(self):
            if not self.closed:
                note(environ, "closed")
            super().close()

    return wrapped(environ, Noting(b"0123456789"), start_response)


# -- faults


def faulty(status="200 OK", headers=(), result=(b"abc",)):
    """An application with a fault in what it says."""

    def says(environ, start_response):
        start_response(status, headers if not isinstance(headers, tuple) else list(headers))
        return Closing(environ, result)

    return says


for _word, _byte in (("cr", "\r"), ("lf", "\n"), ("nul", "\0"), ("crlf", "\r\nX-Evil: yes\r\n")):
    PROBES[f"status-{_word}"] = faulty(f"200 OK{_byte}secret")
    PROBES[f"name-{_word}"] = faulty(headers=[(f"X-Faulty{_byte}secret", "1")])
    PROBES[f"value-{_word}"] = faulty(headers=[("X-Faulty", f"secret{_byte}secret")])
PROBES["value-text"] = faulty(headers=[("X-Faulty", "secret \u20ac")])
PROBES["value-number"] = faulty(headers=[("X-Faulty", 7)])
PROBES["name-bytes"] = faulty(headers=[(b"X-Faulty", "secret")])
PROBES["headers-dict"] = faulty(headers={"X-Faulty": "secret"})
PROBES["length-two"] = faulty(headers=[("Content-Length", "3"), ("Content-Length", "4")])
PROBES["length-word"] = faulty(headers=[("Content-Length", "secret")])
PROBES["status-word"] = faulty("secret")
PROBES["status-bytes"] = faulty(b"200 OK")
PROBES["status-number"] = faulty(200)
PROBES["status-interim"] = faulty("103 Early Hints")
PROBES["text"] = faulty(result=["secret"])
PROBES["text-later"] = faulty(result=[b"abc", "secret"])
PROBES["long"] = saying("200 OK", [TEXT, ("Content-Length", "3")], b"abcsecret")
PROBES["long-pieces"] = faulty(headers=[("Content-Length", "3")], result=[b"ab", b"csecret", b"x"])
PROBES["long-later"] = faulty(headers=[("Content-Length", "3")], result=[b"abc", b"secret"])
PROBES["short"] = saying("200 OK", [TEXT, ("Content-Length", "9")], b"abc")
PROBES["short-pieces"] = faulty(headers=[("Content-Length", "9")], result=[b"ab", b"c"])
PROBES["short-empty"] = saying("200 OK", [("X-Accel-Redirect", "/x"), ("Content-Length", "9")])
PROBES["none"] = lambda environ, start_response: None
PROBES["never"] = lambda environ, start_response: Closing(environ, [b"abc"])


@probe
def long_write(environ, start_response):
    """C{write()} of more than there was to be."""
    send = start_response("200 OK", [TEXT, ("Content-Length", "3")])
    for piece in (b"ab", b"cd", b"secret"):
        send(piece)
    return Closing(environ, [b"secret"])


@probe
def twice(environ, start_response):
    """A second C{start_response}, without exc_info."""
    start_response("200 OK", [TEXT])
    start_response("200 OK", [TEXT])
    return [b"abc"]


@probe
def raises(environ, start_response):
    """Raises when it is called."""
    raise RuntimeError("secret of raises")


@probe
def raises_after_start(environ, start_response):
    """Raises after C{start_response}."""
    start_response("200 OK", [TEXT, ("X-First", "1")])
    raise RuntimeError("secret of raises-after-start")


@probe
def raises_first(environ, start_response):
    """Raises when the first piece is asked for."""

    def pieces():
        raise RuntimeError("secret of raises-first")
        yield b""

    start_response("200 OK", [TEXT])
    return Closing(environ, pieces())


@probe
def raises_later(environ, start_response):
    """Raises when something has left."""

    def pieces():
        yield b"abc"
        raise RuntimeError("secret of raises-later")

    start_response("200 OK", [TEXT])
    return Closing(environ, pieces())


@probe
def raises_later_sized(environ, start_response):
    """Raises when something has left, of a body whose length was said."""

    def pieces():
        yield b"abc"
        raise RuntimeError("secret of raises-later-sized")

    start_response("200 OK", [TEXT, ("Content-Length", "9")])
    return Closing(environ, pieces())


@probe
def raises_exit(environ, start_response):
    """Raises C{SystemExit}."""
    raise SystemExit("secret of raises-exit")


@probe
def exc_info_later(environ, start_response):
    """C{start_response} with exc_info when something has left."""

    def pieces():
        yield b"abc"
        try:
            raise RuntimeError("secret of exc-info-later")
        except RuntimeError:
            start_response("500 Oops", [TEXT], sys.exc_info())
        yield b"secret"

    start_response("200 OK", [TEXT])
    return Closing(environ, pieces())


@probe
def close_raises(environ, start_response):
    """Its C{close()} raises."""

    class Raising(Closing):
        def close(self):
            super().close()
            raise RuntimeError("secret of close-raises")

    start_response("200 OK", [TEXT])
    return Raising(environ, [b"abc"])


# -- clients that leave; the query names the file


def await_client(environ):
    """Until the client is known to be gone, or to have closed its side."""
    deadline = time.monotonic() + PATIENCE
    while not environ["twsgi.client_disconnected"]() and time.monotonic() < deadline:
        time.sleep(LOOK)
    note(environ, f"disconnected {environ['twsgi.client_disconnected']()}")


def write_on(environ, send):
    """Writes until that raises."""
    deadline = time.monotonic() + PATIENCE
    try:
        while time.monotonic() < deadline:
            send(b"x" * 1000)
            time.sleep(LOOK)
    except ConnectionError as error:
        note(environ, f"raised {type(error).__name__}")
        raise


@probe
def connected(environ, start_response):
    """The client is there."""
    told = environ["twsgi.client_disconnected"]()
    start_response("200 OK", [TEXT])
    yield str(told).encode()
    yield b" " + str(environ["twsgi.client_disconnected"]()).encode()


@probe
def awaits(environ, start_response):
    """Waits for the client to leave before it says anything; then answers."""
    note(environ, "inside")
    await_client(environ)
    start_response("200 OK", [TEXT])
    return Closing(environ, [b"answered ", environ["wsgi.input"].read()])


@probe
def awaits_later(environ, start_response):
    """Waits between two pieces; then answers."""
    start_response("200 OK", [TEXT])

    def pieces():
        yield b"first "
        note(environ, "inside")
        await_client(environ)
        yield b"second"

    return Closing(environ, pieces())


@probe
def leaves(environ, start_response):
    """Waits for the client to leave; then writes until that raises."""
    send = start_response("200 OK", [TEXT])
    send(b"first ")
    note(environ, "inside")
    await_client(environ)
    write_on(environ, send)
    return []


@probe
def says(environ, start_response):
    """C{wsgi.errors} without a newline, and with some."""
    environ["wsgi.errors"].write("one\ntwo\nthree of " + environ["QUERY_STRING"])
    start_response("200 OK", [TEXT])
    return [b"said"]


@probe
def long_lines(environ, start_response):
    """Lines of C{wsgi.errors} that are longer than what a pipe takes in one piece."""
    word, count, size = environ["QUERY_STRING"].split("&")
    for number in range(int(count)):
        print(word, number, word * (int(size) // len(word)), "end", file=environ["wsgi.errors"])
    start_response("200 OK", [TEXT])
    return [b"said"]


@probe
def begins(environ, start_response):
    """A thread of its own begins a line of C{wsgi.errors}, and never ends it."""
    thread = threading.Thread(target=environ["wsgi.errors"].write, args=("begun by a thread",))
    thread.start()
    thread.join()
    start_response("200 OK", [TEXT])
    return [b"said"]
