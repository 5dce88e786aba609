"""L{twsgi.wire.head}: what a request's head means, and which are refused."""

from __future__ import annotations

from hypothesis import given, settings
from twisted.trial.unittest import SynchronousTestCase

from tests.wire.heads import mutated_heads
from twsgi.errors import HTTPError
from twsgi.wire import head as head_module
from twsgi.wire.fields import field_parser, parse_fields
from twsgi.wire.head import RequestHead, cgi_name, request_head


def made(line: bytes, *fields: bytes) -> bytes:
    """A head."""
    return b"\r\n".join((line, *fields)) + b"\r\n\r\n"


def read(data: bytes) -> RequestHead:
    """The head, by the parser that serves."""
    return request_head(data, field_parser())


class HeadCase(SynchronousTestCase):
    """What the cases below have in common."""

    def environ(self, *fields: bytes, line: bytes = b"GET / HTTP/1.1") -> dict[str, str]:
        """The variables of a good head."""
        return read(made(line, b"Host: a", *fields)).environ

    def refused(self, data: bytes, status: int = 400) -> HTTPError:
        """Asserts that C{data} is answered with C{status}."""
        for parse in (parse_fields, field_parser()):
            error = self.assertRaises(HTTPError, request_head, data, parse)
            self.assertEqual(error.status, status, data)
        return error


class RequestLineTests(HeadCase):
    """Method, target, version (class S23)."""

    def test_variables(self) -> None:
        """The line becomes PEP 3333's variables."""
        self.assertEqual(
            self.environ(line=b"POST /a%20b?c=%20&d?e HTTP/1.1"),
            {
                "REQUEST_METHOD": "POST",
                "REQUEST_URI": "/a%20b?c=%20&d?e",
                "SERVER_PROTOCOL": "HTTP/1.1",
                "PATH_INFO": "/a b",
                "QUERY_STRING": "c=%20&d?e",
                "HTTP_HOST": "a",
            },
        )

    def test_http10(self) -> None:
        """HTTP/1.0 needs no Host."""
        head = read(made(b"GET / HTTP/1.0"))
        self.assertEqual(head.environ["SERVER_PROTOCOL"], "HTTP/1.0")
        self.assertNotIn("HTTP_HOST", head.environ)
        self.assertFalse(head.http11)

    def test_methods(self) -> None:
        """Any token is a method, in its own case."""
        for method in ("get", "FOO", "M-SEARCH", "PRI", "DESCRIBE", "!#$%&'*+.^_`|~"):
            line = f"{method} / HTTP/1.1".encode()
            self.assertEqual(self.environ(line=line)["REQUEST_METHOD"], method)

    def test_malformed(self) -> None:
        """A line that is not exactly RFC 9112's is refused with 400."""
        for line in (
            b"GET  / HTTP/1.1",
            b"GET /  HTTP/1.1",
            b"GET\t/ HTTP/1.1",
            b"GET /\tHTTP/1.1",
            b" GET / HTTP/1.1",
            b"GET / HTTP/1.1 ",
            b"GET / HTTP/1.1foo",
            b"GET / HTTP/1.",
            b"GET / HTTP/11",
            b"GET / http/1.1",
            b"GET / ICY/1.1",
            b"GET /",
            b"GET",
            b"",
            b"GET / a HTTP/1.1",
            b"G\0T / HTTP/1.1",
            b"G(T / HTTP/1.1",
            b"G\xc9T / HTTP/1.1",
            b" / HTTP/1.1",
            b"GET /\0 HTTP/1.1",
            b"GET /\xff HTTP/1.1",
            b"GET /\x7f HTTP/1.1",
            b"GET / HTTP/1.1\nA: b",
            b"GET / HTTP/1.1\rA: b",
            b"\x16\x03\x01\x02\x00",
        ):
            self.refused(made(line, b"Host: a"))

    def test_version(self) -> None:
        """A version that is not spoken here is answered with 505."""
        for version in (b"0.9", b"1.2", b"2.0", b"9.9"):
            self.refused(made(b"GET / HTTP/" + version, b"Host: a"), 505)

    def test_reason(self) -> None:
        """The reason shows the line, shortened."""
        error = self.refused(made(b"GET " + b"x" * 1000))
        self.assertIn("malformed request line: b'GET xxx", error.reason)
        self.assertLess(len(error.reason), 120)


