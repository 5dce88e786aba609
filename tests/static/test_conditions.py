"""L{twsgi.static.conditions}: validators and conditions, by RFC 9110."""

from __future__ import annotations

import os
import tempfile

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from twsgi.static.check import FoundFile, StaticRoots
from twsgi.static.conditions import (
    SETTLED,
    entity_tag,
    failed,
    not_modified,
    read_date,
    same_representation,
)
from twsgi.static.place import Place

DATE = 1_000_000_000
NOW, BEFORE, LATER = (
    "Sun, 09 Sep 2001 01:46:40 GMT",
    "Sun, 09 Sep 2001 01:46:39 GMT",
    "Sun, 09 Sep 2001 01:46:41 GMT",
)
TAG = '"de0b6b3a7640000-11"'
NONE_MATCH = [
    (TAG, True),
    ("*", True),
    (" * ", True),
    (f"W/{TAG}", True),
    (f'"x", {TAG}', True),
    (f'"x",{TAG},"y"', True),
    (f'"a,b" , W/{TAG}', True),
    ('"x"', False),
    ('"*"', False),
    ("", False),
    (TAG.strip('"'), False),
    ('"de0b6b3a7640000-1', False),
    (TAG.upper(), False),
]


class ConditionTests(SynchronousTestCase):
    """What a request makes depend on what the file is."""

    def test_none_match(self) -> None:
        """One of these tags, weak or not, is what the client has; a date says nothing then."""
        for field, expected in NONE_MATCH:
            for date in (NOW, BEFORE):
                environ = {"HTTP_IF_NONE_MATCH": field, "HTTP_IF_MODIFIED_SINCE": date}
                for tag in (TAG, f"W/{TAG}"):
                    self.assertEqual(not_modified(environ, tag, DATE), expected, (field, tag))

    def test_modified_since(self) -> None:
        """Without tags the date counts; what is no date does not."""
        for field, expected in (
            (NOW, True),
            (LATER, True),
            (BEFORE, False),
            (f"{NOW}; length=3", True),
            ("yesterday", False),
            ("", False),
            (";", False),
            ("Sun, 06 Nov 0000 08:49:37 GMT", False),
        ):
            environ = {"HTTP_IF_MODIFIED_SINCE": field}
            self.assertEqual(not_modified(environ, TAG, DATE), expected, field)
        self.assertFalse(not_modified({}, TAG, DATE))

    def test_match(self) -> None:
        """If-Match fails where no strong tag is the same; If-Unmodified-Since by the date."""
        for environ, expected in (
            ({}, False),
            ({"HTTP_IF_MATCH": TAG}, False),
            ({"HTTP_IF_MATCH": f'"x", {TAG}'}, False),
            ({"HTTP_IF_MATCH": "*"}, False),
            ({"HTTP_IF_MATCH": f"W/{TAG}"}, True),
            ({"HTTP_IF_MATCH": '"x"'}, True),
            ({"HTTP_IF_MATCH": '"x"', "HTTP_IF_UNMODIFIED_SINCE": NOW}, True),
            ({"HTTP_IF_MATCH": TAG, "HTTP_IF_UNMODIFIED_SINCE": BEFORE}, False),
            ({"HTTP_IF_UNMODIFIED_SINCE": NOW}, False),
            ({"HTTP_IF_UNMODIFIED_SINCE": LATER}, False),
            ({"HTTP_IF_UNMODIFIED_SINCE": BEFORE}, True),
            ({"HTTP_IF_UNMODIFIED_SINCE": "x"}, False),
        ):
            self.assertEqual(failed(environ, TAG, DATE), expected, environ)
        self.assertTrue(failed({"HTTP_IF_MATCH": f"W/{TAG}"}, f"W/{TAG}", DATE))

    def test_range(self) -> None:
        """A part is of the same bytes only by a strong tag, or just this date."""
        for validator, tag, expected in (
            (TAG, TAG, True),
            (NOW, TAG, True),
            (f"W/{TAG}", f"W/{TAG}", False),
            (TAG, f"W/{TAG}", False),
            ('"x"', TAG, False),
            (LATER, TAG, False),
            ("*", TAG, False),
        ):
            self.assertEqual(same_representation(validator, tag, NOW), expected, (validator, tag))

    def test_any_text(self) -> None:
        """No field is an error."""

        @given(st.text(st.characters(max_codepoint=255), max_size=40))
        def check(text: str) -> None:
            read_date(text)
            environ = {"HTTP_IF_MATCH": text, "HTTP_IF_NONE_MATCH": text}
            failed(environ, TAG, DATE)
            not_modified(environ, TAG, DATE)

        check()


class TagTests(SynchronousTestCase):
    """L{entity_tag}."""

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.path = os.path.join(directory.name, "a.css")
        self.roots = StaticRoots([Place(directory.name)], lambda line: None)

    def found(self, content: str, modified: int) -> FoundFile:
        """A file with this content and time."""
        with open(self.path, "w") as file:
            file.write(content)
        os.utime(self.path, ns=(modified, modified))
        found = self.roots.find("/a.css")
        assert found is not None
        self.addCleanup(found.close)
        return found

    def test_what_it_is_made_of(self) -> None:
        """Another time, length or coding is another tag; the same again is the same."""
        tags = []
        for content, modified, coding in (
            ("x", 10**18, ""),
            ("y", 10**18, ""),
            ("xx", 10**18, ""),
            ("x", 10**18 + 1, ""),
            ("x", 10**18, "gzip"),
            ("x", 10**18, "br"),
            ("x", -(10**9), ""),
        ):
            found = self.found(content, modified)
            found.coding = coding
            tags.append(entity_tag(found, 2e9))
            self.assertRegex(tags[-1], r'\A"[0-9a-z-]+"\Z')
        self.assertEqual(tags[0], tags[1])
        self.assertEqual(len(set(tags)), 6)

    def test_weak(self) -> None:
        """A file that may change without a sign has a weak one, of the same text."""
        found = self.found("x", DATE * 10**9)
        strong = entity_tag(found, DATE + SETTLED + 0.1)
        for now in (DATE, DATE + SETTLED, DATE - 100):
            self.assertEqual(entity_tag(found, now), f"W/{strong}")
