"""Tests of L{twsgi.lint.report}: what is found in a file, in which group, with which exit code."""

from __future__ import annotations

import json
from unittest.mock import patch

from tests.lint.files import LintCase, Machine
from twsgi.lint.words import as_json, as_text

GOOD = "http = 127.0.0.1:8000\nmodule = app\nmaster = true\nprocesses = 2\nharakiri = 60\n"
PUBLIC = GOOD.replace("127.0.0.1", "")

#: (lines behind L{GOOD}, which count from 7; what is said of them as advice that it is dangerous)
DANGEROUS = [
    ("chmod-socket = 666", "a.ini:7: chmod-socket = 666: everybody on this machine"),
    ("chmod-socket = 777", "a.ini:7: chmod-socket = 777: everybody"),
    ("chmod-socket = 660", None),
    ("umask = 000", "a.ini:7: umask = 000: everybody may write"),
    ("umask = 022", None),
    ("uid = root", "a.ini:7: uid = root: the application runs as root"),
    ("uid = 0", "a.ini:7: uid = 0: the application runs as root"),
    ("uid = www-data", None),
    ("http = 127.0.0.1:80", "a.ini:7: port 80 needs root"),
    ("http = 127.0.0.1:80\nuid = www-data", None),
    ("http-socket = /tmp/app.sock", "a.ini:7: /tmp/app.sock: anybody may make a file"),
    ("http-socket = /run/app/app.sock", None),
    ("pidfile = /tmp/app.pid", "a.ini:7: /tmp/app.pid: anybody may make a file"),
    ("chdir = /srv/app\ncheck-static = /srv/app", "a.ini:8: check-static = /srv/app: /srv/app is"),
    ("chdir = /srv/app\ncheck-static = ..", "a.ini:8: check-static = ..: /srv/app is below it"),
    ("chdir = /srv/app\ncheck-static = static", None),
    ("chdir = /srv/app\ncheck-static = /srv/ap", None),
    ("env = DB_PASSWORD=tiger", "a.ini:7: env = DB_PASSWORD=...: whoever may read this file"),
    ("env = SECRET_KEY=x", "a.ini:7: env = SECRET_KEY=...: whoever"),
    ("env = DB_HOST=tiger", None),
]

#: The same for what is perhaps not wanted.
DOUBTFUL = [
    ("harakiri = 0", "a.ini:7: without harakiri a request that hangs"),
    ("harakiri = 61", "a.ini:7: harakiri = 61: the client has its 504 after http-timeout = 60"),
    ("worker-reload-mercy = 5", "a.ini:7: worker-reload-mercy = 5: a reload or a stop cuts off"),
    ("buffer-size = 4096", "a.ini:7: buffer-size = 4096: requests with large cookies"),
    ("max-requests = 10", "a.ini:7: max-requests = 10: each worker starts anew"),
    ("http-timeout = 3600000", "a.ini:7: http-timeout = 3600000: that is 41 days"),
    ("need-app = false", "a.ini:7: without its application it starts"),
    ("daemonize = true", "a.ini:7: daemonize = true: that is a file of this name"),
    ("uid = stranger", "a.ini:7: this machine has no user 'stranger'"),
    ("gid = stranger", "a.ini:7: this machine has no group 'stranger'"),
    ("chown-socket = www-data:club", "a.ini:7: this machine has no group 'club'"),
    ("buffer-size = 32768", None),
]


class GroupTests(LintCase):
    """Findings, the most important first."""

    def test_clean(self) -> None:
        """A file without fault has nothing said of it, and exit code 0."""
        report = self.lint(GOOD)
        self.assertEqual((report.groups, report.exit_code), ((), 0))
        self.assertIn("nothing to say: every line is heeded", as_text(report))

    def test_all_at_once(self) -> None:
        """All is said at once: errors, then what is ignored, then the rest, then advice."""
        text = (
            "harakari = 3\nprocesses = four\nthreads = 2 # two\nthreads = x\nmule = a\nplugin = py"
        )
        report = self.lint(GOOD + text)
        groups = [
            [(one.code, one.origin and one.origin.line) for one in group]
            for _, group in report.groups
        ]
        self.assertEqual(
            groups,
            [
                [("value", 8), ("value", 10)],
                [("unknown", 7)],
                [("not-yet", 11)],
                [("duplicate", 5), ("comment", 9), ("duplicate", 9)],
                [("no-effect", 12)],
            ],
        )
        self.assertEqual(report.exit_code, 2)

    def test_exit_codes(self) -> None:
        """Advice is 0, warnings are 1, errors are 2."""
        for text, code in [
            ("plugins = python", 0), ("chmod-socket = 666", 0), ("uid = stranger", 0),
            ("mule = x", 1), ("gevent = 5", 1), ("harakari = 5", 1), ("threads = 2 # x", 1),
            ("threads = x", 2), ("immediate-uid = 5", 2), ("ini = missing.ini", 2),
            ("strict = true\nxyzzy = 1", 2),
        ]:  # fmt: skip
            self.assertEqual((text, self.lint(GOOD + text).exit_code), (text, code))

    def test_flags_beside(self) -> None:
        """Flags beside the file belong to it, and what is missing may come from there."""
        self.assertEqual(self.lint("module = app").exit_code, 2)
        self.assertEqual(self.lint("module = app", "--http=127.0.0.1:1").exit_code, 0)

    def test_wire(self) -> None:
        """A file with nothing but an address of the uwsgi wire has an error that names it."""
        report = self.lint(GOOD.replace("http =", "socket ="))
        self.assertEqual(report.exit_code, 2)
        (error,) = self.said(report, "errors")
        self.assertIn("does not speak the uwsgi protocol yet: write http-socket =", error)


