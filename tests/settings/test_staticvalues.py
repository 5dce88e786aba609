"""L{twsgi.settings.staticvalues}: what the values of the options for static files say."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from twsgi.settings.kinds import KINDS
from twsgi.settings.model import Settings
from twsgi.settings.options import files
from twsgi.settings.plan import plan
from twsgi.settings.staticvalues import (
    Lifetime,
    Mapping,
    mapping,
    pattern_lifetime,
    type_lifetime,
)

VALUES = [
    (mapping, "/s=/srv/static", Mapping("/s", "/srv/static")),
    (mapping, "/s = static/", Mapping("/s", "static/")),
    (mapping, "/=/srv/a=b", Mapping("/", "/srv/a=b")),
    (mapping, "s=static", Mapping("/s", "static")),
    (pattern_lifetime, "/* 3600", Lifetime("/*", 3600)),
    (pattern_lifetime, r"^/a b/.*\.css$   60", Lifetime(r"^/a b/.*\.css$", 60)),
    (pattern_lifetime, "x 0", Lifetime("x", 0)),
    (pattern_lifetime, "x 60 # a minute", Lifetime("x", 60)),
    (pattern_lifetime, "[#] 60", Lifetime("[#]", 60)),
    (type_lifetime, "text/css=3600", Lifetime("text/css", 3600)),
    (type_lifetime, "Image/PNG = 60 ; a minute", Lifetime("image/png", 60)),
]
ERRORS = [
    ("mappings", "", "write /mountpoint=directory"),
    ("mappings", "/static", "write /mountpoint=directory"),
    ("mappings", "/static=", "write /mountpoint=directory"),
    ("mappings", "=/srv", "write /mountpoint=directory"),
    ("lifetimes", "", "write REGEX SECONDS"),
    ("lifetimes", "3600", "write REGEX SECONDS"),
    ("lifetimes", "/* an hour", "write REGEX SECONDS"),
    ("lifetimes", "/* 1h", "write REGEX SECONDS"),
    ("lifetimes", "/* -1", "write REGEX SECONDS"),
    ("lifetimes", "*.css 60", "not a regular expression: nothing to repeat"),
    ("lifetimes", "x 9999999999", "must not be more than"),
    ("type lifetimes", "text/css 60", "write TYPE=SECONDS"),
    ("type lifetimes", "=60", "write TYPE=SECONDS"),
    ("patterns", "", "needs a regular expression"),
    ("patterns", "(", "not a regular expression: missing )"),
    ("patterns", "x{99999999999}", "not a regular expression"),
]


class ValuesTests(SynchronousTestCase):
    """Text -> value."""

    def test_values(self) -> None:
        """What is written is what is meant."""
        for read, text, value in VALUES:
            self.assertEqual(read(text), value, text)

    def test_errors(self) -> None:
        """What means nothing is refused with what to write."""
        for kind, text, message in ERRORS:
            with self.assertRaises(ValueError) as caught:
                KINDS[kind].convert(text)
            self.assertIn(message, str(caught.exception), text)

    def test_kept_as_written(self) -> None:
        """Settings have the text."""
        for kind, text in (("mappings", "/s = x"), ("lifetimes", "x  60"), ("patterns", "a b")):
            self.assertEqual(KINDS[kind].convert(text), text)

    def test_any_text(self) -> None:
        """No text raises anything but ValueError."""

        @given(st.text(max_size=30))
        def check(text: str) -> None:
            for kind in ("mappings", "lifetimes", "type lifetimes", "patterns"):
                for written in (text, f"{text} 60", f"{text}=60"):
                    try:
                        KINDS[kind].convert(written)
                    except ValueError:
                        continue

        check()


class PageTests(SynchronousTestCase):
    """docs/static-files.md."""

    def test_every_option(self) -> None:
        """Its tables have each option, by each of its names."""
        page = (Path(__file__).parents[2] / "docs" / "static-files.md").read_text("utf-8")
        cells = " ".join(line.split("|")[1] for line in page.splitlines() if line[:1] == "|")
        for row in files.ROWS:
            for name in row.names:
                self.assertIn(f"`{name}`", cells)


class WarningTests(SynchronousTestCase):
    """What is odd."""

    def warnings(self, **options: object) -> tuple[str, ...]:
        """Those of a Plan."""
        return plan(Settings(http=(":1",), **options), "/").warnings  # type: ignore[arg-type]

    def test_mountpoint(self) -> None:
        """A mountpoint without its slash is read with it, and said."""
        self.assertEqual(self.warnings(static_map=("/s=x",)), ())
        self.assertEqual(
            self.warnings(static_map2=("s=x",)),
            ("static-map2 = s=x: a mountpoint begins with a slash: read as /s=x",),
        )

    def test_nothing_to_serve(self) -> None:
        """Options about files have no effect where there are none."""
        options = {"static_expires": ("x 1",), "static_gzip_all": True, "mimefile": ("x",)}
        self.assertEqual(self.warnings(**options, check_static=("x",)), ())
        lines = self.warnings(**options)
        self.assertEqual(len(lines), 3)
        for line in lines:
            self.assertRegex(line, "^[a-z-]+ has no effect: there is no check-static, static-map")
