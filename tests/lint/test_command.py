"""Tests of L{twsgi.lint.command}: the three commands."""

from __future__ import annotations

import contextlib
import io
import os

from twisted.trial.unittest import SynchronousTestCase

from tests.lint.files import Machine
from tests.settings.files import FilesTestCase
from twsgi.errors import ConfigurationError
from twsgi.lint.command import asked, main, taken_apart
from twsgi.settings.known import uwsgi_names
from twsgi.settings.options.table import BY_NAME

TEXT = "[uwsgi]\nhttp = 127.0.0.1:8000\nmodule = app:make\ncheaper = 1\nprocesses = 4\nenv = A=1\n"


class TakenApartTests(SynchronousTestCase):
    """Which command a command line is, and what it is about."""

    def test_lines(self) -> None:
        """The file follows the flag, whatever it is called; other flags stay in their order."""
        for line, expected in [
            ("--lint a.ini", ("--lint", "text", ["--ini=a.ini"])),
            ("--lint=a.conf", ("--lint", "text", ["--ini=a.conf"])),
            ("--lint a.yaml", ("--lint", "text", ["a.yaml"])),
            ("--lint --ini a.ini", ("--lint", "text", ["--ini", "a.ini"])),
            ("-p 4 --lint a.ini:dev --http :1",
             ("--lint", "text", ["-p", "4", "--ini=a.ini:dev", "--http", ":1"])),
            ("a.ini --lint", ("--lint", "text", ["a.ini"])),
            ("--lint a.ini --lint-format json", ("--lint", "json", ["--ini=a.ini"])),
            ("--lint-format=json --lint a.ini", ("--lint", "json", ["--ini=a.ini"])),
            ("--show-config a.ini", ("--show-config", "text", ["--ini=a.ini"])),
            ("--list-options", ("--list-options", "text", [])),
            ("--lint a.ini --show-config", ("--lint", "text", ["--ini=a.ini"])),
        ]:  # fmt: skip
            self.assertEqual((line, taken_apart(line.split())), (line, expected))
            self.assertTrue(asked(line.split()))
        self.assertFalse(asked(["a.ini", "--http", ":1"]))

    def test_mistakes(self) -> None:
        """What cannot be meant is one line."""
        for line, words in [
            ("--lint", "--lint uwsgi.ini"),
            ("--show-config", "--show-config uwsgi.ini"),
            ("--lint a.ini --lint-format=xml", "write text or json"),
            ("--lint a.ini --lint-format", "write text or json"),
            ("--lint-format=json a.ini", "there is no --lint"),
        ]:
            error = self.assertRaises(ConfigurationError, taken_apart, line.split())
            self.assertIn(words, str(error))


class CommandTests(FilesTestCase):
    """What the commands print."""

    def run_main(self, *arguments: str) -> tuple[int, str, str]:
        output, errors = io.StringIO(), io.StringIO()
        with contextlib.redirect_stderr(errors):
            code = main(arguments, output, {}, Machine())
        return code, output.getvalue(), errors.getvalue()

    def test_lint(self) -> None:
        """A file that is missing, or wrong, is an error; a good one is none."""
        name = os.path.join(self.directory, self.write("a.conf", TEXT))
        self.assertEqual(self.run_main("--lint", name)[0], 0)
        self.assertEqual(self.run_main("--lint", f"{name}x")[0], 2)
        self.assertEqual(self.run_main("--lint", name, "--threads=x")[0], 2)

    def test_usage(self) -> None:
        """What cannot be meant is one line on standard error."""
        code, output, errors = self.run_main("--lint")
        self.assertEqual((code, output), (2, ""))
        self.assertEqual(errors.count("\n"), 1)

    def test_show_config(self) -> None:
        """Each setting is there, with where it came from; what was implied says by what."""
        name = os.path.join(self.directory, self.write("a.ini", TEXT))
        output = io.StringIO()
        code = main(
            ["--show-config", name, "--threads=3"], output, {"UWSGI_LISTEN": "7"}, Machine()
        )
        self.assertEqual(code, 0)
        lines = [" ".join(line.split()) for line in output.getvalue().splitlines()]
        for expected in (
            f"{name}:5 processes = 4",
            f"{name}:4 (cheaper) master = true",
            "command line threads = 3",
            "environment listen = 7",
            f"{name}:6 env = A=1",
            "default http-timeout = 60",
            "default wsgi-file =",
            "workers: 4, 1 at first, 1 at least",
            "requests at once: 12",
            "listener: http 127.0.0.1:8000",
        ):
            self.assertIn(expected, lines)

    def test_show_config_of_a_mistake(self) -> None:
        """What is wrong is on standard error, and the rest is shown."""
        name = os.path.join(self.directory, self.write("a.ini", TEXT + "threads = x\n"))
        code, output, errors = self.run_main("--show-config", name)
        self.assertEqual(code, 1)
        self.assertIn("processes = 4", output)
        self.assertIn("threads = x: not a whole number", errors)

    def test_list_options(self) -> None:
        """Every name has a line: name, verdict, words; sorted."""
        code, output, _ = self.run_main("--list-options")
        rows = [line.split("\t") for line in output.splitlines()]
        self.assertEqual(code, 0)
        self.assertEqual({len(row) for row in rows}, {3})
        names = [row[0] for row in rows]
        self.assertEqual(names, sorted(uwsgi_names() | BY_NAME.keys()))
        verdicts = {name: verdict for name, verdict, _ in rows}
        self.assertEqual(verdicts["http"], "works")
        self.assertEqual(verdicts["thunder-lock"], "no effect")
        self.assertEqual(verdicts["spooler"], "not yet")
        self.assertEqual(verdicts["legion"], "never")