class TargetTests(HeadCase):
    """PATH_INFO (class S22); the paths are what uWSGI 2.0.31 makes of them."""

    def path(self, target: bytes, method: bytes = b"GET") -> str:
        """PATH_INFO."""
        return self.environ(line=method + b" " + target + b" HTTP/1.1")["PATH_INFO"]

    def test_dot_segments(self) -> None:
        """Dot segments are resolved before percent-decoding; nothing else is touched."""
        for target, path in (
            (b"/a/../b", "/b"),
            (b"/a/..", "/"),
            (b"/a/.", "/a/"),
            (b"/a/b/..", "/a/"),
            (b"/a/b/../", "/a/"),
            (b"/a/./b/../c/", "/a/c/"),
            (b"/../a", "/a"),
            (b"/../../a", "/a"),
            (b"/.", "/"),
            (b"/..", "/"),
            (b"//..", "/"),
            (b"/.//a", "//a"),
            (b"/a//../b", "/a/b"),
            (b"/a/..//b", "//b"),
            (b"///../a", "//a"),
            (b"/a/b//..//c", "/a/b//c"),
            (b"/...", "/..."),
            (b"/..a", "/..a"),
            (b"/a/.b", "/a/.b"),
            (b"/a../b", "/a../b"),
        ):
            self.assertEqual(self.path(target), path, target)

    def test_decoding(self) -> None:
        """Percent-encoding is undone once, as latin-1; what is none stays as it is."""
        for target, path in (
            (b"//a", "//a"),
            (b"/a//b", "/a//b"),
            (b"/a%2fb", "/a/b"),
            (b"/a%2Fb", "/a/b"),
            (b"/%2e%2e/a", "/../a"),
            (b"/a/%2e/b", "/a/./b"),
            (b"/%252e", "/%2e"),
            (b"/%c3%a9", "/\xc3\xa9"),
            (b"/%ff", "/\xff"),
            (b"/a%3fb", "/a?b"),
            (b"/%", "/%"),
            (b"/%zz", "/%zz"),
            (b"/+", "/+"),
        ):
            self.assertEqual(self.path(target), path, target)

    def test_query(self) -> None:
        """QUERY_STRING is raw, after the first question mark; dots in it are its own."""
        for target, path, query in (
            (b"/a?b/../c", "/a", "b/../c"),
            (b"/a/..?x", "/", "x"),
            (b"/a?b?c%20", "/a", "b?c%20"),
            (b"/a?", "/a", ""),
        ):
            environ = self.environ(line=b"GET " + target + b" HTTP/1.1")
            self.assertEqual((environ["PATH_INFO"], environ["QUERY_STRING"]), (path, query))

    def test_absolute_form(self) -> None:
        """An absolute target counts from its path on, and its authority is the Host."""
        for target, path, host in (
            (b"http://b/p", "/p", "b"),
            (b"http://b", "/", "b"),
            (b"http://b:81?q", "/", "b:81"),
            (b"HTTPS://b/a/../c", "/c", "b"),
            (b"http://[::1]:8000/", "/", "[::1]:8000"),
            (b"http://b//c", "//c", "b"),
        ):
            environ = self.environ(line=b"GET " + target + b" HTTP/1.1")
            self.assertEqual((environ["PATH_INFO"], environ["HTTP_HOST"]), (path, host))
            self.assertEqual(environ["REQUEST_URI"], target.decode())

    def test_absolute_form_needs_host(self) -> None:
        """A target with an authority excuses neither no Host, nor two, nor a malformed one."""
        line = b"GET http://b/ HTTP/1.1"
        self.refused(made(line))
        self.refused(made(line, b"Host: a", b"Host: b"))
        self.refused(made(line, b"Host: <b>"))

    def test_asterisk(self) -> None:
        """C{OPTIONS *} asks about the server; any other method may not."""
        self.assertEqual(self.path(b"*", b"OPTIONS"), "*")
        self.refused(made(b"GET * HTTP/1.1", b"Host: a"))

    def test_refused(self) -> None:
        """Any other form is refused; so are fragments, NULs and user names."""
        for target in (
            b"a:1",
            b"p",
            b"?q",
            b"ftp://a/",
            b"http:///p",
            b"http://",
            b"http://u@a/",
            b"http://u:p@a/",
            b"http://a,b/",
            b"http://<b>/",
            b"http://a#f",
            b"http:/a",
            b"/p#frag",
            b"#",
            b"/p?q#frag",
            b"/a%00b",
            b"/%00",
        ):
            self.refused(made(b"GET " + target + b" HTTP/1.1", b"Host: a"))
        self.refused(made(b"CONNECT a:1 HTTP/1.1", b"Host: a"))


