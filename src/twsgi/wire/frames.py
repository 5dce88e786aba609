"""What a frontend and a worker say to each other over a link.

A link is a stream that carries one request at a time: the frontend sends a request, the worker
answers with response frames, the last of which has L{LAST} set; then the link is idle again,
which is the frontend's leave to send the next.

A request's frame is a head of 24 bytes, the CGI variables, and the body.  The head says since when
the request waits: the clock (C{time.monotonic_ns}) is the same in all processes of a system.  A
body that was spooled to a file travels as the file's descriptor: the worker asks for it
(L{WANT_BODY}), and the frontend answers with one byte that carries it.  A response's frame is a
head of 8 bytes and bytes for the client, ready as they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from struct import Struct

from twsgi.errors import FrameError

_REQUEST = Struct("<BBHIQQ")
_RESPONSE = Struct("<BBHI")
_FILE = Struct("<QQ")
REQUEST_HEAD = _REQUEST.size
RESPONSE_HEAD = _RESPONSE.size

# Kinds of frame.  REQUEST, CANCEL, WANT_FILE, CLOSED go to the worker, the others to the frontend.
REQUEST, RESPONSE, RETIRE, WANT_BODY, BOUNCE, FILE, CANCEL, WANT_FILE, CLOSED = range(1, 10)
#: What may come behind a request, or, too late, before the next one.
NOTES = (CANCEL, CLOSED)

# Flags of a request.
KEEP_ALIVE, HEAD, HTTP11, SPOOLED = 1, 2, 4, 8
# Flags of a response: it ends here; the client's connection is closed after it; it was cut short.
LAST, CLOSE, CUT = 1, 2, 4

#: Variables are bounded by buffer-size; a frame that claims more is none.
VARIABLES_LIMIT = 16 * 1024 * 1024
_SEPARATOR = "\0"


def encode_variables(environ: dict[str, str]) -> bytes:
    """The CGI variables as bytes; no name or value holds a NUL."""
    return _SEPARATOR.join(chain.from_iterable(environ.items())).encode("latin-1")


def decode_variables(data: bytes) -> dict[str, str]:
    """
    What L{encode_variables} was given.

    @raise FrameError: a name without a value.
    """
    words = data.decode("latin-1").split(_SEPARATOR)
    if len(words) % 2:
        raise FrameError("a variable without a value")
    return dict(zip(words[::2], words[1::2], strict=True))


def encode_request(flags: int, variables: bytes, body: bytes, length: int, since: int = 0) -> bytes:
    """
    A request.

    @param body: the body, or nothing where it is L{SPOOLED}.
    @param length: the body's length, spooled or not.
    @param since: monotonic nanoseconds at which it was complete; 0: not known.
    """
    head = _REQUEST.pack(REQUEST, flags, 0, len(variables), length, since)
    return b"".join((head, variables, body))


def encode_cancel() -> bytes:
    """Nobody waits for the response any more; it is to end, in whatever way."""
    return _REQUEST.pack(CANCEL, 0, 0, 0, 0, 0)


def encode_closed() -> bytes:
    """The client will send no more.  It may be gone, or wait for its response, which goes on."""
    return _REQUEST.pack(CLOSED, 0, 0, 0, 0, 0)


def encode_want_file() -> bytes:
    """Now the descriptor of the file that was offered."""
    return _REQUEST.pack(WANT_FILE, 0, 0, 0, 0, 0)


def encode_file(flags: int, offset: int, count: int) -> bytes:
    """
    The rest of the response is a part of a file, whose descriptor comes when it is asked for.
    """
    return _RESPONSE.pack(FILE, flags, 0, _FILE.size) + _FILE.pack(offset, count)


def decode_file(data: bytes) -> tuple[int, int]:
    """What L{encode_file} was given: offset and count."""
    offset, count = _FILE.unpack(data)
    return offset, count


def decode_request_head(data: bytes) -> tuple[int, int, int, int]:
    """
    @param data: at least L{REQUEST_HEAD} bytes.
    @return: flags, the length of the variables, the length of the body, since when it waits.
    @raise FrameError: this is no request.
    """
    kind, flags, _, variables, length, since = _REQUEST.unpack_from(data)
    if kind != REQUEST or variables > VARIABLES_LIMIT:
        raise FrameError(f"not a request: kind {kind}, {variables} bytes of variables")
    return flags, variables, length, since


def encode_response(flags: int, data: bytes) -> bytes:
    """Bytes for the client."""
    return _RESPONSE.pack(RESPONSE, flags, 0, len(data)) + data


def encode_response_head(flags: int, length: int) -> bytes:
    """What comes before C{length} bytes for the client that are sent apart, for they are many."""
    return _RESPONSE.pack(RESPONSE, flags, 0, length)


def encode_signal(kind: int) -> bytes:
    """A frame that says nothing but its kind: RETIRE, WANT_BODY, BOUNCE."""
    return _RESPONSE.pack(kind, 0, 0, 0)


class ResponseDecoder:
    """Takes the worker's half of a link apart; bytes for the client are passed on as they come."""

    __slots__ = ("_buffer", "_flags", "_left")

    def __init__(self) -> None:
        self._buffer = b""
        self._left = 0
        self._flags = 0

    def whole(self, data: bytes) -> int:
        """
        The usual case told apart, for it needs no more: C{data} is one frame of bytes for the
        client, whole and alone.

        @return: its flags, -1: L{feed} has to look.
        """
        if len(data) < RESPONSE_HEAD or self._left or self._buffer:
            return -1
        kind, flags, _, length = _RESPONSE.unpack_from(data)
        return flags if kind == RESPONSE and length == len(data) - RESPONSE_HEAD else -1

    def feed(self, data: bytes) -> Iterable[tuple[int, int, bytes]]:
        """
        Takes bytes in any pieces.

        @return: kind, flags and bytes.  Where a frame comes in pieces so do its bytes, and the
            last piece alone has its flags.
        @raise FrameError: these are no frames.
        """
        if self._buffer:
            data = self._buffer + data
            self._buffer = b""
        position, end = 0, len(data)
        while position < end:
            if self._left:
                taken = min(self._left, end - position)
                self._left -= taken
                piece = data[position : position + taken]
                position += taken
                yield RESPONSE, 0 if self._left else self._flags, piece
                continue
            if end - position < RESPONSE_HEAD:
                self._buffer = data[position:]
                return
            kind, flags, _, length = _RESPONSE.unpack_from(data, position)
            if not RESPONSE <= kind <= FILE or (length and kind not in (RESPONSE, FILE)):
                raise FrameError(f"not a frame of a worker's: kind {kind}")
            if kind == FILE:
                start, stop = position + RESPONSE_HEAD, position + RESPONSE_HEAD + _FILE.size
                if length != _FILE.size:
                    raise FrameError("a file without its place")
                if end < stop:
                    self._buffer = data[position:]
                    return
                position = stop
                yield kind, flags, data[start:stop]
                continue
            position += RESPONSE_HEAD
            if length:
                self._left, self._flags = length, flags
            else:
                yield kind, flags, b""
