"""L{twsgi.static.expiry}: until when a response may be kept."""

from __future__ import annotations

from typing import Any

from twisted.web.http import datetimeToString

from tests.static.serving import Answer, Application, StaticCase
from twsgi.settings.model import Settings
from twsgi.static.configured import static_files

CHANGED = 1_000_000_000


def date(seconds: float) -> str:
    """An HTTP date."""
    text: bytes = datetimeToString(int(seconds))
    return text.decode()


class ExpiryCase(StaticCase):
    """A file C{a.css}, and a clock."""

    def setUp(self) -> None:
        super().setUp()
        self.now = 4_000_000_000.25
        self.write("static/a.css", "css", CHANGED)

    def ask(self, path: str = "/a.css", *fields: str, method: str = "GET") -> Answer:
        """The answer to a request."""
        return self.client().answer(path, *fields, method=method)

    def rules(self, **options: Any) -> None:
        """Serves by these options from now on."""
        settings = Settings(check_static=("static",), **options)
        self.site.resource = static_files(
            settings, str(self.top), Application(), self.lines.append, lambda: self.now
        )

    def assert_expires(self, seconds: float | None, answer: Answer) -> None:
        """There is one such field, or none."""
        fields = [value for name, value in answer.fields if name == "expires"]
        self.assertEqual(fields, [] if seconds is None else [date(seconds)])


class ExpiryTests(ExpiryCase):
    """C{static-expires} and its kin."""

    def test_each_kind(self) -> None:
        """Each looks at what its name says, and counts from now or from the change."""
        (self.root / "link").symlink_to("a.css")
        for option, value, path, matches in (
            ("static_expires", "/static/a[.]css$ 60", "/a.css", True),
            ("static_expires", "/* 60", "/a.css", True),
            ("static_expires", "css 60", "/link", True),
            ("static_expires", "link 60", "/link", False),
            ("static_expires", r"\.js$ 60", "/a.css", False),
            ("static_expires_path_info", "^/link$ 60", "/link?x", True),
            ("static_expires_path_info", "[?] 60", "/link?x", False),
            ("static_expires_path_info", "^/a[.]css 60", "/%61.css", True),
            ("static_expires_uri", "[?]v=[0-9]+$ 60", "/a.css?v=3", True),
            ("static_expires_uri", "[?]v=[0-9]+$ 60", "/a.css", False),
            ("static_expires_uri", "^/a[.]css 60", "/%61.css", False),
            ("static_expires_type", "text/css=60", "/a.css", True),
            ("static_expires_type", "text/html=60", "/a.css", False),
        ):
            for name, since in ((option, self.now), (f"{option}_mtime", CHANGED)):
                self.rules(**{name: (value,)})
                self.assert_expires(since + 60 if matches else None, self.ask(path))

    def test_one_field(self) -> None:
        """Of several that match the first counts, in the order of the kinds."""
        self.rules(
            static_expires_type=("text/css=1",),
            static_expires_uri=("css 2",),
            static_expires=("no 3", "a 4", "css 5"),
        )
        self.assert_expires(self.now + 4, self.ask())

    def test_not_modified(self) -> None:
        """A 304 has it as well, and so has HEAD; what is no file's content has none."""
        self.rules(static_expires=(". 60",))
        answer = self.ask("/a.css", f"If-None-Match: {self.ask().field('etag')}")
        self.assertEqual(answer.status, 304)
        self.assert_expires(self.now + 60, answer)
        self.assert_expires(self.now + 60, self.ask(method="HEAD"))
        self.assert_expires(self.now + 60, self.ask("/a.css", "Range: bytes=0-0"))
        for fields, status in ((["Range: bytes=9-"], 416), (['If-Match: "x"'], 412)):
            answer = self.ask("/a.css", *fields)
            self.assertEqual(answer.status, status)
            self.assert_expires(None, answer)

    def test_a_name_in_utf8(self) -> None:
        """A regular expression is compared with names as people write them."""
        self.write("static/\u00e9.css", "x")
        for option in ("static_expires", "static_expires_path_info"):
            self.rules(**{option: ("/\u00e9 60",)})
            self.assert_expires(self.now + 60, self.ask("/%c3%a9.css"))

    def test_end_of_time(self) -> None:
        """No date is later than a field can say."""
        self.now = 253402300000.0
        self.rules(static_expires=(". 3600",))
        self.assert_expires(253402300799, self.ask())


class FromMemoryTests(ExpiryCase):
    """A small file from memory is never older than it says."""

    def setUp(self) -> None:
        super().setUp()
        # The file was changed just now, by this clock long ago.
        self.rules(static_expires=(". 60",))
        self.ask()

    def test_same_second(self) -> None:
        """Within the second the response is the same, and is from memory."""
        self.assertEqual(len(self.site.resource._small._files), 1)
        self.now += 0.5
        known = self.site.resource._small.get("/a.css")
        self.assertIsNotNone(known)
        self.assert_expires(self.now + 60, self.ask())

    def test_next_second(self) -> None:
        """In the next it is another."""
        self.now += 0.75
        self.assert_expires(self.now + 60, self.ask())

    def test_since_the_change(self) -> None:
        """A time that does not move is kept as long as the file."""
        self.rules(static_expires_mtime=(". 60",))
        self.ask()
        self.now += 1.5
        self.assertIsNotNone(self.site.resource._small.get("/a.css"))
        self.assert_expires(CHANGED + 60, self.ask())

    def test_queries(self) -> None:
        """Where the query tells, each has its own."""
        self.rules(static_expires_uri_mtime=("[?]v 60",))
        for _ in range(2):
            self.assert_expires(None, self.ask())
            self.assert_expires(CHANGED + 60, self.ask("/a.css?v"))
            self.assert_expires(None, self.ask("/a.css?w"))