class NameTests(HeadCase):
    """Field names as CGI variables (classes S17 and S27)."""

    def test_names(self) -> None:
        """Upper case, C{_} for C{-}, and HTTP_ before all but CONTENT_LENGTH and CONTENT_TYPE."""
        environ = self.environ(b"X-a: 1", b"content-type: t", b"Content-Length: 0", b"a.b!: 2")
        self.assertEqual(environ["HTTP_X_A"], "1")
        self.assertEqual(environ["CONTENT_TYPE"], "t")
        self.assertEqual(environ["CONTENT_LENGTH"], "0")
        self.assertEqual(environ["HTTP_A.B!"], "2")
        self.assertNotIn("HTTP_CONTENT_TYPE", environ)
        self.assertNotIn("HTTP_CONTENT_LENGTH", environ)

    def test_joined(self) -> None:
        """A repeated field is joined by a comma, a cookie by what divides cookies."""
        environ = self.environ(b"A: 1", b"Cookie: a=1", b"a: 2", b"cookie: b=2", b"A:", b"B: \xff")
        self.assertEqual(environ["HTTP_A"], "1,2,")
        self.assertEqual(environ["HTTP_COOKIE"], "a=1; b=2")
        self.assertEqual(environ["HTTP_B"], "\xff")

    def test_underscores(self) -> None:
        """A name with an underscore never reaches the application, alone or beside its twin."""
        plain = self.environ(b"X-Forwarded-For: 1")
        self.assertEqual(self.environ(b"X-Forwarded-For: 1", b"X_Forwarded_For: 6"), plain)
        self.assertEqual(self.environ(b"X_Forwarded-For: 6", b"X-Forwarded-For: 1"), plain)
        self.assertEqual(self.environ(b"X_Auth_User: root"), self.environ())
        self.assertEqual(self.environ(b"Content_Type: x", b"HTTP_HOST: x"), self.environ())

    def test_framing_disguised(self) -> None:
        """The two names that frame a message are refused with an underscore, each time."""
        for name in (b"Content_Length", b"transfer_encoding", b"CONTENT_LENGTH"):
            for _ in range(2):
                self.refused(made(b"GET / HTTP/1.1", b"Host: a", name + b": 0"))

    def test_dropped(self) -> None:
        """Proxy never becomes HTTP_PROXY, and Trailer is not the application's."""
        self.assertEqual(self.environ(b"Proxy: http://evil", b"TRAILER: x"), self.environ())

    def test_disguised_environ(self) -> None:
        """No field can take the place of a variable that the server sets."""
        environ = self.environ(b"Remote-Addr: 1", b"Path-Info: /x", b"Request-Method: X")
        self.assertEqual(environ["PATH_INFO"], "/")
        self.assertEqual(environ["REQUEST_METHOD"], "GET")
        self.assertNotIn("REMOTE_ADDR", environ)

    def test_cache_bounded(self) -> None:
        """Names that clients make up fill no memory without end, and are read all the same."""
        self.patch(head_module, "_names", {})
        self.patch(head_module, "_CACHED_NAMES", 3)
        for number in range(9):
            self.assertEqual(cgi_name(b"x-%d" % number), f"HTTP_X_{number}")
        self.assertEqual(len(head_module._names), 3)


