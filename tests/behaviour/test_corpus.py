"""The corpus over real connections: both modes, both parsers."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path
from unittest import skipIf

from tests.behaviour.client import Connection, EndedError, LateError, ResetError, Response
from tests.behaviour.harness import Http, HttpSocket, ModeCase
from tests.behaviour.server import Server
from tests.corpus import echo
from tests.corpus.cases import Case, Outcome, Seen, differences, load
from twsgi.wire import fields

#: How many ways of cutting a case at random are tried.
_RANDOM_CUTS = 1
#: Differences after which there is no point in going on.
_ENOUGH = 40


def talk(port: int, case: Case, pieces: list[bytes]) -> list[Response]:
    """Sends C{pieces} on a connection of its own.  @return: all that comes until it is closed."""
    with Connection(port, timeout=10) as connection:
        connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for piece in pieces:
                connection.send_raw(piece)
        except ResetError:
            pass  # the server has closed already; what it said before is still to be read
        if case.end == "waits":
            connection.socket.shutdown(socket.SHUT_WR)
        answers: list[Response] = []
        methods = [one.variables["REQUEST_METHOD"] for one in case.wanted]
        try:
            while True:
                method = methods[len(answers)] if len(answers) < len(methods) else "GET"
                answers.append(connection.receive(method))
        except (EndedError, ResetError):
            return answers
        except (LateError, ValueError):
            # The connection is still open; or a body came where there should be none.
            return [*answers, Response("", 0, "no answer", [])]


def outcome_of(answers: list[Response]) -> Outcome:
    """What the answers tell."""
    seen = []
    for answer in answers:
        if answer.status == 200:
            saw = json.loads(answer.header("X-Saw") or answer.body)
            environ = saw["environ"]
            if environ["REMOTE_ADDR"] == "127.0.0.1":
                environ["REMOTE_ADDR"] = "client"
            seen.append(Seen(environ, saw["body"].encode("latin-1")))
    interim = sum(len(answer.interim) for answer in answers)
    return Outcome(seen, [answer.status for answer in answers], interim, False)


class Corpus:
    """Every case, over one server."""

    #: What C{TWSGI_PARSER} says.
    chosen = ""

    def started(self) -> Server:
        """A server whose application echoes."""
        site = self.site()
        site.write("code/app.py", Path(echo.__file__).read_text())
        site.edit(self.ini, {"disable-logging": "true"})
        server = self.twsgi(site, self.ini, environment={"TWSGI_PARSER": self.chosen})
        server.wait_ready()
        return server

    def test_every_case(self) -> None:
        """A case comes out as its C{.expect} file says, whole, byte by byte, and cut at random."""
        server = self.started()
        port = server.port
        wrong: list[str] = []
        for case in load():
            if len(wrong) > _ENOUGH:
                break
            for how, pieces in case.variants(_RANDOM_CUTS):
                outcome = outcome_of(talk(port, case, pieces))
                # Whether it waited is told by what it did not answer.
                outcome.open = case.end == "waits"
                found = differences(case, outcome)
                found += [
                    f"the scheme is {one.environ['wsgi.url_scheme']}"
                    for one in outcome.seen
                    if one.environ["wsgi.url_scheme"] != "http"
                ]
                wrong += [f"{case.name}.req, {how}: {one}" for one in found]
        self.assertEqual(wrong, [], "\n" + "\n".join(wrong))
        self.assertEqual(re.findall(r"Traceback.*", server.text()), [])


@skipIf(fields.httptools is None, "httptools is not installed")
class HttpCorpusTests(Corpus, Http, ModeCase):
    """L{Corpus}, C{http =}, by llhttp's parser."""


@skipIf(fields.httptools is None, "httptools is not installed")
class HttpSocketCorpusTests(Corpus, HttpSocket, ModeCase):
    """L{Corpus}, C{http-socket =}, by llhttp's parser."""


class HttpPythonCorpusTests(Corpus, Http, ModeCase):
    """L{Corpus}, C{http =}, by our own parser."""

    chosen = "python"


class HttpSocketPythonCorpusTests(Corpus, HttpSocket, ModeCase):
    """L{Corpus}, C{http-socket =}, by our own parser."""

    chosen = "python"
