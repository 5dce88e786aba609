"""The corpus itself: it is whole, its format is read, and an outcome that differs is told."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from tests.corpus.cases import (
    AFTER,
    DIRECTORY,
    Case,
    Outcome,
    Seen,
    differences,
    load,
    parse,
    read,
    split,
)

#: The classes that bytes on a connection can show.
CLASSES = [f"S{number}" for number in [*range(1, 29), 30]]

TEXT = """\
class S19 none
why An example
request POST /a\\xe9
  query b
  body c\\r\\n
  CONTENT_LENGTH 3
  HTTP_HOST a
  HTTP_LONG-size 5
  no HTTP_X
  continue
keep
"""


def seen(path: str = "/a\xe9", body: bytes = b"c\r\n", **more: str) -> Seen:
    """What the application sees of L{TEXT}'s request."""
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": path,
        "QUERY_STRING": "b",
        "CONTENT_LENGTH": "3",
        "HTTP_HOST": "a",
        "HTTP_LONG": "12345",
        "SERVER_NAME": "any",
    }
    return Seen({**environ, **more}, body)


AFTERWARDS = Seen(
    {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/after",
        "QUERY_STRING": "",
        "HTTP_HOST": "after.test",
        "HTTP_CONNECTION": "close",
    },
    b"",
)
GOOD = Outcome([seen(), AFTERWARDS], [200, 200], 1, False)


class FilesTests(SynchronousTestCase):
    """The files."""

    def test_twins(self) -> None:
        """Every case has its bytes and what is expected of them."""
        stems = [{path.stem for path in DIRECTORY.glob(f"*.{end}")} for end in ("req", "expect")]
        self.assertEqual(stems[0], stems[1])
        self.assertGreater(len(stems[0]), 500)

    def test_classes(self) -> None:
        """Every class that bytes can show has several cases, and there is no other."""
        count = Counter(name for case in load() for name in case.classes)
        self.assertEqual(set(count) - {"none"}, set(CLASSES))
        self.assertEqual([name for name in CLASSES if count[name] < 4], [])

    def test_both_sides(self) -> None:
        """There are cases that must be served beside those that must be refused."""
        served = [case for case in load() if case.status is None]
        self.assertGreater(len(served), 150)
        self.assertGreater(len(load()) - len(served), 250)

    def test_different(self) -> None:
        """No two cases have the same bytes."""
        names: dict[bytes, list[str]] = {}
        for case in load():
            names.setdefault(case.data, []).append(case.name)
        self.assertEqual([same for same in names.values() if len(same) > 1], [])


class FormatTests(SynchronousTestCase):
    """What an C{.expect} file says."""

    def test_all(self) -> None:
        """Each line is understood."""
        case = parse("x", b"data", TEXT)
        self.assertEqual((case.classes, case.why), (["S19", "none"], "An example"))
        self.assertEqual((case.status, case.end, case.told), (None, "keep", 1))
        request = case.requests[0]
        self.assertEqual(request.variables["PATH_INFO"], "/a\xe9")
        self.assertEqual(request.variables["QUERY_STRING"], "b")
        self.assertEqual((request.body, request.absent), (b"c\r\n", ["HTTP_X"]))
        self.assertEqual(request.sizes, {"HTTP_LONG": 5})
        self.assertEqual(parse("x", b"", "class S1\nwhy x\nstatus 505").status, 505)

    def test_refused(self) -> None:
        """What is misspelt, missing or too much is no case, and the file is named."""
        for text in (
            "",
            "class S1\nstatus 400",
            "why x\nstatus 400",
            "class S1\nwhy x",
            "class S1\nwhy x\nstatus many",
            "class S1\nwhy x\nstatus 400\nkeep",
            "class S1\nwhy x\nHTTP_A b\nkeep",
            "class S1\nwhy x\nrequest GET /\nnonsense\nkeep",
        ):
            self.assertRaises(ValueError, parse, "x", b"", text)
        error = self.assertRaises(ValueError, read, DIRECTORY / "no-such-case.expect")
        self.assertIn("no-such-case", str(error))