class HostTests(HeadCase):
    """Host (class S25)."""

    def test_good(self) -> None:
        """Names, addresses and ports, and nothing at all, are hosts."""
        for host in ("a", "a.b:8000", "a:", "", "127.0.0.1", "[::1]", "[fe80::1%25eth0]:1", "x_y"):
            environ = read(made(b"GET / HTTP/1.1", b"Host: " + host.encode())).environ
            self.assertEqual(environ["HTTP_HOST"], host)

    def test_refused(self) -> None:
        """None in HTTP/1.1, two, and what is no host, are refused."""
        self.refused(made(b"GET / HTTP/1.1"))
        for fields in (
            [b"Host: a", b"Host: a"],
            [b"Host: a", b"Host: b"],
            [b"Host: a", b"Host:"],
            [b"Host:", b"Host:"],
            [b"Host: a, b"],
            [b"Host: <script>"],
            [b"Host: a/b"],
            [b"Host: a b"],
            [b"Host: u@a"],
            [b"Host: a:b"],
            [b"Host: a:123456"],
            [b"Host: ::1"],
            [b"Host: [::1"],
            [b"Host: a\\b"],
            [b'Host: a"b'],
            [b"Host: \xff"],
        ):
            for version in (b"0", b"1"):
                self.refused(made(b"GET / HTTP/1." + version, *fields))

    def test_cache_bounded(self) -> None:
        """Hosts that clients make up fill no memory without end."""
        self.patch(head_module, "_hosts", set())
        self.patch(head_module, "_CACHED_HOSTS", 3)
        for number in range(9):
            read(made(b"GET / HTTP/1.1", b"Host: h%d" % number))
        self.assertEqual(len(head_module._hosts), 3)


class FramingTests(HeadCase):
    """One framing or a refusal (classes S1 to S5 and S8)."""

    def framing(self, *fields: bytes, minor: int = 1) -> tuple[int, bool]:
        """Length and chunked."""
        head = read(made(b"POST / HTTP/1.%d" % minor, b"Host: a", *fields))
        return head.length, head.chunked

    def test_good(self) -> None:
        """A length, chunks, or no body."""
        self.assertEqual(self.framing(), (0, False))
        self.assertEqual(self.framing(minor=0), (0, False))
        self.assertEqual(self.framing(b"Content-Length: 3"), (3, False))
        self.assertEqual(self.framing(b"Content-Length: 3", minor=0), (3, False))
        self.assertEqual(self.framing(b"Content-Length: 007"), (7, False))
        self.assertEqual(self.framing(b"Content-Length: 999999999999999999"), (10**18 - 1, False))
        self.assertEqual(self.framing(b"Transfer-Encoding: chunked"), (0, True))
        self.assertEqual(self.framing(b"transfer-encoding: CHUNKED "), (0, True))

    def test_coding_is_the_servers(self) -> None:
        """The application never sees a transfer coding that is undone."""
        self.assertNotIn("HTTP_TRANSFER_ENCODING", self.environ(b"Transfer-Encoding: chunked"))

    def test_both(self) -> None:
        """A length beside a coding is refused, in any order, whatever they say."""
        for length in (b"0", b"3", b"x"):
            for coding in (b"chunked", b"xchunked", b""):
                fields = [b"Content-Length: " + length, b"Transfer-Encoding: " + coding]
                self.refused(made(b"POST / HTTP/1.1", b"Host: a", *fields))
                self.refused(made(b"POST / HTTP/1.1", b"Host: a", *reversed(fields)))

    def test_length_refused(self) -> None:
        """A length is one run of digits that a number can have."""
        for length in (
            b"+3",
            b"-3",
            b"0x3",
            b"1_0",
            b"3abc",
            b"",
            b"3, 3",
            b"3,3",
            b"3 3",
            b"3.0",
            b"\xb2",
            b"\xd9\xa3",
            b"18446744073709551619",
            b"9223372036854775808",
        ):
            self.refused(made(b"POST / HTTP/1.1", b"Host: a", b"Content-Length: " + length))

    def test_length_twice(self) -> None:
        """Two lengths are refused, the same or not, also in another case."""
        for second in (b"Content-Length: 3", b"content-length: 0", b"CONTENT-LENGTH:"):
            self.refused(made(b"POST / HTTP/1.1", b"Host: a", b"Content-Length: 3", second))

    def test_coding_refused(self) -> None:
        """A coding other than chunked is not understood: 501, or 400 where there are more."""
        for coding, status in (
            (b"xchunked", 501),
            (b"identity", 501),
            (b"gzip", 501),
            (b"", 501),
            (b"chunked;q=1", 501),
            (b'"chunked"', 501),
            (b"chunked\xa0", 501),
            (b"chunked, identity", 400),
            (b"identity, chunked", 400),
            (b"gzip, chunked", 400),
            (b"chunked, chunked", 400),
            (b"chunked,", 400),
            (b",chunked", 400),
        ):
            line = b"Transfer-Encoding: " + coding
            self.refused(made(b"POST / HTTP/1.1", b"Host: a", line), status)

    def test_coding_disguised(self) -> None:
        """Control characters around a coding are refused."""
        for line in (
            b"Transfer-Encoding: \x0bchunked",
            b"Transfer-Encoding: chunked\x0c",
            b"Transfer-Encoding : chunked",
            b"Transfer-Encoding\xa0: chunked",
            b"Transfer-Encoding:\r\n chunked",
        ):
            self.refused(made(b"POST / HTTP/1.1", b"Host: a", line))

    def test_coding_twice(self) -> None:
        """Two codings are refused."""
        for second in (b"Transfer-Encoding: chunked", b"transfer-encoding: identity"):
            self.refused(
                made(b"POST / HTTP/1.1", b"Host: a", b"Transfer-Encoding: chunked", second)
            )

    def test_coding_in_http10(self) -> None:
        """HTTP/1.0 has no codings."""
        self.refused(made(b"POST / HTTP/1.0", b"Transfer-Encoding: chunked"))


