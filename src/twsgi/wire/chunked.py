"""The chunked transfer coding, received (RFC 9112, 7.1)."""

from __future__ import annotations

from twsgi.errors import HTTPError
from twsgi.wire.grammar import CHUNK_EXTENSION, CHUNK_SIZE, FIELD_LINE

#: Bytes of a chunk's size line, of all extensions together, and of all trailers together.
LINE_LIMIT = 4096
EXTENSIONS_LIMIT = 16384
TRAILERS_LIMIT = 16384


class ChunkedDecoder:
    """
    Takes a chunked body apart.

    @ivar done: the last chunk and the trailers are through.
    @ivar rest: what came after the body; the next request's bytes.
    """

    def __init__(self) -> None:
        self.done = False
        self.rest = b""
        self._buffer = b""
        self._left = 0
        self._overhead = 0
        self._state = self._size_line

    def feed(self, data: bytes) -> list[bytes]:
        """
        Takes bytes as they come, in any pieces.

        @return: the pieces of the body that became known.
        @raise HTTPError: 400: these are no chunks; or extensions or trailers go on for too long.
        """
        self._buffer = self._buffer + data if self._buffer else data
        pieces: list[bytes] = []
        while self._state(pieces):
            pass
        if self.done:
            self.rest, self._buffer = self._buffer, b""
        return pieces

    def _line(self) -> bytes | None:
        """The next line without its CRLF, or None if it is not there yet."""
        end = self._buffer.find(b"\n")
        if end < 0:
            if len(self._buffer) > LINE_LIMIT:
                raise HTTPError(400, "over-long line in a chunked body")
            return None
        if end == 0 or self._buffer[end - 1] != 13 or end > LINE_LIMIT:
            raise HTTPError(400, "malformed line in a chunked body")
        line, self._buffer = self._buffer[: end - 1], self._buffer[end + 1 :]
        return line

    def _size_line(self, pieces: list[bytes]) -> bool:
        line = self._line()
        if line is None:
            return False
        size = CHUNK_SIZE.match(line)
        if size is None or CHUNK_EXTENSION.match(line, size.end()) is None:
            raise HTTPError(400, f"malformed chunk size: {line[:60]!r}")
        self._count_overhead(len(line) - size.end(), EXTENSIONS_LIMIT)
        self._left = int(size[0], 16)
        if self._left:
            self._state = self._data
        else:
            self._overhead = 0
            self._state = self._trailer
        return True

    def _data(self, pieces: list[bytes]) -> bool:
        buffer, left = self._buffer, self._left
        if not buffer:
            return False
        if len(buffer) < left:
            pieces.append(buffer)
            self._left = left - len(buffer)
            self._buffer = b""
            return False
        pieces.append(buffer[:left])
        self._buffer = buffer[left:]
        self._state = self._data_end
        return True

    def _data_end(self, pieces: list[bytes]) -> bool:
        if len(self._buffer) < 2:
            if self._buffer and self._buffer != b"\r":
                raise HTTPError(400, "no CRLF after a chunk")
            return False
        if not self._buffer.startswith(b"\r\n"):
            raise HTTPError(400, "no CRLF after a chunk")
        self._buffer = self._buffer[2:]
        self._state = self._size_line
        return True

    def _trailer(self, pieces: list[bytes]) -> bool:
        """Trailers are checked, bounded and dropped; they never become header fields."""
        line = self._line()
        if line is None:
            return False
        if line:
            self._count_overhead(len(line), TRAILERS_LIMIT)
            if FIELD_LINE.match(line + b"\r\n") is None:
                raise HTTPError(400, f"malformed trailer: {line[:60]!r}")
            return True
        self.done = True
        return False

    def _count_overhead(self, size: int, limit: int) -> None:
        self._overhead += size
        if self._overhead > limit:
            raise HTTPError(400, "chunk extensions or trailers go on for too long")
