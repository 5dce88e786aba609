"""What C{mount} comes to: paths, and what is there."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from twsgi.errors import ConfigurationError
from twsgi.settings.resolve import from_mapping


class MountTests(SynchronousTestCase):
    """The settings made of it."""

    def mounts(
        self, *mounts: str, manage: bool = True, **options: object
    ) -> tuple[tuple[str, ...], list[str]]:
        """What is mounted in the end, and the warnings."""
        settings, warnings = from_mapping(
            {"http": ":1", "manage-script-name": manage, "mount": list(mounts), **options}, {}
        )
        return settings.mount, warnings

    def test_callable(self) -> None:
        """What names no callable has the one of C{callable}, whatever C{module} says."""
        found, warnings = self.mounts("/a=a.py", "/b=b:make()", "/c=c.d", callable="app")
        self.assertEqual(found, ("/a=a.py:app", "/b=b:make()", "/c=c.d:app"))
        found, _ = self.mounts("/a=a.py", module="other:thing")
        self.assertEqual(found, ("/a=a.py:application",))
        self.assertEqual(warnings, [])

    def test_paths(self) -> None:
        """A slash at the end is nothing; the root is the empty path."""
        found, _ = self.mounts("/a/=a.py", "/=b.py")
        self.assertEqual(found, ("/a=a.py:application", "=b.py:application"))

    def test_twice(self) -> None:
        """The first one on a path counts, and so does a module on the root; with a warning."""
        found, warnings = self.mounts("/a=a.py", "/a/=b.py", "/=c.py", module="m")
        self.assertEqual(found, ("/a=a.py:application",))
        self.assertEqual(
            warnings,
            [
                "keyword: mount = /a/=b.py: there is an application on /a already, which counts",
                "keyword: mount = /=c.py: there is an application on / already, which counts",
            ],
        )

    def test_unreachable(self) -> None:
        """Without manage-script-name nothing leads below a path: a warning."""
        found, warnings = self.mounts("/a=a.py", "/=b.py", manage=False)
        self.assertEqual(len(found), 2)
        self.assertEqual(
            warnings,
            [
                "keyword: mount = /a=a.py: nothing leads to /a: set manage-script-name = true",
            ],
        )

    def test_malformed(self) -> None:
        """What names no path, or nothing to put there, is refused with how to write it."""
        for text in ("app.py", "/a=", "a=app.py", ""):
            error = self.assertRaises(ConfigurationError, self.mounts, text)
            self.assertIn("write /path=file.py or /path=package.module:callable", str(error))