class ConnectionTests(HeadCase):
    """What the client says of its connection."""

    def test_keep_alive(self) -> None:
        """HTTP/1.1 stays unless it says close, HTTP/1.0 closes unless it says keep-alive."""
        for minor, connection, expected in (
            (1, None, True),
            (0, None, False),
            (1, b"close", False),
            (1, b"Close", False),
            (1, b"foo, close", False),
            (1, b"keep-alive, close", False),
            (1, b"upgrade, HTTP2-Settings", True),
            (1, b"closed", True),
            (0, b"keep-alive", True),
            (0, b"Keep-Alive, TE", True),
            (0, b"keep-alive,close", False),
            (0, b"foo", False),
        ):
            fields = [] if connection is None else [b"Connection: " + connection]
            head = read(made(b"GET / HTTP/1.%d" % minor, b"Host: a", *fields))
            self.assertEqual(head.keep_alive, expected, (minor, connection))

    def test_upgrade(self) -> None:
        """A request to upgrade is a request like any other: the server stays with HTTP/1.1."""
        head = read(made(b"GET / HTTP/1.1", b"Host: a", b"Upgrade: h2c", b"Connection: Upgrade"))
        self.assertEqual(head.environ["HTTP_UPGRADE"], "h2c")
        self.assertTrue(head.keep_alive)

    def test_expect(self) -> None:
        """100-continue is expected where a body follows, in HTTP/1.1."""
        for line, fields, expected in (
            (b"POST / HTTP/1.1", [b"Content-Length: 3"], True),
            (b"POST / HTTP/1.1", [b"Transfer-Encoding: chunked"], True),
            (b"POST / HTTP/1.1", [b"Content-Length: 0"], False),
            (b"GET / HTTP/1.1", [], False),
            (b"POST / HTTP/1.0", [b"Content-Length: 3"], False),
        ):
            head = read(made(line, b"Host: a", b"Expect: 100-Continue", *fields))
            self.assertEqual(head.expects_continue, expected, (line, fields))
        self.assertFalse(
            read(made(b"POST / HTTP/1.1", b"Host: a", b"Content-Length: 3")).expects_continue
        )

    def test_expect_refused(self) -> None:
        """Any other expectation, or the same twice, cannot be met."""
        for fields in (
            [b"Expect: bogus"],
            [b"Expect:"],
            [b"Expect: 100-continue", b"Expect: 100-continue"],
        ):
            self.refused(made(b"POST / HTTP/1.1", b"Host: a", b"Content-Length: 3", *fields), 417)
        read(made(b"POST / HTTP/1.0", b"Expect: bogus"))


class PropertyTests(SynchronousTestCase):
    """Whatever comes."""

    @settings(deadline=None, max_examples=200)
    @given(mutated_heads())
    def test_result(self, data: bytes) -> None:
        """A head is refused with an L{HTTPError}, or its variables are PEP 3333's strings."""
        try:
            head = request_head(data, parse_fields)
        except HTTPError as error:
            self.assertIn(error.status, (400, 417, 501, 505))
            return
        for name, value in head.environ.items():
            self.assertIs(type(name), str)
            self.assertIs(type(value), str)
            self.assertNotRegex(name + value, "[\0\r\n]")
            value.encode("latin-1")
        self.assertFalse(head.chunked and head.length)
        self.assertIn(head.environ["PATH_INFO"][:1], ("/", "*"))
        self.assertNotIn("HTTP_PROXY", head.environ)