class VariantsTests(SynchronousTestCase):
    """How a case is fed."""

    def case(self, end: str) -> Case:
        """A case of six bytes."""
        return parse("x", b"abcdef", f"class S1\nwhy x\n{end}")

    def test_same_bytes(self) -> None:
        """However it is cut it is the same, in as many ways as asked for, the same each time."""
        alone = ("alone", [b"abcdef"])
        for end, data in (("waits", b"abcdef"), ("keep", b"abcdef" + AFTER), ("close", None)):
            case = self.case(end)
            variants = list(case.variants(3))
            if data is None:
                self.assertEqual(variants.pop(0), alone)
                data = b"abcdef" + AFTER
            self.assertEqual(variants, list(case.variants(3))[-5:])
            self.assertEqual({b"".join(pieces) for _, pieces in variants}, {data})
            self.assertEqual(len(variants), 5)
            self.assertEqual(len(variants[1][1]), len(data))

    def test_split(self) -> None:
        """Cuts at the ends, or twice at one place, make no empty piece."""
        self.assertEqual(split(b"abc", [0, 1, 1, 3]), [b"a", b"bc"])
        self.assertEqual(split(b"", [0]), [])


class DifferencesTests(SynchronousTestCase):
    """What is told of an outcome."""

    def found(self, outcome: Outcome, told: int | None = 1) -> list[str]:
        """What is told of this outcome of L{TEXT}'s case."""
        return differences(parse("x", b"", TEXT), outcome, told)

    def test_none(self) -> None:
        """An outcome that is as it should be is told nothing of."""
        self.assertEqual(self.found(GOOD), [])
        self.assertEqual(self.found(replace(GOOD, interim=0), None), [])
        self.assertEqual(self.found(replace(GOOD, interim=0), 0), [])
        self.assertEqual(len(self.found(replace(GOOD, interim=2), None)), 1)
        self.assertEqual(len(self.found(GOOD, 0)), 1)

    def test_each(self) -> None:
        """Whatever differs is told, and only that."""
        for outcome, words in (
            (replace(GOOD, seen=[seen("/b"), AFTERWARDS]), "request 1: PATH_INFO is '/b'"),
            (replace(GOOD, seen=[seen(body=b"d"), AFTERWARDS]), "request 1: the body is b'd'"),
            (replace(GOOD, seen=[seen(HTTP_X="y"), AFTERWARDS]), "request 1: HTTP_X is there"),
            (replace(GOOD, seen=[seen(HTTP_Y="y"), AFTERWARDS]), "request 1: HTTP_Y is there"),
            (replace(GOOD, seen=[seen(HTTP_LONG="1"), AFTERWARDS]), "HTTP_LONG has 1 characters"),
            (replace(GOOD, seen=[seen()]), "the application saw ['/a\xe9'], not 2 requests"),
            (replace(GOOD, seen=[*GOOD.seen, AFTERWARDS]), "not 2 requests"),
            (replace(GOOD, statuses=[200]), "the client got [200], not [200, 200]"),
            (replace(GOOD, interim=0), "told 0 times to go on, not 1"),
            (replace(GOOD, interim=2), "told 2 times to go on, not 1"),
            (replace(GOOD, open=True), "the connection was not closed"),
        ):
            found = self.found(outcome)
            self.assertEqual(len(found), 1, (words, found))
            self.assertIn(words, found[0])

    def test_refusal(self) -> None:
        """A request that is refused is seen by nobody, and nothing after it is."""
        case = parse("x", b"", "class S1\nwhy x\nstatus 400")
        self.assertEqual(differences(case, Outcome([], [400], 0, False)), [])
        self.assertEqual(len(differences(case, Outcome([], [501], 0, False))), 1)
        self.assertEqual(len(differences(case, Outcome([AFTERWARDS], [200], 0, False))), 2)
        self.assertEqual(len(differences(case, Outcome([], [], 0, True))), 2)

    def test_size(self) -> None:
        """A body that is not written out is told by its size."""
        case = parse("x", b"", "class S1\nwhy x\nrequest GET /\nbody-size 3\nclose")
        environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "QUERY_STRING": ""}
        for body, count in ((b"abc", 0), (b"ab", 1)):
            outcome = Outcome([Seen(environ, body)], [200], 0, False)
            self.assertEqual(len(differences(case, outcome)), count)
