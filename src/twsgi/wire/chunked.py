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
        # How far the buffer is read: chunks may be tiny, and must not cost a copy of it each.
        self._at = 0
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
        self._buffer, self._at = self._buffer[self._at :], 0
        if self.done:
            self.rest, self._buffer = self._buffer, b""
        return pieces

    def _line(self) -> bytes | None:
        """The next line without its CRLF, or None if it is not there yet."""
        buffer, start = self._buffer, self._at
        end = buffer.find(b"\n", start)
        if end < 0:
            if len(buffer) - start > LINE_LIMIT:
                raise HTTPError(400, "over-long line in a chunked body")
            return None
        if end == start or buffer[end - 1] != 13 or end - start > LINE_LIMIT:
            raise HTTPError(400, "malformed line in a chunked body")
        self._at = end + 1
        return buffer[start : end - 1]

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
        piece = self._buffer[self._at : self._at + self._left]
        if not piece:
            return False
        pieces.append(piece)
        self._at += len(piece)
        self._left -= len(piece)
        if self._left:
            return False
        self._state = self._data_end
        return True

    def _data_end(self, pieces: list[bytes]) -> bool:
        end = self._buffer[self._at : self._at + 2]
        if end != b"\r\n":
            if end not in (b"", b"\r"):
                raise HTTPError(400, "no CRLF after a chunk")
            return False
        self._at += 2
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
