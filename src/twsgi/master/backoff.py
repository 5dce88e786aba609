"""L{Backoff}: how long to wait before a dead child is replaced.  Pure: it is told all it knows."""

from __future__ import annotations

#: A child that was ready for this long (seconds) was healthy: whatever has ended it then, the next
#: one will serve for as long, and nobody waits for it.  What dies sooner may never serve anybody.
HEALTHY = 2.0
#: The longest pause, seconds.
LONGEST = 30.0


class Backoff:
    """
    The pauses of one place: none after the first death, then 1, 2, 4 … seconds up to L{LONGEST},
    for as long as its children die young.  One healthy life forgets them all.
    """

    def __init__(self, healthy: float = HEALTHY, longest: float = LONGEST) -> None:
        """Both in seconds."""
        self._healthy = healthy
        self._longest = longest
        self._young_deaths = 0

    def died(self, lived: float) -> float:
        """
        A child died.

        @param lived: seconds for which it was ready; 0 if it never was, however long it tried.
        @return: seconds to wait before the next one.
        """
        if lived >= self._healthy:
            self._young_deaths = 0
        self._young_deaths += 1
        if self._young_deaths == 1:
            return 0.0
        # The exponent is bounded, for a place may lose children for months.
        return min(self._longest, 2.0 ** min(self._young_deaths - 2, 30))
