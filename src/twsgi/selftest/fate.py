"""L{Fate}: what can become of a request; L{Outcome}: one request; L{Summary}: many of them."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum


class Fate(Enum):
    """What became of a request, as its client knows it; the value is the word for it."""

    #: A whole answer with the status and the body that were wanted.
    ANSWERED = "answered"
    #: A whole answer with another status.
    STATUS = "other status"
    #: A whole answer with the wanted status, and another body.
    WRONG = "wrong body"
    #: Nobody listened.
    REFUSED = "refused"
    #: The connection ended before a byte of the answer.
    RESET = "reset"
    #: A kept connection was closed by the server before it had read the request: it went one way
    #: while the close came the other.  Nothing has run, so a client simply asks again.
    RACE = "race"
    #: The connection ended in the middle of the answer, or what came was none.
    PARTIAL = "partial"
    #: The answer was not complete in time.
    TIMEOUT = "timeout"


#: No loss: it was answered, or the client may ask again whatever the method was.
NO_LOSS = frozenset({Fate.ANSWERED, Fate.RACE})


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    One request.

    @ivar request: its method and path.
    @ivar fate: what became of it.
    @ivar fresh: it was the first of its connection.
    @ivar sent: when it was begun, on the monotonic clock; L{ended}: when its fate was known.
    @ivar status: of the answer, if its first line came; else 0.
    @ivar detail: more, for people: the system's reason, or what was odd.
    """

    request: str
    fate: Fate
    fresh: bool
    sent: float
    ended: float
    status: int = 0
    detail: str = ""

    @property
    def lost(self) -> bool:
        """The client did not get what it asked for."""
        return self.fate not in NO_LOSS

    def __str__(self) -> str:
        word = self.fate.value if self.fate is not Fate.STATUS else f"status {self.status}"
        connection = "fresh" if self.fresh else "kept"
        after = f"after {(self.ended - self.sent) * 1000:.0f} ms"
        return f"{self.request}: {word} {after} on a {connection} connection {self.detail}".strip()


class Summary:
    """
    What became of many requests.

    @ivar outcomes: in the order in which they ended.
    """

    #: How many of the lost ones a text shows one by one.
    SHOWN = 5

    def __init__(self, outcomes: Iterable[Outcome]) -> None:
        self.outcomes = sorted(outcomes, key=lambda one: one.ended)

    def count(self, *fates: Fate) -> int:
        """How many came to one of these ends."""
        return sum(one.fate in fates for one in self.outcomes)

    @property
    def lost(self) -> list[Outcome]:
        """Those that were lost, in the order in which they ended."""
        return [one for one in self.outcomes if one.lost]

    def kinds(self) -> Counter[str]:
        """How many came to each end: the words of L{Fate}, C{status 502} for other statuses."""
        return Counter(
            f"status {one.status}" if one.fate is Fate.STATUS else one.fate.value
            for one in self.outcomes
        )

    def text(self) -> str:
        """All of it on one screen."""
        kinds = self.kinds()
        lines = [f"{len(self.outcomes):8} requests{self._times()}"]
        lines += [f"{kinds.pop(Fate.ANSWERED.value, 0):8} answered"]
        races = kinds.pop(Fate.RACE.value, 0)
        if races:
            lines.append(f"{races:8} on kept connections that were just being closed: no loss")
        lines.append(f"{len(self.lost):8} lost")
        lines += [f"{count:16} {kind}" for kind, count in kinds.most_common()]
        shown = self.lost[: self.SHOWN]
        if shown:
            start = min(one.sent for one in self.outcomes)
            lines += ["the first of them:"]
            lines += [f"    {one.sent - start:7.2f} s: {one}" for one in shown]
        return "\n".join(lines)

    def _times(self) -> str:
        if not self.outcomes:
            return ""
        answered = [one.ended - one.sent for one in self.outcomes if one.fate is Fate.ANSWERED]
        seconds = self.outcomes[-1].ended - min(one.sent for one in self.outcomes)
        text = f" in {seconds:.1f} s"
        if answered:
            median, most = statistics.median(answered) * 1000, max(answered) * 1000
            text += f"; answers took {median:.0f} ms in the middle, {most:.0f} ms at most"
        return text
