"""L{WSGIResource} under a stock C{twisted.web} Site, and L{ApplicationRoot} under ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from wsgiref.validate import validator

from twisted.internet.address import IPv4Address
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.logger import LogLevel, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import IResource, Resource
from twisted.web.server import NOT_DONE_YET, Site
from twisted.web.wsgi import WSGIResource as StockResource
from zope.interface.verify import verifyObject

from tests.wsgi.fakes import Iterable, Seen, TurnedReactor
from twsgi.web.request import Request
from twsgi.wire.fields import parse_fields
from twsgi.wire.head import request_head
from twsgi.wsgi.environ import FileWrapper
from twsgi.wsgi.resource import WSGIResource
from twsgi.wsgi.root import ApplicationRoot


class Pool:
    """C{ThreadPool}: what it is given runs when the test says so."""

    def __init__(self) -> None:
        self.calls: list[Callable[[], Any]] = []

    def callInThread(self, call: Callable[..., Any], *args: Any) -> None:
        self.calls.append(lambda: call(*args))


class Transport(StringTransport):
    """
    A connection in memory.

    @ivar aborted: it was cut.
    """

    aborted = False

    def abortConnection(self) -> None:
        self.aborted = True


class SecureTransport(Transport):
    """The same, over TLS as far as anybody asks."""

    def setTcpNoDelay(self, enabled: bool) -> None:
        """What C{ITCPTransport} has."""


class ResourceCase(SynchronousTestCase):
    """A Site, a connection, a resource."""

    def ask(
        self, data: bytes, application: Any, mount: str = "", transport: Transport | None = None
    ) -> Transport:
        """What the client of one request gets; the resource is the root, or at C{mount}."""
        reactor, pool = TurnedReactor(), Pool()
        resource: Any = WSGIResource(reactor, pool, application)
        root = resource
        if mount:
            root = Resource()
            root.putChild(mount.strip("/").encode(), resource)
        site = Site(root, timeout=None, reactor=Clock())
        protocol = site.buildProtocol(IPv4Address("TCP", "127.0.0.1", 9))
        transport = transport or Transport(
            IPv4Address("TCP", "10.0.0.1", 80), IPv4Address("TCP", "10.0.0.9", 1234)
        )
        protocol.makeConnection(transport)
        protocol.dataReceived(data)
        for call in pool.calls:
            call()
        reactor.turn()
        self.calls = len(pool.calls)
        return transport

    def environ(
        self, head: bytes, body: bytes = b"", mount: str = "", transport: Transport | None = None
    ) -> dict[str, Any]:
        """What the application is told."""
        found: list[dict[str, Any]] = []

        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            environ["body"] = environ["wsgi.input"].read()
            found.append(environ)
            start_response("200 OK", [])
            return [b"ok"]

        transport = self.ask(head + b"\r\n\r\n" + body, application, mount, transport)
        self.assertEqual(Seen(transport.value()).status, 200)
        (environ,) = found
        return environ


class InterfaceTests(ResourceCase):
    """What it is."""

    def test_drop_in(self) -> None:
        """It is the stock resource, made as that is made."""
        resource = WSGIResource(TurnedReactor(), Pool(), lambda environ, start: [])  # type: ignore
        self.assertIsInstance(resource, StockResource)
        self.assertTrue(verifyObject(IResource, resource))
        self.assertTrue(resource.isLeaf)


class EnvironTests(ResourceCase):
    """The environ."""

    def test_whole(self) -> None:
        """It is PEP 3333's."""
        found = self.environ(
            b"POST /a%20b/c?d=%20 HTTP/1.1\r\nHost: h:81\r\nContent-Type: text/x\r\n"
            b"Content-Length: 3\r\nX-A: 1\r\nX-A: 2\r\nCookie: a=1\r\nCookie: b=2",
            b"abc",
        )
        expected = {
            "REQUEST_METHOD": "POST",
            "REQUEST_URI": "/a%20b/c?d=%20",
            "SCRIPT_NAME": "",
            "PATH_INFO": "/a b/c",
            "QUERY_STRING": "d=%20",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "SERVER_NAME": "h",
            "SERVER_PORT": "80",
            "REMOTE_ADDR": "10.0.0.9",
            "REMOTE_PORT": "1234",
            "CONTENT_TYPE": "text/x",
            "CONTENT_LENGTH": "3",
            "HTTP_HOST": "h:81",
            "HTTP_X_A": "1,2",
            "HTTP_COOKIE": "a=1; b=2",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.run_once": False,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.input_terminated": True,
            "wsgi.file_wrapper": FileWrapper,
            "body": b"abc",
        }
        for name in ("wsgi.errors", "wsgi.input", "twsgi.client_disconnected"):
            found.pop(name)
        self.assertEqual(found, expected)

    def test_names(self) -> None:
        """Names that never reach an application do not here either."""
        found = self.environ(
            b"POST / HTTP/1.1\r\nHost: h\r\nProxy: evil\r\nX_Auth_User: root\r\n"
            b"Transfer-Encoding: chunked",
            b"3\r\nabc\r\n0\r\n\r\n",
        )
        self.assertEqual(
            sorted(name for name in found if name.startswith(("HTTP_", "CONTENT_"))),
            ["CONTENT_LENGTH", "HTTP_HOST"],
        )
        self.assertEqual(found["CONTENT_LENGTH"], "3")  # the chunks are gone
        self.assertEqual(found["body"], b"abc")

    def test_framing_disguised(self) -> None:
        """A framing field in disguise is refused, and the application never called."""
        transport = self.ask(b"GET / HTTP/1.1\r\nHost: h\r\nContent_Length: 3\r\n\r\n", None)
        self.assertEqual(Seen(transport.value()).status, 400)
        self.assertEqual(self.calls, 0)

    def test_paths(self) -> None:
        """SCRIPT_NAME is the way to the resource, PATH_INFO the way on; never are both empty."""
        for mount, target, script, path in (
            ("", b"/", "", "/"),
            ("", b"/a", "", "/a"),
            ("", b"/a/", "", "/a/"),
            ("", b"//a", "", "//a"),
            ("", b"/a%2Fb", "", "/a/b"),
            ("", b"/caf%c3%a9", "", "/caf\xc3\xa9"),
            ("app", b"/app", "/app", ""),
            ("app", b"/app/", "/app", "/"),
            ("app", b"/app/a/b", "/app", "/a/b"),
            ("/", b"/", "", "/"),
        ):
            found = self.environ(b"GET " + target + b" HTTP/1.1\r\nHost: h", mount=mount)
            self.assertEqual((found["SCRIPT_NAME"], found["PATH_INFO"]), (script, path), target)

    def test_http10(self) -> None:
        """A client without Host is told by our own address."""
        found = self.environ(b"GET / HTTP/1.0")
        self.assertEqual(found["SERVER_PROTOCOL"], "HTTP/1.0")
        self.assertEqual(found["SERVER_NAME"], "10.0.0.1")

    def test_secure(self) -> None:
        """Over TLS it says so."""
        from twisted.internet.interfaces import ISSLTransport
        from zope.interface import directlyProvides

        transport = SecureTransport(
            IPv4Address("TCP", "10.0.0.1", 443), IPv4Address("TCP", "10.0.0.9", 1234)
        )
        directlyProvides(transport, ISSLTransport)
        found = self.environ(b"GET / HTTP/1.1\r\nHost: h", transport=transport)
        self.assertEqual((found["wsgi.url_scheme"], found["HTTPS"]), ("https", "on"))

    def test_form(self) -> None:
        """A form that C{twisted.web} has read is there to be read again."""
        found = self.environ(
            b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n"
            b"Content-Type: application/x-www-form-urlencoded",
            b"a=b",
        )
        self.assertEqual(found["body"], b"a=b")

    def test_validated(self) -> None:
        """A validating middleware finds nothing wrong."""

        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            body = environ["wsgi.input"].read(3)
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [environ["REQUEST_METHOD"].encode() + body]

        for data, expected in (
            (b"GET /p?q HTTP/1.1\r\nHost: h\r\n\r\n", b"GET"),
            (b"GET / HTTP/1.0\r\n\r\n", b"GET"),
            (b"POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc", b"POSTabc"),
        ):
            transport = self.ask(data, validator(application))
            self.assertEqual(Seen(transport.value()).body, expected)


