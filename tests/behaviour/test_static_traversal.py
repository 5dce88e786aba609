"""Nothing outside the root of check-static is ever served, whatever the path says."""

from __future__ import annotations

import os

from tests.behaviour.harness import Http, HttpSocket, ModeCase
from tests.behaviour.site import Site

SECRET = "the secret outside of the root"

#: Paths that lead, or may be thought to lead, out of C{static/}.
ATTEMPTS = [
    b"/../secret.txt",
    b"/..//secret.txt",
    b"/./../secret.txt",
    b"/sub/../../secret.txt",
    b"/%2e%2e/secret.txt",
    b"/%2E%2E/secret.txt",
    b"/.%2e/secret.txt",
    b"/%2e./secret.txt",
    b"/..%2fsecret.txt",
    b"/..%2Fsecret.txt",
    b"/%2e%2e%2fsecret.txt",
    b"/sub/%2e%2e/%2e%2e/secret.txt",
    b"/sub/..%2f..%2fsecret.txt",
    b"/%252e%252e/secret.txt",
    b"/..%5csecret.txt",
    b"/..\\secret.txt",
    b"/....//secret.txt",
    b"/%c0%ae%c0%ae/secret.txt",
    b"/..;/secret.txt",
    b"//etc/passwd",
    b"///etc/passwd",
    b"/%2fetc/passwd",
    b"/%2Fetc%2Fpasswd",
    b"//etc%2fpasswd",
    b"/" + b"../" * 24 + b"etc/passwd",
    b"/" + b"%2e%2e/" * 24 + b"etc/passwd",
    b"/" + b"..%2f" * 24 + b"etc/passwd",
    b"/out.txt",
    b"/outside/secret.txt",
    b"/etc/passwd",
    b"/sub/up/secret.txt",
    b"/../static-x/secret.txt",
    b"/%2e%2e/static-x/secret.txt",
    b"/..%2fstatic-x%2fsecret.txt",
    b"/-x/secret.txt",
    b"/sibling.txt",
    b"/secret.txt%00",
    b"/../secret.txt%00.css",
    b"/%00/../secret.txt",
    b"/%2e%2e/secret.txt%00.css",
    b"http://behaviour.test/../secret.txt",
    b"http://behaviour.test/%2e%2e/secret.txt",
]

#: Paths that no file can have; whoever opens them without a look gets an error.
IMPOSSIBLE = [
    b"/%00",
    b"/base.css%00",
    b"/base.css%00.html",
    b"/%00base.css",
    b"/sub/%00/inner.txt",
    b"/base.css/inner.txt",
    b"/loop",
    b"/loop/inner.txt",
    b"/dangling",
    b"/" + b"a" * 300,
    b"/" + b"a/" * 2500,
    b"/%ff%fe.css",
    b"/%",
    b"/%zz",
    b"/base.css%",
    b"/sub/pipe",
]


def prepare(site: Site) -> None:
    """Puts secrets outside of the root, and links that lead there into it."""
    top = site.directory
    site.write("secret.txt", SECRET)
    site.write("static-x/secret.txt", SECRET)
    site.write("static/sub/inner.txt", "inside")
    links = {
        "static/out.txt": top / "secret.txt",
        "static/outside": top,
        "static/etc": "/etc",
        "static/sub/up": "../..",
        "static/sibling.txt": "../static-x/secret.txt",
        "static/within.txt": "sub/inner.txt",
        "static/loop": "loop",
        "static/dangling": "nowhere",
    }
    for name, target in links.items():
        (top / name).symlink_to(target)
    os.mkfifo(top / "static" / "sub" / "pipe")


class Traversal:
    """Attempts to leave the root."""

    def test_never_a_file_outside(self) -> None:
        """What leads out of the root is the application's, or refused; never a file, never 5xx."""
        server = self.shared(prepare)
        for path in ATTEMPTS:
            answer = server.get(path, timeout=10)
            self.assertNotIn(SECRET, answer.text, path)
            self.assertNotIn("root:", answer.text, path)
            self.assertLess(answer.status, 500, path)
            self.assertTrue(answer.by_application or answer.status >= 400, path)

    def test_never_an_error(self) -> None:
        """A path that no file can have is the application's, or refused: never 5xx."""
        server = self.shared(prepare)
        for path in IMPOSSIBLE:
            answer = server.get(path, timeout=10)
            self.assertLess(answer.status, 500, path)
            self.assertTrue(answer.by_application or answer.status >= 400, path)

    def test_conditional_and_partial_requests(self) -> None:
        """HEAD, ranges and conditions tell no more of a file outside than GET does."""
        server = self.shared(prepare)
        for path in (b"/out.txt", b"/%2e%2e/secret.txt", b"/outside/secret.txt"):
            for method, headers in [
                ("HEAD", []),
                ("GET", [("Range", "bytes=0-3")]),
                ("GET", [("If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT")]),
            ]:
                answer = server.get(path, method, headers=headers)
                self.assertTrue(answer.by_application, (path, method, headers))

    def test_files_within(self) -> None:
        """What stays within the root is served, also by a link or by a way round."""
        server = self.shared(prepare)
        for path in ("/sub/inner.txt", "/within.txt", "/sub/../sub/inner.txt", "/./sub/inner.txt"):
            answer = server.get(path)
            self.assertEqual((answer.status, answer.body), (200, b"inside"), path)
            self.assertFalse(answer.by_application, path)


class HttpTraversalTests(Traversal, Http, ModeCase):
    """L{Traversal}, C{http =}."""


class HttpSocketTraversalTests(Traversal, HttpSocket, ModeCase):
    """L{Traversal}, C{http-socket =}."""