class RepeatedTests(LintCase):
    """What is given more than once."""

    def duplicates(self, text: str, *arguments: str) -> list[tuple[str, str]]:
        groups = self.lint(GOOD + text, *arguments).groups
        found = [one for _, group in groups for one in group if one.code == "duplicate"]
        return [(one.level.value, str(one)) for one in found]

    def test_counts(self) -> None:
        """Of two values of one option the last counts, by whatever name."""
        expected = "a.ini:5: processes = 2: given again by workers = 8 (a.ini:7), which counts"
        self.assertEqual(self.duplicates("workers = 8"), [("warning", expected)])

    def test_same(self) -> None:
        """Twice the same is advice."""
        ((level, _),) = self.duplicates("master = true")
        self.assertEqual(level, "advice")

    def test_elsewhere(self) -> None:
        """A flag that is to count instead of the file's is advice, as is another section."""
        ((level, text),) = self.duplicates("", "--processes=3")
        self.assertEqual(level, "advice")
        self.assertIn("given again by processes = 3 (command line), which counts", text)
        section = "ini = :base\n[base]\nbuffer-size = 5"
        self.assertEqual(self.duplicates(section), [])
        early = "threads = 2\nini = :base\nthreads = 3\n[base]\nthreads = 4"
        levels = [level for level, _ in self.duplicates(early)]
        self.assertEqual(levels, ["warning", "advice"])

    def test_lists(self) -> None:
        """What repeats adds up."""
        self.assertEqual(self.duplicates("env = A=1\nenv = B=2\nhttp = 127.0.0.1:2"), [])

    def test_implied(self) -> None:
        """An option that implies a master does not repeat it."""
        self.assertEqual(self.duplicates("cheaper = 1\ntouch-reload = x"), [])


class AdviceTests(LintCase):
    """Choices that work, and should be thought over."""

    def test_dangerous(self) -> None:
        """What lets others in is said, and what does not is not."""
        for text, expected in DANGEROUS:
            said = self.said(self.lint(GOOD + text), "advice: dangerous")
            self.assertEqual((text, len(said)), (text, 0 if expected is None else 1))
            self.assertTrue("".join(said).startswith(expected or ""), said)

    def test_doubtful(self) -> None:
        """So is what works, and is seldom meant."""
        for text, expected in DOUBTFUL:
            said = self.said(self.lint(GOOD + text), "advice: perhaps")
            if expected is None:
                self.assertEqual((text, said), (text, []))
            else:
                self.assertTrue(any(one.startswith(expected) for one in said), (text, said))

    def test_public(self) -> None:
        """An address that everybody reaches needs limits."""
        said = self.said(self.lint(PUBLIC), "advice: dangerous")
        self.assertEqual(len(said), 2)
        self.assertIn("limit-post", said[0])
        self.assertIn("http-connections-per-peer", said[1])
        limits = "limit-post = 1000000\nhttp-connections-per-peer = 50"
        self.assertEqual(self.lint(PUBLIC + limits).groups, ())
        tls = self.lint(f"{PUBLIC}{limits}\nhttp = :443\nuid = www-data")
        self.assertIn("no TLS", "".join(self.said(tls, "advice")))

    def test_root(self) -> None:
        """Root is told that the application would be root too."""

        class Root(Machine):
            root = True

        (said,) = self.said(self.lint(GOOD, machine=Root()), "advice: dangerous")
        self.assertIn("started by root the application runs as root", said)

    def test_without_master(self) -> None:
        """Without a master there is nobody to start it again."""
        said = self.said(self.lint("http = 127.0.0.1:1\nmodule = app"), "advice: perhaps")
        self.assertEqual(len(said), 1)
        self.assertIn("without a master", said[0])

    def test_one_at_a_time(self) -> None:
        """One request at a time is said."""
        said = self.said(self.lint(GOOD.replace("processes = 2", "processes = 1")), "advice")
        self.assertIn("one request at a time", "".join(said))


class NothingIsDoneTests(LintCase):
    """A lint looks, and does nothing."""

    def test_commands(self) -> None:
        """A command that the file would run is not run; the report says so."""
        marker = f"{self.directory}/ran"
        report = self.lint(f"{GOOD}procname-prefix = @(exec://touch {marker})")
        self.assertFalse(self.exists(marker))
        if "expansion" in {one.code for _, group in report.groups for one in group}:
            self.assertIn("is not run by a lint", as_text(report))

    def test_no_application(self) -> None:
        """The application is not imported, no address bound, no directory changed."""
        text = f"{GOOD}chdir = /no/such/directory\nhttp = 127.0.0.1:1\nuid = www-data"
        with (
            patch("socket.socket", side_effect=AssertionError),
            patch("os.chdir", side_effect=AssertionError),
        ):
            self.assertEqual(self.lint(text).exit_code, 0)

    def exists(self, path: str) -> bool:
        import os

        return os.path.exists(path)


class WordsTests(LintCase):
    """A report as it is printed."""

    def test_json(self) -> None:
        """JSON holds all of it."""
        report = self.lint(f"{GOOD}harakari = 1\nplugin = python")
        data = json.loads(as_json(report))
        self.assertEqual(data["exit_code"], 1)
        first = data["findings"][0]
        self.assertEqual(first["level"], "warning")
        self.assertEqual((first["code"], first["file"], first["line"]), ("unknown", "a.ini", 7))
        self.assertIn("did you mean 'harakiri'", first["text"])
        topics = {one["topic"]: one for one in data["amounts"]}
        self.assertEqual(topics["requests at once"]["origins"], ["a.ini:5"])

    def test_plain(self) -> None:
        """No control character of a file gets to the terminal."""
        printed = self.text(f"{GOOD}x\x1b[31my = 1\ncallable = a\x07b")
        self.assertTrue(all(c.isprintable() or c == "\n" for c in printed))
