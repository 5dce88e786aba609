"""L{twsgi.selftest.fate}: what is said of many requests."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from twsgi.selftest.fate import Fate, Outcome, Summary


def outcome(fate: Fate, at: float = 0.0, status: int = 0, fresh: bool = True) -> Outcome:
    """A request that took 10 ms."""
    return Outcome("GET /", fate, fresh, at, at + 0.01, status, "")


class SummaryTests(SynchronousTestCase):
    """Numbers and text."""

    def test_lost(self) -> None:
        """All is lost but what was answered, and races on kept connections."""
        lost = {fate for fate in Fate if outcome(fate).lost}
        self.assertEqual(lost, set(Fate) - {Fate.ANSWERED, Fate.RACE})
        summary = Summary(outcome(fate) for fate in Fate)
        self.assertEqual(len(summary.lost), len(Fate) - 2)
        self.assertEqual(summary.count(Fate.RESET, Fate.RACE), 2)

    def test_order(self) -> None:
        """Outcomes are in the order in which they ended."""
        summary = Summary([outcome(Fate.RESET, 3), outcome(Fate.TIMEOUT, 1)])
        self.assertEqual([one.fate for one in summary.lost], [Fate.TIMEOUT, Fate.RESET])

    def test_kinds(self) -> None:
        """Other statuses are told apart."""
        summary = Summary([outcome(Fate.STATUS, status=status) for status in (502, 502, 503)])
        self.assertEqual(summary.kinds(), {"status 502": 2, "status 503": 1})

    def test_nothing(self) -> None:
        """Of no requests there is something to say, too."""
        self.assertEqual(
            Summary([]).text().split(), ["0", "requests", "0", "answered", "0", "lost"]
        )

    def test_text(self) -> None:
        """The text names the numbers, the kinds of loss and the first ones."""
        summary = Summary(
            [
                outcome(Fate.ANSWERED, 10.0),
                outcome(Fate.RACE, 10.5, fresh=False),
                outcome(Fate.STATUS, 12.0, 502),
                *[outcome(Fate.RESET, 13.0 + number) for number in range(20)],
            ]
        )
        text = summary.text()
        for line in (
            "23 requests in 22.0 s; answers took 10 ms in the middle, 10 ms at most",
            "1 answered",
            "1 on kept connections that were just being closed: no loss",
            "21 lost",
            "20 reset",
            "1 status 502",
            "2.00 s: GET /: status 502 after 10 ms on a fresh connection",
        ):
            self.assertIn(f" {line}\n", text)
        self.assertLess(len(text.splitlines()), 24)
