"""The corpus, fed to an L{HTTP1Channel}: by both parsers, whole and in pieces."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from unittest import skipIf

from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource

from tests.corpus.cases import Case, Outcome, Seen, differences, load
from tests.web.fakes import Client, SiteFixture
from twsgi.wire import fields
from twsgi.wire.fields import FieldParser, LlhttpParser, parse_fields

#: How many ways of cutting a case at random are tried.
_RANDOM_CUTS = 5


class Recorder(Resource):
    """Remembers what it was asked, and answers with nothing."""

    isLeaf = True

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Seen] = []

    def render(self, request: Any) -> bytes:
        environ = dict(request.head.environ)
        if environ["REMOTE_ADDR"] == "192.0.2.7":
            environ["REMOTE_ADDR"] = "client"
        self.seen.append(Seen(environ, request.content.read()))
        request.setHeader(b"content-length", b"0")
        return b""


def outcome_of(client: Client, recorder: Recorder) -> Outcome:
    """What became of all that was sent to C{client}'s channel."""
    statuses = client.statuses()
    waits = not client.lost
    if waits:
        # What is not complete stays so, and is never answered.
        client.end()
    later = client.statuses()[len(statuses) :]
    final = [status for status in statuses + later if status >= 200]
    return Outcome(recorder.seen, final, statuses.count(100), waits)


def refusal_differences(case: Case, client: Client, logged: list[str]) -> list[str]:
    """What is wrong with the answer that refuses, and with what the log says of it."""
    if case.status is None:
        return [f"logged, though nothing was refused: {line}" for line in logged]
    found = []
    if len(logged) != 1 or not logged[0].startswith(f"192.0.2.7: {case.status}: "):
        found.append(f"the log does not say once what was refused: {logged}")
    if not all(line.isprintable() for line in logged):
        found.append(f"the log line could be another one: {logged}")
    status, fields, body = client.responses()[-1]
    # Nothing of the request is in it.
    if body != f"{status} {HTTPStatus(status).phrase}\n".encode():
        found.append(f"the answer says {body!r}")
    if fields.get(b"connection") != b"close" or fields.get(b"content-type") != b"text/plain":
        found.append(f"the answer's fields are {fields}")
    return found


class Corpus:
    """Every case, every way."""

    parse: FieldParser

    def parser(self) -> FieldParser:
        """The parser that is tried."""
        raise NotImplementedError

    def run_case(self, case: Case, pieces: list[bytes], told: int | None) -> list[str]:
        """Feeds a new connection.  @return: what is not as it should be."""
        recorder = Recorder()
        fixture = SiteFixture(recorder)
        fixture.site.parse = self.parse
        client = fixture.client()
        for piece in pieces:
            client.send(piece)
        found = differences(case, outcome_of(client, recorder), told)
        return found + refusal_differences(case, client, fixture.refusals)

    def test_every_case(self: Any) -> None:
        """A case comes out as its C{.expect} file says, whole, byte by byte, and cut at random."""
        self.parse = self.parser()
        wrong = []
        for case in load():
            for how, pieces in case.variants(_RANDOM_CUTS):
                found = self.run_case(
                    case, pieces, {"whole": 0, "byte by byte": case.told}.get(how)
                )
                wrong += [f"{case.name}.req, {how}: {one}" for one in found]
        self.assertEqual(wrong, [], "\n" + "\n".join(wrong))


class ReferenceTests(Corpus, SynchronousTestCase):
    """Our own parser."""

    def parser(self) -> FieldParser:
        return parse_fields


@skipIf(fields.httptools is None, "httptools is not installed")
class LlhttpTests(Corpus, SynchronousTestCase):
    """llhttp's, one instance for all cases, as it is used."""

    def parser(self) -> FieldParser:
        return LlhttpParser()
