"""Tests of L{twsgi.settings.commandline}: arguments and variables -> assignments."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from twsgi.errors import ConfigurationError
from twsgi.settings.commandline import from_environment, parse_arguments

#: (arguments, [(name, value, bare)])
LINES = [
    ("", []),
    ("--processes 4", [("processes", "4", False)]),
    ("--processes=4", [("processes", "4", False)]),
    ("--workers 4", [("workers", "4", False)]),
    ("-p 4", [("processes", "4", False)]),
    ("-p4", [("processes", "4", False)]),
    ("-p -1", [("processes", "-1", False)]),
    ("--master", [("master", "", True)]),
    ("--master=false", [("master", "false", False)]),
    ("-M", [("master", "", True)]),
    (
        "-MiL",
        [("master", "", True), ("single-interpreter", "", True), ("disable-logging", "", True)],
    ),
    ("-Mp4", [("master", "", True), ("processes", "4", False)]),
    (
        "-Mw app:a -T",
        [("master", "", True), ("module", "app:a", False), ("enable-threads", "", True)],
    ),
    ("--http-keepalive --http :1", [("http-keepalive", "", True), ("http", ":1", False)]),
    ("--chmod-socket --http :1", [("chmod-socket", "666", False), ("http", ":1", False)]),
    (
        "--chmod-socket=660 -MC",
        [("chmod-socket", "660", False), ("master", "", True), ("chmod-socket", "666", False)],
    ),
    ("-d a.log", [("daemonize", "a.log", False)]),
    ("--http-keepalive=5", [("http-keepalive", "5", False)]),
    ("--env A=b=c", [("env", "A=b=c", False)]),
    ("--env=A=b=c", [("env", "A=b=c", False)]),
    ("--pp a --pp b", [("pp", "a", False), ("pp", "b", False)]),
    ("uwsgi.ini", [("ini", "uwsgi.ini", False)]),
    ("dir/x.ini:base -M", [("ini", "dir/x.ini:base", False), ("master", "", True)]),
    ("-M -- x.ini", [("master", "", True), ("ini", "x.ini", False)]),
    ("--ini a.ini b.ini", [("ini", "a.ini", False), ("ini", "b.ini", False)]),
    ("--spooler a -M", [("spooler", "a", False), ("master", "", True)]),
    ("--spooler=a", [("spooler", "a", False)]),
    ("-t30 -R 5", [("harakiri", "30", False), ("max-requests", "5", False)]),
    ("--memory-report --master", [("memory-report", "", True), ("master", "", True)]),
    ("--memory-report x.ini", [("memory-report", "", True), ("ini", "x.ini", False)]),
    (
        "-s :3031 -mM",
        [("socket", ":3031", False), ("memory-report", "", True), ("master", "", True)],
    ),
    ("-s/tmp/s", [("socket", "/tmp/s", False)]),
    ("--set-ph base=/srv", [("set-ph", "base=/srv", False)]),
    ("--processe 4", [("processes", "4", False)]),
    ("--max-requests-d=4", [("max-requests-delta", "4", False)]),
    ("--offload-thr 2", [("offload-thread", "2", False)]),
    (
        "a.xml b.yml c.yaml:x d.json",
        [
            ("xml", "a.xml", False),
            ("yaml", "b.yml", False),
            ("yaml", "c.yaml:x", False),
            ("json", "d.json", False),
        ],
    ),
    ("-x a -y b.c -j d", [("xml", "a", False), ("yaml", "b.c", False), ("json", "d", False)]),
    ("--if-env A -M --endif", [("if-env", "A", False), ("master", "", True), ("endif", "", True)]),
    ("--if-reload x.ini", [("if-reload", "", True), ("ini", "x.ini", False)]),
    ("--include a.ini", [("include", "a.ini", False)]),
]

#: (arguments, parts of the error)
MISTAKES = [
    ("--procesess 4", ["unknown flag '--procesess'", "did you mean 'processes'?"]),
    ("--chea=4", ["'--chea' may be any of --cheap, --cheaper, --cheaper-algo,", ", ..."]),
    ("--thread 4", ["may be any of --thread-stack-size, --thread-stacksize, --threaded-logger, "]),
    ("--=1", ["unknown flag '--'"]),
    ("--xyzzy", ["unknown flag '--xyzzy'"]),
    ("-Mq", ["unknown flag '-q'"]),
    ("--processes", ["--processes needs a value: N"]),
    ("--processes --master", ["--processes needs a value"]),
    ("-p", ["-p needs a value"]),
    ("-p -M", ["-p needs a value"]),
    ("app.py", ["'app.py' is neither a flag nor a file of configuration", "--module=NAME"]),
    ("--master true", ["'true' is neither a flag"]),
    ("-", ["'-' is neither a flag"]),
    ("uwsgi.conf", ["'uwsgi.conf' is neither"]),
    ("--a\x85b", ["unknown flag '--a\\x85b'"]),
]

words = st.one_of(
    st.text(),
    st.sampled_from(["--", "-", "-p", "--processes", "-M", "--http=", "x.ini", "--spooler", "-s"]),
)


class ArgumentTests(SynchronousTestCase):
    """L{parse_arguments} reads a command line as uWSGI does, and a little more."""

    def test_lines(self) -> None:
        """Each line assigns what the table says, and says that it was the command line."""
        for line, expected in LINES:
            assignments = parse_arguments(line.split())
            got = [(one.name, one.value, one.bare) for one in assignments]
            self.assertEqual((line, got), (line, expected))
            self.assertEqual({str(one.origin) for one in assignments} - {"command line"}, set())

    def test_mistakes(self) -> None:
        """Each line is refused in one line that names what is wrong, and what was meant."""
        for line, parts in MISTAKES:
            error = self.assertRaises(ConfigurationError, parse_arguments, line.split(" "))
            for part in ["command line: ", *parts]:
                self.assertIn(part, str(error))
            self.assertEqual(len(str(error).splitlines()), 1)

    @given(st.lists(words))
    def test_nothing_else(self, arguments: list[str]) -> None:
        """Any arguments are assignments or a ConfigurationError of one line."""
        try:
            parse_arguments(arguments)
        except ConfigurationError as error:
            self.assertEqual(len(str(error).splitlines()), 1)

    @given(st.text())
    def test_values_are_kept(self, value: str) -> None:
        """What follows C{=} is the value, whatever it is."""
        (one,) = parse_arguments([f"--procname-prefix={value}"])
        self.assertEqual(one.value, value)


class EnvironmentTests(SynchronousTestCase):
    """L{from_environment} reads C{UWSGI_*}."""

    def test_variables(self) -> None:
        """Names are translated; what names no option is passed over."""
        environ = {
            "UWSGI_HTTP_SOCKET": ":1",
            "UWSGI_WORKERS": "2",
            "UWSGI_HARAKIRI": "30",
            "UWSGI_ORIGINAL_PROC_NAME": "uwsgi",
            "UWSGI_": "x",
            "HTTP": ":2",
            "http": ":3",
        }
        got = [(one.name, one.value, str(one.origin)) for one in from_environment(environ)]
        expected = [
            ("http-socket", ":1", "environment"),
            ("workers", "2", "environment"),
            ("harakiri", "30", "environment"),
        ]
        self.assertEqual(got, expected)
