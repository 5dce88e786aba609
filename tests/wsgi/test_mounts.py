"""L{twsgi.wsgi.mounts}: which application a request is for, and where that finds itself."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from twsgi.wsgi.mounts import Mount, Mounts, mounted
from twsgi.wsgi.response import Response


def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """An application."""
    return []


def mounts(*paths: str) -> Mounts:
    """Applications below these paths, numbered from 1; and 0, for the rest."""
    made = [Mount(path, number, app) for number, path in enumerate(paths, 1)]
    return Mounts(made, Mount("", 0, app))


class FindTests(SynchronousTestCase):
    """L{Mounts.find}."""

    def found(self, made: Mounts, path: str) -> tuple[int, str, str]:
        """The number, SCRIPT_NAME and PATH_INFO."""
        environ = {"SCRIPT_NAME": "", "PATH_INFO": path}
        number = made.find(environ).number
        return number, environ["SCRIPT_NAME"], environ["PATH_INFO"]

    def test_table(self) -> None:
        """The longest path counts, and is taken away; a name that only begins alike is another."""
        made = mounts("/foo", "/foo/bar", "/b")
        for path, expected in [
            ("/", (0, "", "/")),
            ("/x", (0, "", "/x")),
            ("/foo", (1, "/foo", "")),
            ("/foo/", (1, "/foo", "/")),
            ("/foo/x", (1, "/foo", "/x")),
            ("/foobar", (0, "", "/foobar")),
            ("/foo/bar", (2, "/foo/bar", "")),
            ("/foo/bar/x", (2, "/foo/bar", "/x")),
            ("/foo/barx", (1, "/foo", "/barx")),
            ("/b/", (3, "/b", "/")),
            ("/bar", (0, "", "/bar")),
            ("//foo", (0, "", "//foo")),
            ("*", (0, "", "*")),
            ("", (0, "", "")),
        ]:
            self.assertEqual((path, self.found(made, path)), (path, expected))

    @given(
        st.lists(st.text("/ab", min_size=1, max_size=5).map(lambda text: f"/{text}".rstrip("/"))),
        st.text("/ab", max_size=8).map(lambda text: f"/{text}"),
    )
    def test_nothing_is_lost(self, paths: list[str], path: str) -> None:
        """SCRIPT_NAME and PATH_INFO together are always what was asked for."""
        unique = [one for one in dict.fromkeys(paths) if one]
        number, script, rest = self.found(mounts(*unique), path)
        self.assertEqual(script + rest, path)
        self.assertTrue(rest[:1] in ("/", ""))
        self.assertEqual(script, unique[number - 1] if number else "")
        better = [one for one in unique if f"{path}/".startswith(f"{one}/")]
        self.assertEqual(len(script), max(map(len, better), default=0))


class RunTests(SynchronousTestCase):
    """L{Mounts.run}."""

    def test_number(self) -> None:
        """The application that was found is run, and the response knows its number."""
        ran: list[object] = []

        def run(application: Any, environ: Any, response: Any, report: Any) -> bool:
            ran.append((application, environ["PATH_INFO"], response.app))
            return False

        made = mounts("/foo")
        response = mounted(Response)(None, False)
        said = made.run(run, made, {"PATH_INFO": "/foo/x"}, response, print)
        self.assertEqual((ran, said), ([(app, "/x", "1")], False))
