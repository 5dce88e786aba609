"""Tests of L{twsgi.web.finishing} and L{twsgi.web.pages}: what the operator asks of responses."""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase
from twisted.web.http_headers import Headers

from tests.web.fakes import Echo, SiteFixture, get
from twsgi.settings.model import Settings
from twsgi.web.finishing import PLAIN, field_lines, finishing
from twsgi.web.limits import Limits, limits
from twsgi.web.pages import GOOD, LARGEST, ErrorPages


class FieldLinesTests(SynchronousTestCase):
    """The lines of a head."""

    headers = Headers({b"server": [b"me"], b"x-a": [b"1", b"2"], b"connection": [b"close"]})

    def test_plain(self) -> None:
        """Every field but those of the connection, and their number."""
        lines, count = field_lines(self.headers)
        self.assertEqual(sorted(lines.split(b"\r\n")), [b"", b"Server: me", b"X-A: 1", b"X-A: 2"])
        self.assertEqual(count, 3)

    def test_asked(self) -> None:
        """What is removed is not there, what is added comes last."""
        asked = finishing(
            Settings(add_header=("Server: us", "X-B: ü"), del_header=("SERVER", "X-None")),
            "/",
            self.fail,
        )
        lines, count = asked.field_lines(self.headers)
        expected = b"X-A: 1\r\nX-A: 2\r\nServer: us\r\nX-B: \xc3\xbc\r\n"
        self.assertEqual((lines, count), (expected, 4))


class SiteTests(SynchronousTestCase):
    """A Site whose operator has asked for something."""

    def setUp(self) -> None:
        self.fixture = SiteFixture(Echo())

    def ask(self, start: str = "/", **asked: object) -> None:
        self.fixture.site.finish_as(
            finishing(Settings(**asked), start, self.fixture.refusals.append)  # type: ignore[arg-type]
        )

    def answer(self, data: bytes) -> tuple[int, dict[bytes, bytes], bytes]:
        client = self.fixture.client()
        client.send(data)
        (found,) = client.responses()
        return found

    def test_nothing(self) -> None:
        """Who asks for nothing has the plain function, and the server's own words."""
        self.assertIs(self.fixture.site.field_lines, field_lines)
        self.ask(error_page_500=("/x",))
        self.assertIs(self.fixture.site.field_lines, field_lines)
        self.assertEqual(self.answer(b"x\r\n\r\n")[2], b"400 Bad Request\n")
        self.assertEqual(PLAIN.error(503, "words"), ("text/plain", b"words"))

    def test_added(self) -> None:
        """A resource's response and a refusal have what is added; the next site's not."""
        self.ask(add_header=("X-A: b",))
        for data, status in ((get(), 200), (b"x\r\n\r\n", 400)):
            found, fields, _ = self.answer(data)
            self.assertEqual((found, fields[b"x-a"]), (status, b"b"))
        self.ask()
        self.assertNotIn(b"x-a", self.answer(get())[1])

    def test_pages(self) -> None:
        """Each status has its page, which is HTML, with its length; others have words."""
        directory = Path(self.mktemp())
        directory.mkdir()
        asked = {}
        for status in (403, 404, 500, 502, 503, 504):
            (directory / f"{status}.html").write_text(f"<p>{status}</p>")
            asked[f"error_page_{status}"] = (f"{status}.html",)
        self.ask(str(directory.absolute()), **asked)
        for status in (403, 404, 500, 502, 503, 504):
            head, _, body = self.fixture.site.error_response(status, "A: b\r\n").partition(
                b"\r\n\r\n"
            )
            self.assertEqual(body, b"<p>%d</p>" % status)
            lines = head.split(b"\r\n")
            for line in (b"Content-Type: text/html", b"Content-Length: 10", b"A: b"):
                self.assertIn(line, lines)
            self.assertTrue(lines[0].startswith(b"HTTP/1.1 %d " % status))
        self.assertTrue(self.fixture.site.error_response(408).endswith(b"408 Request Timeout\n"))


class PagesTests(SynchronousTestCase):
    """L{ErrorPages}."""

    def setUp(self) -> None:
        self.now = 100.0
        self.said: list[str] = []
        self.directory = Path(self.mktemp()).absolute()
        self.directory.mkdir()
        self.first, self.second = self.directory / "1", self.directory / "2"
        self.pages = ErrorPages(
            {503: (str(self.first), str(self.second)), 500: ()}, self.said.append, lambda: self.now
        )

    def test_first(self) -> None:
        """The first that can be read; a change is seen, but not within a second."""
        self.second.write_bytes(b"second")
        self.assertEqual(self.pages.page(503), b"second")
        self.first.write_bytes(b"first")
        self.assertEqual(self.pages.page(503), b"second")
        self.now += GOOD
        self.assertEqual(self.pages.page(503), b"first")
        self.assertEqual(self.said, [])

    def test_none(self) -> None:
        """Without a page there is nothing; where none can be read a line says so, not for each."""
        self.assertIsNone(self.pages.page(500))
        self.assertIsNone(self.pages.page(404))
        self.assertEqual(self.said, [])
        for _ in range(3):
            self.assertIsNone(self.pages.page(503))
        self.assertEqual(self.said, [f"error-page-503: {self.second}: No such file or directory"])

    def test_bounded(self) -> None:
        """Of a file that is far too long some is read."""
        self.first.write_bytes(bytes(LARGEST + 1))
        self.assertEqual(len(self.pages.page(503) or b""), LARGEST)


class LimitsTests(SynchronousTestCase):
    """What becomes L{Limits}."""

    def made(self, **asked: object) -> Limits:
        return limits(Settings(**asked), pause=7, idle=5, connections=3)  # type: ignore[arg-type]

    def test_connection(self) -> None:
        """C{add-header = Connection: close} closes connections; C{keep-alive} changes nothing."""
        self.assertEqual(self.made().idle_timeout, 5)
        self.assertEqual(self.made(add_header=("Connection: keep-alive",)).idle_timeout, 5)
        self.assertEqual(self.made(add_header=("Connection: close",)).idle_timeout, 0)

    def test_send_timeout(self) -> None:
        """How long a client may take nothing is C{so-send-timeout}, or as long as it may pause."""
        self.assertEqual(self.made().send_timeout, 7)
        self.assertEqual(self.made(so_send_timeout=2).send_timeout, 2)
        self.assertEqual(self.made(so_send_timeout=2).body_timeout, 7)
