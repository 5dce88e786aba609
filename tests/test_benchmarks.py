"""The benchmarks' pure parts: what is read, what is made of it, what is written.  No timing."""

from __future__ import annotations

from xml.etree import ElementTree

from benchmarks import (
    clients,
    comparison,
    figures,
    load,
    micro,
    options,
    picture,
    probe,
    processes,
    report,
    requests,
    tables,
)
from benchmarks.cases import CASES
from benchmarks.contenders import CONTENDERS
from benchmarks.figures import Finding, Run, Target
from benchmarks.results import Effort, Outcome, Results, Table
from twisted.trial.unittest import SynchronousTestCase

LINE = (
    "result requests=%d microseconds=2000000 bytes=1000 p50=1500 p99=20000 "
    "connect=0 read=%d write=0 status=%d timeout=0\n"
)


def run(requests: int = 100, cpu: int = 1000, p99: float = 2.0, **more: int) -> Run:
    """A run of one second."""
    return Run(requests, 1.0, 1_000_000, 1.0, p99, cpu // 2, cpu - cpu // 2, dict(more))


def results() -> Results:
    """A small run: one case, growth, one finding that is missed."""
    found = Results({"processors": "2"}, {"wrk": "4"}, "2026-01-02", Effort(2, 1))
    found.runs["http-tiny-8"] = {
        "twsgi-http": [run(200, 10_000), run(100, 5_000)],
        "uwsgi-http-keep": [run(100, 10_000, status=3), run(50, 5_000)],
    }
    found.keeps = {"twsgi-http": True, "uwsgi-http-keep": True}
    found.extras["growth"] = Outcome(
        [Finding("Dearest", [1.5], most=1.25, unit="x")],
        [Table(["a", "b"], [["1", "2"]])],
        curves={"workers": {"twsgi `http`": [(1.0, 50.0), (2.0, 60.0)]}},
    )
    return found


class WrkTests(SynchronousTestCase):
    """What wrk is told, and what it tells."""

    def test_parse(self) -> None:
        """Figures come in seconds and milliseconds; only errors that happened are named."""
        for line, count, errors in (
            (LINE % (10, 0, 0), 10, {}),
            (LINE % (10, 4, 0), 10, {"read": 4}),
            (LINE % (0, 0, 7), 0, {"status": 7}),
        ):
            answer = load.parse(f"Running 1s test\n  Thread Stats\n{line}")
            self.assertEqual((answer.requests, answer.errors), (count, errors))
            self.assertEqual(
                (answer.seconds, answer.size, answer.p50, answer.p99), (2.0, 1000, 1.5, 20.0)
            )

    def test_no_result(self) -> None:
        """Output without a result is an error that quotes it."""
        for output in ("", "unable to connect to 127.0.0.1\n"):
            error = self.assertRaises(ValueError, load.parse, output)
            self.assertIn(output.strip(), str(error))

    def test_expected_errors(self) -> None:
        """One read error an answer is no news of a server that closes; anything else stays."""
        for closes, read, status, left in (
            (True, 10, 0, {}),
            (True, 11, 0, {"read": 11}),
            (True, 10, 2, {"status": 2}),
            (False, 1, 0, {"read": 1}),
        ):
            answer = load.parse(LINE % (10, read, status))
            self.assertEqual(comparison.expected_removed(answer, closes), left)

    def test_browser(self) -> None:
        """The browser's request, read from wrk's script, has 16 fields and about 700 bytes."""
        self.assertEqual(requests.BROWSER_FIELDS, 16)
        self.assertTrue(650 <= len(requests.BROWSER) <= 800, len(requests.BROWSER))
        self.assertIn(b'sec-ch-ua: "Chromium";v="156", "Not)A;Brand";v="99"\r\n', requests.BROWSER)
        self.assertIn(b"(KHTML, like Gecko) Chrome/156", requests.BROWSER)
        self.assertRaises(ValueError, requests.browser_fields, "local other = {}")


class ProcTests(SynchronousTestCase):
    """What C{/proc} says."""

    def test_stat(self) -> None:
        """Parent, user and system time are found behind a name with brackets and spaces."""
        rest = "S 7 1 1 0 -1 0 0 0 0 0 30 20 900 900"
        tick = processes.parse_stat(f"1 (a) {rest}")[1].user // 30
        for name in ("a", "uWSGI http 1", "a) R 1 (b"):
            parent, cpu = processes.parse_stat(f"12 ({name}) {rest}")
            self.assertEqual((parent, cpu), (7, processes.Cpu(30 * tick, 20 * tick)))

    def test_pss(self) -> None:
        """Pss is taken, and none of its relatives."""
        text = "0-1 ---p 0 00:00 0 [rollup]\nRss: 1740 kB\nPss: 357 kB\nPss_Dirty: 112 kB\n"
        self.assertEqual(processes.parse_pss(text), 357)
        self.assertEqual(processes.parse_pss(""), 0)

    def test_spent(self) -> None:
        """A process that came later counts whole; one that has gone counts no more."""
        one, two = processes.Cpu(10, 1), processes.Cpu(30, 5)
        self.assertEqual(processes.spent({1: one}, {1: two, 2: one}), processes.Cpu(30, 5))
        self.assertEqual(processes.spent({1: one, 2: two}, {1: one}), processes.Cpu())


class ProbeTests(SynchronousTestCase):
    """Who is wrong is told."""

    def test_check(self) -> None:
        """Status, length, type and every byte have to be right; parameters of a type may follow."""
        right = {"content-length": "12", "content-type": "text/plain"}
        body = b"hello world\n"
        probe.HELLO.check(200, right, body)
        probe.HELLO.check(200, {**right, "content-type": "text/plain; charset=utf-8"}, body)
        for status, headers, data in (
            (404, right, body),
            (200, {**right, "content-length": "13"}, body),
            (200, {"content-length": "12"}, body),
            (200, right, b"hello World\n"),
        ):
            self.assertRaises(probe.WrongAnswer, probe.HELLO.check, status, headers, data)


class FiguresTests(SynchronousTestCase):
    """Medians, ratios, targets."""

    def test_run(self) -> None:
        """A run without a request divides by nothing."""
        one = run(requests=200, cpu=10_000)
        self.assertEqual((one.rate, one.cpu, one.megabytes), (200.0, 50.0, 1.0))
        self.assertEqual(one.cpu_megabyte, 10_000.0)
        self.assertEqual(run(requests=0).cpu, 1000.0)

    def test_paired(self) -> None:
        """Ratios are taken within a round: a slow round of both changes nothing."""
        runs = {"a": [run(200), run(20), run(2)], "b": [run(100), run(10), run(1)]}
        self.assertEqual(Target("a", "rate", "b").values(runs), [2.0, 2.0, 2.0])
        self.assertEqual(Target("a", "rate", "b", by="difference").values(runs), [100, 10, 1])
        self.assertEqual(Target("a", "rate", "c").values(runs), [])
        self.assertEqual(figures.ratio(1.0, 0.0), 0.0)

    def test_met(self) -> None:
        """The median decides, and reaching the target is enough."""
        for values, least, most, met in (
            ([1.0, 1.8, 9.0], 1.8, None, True),
            ([1.0, 1.7, 9.0], 1.8, None, False),
            ([0.1, 0.6, 0.7], None, 0.6, True),
            ([0.1, 0.61, 0.7], None, 0.6, False),
            ([1.0], None, None, None),
        ):
            self.assertIs(Finding("x", values, least, most).met, met)

    def test_doubtful(self) -> None:
        """Rounds that disagree about a target are told."""
        for values, doubtful in (([1.0, 2.0], True), ([2.0, 3.0], False), ([1.0], False)):
            finding = Finding("x", values, least=1.8)
            self.assertIs(finding.doubtful, doubtful)
        self.assertFalse(Finding("x", [1.0, 9.0]).doubtful)

    def test_words(self) -> None:
        """A figure is told with its unit, and its spread if there is one."""
        for finding, words, target in (
            (Finding("x", [1.5], least=1.4, unit="x"), "1.5x", ">= 1.4x"),
            (Finding("x", [3.0, 1.0, 2.0], most=8, unit="µs"), "2 µs (1 to 3)", "<= 8 µs"),
            (Finding("x", [2.0]), "2", ""),
        ):
            self.assertEqual((finding.words, finding.target), (words, target))

    def test_number(self) -> None:
        """Three digits that mean something; thousands are set apart."""
        for value, words in (
            (0.0, "0"),
            (0.126, "0.13"),
            (2.5, "2.5"),
            (10.0, "10"),
            (87.84, "87.8"),
            (200.0, "200"),
            (10671.2, "10\u202f671"),
            (-13.25, "-13.2"),
        ):
            self.assertEqual(figures.number(value), words)

    def test_overtaken(self) -> None:
        """Who was sent later and answered earlier has overtaken."""
        for times, worst in (
            ([(0, 1), (1, 2), (2, 3)], 0),
            ([(0, 9), (1, 2), (2, 3)], 2),
            ([(0, 3), (1, 2), (2, 4)], 1),
        ):
            found = [clients.Exchange(*one) for one in times]
            self.assertEqual(clients.most_overtaken(found), worst)


class TablesTests(SynchronousTestCase):
    """What is run is there."""

    def test_cases(self) -> None:
        """Each case names contenders that exist, and has those of its targets."""
        for case in CASES.values():
            self.assertEqual(set(case.contenders) - set(CONTENDERS), set(), case.name)
            self.assertEqual(case.essential() - set(case.contenders), set(), case.name)
            for target in case.targets:
                self.assertIn(target.metric, figures.METRICS)

    def test_commands(self) -> None:
        """Each command is complete: port and application are in it, and no gap is left."""
        for one in CONTENDERS.values():
            words = " ".join(one.command(4711, "hello", 3, 5))
            self.assertIn("4711", words)
            self.assertIn("hello", words)
            self.assertNotIn("{", words)
            self.assertEqual(one.title.count("`") % 2, 0, one.title)

    def test_same_for_both(self) -> None:
        """twsgi and uWSGI are told the same, but for how long a connection is kept, and TERM."""
        excused = {"--http-keepalive=60", "--die-on-term"}
        for ours, theirs in (("twsgi-http", "uwsgi-http-keep"), ("twsgi-socket", "uwsgi-socket")):
            words = set(CONTENDERS[theirs].words[1:]) - excused
            self.assertEqual(set(CONTENDERS[ours].words[1:]), words)

    def test_options(self) -> None:
        """Only a run of everything writes the documentation by itself."""
        for words, output in (
            ([], options.DOCS),
            (["--quick"], None),
            (["log"], None),
            (["--rounds", "9"], None),
            (["--contenders", "gunicorn"], None),
            (["--draw"], options.DOCS),
        ):
            self.assertEqual(options.parse(words).output, output, words)

    def test_pieces(self) -> None:
        """Each piece that is timed alone does what its name says."""
        names = []
        for piece in micro.pieces():
            piece.check()
            names.append(piece.name)
        self.assertEqual(len(names), len(set(names)))

    def test_wrong_piece(self) -> None:
        """A piece that does something else is not timed."""
        piece = micro.Piece("x", lambda: 1, lambda found: found == 2)
        self.assertRaises(AssertionError, piece.check)


class PageTests(SynchronousTestCase):
    """The page, its tables and pictures."""

    def test_table(self) -> None:
        """Columns are aligned, a bar in a cell does not end it, and rows must fit."""
        self.assertEqual(
            tables.table(["", "n"], [["a|b", "1"]]), "|  | n |\n| --- | ---: |\n| a\\|b | 1 |\n"
        )
        self.assertRaises(ValueError, tables.table, ["a"], [["1", "2"]])

    def test_targets(self) -> None:
        """Each target stands beside its figure; one that is missed is marked, and named."""
        page = report.page(results())
        self.assertIn("requests/s | >= 1.8x | 2x (2 to 2) | yes |", page)
        self.assertIn("CPU a request | <= 0.6x | 0.5x (0.5 to 0.5) | yes |", page)
        self.assertIn("| Dearest | <= 1.25x | 1.5x | **no** |", page)
        self.assertEqual([one.title for one in report.missed(results())], ["Dearest"])

    def test_errors(self) -> None:
        """What went wrong for wrk is told beside the answers."""
        said = "- uWSGI `http`, `http-keepalive = 60`: 3 no 2xx, beside 150 answers."
        self.assertIn(said, report.page(results()))

    def test_kept(self) -> None:
        """What was written down is what is read, and drawn and told the same."""
        again = Results.from_json(results().to_json())
        self.assertEqual(again, results())
        self.assertEqual(report.page(again), report.page(results()))
        self.assertEqual(picture.pictures(again), picture.pictures(results()))

    def test_pictures(self) -> None:
        """Pictures are XML, tell their figures in words, and are made only of what there is."""
        drawn = picture.pictures(results())
        self.assertEqual(set(drawn), {"bench.svg", "bench-growth.svg"})
        for (_, svg), words in zip(drawn.values(), ("150 requests", "60 with 2"), strict=True):
            told = ElementTree.fromstring(svg).find("{http://www.w3.org/2000/svg}desc")
            assert told is not None and told.text is not None
            self.assertIn(words, told.text)
        self.assertEqual(picture.pictures(Results({}, {}, "", Effort(1, 1))), {})
