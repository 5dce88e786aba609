"""L{twsgi.wire.frames}: what goes over a link comes out as it went in."""

from __future__ import annotations

import itertools
import struct

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from twsgi.errors import FrameError
from twsgi.wire.frames import (
    BOUNCE,
    CANCEL,
    CLOSE,
    CUT,
    FILE,
    HEAD,
    HTTP11,
    KEEP_ALIVE,
    LAST,
    REQUEST,
    REQUEST_HEAD,
    RESPONSE,
    RETIRE,
    SPOOLED,
    VARIABLES_LIMIT,
    WANT_BODY,
    ResponseDecoder,
    decode_file,
    decode_request_head,
    decode_variables,
    encode_cancel,
    encode_file,
    encode_request,
    encode_response,
    encode_response_head,
    encode_signal,
    encode_variables,
    encode_want_file,
)

_TEXT = st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=10)


#: What begins like a request.
_HEADS = st.builds(
    struct.pack,
    st.just("<BBHIQQ"),
    st.just(REQUEST),
    st.integers(0, 255),
    st.just(0),
    st.integers(0, 2 * VARIABLES_LIMIT),
    st.integers(0, 2**64 - 1),
    st.integers(0, 2**64 - 1),
)


def received(pieces: list[bytes]) -> list[tuple[int, int, bytes]]:
    """
    The frames in C{pieces}, bytes of one response frame joined: flags end a frame only where they
    were sent, so a frame without flags is joined with the next.
    """
    decoder = ResponseDecoder()
    return [frame for piece in pieces for frame in decoder.feed(piece)]


def joined(frames: list[tuple[int, int, bytes]]) -> list[tuple[int, int, bytes]]:
    """Pieces of response frames joined up to the next flags or signal."""
    out: list[tuple[int, int, bytes]] = []
    held = b""
    for kind, flags, data in frames:
        if kind == RESPONSE and not flags:
            held += data
            continue
        if kind != RESPONSE and held:
            out.append((RESPONSE, 0, held))
            held = b""
        out.append((kind, flags, held + data))
        held = b""
    return [*out, (RESPONSE, 0, held)] if held else out


def tolerated(pieces: list[bytes]) -> tuple[list[tuple[int, int, bytes]], bool]:
    """The frames before a fault, and whether there was one."""
    decoder = ResponseDecoder()
    frames: list[tuple[int, int, bytes]] = []
    try:
        for piece in pieces:
            for frame in decoder.feed(piece):
                frames.append(frame)
    except FrameError:
        return joined(frames), True
    return joined(frames), False


class RequestTests(SynchronousTestCase):
    """The frontend's half."""

    @settings(deadline=None, max_examples=100)
    @given(st.dictionaries(_TEXT.map("K".__add__), _TEXT, min_size=1), st.binary(max_size=99))
    def test_round_trip(self, environ: dict[str, str], body: bytes) -> None:
        """Variables, flags, body and beginning come out of a request's frame."""
        flags = KEEP_ALIVE | HEAD | HTTP11
        variables = encode_variables(environ)
        data = encode_request(flags, variables, body, len(body), 2**63)
        self.assertEqual(decode_request_head(data), (flags, len(variables), len(body), 2**63))
        end = REQUEST_HEAD + len(variables)
        self.assertEqual(decode_variables(data[REQUEST_HEAD:end]), environ)
        self.assertEqual(data[end:], body)

    def test_spooled(self) -> None:
        """The length of a body that travels as a file is said, however long."""
        data = encode_request(SPOOLED, b"a\0b", b"", 2**40)
        self.assertEqual(decode_request_head(data), (SPOOLED, 3, 2**40, 0))
        self.assertEqual(len(data), REQUEST_HEAD + 3)

    def test_refused(self) -> None:
        """A frame of another kind, or with more variables than a head can have, is no request."""
        good = bytearray(encode_request(0, b"", b"", 0))
        for kind in (0, RESPONSE, RETIRE, 0x47, 255):
            bad = bytes([kind]) + bytes(good[1:])
            self.assertRaises(FrameError, decode_request_head, bad)
        for size, fails in ((VARIABLES_LIMIT, False), (VARIABLES_LIMIT + 1, True)):
            data = struct.pack("<BBHIQQ", REQUEST, 0, 0, size, 0, 0)
            if fails:
                self.assertRaises(FrameError, decode_request_head, data)
            else:
                self.assertEqual(decode_request_head(data), (0, size, 0, 0))

    def test_cancel(self) -> None:
        """A cancellation is as long as a request's head, and no request."""
        self.assertEqual(len(encode_cancel()), REQUEST_HEAD)
        self.assertEqual(encode_cancel()[0], CANCEL)
        self.assertRaises(FrameError, decode_request_head, encode_cancel())

    @settings(deadline=None, max_examples=150)
    @given(st.binary(min_size=REQUEST_HEAD, max_size=40) | _HEADS)
    def test_any_bytes(self, data: bytes) -> None:
        """Only an L{FrameError} is ever raised; what is taken is what was encoded."""
        try:
            flags, variables, length, since = decode_request_head(data)
        except FrameError:
            pass
        else:
            again = struct.pack("<BBHIQQ", REQUEST, flags, 0, variables, length, since)
            self.assertEqual(decode_request_head(again), (flags, variables, length, since))
        try:
            environ = decode_variables(data)
        except FrameError:
            return
        self.assertEqual(decode_variables(encode_variables(environ)), environ)

    def test_variables_refused(self) -> None:
        """A name without a value is a fault of the frame."""
        for data in (b"", b"a", b"a\0b\0c"):
            self.assertRaises(FrameError, decode_variables, data)


