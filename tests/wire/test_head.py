"""L{twsgi.wire.head}: what line, target and names mean, and which are refused."""

from __future__ import annotations

from tests.wire.headcase import HeadCase, made, read
from twsgi.wire import head as head_module
from twsgi.wire.head import cgi_name


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
            b"http://:80/",
            b"http://[:::]/",
            b"http://a#f",
            b"http:/a",
            b"/p#frag",
            b"#",
            b"/p?q#frag",
            b"/a%00b",
            b"/%00",
        ):
            self.refused(made(b"GET " + target + b" HTTP/1.1", b"Host: a"))
        for target in (b"a:1", b"/", b"http://a/", b"*"):
            self.refused(made(b"CONNECT " + target + b" HTTP/1.1", b"Host: a"))
        self.assertEqual(self.path(b"/", b"connect"), "/")


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

    def test_cache_of_short_ones(self) -> None:
        """Nor do long names, or hosts, however few."""
        self.patch(head_module, "_names", {})
        self.patch(head_module, "_hosts", set())
        for size in (100, 101, 50_000):
            name, host = b"x" * size, b"h" * size
            read(b"GET / HTTP/1.1\r\nHost: %b\r\n%b: y\r\n\r\n" % (host, name))
        self.assertEqual({len(name) for name in head_module._names}, {4, 100})
        self.assertEqual({len(host) for host in head_module._hosts}, {100})


class HostTests(HeadCase):
    """Host (class S25)."""

    def test_good(self) -> None:
        """Names, addresses and ports, and nothing at all, are hosts."""
        for host in (
            "a",
            "a.b:8000",
            "a:",
            "a:65535",
            "a:00080",
            "",
            "127.0.0.1",
            "[::1]",
            "[::ffff:1.2.3.4]",
            "[fe80::1%25eth0]:1",
            "x_y",
            "a%2eb",
        ):
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
            [b"Host: a:65536"],
            [b"Host: :80"],
            [b"Host: :"],
            [b"Host: a%"],
            [b"Host: a%4"],
            [b"Host: [:::1]"],
            [b"Host: [.]"],
            [b"Host: []"],
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
