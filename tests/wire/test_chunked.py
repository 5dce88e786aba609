"""L{twsgi.wire.chunked}: RFC 9112, 7.1, and what was ever done with it (classes S9 to S12)."""

from __future__ import annotations

import itertools
from time import process_time

from hypothesis import example, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from twsgi.errors import HTTPError
from twsgi.wire.chunked import EXTENSIONS_LIMIT, LINE_LIMIT, TRAILERS_LIMIT, ChunkedDecoder

#: What is fed to a decoder, its body, and what is left behind it.
GOOD = [
    (b"0\r\n\r\n", b"", b""),
    (b"3\r\nabc\r\n0\r\n\r\n", b"abc", b""),
    (b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\nGET", b"abcde", b"GET"),
    (b"3\r\n\r\n\n\r\n0\r\n\r\n\r\n", b"\r\n\n", b"\r\n"),
    (b"a\r\n0123456789\r\n0\r\n\r\n", b"0123456789", b""),
    (b"A\r\n0123456789\r\n000\r\n\r\n", b"0123456789", b""),
    (b"000000000000003\r\nabc\r\n0\r\n\r\n", b"abc", b""),
    (b"3;a\r\nabc\r\n0;b=c\r\n\r\n", b"abc", b""),
    (b'3 ; a="b;c"\r\nabc\r\n0\r\n\r\n', b"abc", b""),
    (b'3\t;a = "\\"\xff\t" ;b=c;d\r\nabc\r\n0\r\n\r\n', b"abc", b""),
    (b"0\r\nA: b\r\nContent-Length: 9\r\nHost: x\r\n\r\nx", b"", b"x"),
]

BAD = [
    b"0x3\r\nabc\r\n",
    b"+3\r\nabc\r\n",
    b"-3\r\nabc\r\n",
    b"0_3\r\nabc\r\n",
    b" 3 \r\nabc\r\n",
    b"3 \r\nabc\r\n",
    b"3\t\r\nabc\r\n",
    b"3;\r\nabc\r\n",
    b"3;;a\r\nabc\r\n",
    b"3;=b\r\nabc\r\n",
    b"3;a=\r\nabc\r\n",
    b"3;a \r\nabc\r\n",
    b"3;a b\r\nabc\r\n",
    b'3;a="b\r\nabc\r\n',
    b'3;a="b\\"\r\nabc\r\n',
    b'3;a="b"c\r\nabc\r\n',
    b"3;\xe9\r\nabc\r\n",
    b"\t3\r\nabc\r\n",
    b"3g\r\nabc\r\n",
    b"3,a\r\nabc\r\n",
    b"\r\n",
    b";a\r\nabc\r\n",
    b"\xb3\r\nabc\r\n",
    b"10000000000000003\r\nabc\r\n",
    b"0000000000000003\r\nabc\r\n",
    b"3\nabc\r\n",
    b"3\rabc\r\n0\r\n\r\n",
    b"\n",
    b"3;a\nb\r\nabc\r\n",
    b"3;a\rb\r\nabc\r\n",
    b"3;a\0\r\nabc\r\n",
    b"3;a\r\r\nabc\r\n",
    b"3\r\nabcXX0\r\n\r\n",
    b"3\r\nabc\n0\r\n\r\n",
    b"3\r\nabc\rX",
    b"3\r\nabcX",
    b"3\r\nabcd\r\n0\r\n\r\n",
    b"0\r\nA : b\r\n\r\n",
    b"0\r\nA\r\n\r\n",
    b"0\r\n: a\r\n\r\n",
    b"0\r\nA: b\r\n c\r\n\r\n",
    b"0\r\nA: \0\r\n\r\n",
    b"0\r\nA: b\n\r\n",
    b"0\r\n\n",
    b"0\r\nX\rY\r\n\r\n",
]


_TOKENS = st.lists(st.sampled_from(b"!#$%&'*+-.^_`|~09AZaz"), min_size=1, max_size=4).map(bytes)
_BLANKS = st.sampled_from([b"", b" ", b"\t "])
_QUOTED = st.lists(
    st.sampled_from([b"a", b";", b"=", b" ", b"\t", b"\xff", b'\\"', b"\\\\", b"\\a"]), max_size=4
).map(lambda parts: b'"' + b"".join(parts) + b'"')
_VALUES = st.tuples(_BLANKS, st.just(b"="), _BLANKS, _TOKENS | _QUOTED).map(b"".join)
#: RFC 9112, 7.1.1 and 7.1.2.
_EXTENSIONS = st.lists(
    st.tuples(_BLANKS, st.just(b";"), _BLANKS, _TOKENS, _VALUES | st.just(b"")).map(b"".join),
    max_size=3,
).map(b"".join)
_TRAILERS = st.tuples(
    _TOKENS, st.just(b":"), _BLANKS, _TOKENS | st.just(b""), _BLANKS, st.just(b"\r\n")
).map(b"".join)


def fed(pieces: list[bytes]) -> tuple[bytes, bytes] | None:
    """
    The body of C{pieces} and the rest, or None where there is no end to it; bytes that come after
    the end are the rest.
    """
    decoder = ChunkedDecoder()
    body: list[bytes] = []
    for number, piece in enumerate(pieces):
        body += decoder.feed(piece)
        if decoder.done:
            return b"".join(body), decoder.rest + b"".join(pieces[number + 1 :])
    return None


def outcome(pieces: list[bytes]) -> object:
    """As L{fed}, and the status of a refusal."""
    try:
        return fed(pieces)
    except HTTPError as error:
        return error.status


def split(data: bytes, cuts: list[int]) -> list[bytes]:
    """C{data} cut at C{cuts}, empty pieces left out."""
    ends = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    return [data[one:two] for one, two in itertools.pairwise(ends)]


def encoded(chunks: list[bytes], extension: bytes = b"") -> bytes:
    """A chunked body."""
    return b"".join(b"%x%b\r\n%b\r\n" % (len(one), extension, one) for one in chunks if one)


class ChunkedTests(SynchronousTestCase):
    """The decoder."""

    def test_good(self) -> None:
        """A body is decoded, whole or byte by byte; what comes after it is the rest."""
        for data, body, rest in GOOD:
            self.assertEqual(fed([data]), (body, rest), data)
            self.assertEqual(fed([data[at : at + 1] for at in range(len(data))]), (body, rest))

    def test_bad(self) -> None:
        """What is no chunk is refused with 400, whole or byte by byte."""
        for data in BAD:
            self.assertEqual(outcome([data]), 400, data)
            self.assertEqual(outcome([data[at : at + 1] for at in range(len(data))]), 400, data)

    def test_unfinished(self) -> None:
        """What is still on its way is neither done nor refused, and known bytes are passed on."""
        for data, body, rest in GOOD:
            for end in range(len(data) - len(rest)):
                decoder = ChunkedDecoder()
                pieces = decoder.feed(data[:end])
                self.assertFalse(decoder.done, data[:end])
                self.assertTrue(body.startswith(b"".join(pieces)))
        self.assertEqual(ChunkedDecoder().feed(b"5\r\nabc"), [b"abc"])

    def test_line_limit(self) -> None:
        """A size line of 4096 bytes is taken, a longer one refused, ended or not."""
        long = b"3;" + b"a" * (LINE_LIMIT - 3)
        self.assertEqual(fed([long + b"\r\nabc\r\n0\r\n\r\n"]), (b"abc", b""))
        self.assertEqual(outcome([b"a" + long + b"\r\nabc\r\n0\r\n\r\n"]), 400)
        self.assertEqual(outcome([long + b"aa"]), 400)
        self.assertIsNone(outcome([long]))

    def test_extensions_limit(self) -> None:
        """Extensions are bounded all together; chunks without any are not."""
        extension = b";" + b"a" * 99
        count = EXTENSIONS_LIMIT // len(extension)
        good = encoded([b"x"] * count, extension)
        self.assertEqual(fed([good + b"0\r\n\r\n"]), (b"x" * count, b""))
        self.assertEqual(outcome([good + encoded([b"x"], extension) + b"0\r\n\r\n"]), 400)
        self.assertEqual(fed([encoded([b"x"] * 20000) + b"0\r\n\r\n"]), (b"x" * 20000, b""))

    def test_trailers_limit(self) -> None:
        """Trailers are bounded all together, whatever the extensions were."""
        line = b"A: " + b"b" * 97 + b"\r\n"
        count = TRAILERS_LIMIT // (len(line) - 2)
        start = encoded([b"x"], b";" + b"a" * 4000) * 4 + b"0;" + b"a" * 300 + b"\r\n"
        self.assertEqual(fed([start + line * count + b"\r\n"]), (b"xxxx", b""))
        self.assertEqual(outcome([start + line * (count + 1) + b"\r\n"]), 400)

    def test_tiny_chunks(self) -> None:
        """
        A megabyte of chunks of one byte costs no copy of what is buffered for each of them: at
        most a few times what the same in sixteen pieces costs.
        """
        data = encoded([b"a"] * 30000) + b"0\r\n\r\n"
        copied = 0

        class Counting(bytes):
            def __getitem__(self, key: object) -> bytes:  # type: ignore[override]
                nonlocal copied
                found = bytes.__getitem__(self, key)  # type: ignore[index]
                copied += len(found) if isinstance(key, slice) else 1
                return Counting(found) if isinstance(key, slice) else found  # type: ignore[return-value]

        self.assertEqual(len(b"".join(ChunkedDecoder().feed(Counting(data)))), 30000)
        self.assertLess(copied, 3 * len(data))

    @settings(deadline=None, max_examples=150)
    @given(
        st.lists(st.binary(min_size=1, max_size=30), max_size=6),
        st.binary(max_size=8),
        st.lists(st.integers(0, 10**6), max_size=8),
    )
    def test_round_trip(self, chunks: list[bytes], rest: bytes, cuts: list[int]) -> None:
        """Chunks come back in any pieces; what follows them is the rest."""
        data = encoded(chunks) + b"0\r\n\r\n" + rest
        self.assertEqual(fed(split(data, cuts)), (b"".join(chunks), rest))

    @settings(deadline=None, max_examples=150)
    @given(
        st.lists(st.tuples(st.binary(min_size=1, max_size=9), _EXTENSIONS), max_size=4),
        _EXTENSIONS,
        st.lists(_TRAILERS, max_size=3),
        st.lists(st.integers(0, 10**6), max_size=8),
    )
    def test_grammar(
        self,
        chunks: list[tuple[bytes, bytes]],
        last: bytes,
        trailers: list[bytes],
        cuts: list[int],
    ) -> None:
        """Extensions and trailers of RFC 9112's grammar are taken, and change no body."""
        data = b"".join(encoded([chunk], extension) for chunk, extension in chunks)
        data += b"0" + last + b"\r\n" + b"".join(trailers) + b"\r\nnext"
        self.assertEqual(fed(split(data, cuts)), (b"".join(chunk for chunk, _ in chunks), b"next"))

    def test_linear(self) -> None:
        """No line costs more than it is long: lines at the limit, for which trying would do."""
        for unit in (b" ", b";", b";a", b"; a ", b";a=b", b';a="b"', b"a", b'"', b'\\"', b"; a = "):
            for start in (b"3", b"3;a", b'3;a="', b"3;a="):
                line = (start + unit * LINE_LIMIT)[: LINE_LIMIT - 2]
                before = process_time()
                self.assertEqual(outcome([line + b"\0\r\n"]), 400)
                self.assertLess(process_time() - before, 0.5, line[:20])

    @settings(deadline=None, max_examples=300)
    @given(
        st.one_of(
            st.binary(max_size=40),
            st.lists(st.sampled_from(b"0123af;:= \t\r\n\0AB"), max_size=40).map(bytes),
            st.lists(
                st.sampled_from(
                    [b"3\r\nabc\r\n", b"0\r\n", b"\r\n", b"\n", b"A: b\r\n", b"1;x", b"z"]
                ),
                max_size=10,
            ).map(b"".join),
        ),
        st.lists(st.integers(0, 10**6), max_size=8),
    )
    @example(b"3\r\nabc\r", [8])
    def test_any_bytes(self, data: bytes, cuts: list[int]) -> None:
        """Only an L{HTTPError} is ever raised, and how bytes are cut never changes the outcome."""
        self.assertEqual(outcome(split(data, cuts)), outcome([data]))
