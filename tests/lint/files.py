"""A lint of a made-up file, on a made-up machine."""

from __future__ import annotations

from tests.settings.files import FilesTestCase
from twsgi.lint.looking import Looking
from twsgi.lint.report import Report, look
from twsgi.lint.words import as_text


class Machine(Looking):
    """A machine whose users are known, and whoever asks is not root."""

    root = False

    def has_user(self, name: str) -> bool:
        return name in ("www-data", "root", "0")

    def has_group(self, name: str) -> bool:
        return name in ("www-data", "33")


class LintCase(FilesTestCase):
    """Lints files."""

    def lint(self, text: str, *arguments: str, machine: Looking | None = None) -> Report:
        """The report about C{[uwsgi]} and C{text}, in F{a.ini}."""
        self.write("a.ini", f"[uwsgi]\n{text}\n")
        return look(["a.ini", *arguments], {}, self.directory, machine or Machine())

    def text(self, text: str, *arguments: str) -> str:
        """The same as it is printed."""
        return as_text(self.lint(text, *arguments))

    def said(self, report: Report, title: str) -> list[str]:
        """What is said in the group whose title begins so."""
        return [
            str(one)
            for name, findings in report.groups
            if name.startswith(title)
            for one in findings
        ]
