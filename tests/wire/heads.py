"""Heads of requests, made by hypothesis: valid ones, and ones with a fault."""

from __future__ import annotations

from hypothesis import strategies as st

_TCHAR = b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_VISIBLE = bytes(range(33, 127))
_VALUE = _VISIBLE + bytes(range(128, 256))


def _text(alphabet: bytes, least: int, most: int) -> st.SearchStrategy[bytes]:
    return st.lists(st.sampled_from(alphabet), min_size=least, max_size=most).map(bytes)


#: RFC 9112's method, target and field lines, methods that llhttp knows and does not know.
METHODS = st.sampled_from(
    b"GET POST HEAD PUT OPTIONS CONNECT PRI PLAY SETUP SOURCE QUERY get FOO M-SEARCH".split()
) | _text(_TCHAR, 1, 8)
TARGETS = _text(_VISIBLE, 0, 20).map(b"/".__add__) | st.sampled_from(
    [b"*", b"http://a/b", b"http://a", b"a:1", b"/%zz", b"//a", b"/a#b"]
)
_BLANKS = st.sampled_from([b"", b" ", b"\t", b"  \t"])
_WORDS = st.lists(_text(_VALUE, 1, 6), max_size=3).map(b" ".join)

#: Fields that mean something to one parser or the other.
_KNOWN = st.sampled_from(
    [
        (b"Host", b"a"),
        (b"Host", b""),
        (b"Connection", b"close"),
        (b"Connection", b"keep-alive"),
        (b"Connection", b"keep-alive, close"),
        (b"Connection", b"upgrade"),
        (b"Proxy-Connection", b"close"),
        (b"Keep-Alive", b"300"),
        (b"Upgrade", b"h2c"),
        (b"Upgrade", b""),
        (b"Content-Length", b"0"),
        (b"Content-Length", b"5"),
        (b"Content-Length", b"+5"),
        (b"Content-Length", b"5, 5"),
        (b"Content-Length", b"99999999999999999999999"),
        (b"Content-Length", b""),
        (b"Transfer-Encoding", b"chunked"),
        (b"Transfer-Encoding", b"gzip, chunked"),
        (b"Transfer-Encoding", b"chunked, identity"),
        (b"Transfer-Encoding", b"identity"),
        (b"Transfer-Encoding", b""),
        (b"Expect", b"100-continue"),
        (b"Cookie", b"a=b"),
        (b"Content_Length", b"1"),
        (b"Proxy", b"x"),
    ]
)
FIELDS = st.lists(_KNOWN | st.tuples(_text(_TCHAR, 1, 8), _WORDS), max_size=6)


@st.composite
def heads(draw: st.DrawFn) -> bytes:
    """A head by RFC 9112's grammar; its meaning may be refused all the same."""
    lines = [
        draw(METHODS) + b" " + draw(TARGETS) + draw(st.sampled_from([b" HTTP/1.1", b" HTTP/1.0"]))
    ]
    for name, value in draw(FIELDS):
        lines.append(name + b":" + draw(_BLANKS) + value + draw(_BLANKS))
    return b"\r\n".join(lines) + b"\r\n\r\n"


@st.composite
def mutated_heads(draw: st.DrawFn) -> bytes:
    """A head with bytes put in, taken out or changed, complete as far as its end goes."""
    head = bytearray(draw(heads())[:-4])
    nasty = st.sampled_from(b'\0\t\n\r\x0b\x0c :,;"_-+0x\x7f\x80\x85\xa0\xff') | st.integers(0, 255)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(head)))
        head[at : at + draw(st.integers(0, 2))] = bytes(draw(st.lists(nasty, max_size=2)))
    # The channel cuts a head at its first empty line.
    return (bytes(head) + b"\r\n\r\n").partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
