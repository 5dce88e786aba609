"""A request whose worker dies goes to another one, if it may be done twice (http-retry)."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tests.behaviour.client import EndedError, ResetError, Response
from tests.behaviour.harness import Http, ModeCase
from tests.behaviour.server import READY, Server

APPLICATION = Path(__file__).parents[1] / "applications" / "dying.py"
#: More than stays in memory.
LONG = bytes(range(256)) * 4096


def said(times: int, body: bytes = b"") -> bytes:
    """What the application answers that was run so often, with this body."""
    return f"{times} {hashlib.sha256(body).hexdigest()}\n".encode()


class RetryTests(Http, ModeCase):
    """Two workers, and requests that kill them."""

    def workers(self, retry: str | None = None, processes: int = 2) -> Server:
        """A server whose workers are all ready."""
        site = self.site()
        site.write("code/app.py", APPLICATION.read_text())
        changes: dict[str, str | None] = {"processes": str(processes), "cheaper": None}
        site.edit(self.ini, {**changes, **({"http-retry": retry} if retry else {})})
        server = self.twsgi(site, self.ini)
        server.wait_for(READY, processes)
        return server

    def runs(self, server: Server, name: str) -> int:
        """How often a request was begun."""
        return len((server.site.meetings / f"count-{name}").read_bytes())

    def assert_sent_again(self, server: Server, name: str, answer: Response) -> None:
        """It was run twice, and the client has noticed nothing."""
        self.assertEqual((answer.status, answer.body), (200, said(2)), name)
        self.assertEqual(self.runs(server, name), 2)
        self.assertEqual(
            len(server.find(rf"127\.0\.0\.1: \w+ /once\?{name}: worker \d went away: sent again")),
            1,
        )

    def test_get(self) -> None:
        """A GET is answered by the other worker, on a fresh connection and on a kept one."""
        server = self.workers()
        self.assert_sent_again(server, "fresh", server.get("/once?fresh"))
        server.wait_for(READY, 3)
        with server.connect() as kept:
            self.assertEqual(kept.request("/?other").status, 200)
            self.assert_sent_again(server, "kept", kept.request("/once?kept"))
            self.assertEqual(kept.request("/?other").status, 200)
        server.wait_for(r"(?m)^DAMN ! worker \d \(pid: \d+\) died, killed by signal 9", 2)
        self.assertEqual(server.stop(), 0)

    def test_only_worker(self) -> None:
        """Where there is but one worker it waits for the next."""
        server = self.workers(processes=1)
        self.assert_sent_again(server, "one", server.get("/once?one"))

    def test_post(self) -> None:
        """A POST is answered 502 at once, and the log has a line; it was begun once."""
        server = self.workers()
        answer = server.get("/once?post", "POST", body=b"body")
        self.assertEqual(answer.status, 502)
        server.wait_for(r"(?m)^127\.0\.0\.1: POST /once\?post: 502: worker \d went away$")
        self.assertEqual(self.runs(server, "post"), 1)
        self.assertEqual(server.get("/?next").status, 200)

    def test_begun(self) -> None:
        """A response that has begun is cut, so that the client can tell."""
        server = self.workers()
        with server.connect() as connection:
            self.assertRaises((EndedError, ResetError), connection.request, "/half?begun")
        self.assertEqual(self.runs(server, "begun"), 1)
        self.assertEqual(server.get("/?next").status, 200)

    def test_body(self) -> None:
        """A body goes with it whole, in memory or in a file, though the first has read of it."""
        server = self.workers()
        for number, body in enumerate((b"short", LONG)):
            server.wait_for(READY, 2 + number)
            answer = server.get(f"/once?put{number}", "PUT", body=body)
            self.assertEqual((answer.status, answer.body), (200, said(2, body)))

    def test_once(self) -> None:
        """One that kills the second worker, too, is answered 502."""
        server = self.workers()
        self.assertEqual(server.get("/always?twice").status, 502)
        self.assertEqual(self.runs(server, "twice"), 2)
        server.wait_for(r"(?m)^127\.0\.0\.1: GET /always\?twice: 502: worker \d went away$")

    def test_off(self) -> None:
        """With C{http-retry = off} nothing is sent again."""
        server = self.workers("off")
        self.assertEqual(server.get("/once?off").status, 502)
        self.assertEqual(self.runs(server, "off"), 1)

    def test_safe(self) -> None:
        """With C{http-retry = safe} only what changes nothing is."""
        server = self.workers("safe")
        self.assertEqual(server.get("/once?safe").status, 200)
        server.wait_for(READY, 3)
        self.assertEqual(server.get("/once?put", "PUT", body=b"body").status, 502)
        self.assertEqual((self.runs(server, "safe"), self.runs(server, "put")), (2, 1))
