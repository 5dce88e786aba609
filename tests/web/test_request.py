"""L{twsgi.web.request}: for a resource of C{twisted.web} it is a stock request."""

from __future__ import annotations

import os
import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.cred.credentials import ICredentials
from twisted.internet.address import IPv4Address
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.iweb import IRequest
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET
from twisted.web.server import Request as StockRequest
from twisted.web.server import Site as StockSite
from twisted.web.util import Redirect
from zope.interface.verify import verifyObject

from tests.web.fakes import Client, SiteFixture, get, post
from twsgi.web.request import Request

_PEER = IPv4Address("TCP", "192.0.2.7", 4711)
_HOST = IPv4Address("TCP", "192.0.2.1", 8000)


class Asking(Resource):
    """Asks every request the same question."""

    def __init__(self, question: Any, leaf: bool = False) -> None:
        super().__init__()
        self.question = question
        self.answers: list[Any] = []
        self.isLeaf = leaf

    def getChild(self, path: bytes, request: Any) -> Resource:
        return self

    def render(self, request: Any) -> Any:
        answer = self.question(request)
        self.answers.append(answer)
        return answer if isinstance(answer, bytes) or answer == NOT_DONE_YET else b"asked"


class Untyped(StockRequest):
    """A stock request that, as ours, calls nothing HTML that did not say it is."""

    defaultContentType = None


def stock(resource: Resource, data: bytes) -> bytes:
    """What a stock Site sends back."""
    site = StockSite(resource, Untyped, reactor=Clock(), parsePOSTFormSubmission=False)
    protocol = site.buildProtocol(_PEER)
    transport = StringTransport(hostAddress=_HOST, peerAddress=_PEER)
    protocol.makeConnection(transport)
    protocol.dataReceived(data)
    return transport.value()


def ours(resource: Resource, data: bytes) -> Client:
    """A connection of ours after the same bytes."""
    client = SiteFixture(resource).client()
    client.connection.getPeer = lambda: _PEER  # type: ignore[method-assign, assignment, return-value]
    client.connection.getHost = lambda: _HOST  # type: ignore[method-assign, assignment, return-value]
    client.send(data)
    return client


def comparable(response: bytes) -> bytes:
    """A response without what differs from second to second."""
    return re.sub(rb"(?i)date: [^\r]*\r\n", b"", response)


class SameQuestionTests(SynchronousTestCase):
    """The same question to a stock request and to ours, made of the same bytes."""

    def same(self, question: Any, data: bytes) -> Any:
        """Asks both; @return: the answer."""
        one, other = Asking(question), Asking(question)
        stock(one, data)
        ours(other, data)
        self.assertEqual(len(one.answers), 1)
        self.assertEqual(one.answers, other.answers)
        return one.answers[0]

    def test_target(self) -> None:
        """Method, target, path and version."""
        question = lambda r: (r.method, r.uri, r.path, r.clientproto)  # noqa: E731
        for target in ("/", "/a/b%20c/?q=1", "/?", "/a?b?c", "//x", "/%ff"):
            self.same(question, get(target))
            self.same(question, get(target, version="1.0"))

    def test_paths(self) -> None:
        """What was consumed on the way to the resource, and what was not."""
        for target in ("/", "/a/b", "/a%2fb/c", "/a//b/", "/a?b/c"):
            self.same(lambda r: (r.prepath, r.postpath), get(target))

    def test_args(self) -> None:
        """The query's arguments."""
        for query in ("a=1&a=2&b=", "", "a", "a=%20+&%61=3", "a=1;b=2", "=x&&"):
            self.same(lambda r: r.args, get("/?" + query))
        self.same(lambda r: r.args, get("/"))

    def test_headers(self) -> None:
        """The header fields, by any spelling; their sum is the same."""
        data = get("/", "X-One: 1", "x-two: a b", "Accept: */*", "Content-Type: text/plain")
        for name in ("x-one", "X-Two", "accept", b"Content-Type", b"host", "missing"):
            self.same(lambda r, name=name: r.getHeader(name), data)
        self.same(lambda r: dict(r.getAllHeaders()), data)
        self.same(
            lambda r: sorted((k.lower(), v) for k, v in r.requestHeaders.getAllRawHeaders()), data
        )

    @given(
        st.lists(
            st.tuples(
                st.text("abcXYZ09_.", min_size=1, max_size=5),
                st.text("abc =\"'.%", max_size=8),
            ),
            max_size=5,
        ),
        st.sampled_from(["; ", ";", " ; "]),
    )
    def test_cookies(self, cookies: list[tuple[str, str]], separator: str) -> None:
        """The cookies that came."""
        line = separator.join(f"{name}={value}" for name, value in cookies).strip()
        data = get("/", f"Cookie: {line}") if line else get()
        self.same(lambda r: r.received_cookies, data)
        for name, _ in cookies:
            self.same(lambda r, name=name: r.getCookie(name.encode()), data)

    def test_odd_cookies(self) -> None:
        """Cookie fields that no browser sends."""
        for value in ("a", "a; b=c", ";;a=b", "=b", "a=b=c", "a=b; a=c"):
            self.same(lambda r: r.received_cookies, get("/", f"Cookie: {value}"))

    def test_addresses(self) -> None:
        """Who asks whom, and by which name."""
        self.same(lambda r: (r.getClientAddress(), r.getHost()), get())
        self.same(lambda r: (r.getClientIP(), r.isSecure()), get())
        self.same(lambda r: r.getRequestHostname(), get())
        self.same(lambda r: (r.prePathURL(), str(r.URLPath())), get("/a/b"))

    def test_authorization(self) -> None:
        """User and password."""
        data = get("/", "Authorization: Basic YWxpY2U6c2VjcmV0")
        self.assertEqual(self.same(lambda r: (r.getUser(), r.getPassword()), data)[0], b"alice")
        self.same(lambda r: (r.getUser(), r.getPassword()), get())

    def test_content(self) -> None:
        """The body, as a file."""
        for body in (b"", b"a=1&b=2", b"x" * 200_000):
            self.same(lambda r: r.content.read(), post(body))
        self.same(lambda r: r.content.read(), get())

    def test_forms_are_not_parsed(self) -> None:
        """A form in a body is the application's: C{args} are the query's alone."""
        data = post(b"a=1", "Content-Type: application/x-www-form-urlencoded", path="/?b=2")
        self.assertEqual(self.same(lambda r: r.args, data), {b"b": [b"2"]})

    def test_session(self) -> None:
        """A session is made on demand, kept by its cookie, and expires."""

        def question(request: Any) -> Any:
            session = request.getSession()
            # Its uid is a secret that nobody can know before.
            session.uid = b"known"
            request.site.sessions[b"known"] = session
            return request.session is session, request.getSession() is session

        self.same(question, get())
        resource = Asking(lambda r: r.getSession().uid)
        fixture = SiteFixture(resource)
        first, second = fixture.client(), fixture.client()
        first.send(get())
        cookie = first.responses()[0][1][b"set-cookie"].decode().partition(";")[0]
        second.send(get("/", f"Cookie: {cookie}"))
        self.assertEqual(resource.answers[0], resource.answers[1])
        fixture.reactor.advance(fixture.site.sessions[resource.answers[0]].sessionTimeout + 1)
        self.assertEqual(fixture.site.sessions, {})