class ResponseTests(ResourceCase):
    """What may be said through it."""

    GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"

    def setUp(self) -> None:
        """What is logged is caught."""
        self.logged: list[str] = []

        def observe(event: Any) -> None:
            if event["log_level"] is LogLevel.error:
                self.logged.append(event["text"])

        globalLogPublisher.addObserver(observe)
        self.addCleanup(globalLogPublisher.removeObserver, observe)

    def test_injection(self) -> None:
        """What would inject a header is 500, and said in the log."""
        for status, headers in (
            ("200 OK", [("A", "b\r\nSet-Cookie: c")]),
            ("200 OK\r\nSet-Cookie: c", []),
        ):

            def application(
                environ: dict[str, Any], start: Any, status: Any = status, headers: Any = headers
            ) -> list[bytes]:
                start(status, headers)
                return [b"a"]

            seen = Seen(self.ask(self.GET, application).value())
            self.assertEqual((seen.status, seen.body), (500, b"Internal Server Error\n"))
            self.assertIsNone(seen.header("set-cookie"))
            self.assertIn("ResponseError", self.logged.pop())

    def test_close(self) -> None:
        """C{close} is called once, also when iteration raises."""

        def raising() -> Any:
            yield b"a"
            raise ValueError("boom")

        for pieces, aborted in (([b"a", b"b"], False), (raising(), True)):
            result = Iterable(pieces)

            def application(environ: dict[str, Any], start: Any, result: Any = result) -> Any:
                start("200 OK", [])
                return result

            transport = self.ask(self.GET, application)
            self.assertEqual((result.closed, transport.aborted), (1, aborted))

    def test_lengths(self) -> None:
        """A body ends at its Content-Length; where it ends before, the connection does too."""
        for size, body, aborted in ((2, b"ab", False), (9, None, True)):

            def application(environ: dict[str, Any], start: Any, size: int = size) -> Any:
                start("200 OK", [("Content-Length", str(size))])
                return [b"abc", b"d"]

            transport = self.ask(self.GET, application)
            self.assertEqual((Seen(transport.value()).body, transport.aborted), (body, aborted))
            self.assertIn("Content-Length", self.logged.pop())

    def test_threads(self) -> None:
        """The application runs on the pool's thread, not while the reactor renders."""
        reactor, pool = TurnedReactor(), Pool()
        calls: list[str] = []
        resource = WSGIResource(reactor, pool, lambda environ, start: calls.append("app"))  # type: ignore
        site = Site(resource, timeout=None, reactor=Clock())
        protocol = site.buildProtocol(IPv4Address("TCP", "127.0.0.1", 9))
        protocol.makeConnection(Transport())
        protocol.dataReceived(self.GET)
        self.assertEqual((calls, len(pool.calls)), ([], 1))


class Leaves:
    """A channel, as far as the root looks."""

    left = 0

    def leave_to_thread(self) -> None:
        self.left += 1


class RootTests(SynchronousTestCase):
    """L{ApplicationRoot}."""

    def test_left_to_a_thread(self) -> None:
        """What reaches it is a thread's: nothing is answered here, and the request goes on."""
        channel = Leaves()
        head = request_head(b"GET /p HTTP/1.1\r\nHost: h\r\n\r\n", parse_fields)
        request = Request(channel, head, None, 0.0)  # type: ignore[arg-type]
        root = ApplicationRoot()
        self.assertTrue(root.isLeaf)
        self.assertIs(root.render(request), NOT_DONE_YET)
        self.assertEqual(channel.left, 1)
