"""L{twsgi.static.resource}: what is no file is the application's."""

from __future__ import annotations

from tests.static.serving import Application, StaticCase
from twsgi.settings.model import Settings
from twsgi.static.configured import static_files


class StaticFilesTests(StaticCase):
    """L{twsgi.static.resource.StaticFiles}."""

    def setUp(self) -> None:
        super().setUp()
        self.write("static/a.css", "css")
        self.write("static/sub/inner.txt", "inner")
        self.write("secret.txt", "secret")
        self.write("static-x/secret.txt", "secret")
        (self.root / "out.txt").symlink_to("../secret.txt")

    def test_methods(self) -> None:
        """GET and HEAD are for files; every other method is the application's."""
        for method in ("GET", "HEAD"):
            answer = self.client().answer("/a.css", method=method)
            self.assertEqual((answer.status, answer.by_application), (200, False))
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND", "get"):
            answer = self.client().answer("/a.css", method=method)
            self.assertTrue(answer.by_application, method)

    def test_head_has_no_body(self) -> None:
        """HEAD has GET's fields and nothing after them, and the connection goes on."""
        client = self.client()
        get, head = client.answer("/a.css"), client.answer("/a.css", method="HEAD")
        self.assertEqual(get.fields, head.fields)
        self.assertEqual((head.body, head.rest), (b"", b""))
        self.assertEqual(client.answer("/sub/inner.txt").body, b"inner")

    def test_no_file(self) -> None:
        """A path that is no file reaches the application: no redirect, no list, no error."""
        for path in (
            "/",
            "/sub",
            "/sub/",
            "/a.css/",
            "/a.css/x",
            "/nothing",
            "/A.css",
            "/out.txt",
            "/..%2fsecret.txt",
            "/%2e%2e/secret.txt",
            "/%2e%2e/static-x/secret.txt",
            "/" + "a" * 300,
            "/%ff%fe",
        ):
            answer = self.client().answer(path)
            self.assertTrue(answer.by_application, path)
            self.assertNotIn(b"secret\n", answer.body)

    def test_may_answer(self) -> None:
        """
        Which requests are worth a look is known before: all that are for files, or are said
        something of; what is left out is the application's anyway.
        """
        files = static_files(
            Settings(check_static=(str(self.root),)), "", Application(), self.lines.append
        )

        def may_answer(path: str, method: str = "GET") -> bool:
            return files.may_answer({"REQUEST_METHOD": method, "PATH_INFO": path})

        for path in ("/a.css", "/sub/inner.txt", "/out.txt", "/../secret.txt", "/sub/../a.css"):
            for method in ("GET", "HEAD"):
                self.assertTrue(may_answer(path, method), path)
            self.assertFalse(may_answer(path, "POST"))
        nothing = (
            "/",
            "/sub/",
            "/a.css/",
            "/nothing",
            "a.css",
            "/a\0",
            "/\u20ac",
            "/" + "a" * 300,
            "",
        )
        for path in nothing:
            self.assertFalse(may_answer(path), path)
        self.assertEqual(self.lines, [])
        for path in nothing[:4]:
            self.assertTrue(self.client().answer(path).by_application, path)
        self.assertEqual(self.lines, [])

    def test_denied_paths_are_said(self) -> None:
        """A path that leads out of the root is told to the log."""
        self.client().answer("/out.txt")
        self.assertEqual(
            self.lines,
            [
                f"[uwsgi-fileserve] security error: {self.top}/secret.txt is not under "
                f"{self.root} or a safe path"
            ],
        )

    def test_query(self) -> None:
        """The query is no part of the path."""
        self.assertEqual(self.client().answer("/a.css?v=3").body, b"css")

    def test_pipelined(self) -> None:
        """Requests that come together are answered in their order."""
        client = self.client()
        client.send(b"".join(b"GET /%b HTTP/1.1\r\nHost: t\r\n\r\n" % p for p in PIPELINE))
        data = client.read()
        self.assertEqual(data.count(b"HTTP/1.1 "), len(PIPELINE))
        positions = [data.index(b"\r\n\r\n" + body) for body in (b"css", b"inner", b"/nothing")]
        self.assertEqual(positions, sorted(positions))

    def test_one_segment(self) -> None:
        """Head and body of a small file leave together."""
        client = self.client()
        client.get("/a.css")
        self.assertTrue(client.read_some().endswith(b"\r\n\r\ncss"))


PIPELINE = [b"a.css", b"sub/inner.txt", b"nothing"]