class SameResponseTests(SynchronousTestCase):
    """The same resource under a stock Site and under ours: the same response, byte for byte."""

    def same(self, make: Any, data: bytes) -> bytes:
        """@return: the response, without its date."""
        expected = comparable(stock(make(), data))
        self.assertEqual(comparable(ours(make(), data).sent), expected)
        return expected

    def test_body(self) -> None:
        """A body of known length."""
        self.same(lambda: Asking(lambda r: b"hello"), get())

    def test_leaf(self) -> None:
        """A root that is a leaf is rendered at once; what it returns is framed all the same."""
        client = ours(Asking(lambda r: b"hello", leaf=True), get("/a/b"))
        self.assertIn(b"Transfer-Encoding: chunked\r\n", client.sent)
        self.assertTrue(client.sent.endswith(b"\r\n\r\n5\r\nhello\r\n0\r\n\r\n"))

    def test_status_and_fields(self) -> None:
        """Status, reason, fields and cookies that the resource sets."""

        def question(request: Any) -> bytes:
            request.setResponseCode(418, b"Teapot")
            request.setHeader("X-One", "1")
            request.responseHeaders.addRawHeader("X-One", "2")
            request.addCookie("name", "value", path="/", httpOnly=True, sameSite="lax")
            request.defaultContentType = "text/html"
            return b"tea"

        self.assertIn(b"418 Teapot", self.same(lambda: Asking(question), get()))

    def test_head(self) -> None:
        """HEAD has the length and no body."""
        self.same(lambda: Asking(lambda r: b"hello"), get().replace(b"GET", b"HEAD"))

    def test_redirect(self) -> None:
        """A redirect."""

        def root() -> Resource:
            resource = Resource()
            resource.putChild(b"a", Redirect(b"/elsewhere"))
            return resource

        self.assertIn(b"302", self.same(root, get("/a")))

    def test_not_found(self) -> None:
        """A resource that is not there."""
        self.assertIn(b"404", self.same(Resource, get("/missing")))

    def test_method_not_known(self) -> None:
        """A method that the resource does not have, and one that nobody has."""

        def only_get() -> Resource:
            root = Resource()
            child = Resource()
            child.render_GET = lambda request: b"got"  # type: ignore[attr-defined]
            root.putChild(b"a", child)
            return root

        self.assertIn(b"405", self.same(only_get, post(b"", path="/a")))
        self.assertIn(b"501", self.same(only_get, get("/a").replace(b"GET", b"BREW")))
        self.assertIn(b"200", self.same(only_get, get("/a").replace(b"GET", b"HEAD")))

    def test_not_modified(self) -> None:
        """Conditional requests: ETag and Last-Modified."""

        def question(request: Any) -> bytes:
            if request.setETag(b'"tag"') or request.setLastModified(1_000_000_000):
                return b""
            return b"whole"

        make = lambda: Asking(question)  # noqa: E731
        self.assertIn(b"304", self.same(make, get("/", 'If-None-Match: "tag"')))
        self.assertIn(b"whole", self.same(make, get("/", 'If-None-Match: "other"')))

    def test_unknown_length(self) -> None:
        """A response written in pieces: chunked for 1.1, ended by closing for 1.0."""

        def question(request: Any) -> int:
            for piece in (b"one", b"", b"two"):
                request.write(piece)
            request.finish()
            return NOT_DONE_YET

        make = lambda: Asking(question)  # noqa: E731
        self.assertIn(b"chunked", self.same(make, get()).lower())
        client = ours(make(), get("/", "Connection: keep-alive", version="1.0"))
        head, _, body = client.sent.partition(b"\r\n\r\n")
        self.assertEqual(body, b"onetwo")
        self.assertIn(b"Connection: close", head)
        self.assertEqual(client.lost, "close")