class ResponseTests(SynchronousTestCase):
    """The worker's half."""

    def test_whole(self) -> None:
        """Frames that come whole are passed on as they are."""
        data = (
            encode_signal(WANT_BODY)
            + encode_response(0, b"abc")
            + encode_response(0, b"")
            + encode_signal(RETIRE)
            + encode_response(LAST | CLOSE, b"de")
            + encode_signal(BOUNCE)
            + encode_response(LAST | CLOSE | CUT, b"")
        )
        self.assertEqual(
            received([data]),
            [
                (WANT_BODY, 0, b""),
                (RESPONSE, 0, b"abc"),
                (RESPONSE, 0, b""),
                (RETIRE, 0, b""),
                (RESPONSE, LAST | CLOSE, b"de"),
                (BOUNCE, 0, b""),
                (RESPONSE, LAST | CLOSE | CUT, b""),
            ],
        )

    def test_apart(self) -> None:
        """A frame's head and its bytes may be sent apart."""
        self.assertEqual(encode_response_head(LAST, 3) + b"abc", encode_response(LAST, b"abc"))

    def test_file(self) -> None:
        """Where in a file the rest of a response is comes whole, however the bytes are cut."""
        data = encode_response(0, b"head") + encode_file(LAST, 2**40, 7) + encode_signal(RETIRE)
        for cut in range(len(data) + 1):
            frames = joined(received([data[:cut], data[cut:]]))
            self.assertEqual(
                [frame[:2] for frame in frames], [(RESPONSE, 0), (FILE, LAST), (RETIRE, 0)]
            )
            self.assertEqual(frames[0][2], b"head")
            self.assertEqual(decode_file(frames[1][2]), (2**40, 7))

    def test_file_refused(self) -> None:
        """A file's frame of another size is refused."""
        for size in (0, 8, 17):
            self.assertRaises(FrameError, received, [struct.pack("<BBHI", FILE, LAST, 0, size)])

    def test_questions(self) -> None:
        """What a frontend says that is no request is as long as a request's head."""
        for data in (encode_cancel(), encode_want_file()):
            self.assertEqual(len(data), REQUEST_HEAD)
        self.assertNotEqual(encode_cancel(), encode_want_file())

    def test_pieces(self) -> None:
        """Bytes are passed on as they come; the flags come with the last of them."""
        data = encode_response(LAST, b"abc")
        self.assertEqual(received([data[:-2]]), [(RESPONSE, 0, b"a")])
        self.assertEqual(
            received([data[:-2], data[-2:-1], data[-1:]]),
            [(RESPONSE, 0, b"a"), (RESPONSE, 0, b"b"), (RESPONSE, LAST, b"c")],
        )
        self.assertEqual(received([data[:5]]), [])

    @settings(deadline=None, max_examples=150)
    @given(
        st.lists(
            st.tuples(
                st.just(RESPONSE), st.sampled_from([0, LAST, LAST | CLOSE]), st.binary(max_size=20)
            )
            | st.tuples(st.sampled_from([RETIRE, WANT_BODY, BOUNCE]), st.just(0), st.just(b"")),
            max_size=6,
        ),
        st.lists(st.integers(0, 10**6), max_size=8),
    )
    def test_any_split(self, frames: list[tuple[int, int, bytes]], cuts: list[int]) -> None:
        """However the bytes are cut, the same frames come out."""
        data = b"".join(
            encode_response(flags, body) if kind == RESPONSE else encode_signal(kind)
            for kind, flags, body in frames
        )
        ends = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
        pieces = [data[one:two] for one, two in itertools.pairwise(ends)]
        self.assertEqual(received([data]), frames)
        self.assertEqual(joined(received(pieces)), joined(frames))

    @settings(deadline=None, max_examples=300)
    @given(
        st.binary(max_size=40)
        | st.lists(
            st.sampled_from(
                [
                    encode_signal(RETIRE),
                    encode_response(0, b"ab"),
                    encode_response(LAST, b""),
                    encode_file(LAST, 1, 2),
                    encode_response_head(LAST | CUT, 9),
                    b"\x02",
                    b"\0\0\0",
                    b"\x06\x01\0\0\x09\0\0\0",
                ]
            ),
            max_size=6,
        ).map(b"".join),
        st.lists(st.integers(0, 10**6), max_size=8),
    )
    def test_any_bytes(self, data: bytes, cuts: list[int]) -> None:
        """Only an L{FrameError} is ever raised, and how bytes are cut never changes the outcome."""
        ends = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
        pieces = [data[one:two] for one, two in itertools.pairwise(ends)]
        self.assertEqual(tolerated(pieces), tolerated([data]))

    def test_refused(self) -> None:
        """A frame of no worker's, and a signal with bytes, are refused."""
        for head in (
            struct.pack("<BBHI", 0, 0, 0, 0),
            struct.pack("<BBHI", REQUEST, 0, 0, 0),
            struct.pack("<BBHI", FILE + 1, 0, 0, 0),
            struct.pack("<BBHI", RETIRE, 0, 0, 1),
            b"HTTP/1.1",
        ):
            self.assertRaises(FrameError, received, [head])
            self.assertRaises(FrameError, received, [encode_response(LAST, b"a") + head])
