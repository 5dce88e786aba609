"""Tests of L{twsgi.settings.resolve}: command lines and keywords -> Settings and warnings."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.settings.files import FilesTestCase
from twsgi.errors import ApplicationError, ConfigurationError, UserError
from twsgi.settings.assignment import Assignment, Origin
from twsgi.settings.kinds import KINDS
from twsgi.settings.model import Settings
from twsgi.settings.options.table import ROWS
from twsgi.settings.plan import plan
from twsgi.settings.resolve import from_mapping, load, resolve

STOP = "unix_signal:15 gracefully_kill_them_all"
BASE = "http = :8000\nmodule = app\n"
EXAMPLES = Path(__file__).parents[2] / "examples" / "scaling"
TUTORIAL = """\
[uwsgi]
strict = true
master = true
{0} = :8000
processes = 4
cheaper = 1
threads = 2
pythonpath = code/
module = app
check-static = static/
offload-threads = 1
"""

#: (lines, field, value), each with BASE before it
FIELDS = [
    ("threads = 3", "threads", 3),
    ("workers = 3", "processes", 3),
    ("workers = 3\nprocesses = 5", "processes", 5),
    ("python-path = a\npp = b\npythonpath = c", "pythonpath", ("a", "b", "c")),
    ("check-static = a\ncheck-static = b", "check_static", ("a", "b")),
    ("http = 127.0.0.1:1", "http", (":8000", "127.0.0.1:1")),
    ("module = pkg.web:make", "module", "pkg.web"),
    ("module = pkg.web:make", "callable", "make"),
    ("wsgi = pkg.web:make", "callable", "make"),
    ("callable = flask_app", "callable", "flask_app"),
    ("callable = make\nmodule = pkg.web:make", "callable", "make"),
    ("need-app = false", "need_app", False),
    ("disable-logging", "disable_logging", True),
    ("disable-logging = false", "disable_logging", False),
    ("http-keepalive", "http_keepalive", 1),
    ("http-keepalive = true", "http_keepalive", 1),
    ("http-keepalive = 0", "http_keepalive", 0),
    ("http-keepalive = off", "http_keepalive", 0),
    ("http-keepalive = 75", "http_keepalive", 75),
    ("offload-thread = 2", "offload_threads", 2),
    ("env = A=b=c\nenv = D=", "env", ("A=b=c", "D=")),
    ("set = threads=4", "threads", 4),
    ("set-ph = n=4\nthreads = %(n)", "threads", 4),
    ("strict = 1\nset-ph = n=4\nset-placeholder = unused=1", "strict", True),
    ("n = 4\nthreads = %(n)", "threads", 4),
    ("processes = %(threads * 2)\nthreads = 3", "processes", 6),
    ("threads = $(THREADS)", "threads", 7),
    ("procname-prefix = 100%%", "procname_prefix", "100%"),
    ("processes = 4\ncheaper = 2\ncheaper-initial = 3", "cheaper_initial", 3),
    ("processes = 4\ncheaper = 2", "cheaper_initial", 2),
    ("processes = 2\ncheaper = 0", "cheaper", 0),
    ("cheaper-algo = busyness", "cheaper_algo", "busyness"),
    ("cheaper-list", "cheaper_algos_list", True),
    ("cheaper-rss-limit-soft = 8589934592", "cheaper_rss_limit_soft", 8589934592),
    ("cheap", "master", True),
    ("idle = 60", "master", True),
    ("master-fifo = a\nmaster-fifo = b", "master_fifo", ("a", "b")),
    ("cheaper-step = 9", "cheaper_step", 9),
    ("cheaper-step = 9", "master", True),
    ("processes = 4", "master", False),
    ("touch-reload = a\ntouch-reload = b", "touch_reload", ("a", "b")),
    ("touch-reload = a", "master", True),
    ("touch-workers-reload = a", "master", True),
    ("touch-chain-reload = a", "master", True),
    ("evil-reload-on-rss = 90", "master", True),
    ("evil-reload-on-as = 90", "master", True),
    ("reload-on-rss = 90", "master", False),
    ("max-requests = 90\nmax-requests-delta = 0", "max_requests_delta", 0),
    ("max-requests = 90", "max_requests_delta", None),
    ("max-requests = 90", "master", False),
    ("max-worker-lifetime = 11", "max_worker_lifetime", 11),
    ("max-worker-lifetime = 1\nmin-worker-lifetime = 0", "max_worker_lifetime", 1),
    ("harakiri = 30", "harakiri", 30),
    ("harakiri = 30", "master", False),
    ("no-harakiri-arh", "harakiri_no_arh", True),
    ("no-harakiri-after-req-hook = 1", "harakiri_no_arh", True),
    ("reload-on-exception", "reload_on_exception", True),
    ("http-retry = no", "http_retry", "off"),
    ("ready-path = /ready", "ready_path", "/ready"),
    (f"hook-master-start = {STOP}", "hook_master_start", (STOP,)),
]  # fmt: skip

#: (lines, field, value, part of the one warning), each with BASE before it; lines count from 4
WARNINGS = [
    ("processe = 4", "processes", 1, "4: unknown option 'processe': did you mean 'processes'?"),
    ("xyzzy = 4", "strict", False, "4: unknown option 'xyzzy'"),
    ("http_socket = :1", "http_socket", (), "did you mean 'http-socket'?"),
    ("spooler = a", "strict", False,
     "4: option 'spooler' is uWSGI's, not supported by twsgi yet (the spooler): ignored"),
    ("strict = true\nspooler = a", "strict", True, "5: option 'spooler' is uWSGI's"),
    ("harakiri-graceful-signal = 2", "strict", False,
     "4: option 'harakiri-graceful-signal' is uWSGI's, and will not be twsgi's: instead: "),
    ("threads = 4  # four", "threads", 4, "4: threads = 4  # four: a comment needs a line"),
    ("callable = make ; it", "callable", "make", "a comment needs a line of its own"),
    ("master = ture", "master", True, "4: master = ture: neither true nor false: read as true"),
    ("master = false ; no", "master", False, "a comment needs a line of its own: read as false"),
    ("harakiri = 5m", "harakiri", 300,
     "4: harakiri = 5m: no whole number as uWSGI reads it: read as 300"),
    ("chdir = \"/srv\"", "chdir", "/srv",
     "4: chdir = \"/srv\": uWSGI takes the quotes for a part of it: read as /srv"),
    ("threads = %(n + 2)", "threads", 2, "'n' is not given: it counts 0"),
    ("cheaper-algo = spare2\nprocesses = 2", "cheaper_algo", "spare",
     "4: cheaper-algo = spare2: unable to find requested cheaper algorithm, falling back to spare"),
    ("die-on-idle", "die_on_idle", True, "4: die-on-idle: has no effect without idle"),
    ("cheaper-initial = 2", "cheaper_initial", 0, "has no effect without cheaper"),
    ("processes = 4\ncheaper = 2\ncheaper-initial = 1", "cheaper_initial", 2,
     "6: cheaper-initial = 1: must not be lower than cheaper (2): 2 it is"),
    ("processes = 4\ncheaper = 2\ncheaper-initial = 9", "cheaper_initial", 4,
     "must not be higher than processes (4): 4 it is"),
    ("wsgi-file = run.py", "module", "app", "4: wsgi-file = run.py: module is given too"),
    ("module = app:a\ncallable = b", "callable", "a", "5: callable = b: module names 'a'"),
]  # fmt: skip

#: (lines, the whole error or its beginning), each with BASE before it
ERRORS = [
    ("threads = two", "uwsgi.ini:4: threads = two: not a whole number"),
    ("threads = -1", "uwsgi.ini:4: threads = -1: must not be negative"),
    ("processes = 0", "uwsgi.ini:4: processes = 0: must be at least 1"),
    ("processes", "uwsgi.ini:4: processes: needs a whole number"),
    ("processes = $(NOPE)", "uwsgi.ini:4: processes = $(NOPE): $(NOPE) is not set"),
    ("http = :$(NOPE)", "uwsgi.ini:4: http = :$(NOPE): $(NOPE) is not set"),
    ("listen = @(/no/backlog)",
     "uwsgi.ini:4: listen = @(/no/backlog): @(/no/backlog): No such file"),
    ("module =", "uwsgi.ini:4: module = : needs a value"),
    ("http = /run/", "uwsgi.ini:4: http = /run/: a UNIX socket needs a name"),
    ("http = fd://1", "uwsgi.ini:4: http = fd://1: the descriptors 0 to 2 are no sockets"),
    ("chmod-socket", "uwsgi.ini:4: chmod-socket: invalid chmod value: : write three octal digits"),
    ("chmod-socket = true", "uwsgi.ini:4: chmod-socket = true: invalid chmod value: true"),
    ("chmod-socket = 999", "uwsgi.ini:4: chmod-socket = 999: invalid chmod value: 999"),
    ("umask = 22", "uwsgi.ini:4: umask = 22: write three octal digits"),
    ("chown-socket = :www", "uwsgi.ini:4: chown-socket = :www: write user or user:group"),
    ("http-socket = :99999", "uwsgi.ini:4: http-socket = :99999: the port '99999' is not"),
    ("env = A", "uwsgi.ini:4: env = A: write NAME=value"),
    ("cheaper = 1", "uwsgi.ini:4: cheaper = 1: must be lower than processes, which is 1"),
    ("processes = 2\ncheaper = 2", "uwsgi.ini:5: cheaper = 2: must be lower than processes"),
    ("cheaper-rss-limit-hard = 9", "uwsgi.ini:4: cheaper-rss-limit-hard = 9: enabling cheaper-rss-"
     "limit-hard requires setting also cheaper-rss-limit-soft"),
    ("cheaper-rss-limit-soft = 9\ncheaper-rss-limit-hard = 9", "uwsgi.ini:5: cheaper-rss-limit-hard"
     " = 9: cheaper-rss-limit-hard value must be higher than cheaper-rss-limit-soft value"),
    ("cheaper-algo = busyness\ncheaper-busyness-min = 51", "uwsgi.ini:5: cheaper-busyness-min = 51:"
     " cheaper-busyness-min (51) must not be higher than cheaper-busyness-max (50)"),
    ("immediate-uid = 1", "uwsgi.ini:4: immediate-uid = 1: twsgi cannot change privileges before"),
    ("immediate-gid = 1", "uwsgi.ini:4: immediate-gid = 1: twsgi cannot change privileges before"),
    ("strict = 1\nprocesse = 4",
     "uwsgi.ini:5: unknown option 'processe': did you mean 'processes'? (strict)"),
    ("processe = 4\nstrict = 1", "uwsgi.ini:4: unknown option 'processe'"),
    ("strict = 1\nn = 4\nthreads = %(n)",
     "uwsgi.ini:5: unknown option 'n' (strict): a placeholder is written set-placeholder = n="),
    ("set = threads", "uwsgi.ini:4: set = threads: write NAME=value"),
    ("set = ini=x.ini", "uwsgi.ini:4: set = ini=x.ini: 'ini' cannot be set"),
    ("set-ph = threads=4", "uwsgi.ini:4: set-ph = threads=4: 'threads' is an option"),
    ("procname-prefix = %(procname-prefix)", "uwsgi.ini:4: procname-prefix"),
    ("max-worker-lifetime = 3",
     "uwsgi.ini:4: max-worker-lifetime = 3: invalid min-worker-lifetime value (10), must be lower "
     "than max-worker-lifetime (3)"),
    ("max-worker-lifetime = 10", "uwsgi.ini:4: max-worker-lifetime = 10: invalid min-worker"),
    ("http-retry = often", "uwsgi.ini:4: http-retry = often: write idempotent, safe or off"),
    ("ready-path = ready", "uwsgi.ini:4: ready-path = ready: write a path such as /ready"),
    ("reload-on-rss = 1T", "uwsgi.ini:4: reload-on-rss = 1T: not a whole number"),
    ("for = a\nif-env = A\nendif",
     "uwsgi.ini:5: if-env = A: stands within 'for = a' of line 4: blocks"),
]  # fmt: skip

ENVIRON = {"THREADS": "7"}


class LoadTests(FilesTestCase):
    """L{load} makes Settings of a file."""

    def load(self, text: str, *arguments: str) -> tuple[Settings, list[str]]:
        self.write("uwsgi.ini", f"[uwsgi]\n{text}\n")
        return load(["uwsgi.ini", *arguments], ENVIRON, self.directory)

    def fails(self, text: str, *arguments: str) -> UserError:
        return self.assertRaises(UserError, self.load, text, *arguments)

    def test_fields(self) -> None:
        """Each text sets its field, without a warning."""
        for text, field, expected in FIELDS:
            settings, warnings = self.load(BASE + text)
            self.assertEqual((text, getattr(settings, field)), (text, expected))
            self.assertEqual((text, warnings), (text, []))

    def test_warnings(self) -> None:
        """Each text is one warning with its line, and the start goes on."""
        for text, field, expected, warning in WARNINGS:
            settings, warnings = self.load(BASE + text)
            self.assertEqual((text, getattr(settings, field)), (text, expected))
            self.assertEqual(len(warnings), 1, warnings)
            self.assertIn(warning, warnings[0])
            self.assertTrue(warnings[0].startswith("uwsgi.ini:"))

    def test_errors(self) -> None:
        """Each text is refused in one line that says where, what and why."""
        for text, message in ERRORS:
            error = self.fails(BASE + text)
            self.assertIsInstance(error, ConfigurationError)
            self.assertEqual(str(error)[: len(message)], message)
            self.assertEqual(len(str(error).splitlines()), 1)
            self.assertEqual(error.exit_code, 1)

    def test_defaults(self) -> None:
        """What is not given is the default of Settings."""
        settings, _ = self.load(BASE)
        self.assertEqual(settings, Settings(http=(":8000",), module="app"))

    def test_tutorial(self) -> None:
        """The tutorial's files load without a warning but the notice about offload threads."""
        for kind in ("http", "http-socket"):
            self.write("uwsgi.ini", TUTORIAL.format(kind))
            settings, warnings = load(["--ini", "uwsgi.ini"], {}, self.directory)
            self.assertEqual(warnings, [])
            expected = Settings(
                strict=True,
                master=True,
                processes=4,
                cheaper=1,
                cheaper_initial=1,
                threads=2,
                pythonpath=("code/",),
                module="app",
                check_static=("static/",),
                offload_threads=1,
                **{kind.replace("-", "_"): (":8000",)},
            )
            self.assertEqual(settings, expected)
            self.assertEqual(plan(settings, "/srv").warnings, ())

    def test_examples(self) -> None:
        """The files in examples/ are the tutorial's."""
        for name, kind in [("uwsgi.ini", "http"), ("http-socket.ini", "http-socket")]:
            self.write("uwsgi.ini", TUTORIAL.format(kind))
            expected = load(["uwsgi.ini"], {}, self.directory)
            self.assertEqual(load([name], {}, str(EXAMPLES)), expected)

    def test_flags_alone(self) -> None:
        """The tutorial's options as flags make the same Settings, but for strict."""
        line = (
            "--master --http :8000 --processes 4 --cheaper 1 --threads 2 --pythonpath code/ "
            "--module app --check-static static/ --offload-threads 1"
        )
        settings, warnings = load(line.split(), {}, self.directory)
        self.write("uwsgi.ini", TUTORIAL.format("http"))
        expected, _ = load(["uwsgi.ini"], {}, self.directory)
        self.assertEqual(dataclasses.replace(settings, strict=True), expected)
        self.assertEqual(warnings, [])

    def test_order(self) -> None:
        """The environment comes first, then arguments and files as they are named."""
        self.write("a.ini", f"[uwsgi]\n{BASE}threads = 2\npp = file\n")
        environ = {"UWSGI_THREADS": "1", "UWSGI_PYTHONPATH": "env", "UWSGI_LISTEN": "5"}
        settings, _ = load(["-p", "3", "a.ini", "--pp", "flag"], environ, self.directory)
        self.assertEqual((settings.threads, settings.processes, settings.listen), (2, 3, 5))
        self.assertEqual(settings.pythonpath, ("env", "file", "flag"))
        settings, _ = load(["a.ini", "--threads=4"], environ, self.directory)
        self.assertEqual(settings.threads, 4)

    def test_strict_from_anywhere(self) -> None:
        """strict counts wherever it is, and the last one wins."""
        self.assertIn("(strict)", str(self.fails(BASE + "xyzzy = 1", "--strict")))
        settings, warnings = self.load(BASE + "xyzzy = 1\nstrict = true", "--strict=false")
        self.assertEqual((settings.strict, len(warnings)), (False, 1))

    def test_mistake_in_flag(self) -> None:
        """A flag's mistake says that it was on the command line."""
        error = self.fails(BASE, "--threads", "two")
        self.assertEqual(str(error), "command line: threads = two: not a whole number")

    def test_no_listener(self) -> None:
        """Without an address there is nothing to serve; what was passed over is named."""
        error = self.fails("module = app")
        self.assertEqual(
            str(error), "no address to listen on: set http = :8000 or http-socket = :8000"
        )
        error = self.fails("module = app\nhttps = :3031")
        self.assertIn("(https: not supported by twsgi yet)", str(error))

    def test_no_application(self) -> None:
        """Without an application the start fails with 22, unless none is needed."""
        error = self.fails("http = :1")
        self.assertIsInstance(error, ApplicationError)
        self.assertEqual(str(error), "no application: set module or wsgi-file")
        self.assertEqual(error.exit_code, 22)
        self.assertIn("(paste: not", str(self.fails("http = :1\npaste = config:a.ini")))
        settings, _ = self.load("http = :1\nneed-app = false")
        self.assertIsNone(settings.module)

    def test_file(self) -> None:
        """A file is an application as well as a module."""
        settings, warnings = self.load("http = :1\nfile = run.py\ncallable = make")
        self.assertEqual((settings.wsgi_file, settings.callable), ("run.py", "make"))
        self.assertEqual(warnings, [])

    def test_error_keeps_warnings(self) -> None:
        """An error carries the warnings that were found before it: they may be the reason."""
        error = self.fails("htp = :8000\nmodule = app")
        self.assertEqual(
            error.warnings, ("uwsgi.ini:2: unknown option 'htp': did you mean 'http'?",)
        )

    def test_own_section(self) -> None:
        """A common construct: one section per stage, each on top of a shared one."""
        self.write(
            "site.ini",
            "[uwsgi]\nini = :common\n[prod]\nini = :common\nworkers = 8\n"
            "[common]\nroot = %d..\nhttp = :80\nchdir = %(root)/src\nwsgi-file = %c.py\n",
        )
        settings, warnings = load(["site.ini:prod"], {}, self.directory)
        self.assertEqual(warnings, [])
        self.assertEqual(settings.processes, 8)
        self.assertEqual(settings.chdir, f"{self.directory}/../src")
        self.assertEqual(settings.wsgi_file, f"{Path(self.directory).name}.py")

    def test_environment_warnings(self) -> None:
        """A variable of uWSGI's that we do not support yet is told, anybody else's is not."""
        self.write("a.ini", f"[uwsgi]\nstrict = 1\n{BASE}")
        environ = {"UWSGI_SPOOLER": "3", "UWSGI_XYZZY": "3"}
        _, warnings = load(["a.ini"], environ, self.directory)
        (warning,) = warnings
        self.assertIn("environment: option 'spooler' is uWSGI's", warning)

    @given(st.lists(st.tuples(st.sampled_from(ROWS), st.text())))
    def test_nothing_else(self, given_: list[tuple[Any, str]]) -> None:
        """Any values are Settings that make a Plan, or a UserError; all are single lines."""
        origin = Origin("f.ini", 1)
        assignments = [
            Assignment(row.name, value, origin) for row, value in given_ if row.name != "ini"
        ]
        base = [Assignment("http", ":1", origin), Assignment("module", "a", origin)]
        try:
            settings, warnings = resolve([*base, *assignments], {}, "/")
            plan(settings, "/")
        except UserError as error:
            warnings = [str(error), *error.warnings]
        for line in warnings:
            self.assertEqual(len(line.splitlines()), 1)