class LazyTests(SynchronousTestCase):
    """What is made on demand, and what the rest of the house relies on."""

    def one(self, data: bytes = b"") -> tuple[Client, Request]:
        """A request under way."""
        resource = Asking(lambda r: NOT_DONE_YET, leaf=True)
        client = ours(resource, data or get("/a?b=1"))
        request = client.channel.request
        assert request is not None
        return client, request

    def test_interface(self) -> None:
        """It is an C{IRequest}."""
        self.assertTrue(verifyObject(IRequest, self.one()[1]))

    def test_nothing_before(self) -> None:
        """Nothing of C{twisted.web} is made before somebody asks."""
        _, request = self.one()
        self.assertEqual(set(vars(request)), {"channel", "head", "body", "started", "keep_alive"})

    def test_made_once(self) -> None:
        """What was asked for once is the same the next time, and may be replaced."""
        _, request = self.one()
        for name in ("requestHeaders", "responseHeaders", "args", "cookies", "notifications"):
            self.assertIs(getattr(request, name), getattr(request, name))
        request.args = {b"other": []}
        self.assertEqual(request.args, {b"other": []})

    def test_own_state(self) -> None:
        """Two requests share nothing that can change."""
        _, one = self.one()
        _, other = self.one()
        for name in ("requestHeaders", "responseHeaders", "args", "cookies", "notifications"):
            self.assertIsNot(getattr(one, name), getattr(other, name))
        one.setComponent(ICredentials, "one's")
        self.assertEqual(ICredentials(one), "one's")
        self.assertIsNone(ICredentials(other, None))

    def test_identity(self) -> None:
        """Two requests are never equal, and can be members of a set."""
        _, one = self.one()
        _, other = self.one()
        self.assertNotEqual(one, other)
        self.assertEqual(len({one, other, one}), 2)

    def test_notify_finish(self) -> None:
        """C{notifyFinish} fires when the response is complete."""
        _, request = self.one()
        finished = request.notifyFinish()
        self.assertNoResult(finished)
        request.write(b"body")
        request.finish()
        self.assertIsNone(self.successResultOf(finished))

    def test_write_after_loss(self) -> None:
        """A resource that writes on after the client is gone does no harm."""
        client, request = self.one()
        finished = request.notifyFinish()
        client.connection.client_gone()
        self.failureResultOf(finished)
        request.write(b"late")
        self.assertRaises(RuntimeError, request.finish)

    def test_body_closed(self) -> None:
        """The body's file is closed when the response is complete, or the client gone."""
        for end in ("answer", "gone"):
            client, request = self.one(post(b"x" * 100_000))
            file = request.content
            if end == "answer":
                request.finish()
            else:
                client.connection.client_gone()
            self.assertTrue(file.closed, end)

    def test_spooled_body_closed_unread(self) -> None:
        """So is one that nobody has looked at."""
        _, request = self.one(post(b"x" * 100_000))
        body = request.body
        assert body is not None
        descriptor = body.descriptor
        self.assertIsNotNone(descriptor)
        request.write(b"")
        request.finish()
        self.assertRaises(OSError, os.fstat, descriptor)

    def test_producer(self) -> None:
        """A producer is registered with the transport, after the head has left."""
        client, request = self.one()
        producer = object()
        request.setHeader("content-length", "1")
        request.startedWriting = 0
        request.registerProducer(producer, True)
        self.assertIs(client.connection.producer, producer)
        request.unregisterProducer()
        self.assertIsNone(client.connection.producer)
