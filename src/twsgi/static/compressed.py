"""L{Compressed}: C{x.css.br} and C{x.css.gz}, which stand for C{x.css} (uWSGI's C{static-gzip}).

They are found beside where a file really lies, by who compressed it; nothing is compressed here.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Sequence

from twsgi.static.check import FoundFile, StaticRoots

#: Content codings, the best first, and how the names of such files end.
ENDINGS = {"br": ".br", "gzip": ".gz"}
_ALSO = {"x-gzip": "gzip"}
_WEIGHT = re.compile(r"[ \t]*;[ \t]*q=([0-9](?:\.[0-9]{0,3})?)[ \t]*\Z", re.IGNORECASE)


@functools.lru_cache(maxsize=256)
def accepted(field: str) -> tuple[str, ...]:
    """
    The codings of L{ENDINGS} that an C{Accept-Encoding} allows, the best first (RFC 9110, 12.5.3).
    What cannot be read allows nothing.
    """
    allowed: dict[str, bool] = {}
    for member in field.lower().split(","):
        coding, semicolon, _ = member.partition(";")
        coding = coding.strip()
        weight = _WEIGHT.search(member) if semicolon else None
        good = float(weight[1]) > 0 if weight else not semicolon
        allowed[_ALSO.get(coding, coding)] = good
    others = allowed.get("*", False)
    return tuple(coding for coding in ENDINGS if allowed.get(coding, others))


class Compressed:
    """Which files may have a compressed one beside them.  Reactor thread: it looks at the disk."""

    def __init__(
        self,
        everything: bool = False,
        prefixes: Sequence[str] = (),
        suffixes: Sequence[str] = (),
        patterns: Sequence[str] = (),
    ) -> None:
        """
        @param everything: all.
        @param prefixes: those whose path begins so: an absolute path.
        @param suffixes: those whose real path ends so.
        @param patterns: those in whose real path this regular expression finds something.  It is
            the operator's, and so is what it costs.
        """
        self._everything = everything
        self._prefixes = tuple(os.fsencode(one) for one in prefixes)
        self._suffixes = tuple(os.fsencode(one) for one in suffixes)
        self._patterns = [re.compile(one) for one in patterns]

    def may_stand_for(self, found: FoundFile) -> bool:
        """The file's responses depend on C{Accept-Encoding}."""
        if self._everything or found.real.endswith(self._suffixes):
            return True
        # The operator has written the path of the directory; nobody sees that there is a link.
        if found.real.startswith(self._prefixes) or found.path.startswith(self._prefixes):
            return True
        real = os.fsdecode(found.real)
        return any(one.search(real) for one in self._patterns)

    def choose(self, roots: StaticRoots, found: FoundFile, codings: tuple[str, ...]) -> FoundFile:
        """
        The file to send for C{found}, which is closed if it is another.

        @param codings: those that the client accepts.
        """
        for coding in codings:
            other = roots.beside(found, ENDINGS[coding])
            if other is not None:
                other.coding = coding
                other.original = found
                other.earlier = found.earlier
                found.close()
                return other
            found.earlier.append(found.real + os.fsencode(ENDINGS[coding]))
        return found