class MappingTests(SynchronousTestCase):
    """L{from_mapping} makes Settings of keywords."""

    base = {"http": ":8000", "module": "app"}

    def test_values(self) -> None:
        """Text, numbers, booleans and lists are taken where they make sense."""
        for key, value, field, expected in [
            ("processes", 2, "processes", 2),
            ("workers", "2", "processes", 2),
            ("check-static", ["a", "b"], "check_static", ("a", "b")),
            ("check_static", ("a",), "check_static", ("a",)),
            ("check_static", "a", "check_static", ("a",)),
            ("check_static", [], "check_static", ()),
            ("need_app", False, "need_app", False),
            ("need-app", "off", "need_app", False),
            ("http_keepalive", True, "http_keepalive", 1),
            ("http_keepalive", False, "http_keepalive", 0),
            ("http_keepalive", 9, "http_keepalive", 9),
            ("module", "pkg:make", "callable", "make"),
            ("env", ["A=$(B)"], "env", ("A=c",)),
        ]:
            settings, warnings = from_mapping({**self.base, key: value}, {"B": "c"})
            self.assertEqual((key, getattr(settings, field)), (key, expected))
            self.assertEqual(warnings, [])

    def test_mistakes(self) -> None:
        """What makes no sense is one line that names the keyword."""
        mistakes: list[tuple[Any, Any, str]] = [
            ("processes", True, "processes = True: must be str or int, not bool"),
            ("processes", 1.5, "processes = 1.5: must be str or int, not float"),
            ("processes", [1], "processes = [1]: must be str or int, not list"),
            ("processes", None, "processes = None: must be str or int, not NoneType"),
            ("processes", "two", "processes = two: not a whole number"),
            ("processes", -1, "processes = -1: must not be negative"),
            ("master", 1, "master = 1: must be str or bool, not int"),
            ("module", 5, "module = 5: must be str, not int"),
            ("http", 8000, "http = 8000: must be str, or a list of it, not int"),
            ("check_static", [1], "check-static = 1: must be str"),
            ("chdir", "a\0b", "chdir = a\\x00b: holds a NUL"),
            ("processe", 1, "unknown option 'processe': did you mean 'processes'?"),
            ("xyzzy", 1, "unknown option 'xyzzy'"),
            (5, 1, "unknown option '5'"),
            (
                "spooler",
                30,
                "option 'spooler' is uWSGI's, not supported by twsgi yet (the spooler)",
            ),
            ("immediate_uid", "root", "option 'immediate_uid' is uWSGI's, not supported by twsgi"),
        ]
        for key, value, message in mistakes:
            mapping = {**self.base, key: value}
            error = self.assertRaises(ConfigurationError, from_mapping, mapping, {})
            self.assertIn(f"keyword: {message}", str(error))
            self.assertEqual(len(str(error).splitlines()), 1)

    def test_incomplete(self) -> None:
        """An address and an application are needed here too."""
        self.assertRaises(ConfigurationError, from_mapping, {"module": "app"}, {})
        self.assertRaises(ApplicationError, from_mapping, {"http": ":1"}, {})

    def test_every_default(self) -> None:
        """The default of each option may be given as it is, and changes nothing."""
        expected, _ = from_mapping(self.base, {})
        defaults = {field.name: field.default for field in dataclasses.fields(Settings)}
        for row in ROWS:
            default = defaults.get(row.field)
            if default is None or row.implies_master or KINDS[row.kind].repeated:
                continue
            settings, _ = from_mapping({**self.base, row.field: default}, {})
            self.assertEqual((row.name, settings), (row.name, expected))

    def test_json(self) -> None:
        """Settings are what they were after a journey as JSON."""
        settings, _ = from_mapping({**self.base, "check_static": ["a"], "chdir": "/srv"}, {})
        self.assertEqual(Settings.from_json(settings.to_json()), settings)
