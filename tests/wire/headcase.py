"""What the tests of L{twsgi.wire.head} have in common."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from twsgi.errors import HTTPError
from twsgi.wire.fields import field_parser, parse_fields
from twsgi.wire.head import RequestHead, request_head


def made(line: bytes, *fields: bytes) -> bytes:
    """A head."""
    return b"\r\n".join((line, *fields)) + b"\r\n\r\n"


def read(data: bytes) -> RequestHead:
    """The head, by the parser that serves."""
    return request_head(data, field_parser())


class HeadCase(SynchronousTestCase):
    """What the cases below have in common."""

    def environ(self, *fields: bytes, line: bytes = b"GET / HTTP/1.1") -> dict[str, str]:
        """The variables of a good head."""
        return read(made(line, b"Host: a", *fields)).environ

    def refused(self, data: bytes, status: int = 400) -> HTTPError:
        """Asserts that C{data} is answered with C{status}."""
        for parse in (parse_fields, field_parser()):
            error = self.assertRaises(HTTPError, request_head, data, parse)
            self.assertEqual(error.status, status, data)
        return error
