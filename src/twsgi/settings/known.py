"""The names that uWSGI 2.0.31 has, and which of them or of ours a misspelt one may have meant."""

from __future__ import annotations

import difflib
import functools
import pkgutil

from twsgi.settings.options.table import BY_NAME

#: How alike (0 to 1) two names are that one may have meant the other.
_ALIKE = 0.72

#: uWSGI's short flags that are not ours yet; those in the second take no value.
SHORT_WITH_VALUE = {
    "A": "sharedarea",
    "Q": "spooler",
    "J": "test",
}
SHORT_ALONE = {
    "m": "memory-report",
    "c": "cgi-mode",
    "r": "reaper",
}


@functools.cache
def uwsgi_names() -> frozenset[str]:
    """Every option name of uWSGI 2.0.31; no more of them than the name."""
    data = pkgutil.get_data("twsgi.settings", "known_uwsgi_options.txt") or b""
    return frozenset(data.decode("ascii").split())


def nearest(name: str) -> str | None:
    """The known name that is most like C{name}, or None if there is none."""
    plain = name.strip().lower().replace("_", "-").split(None, 1)[:1]
    if not plain:
        return None
    names = uwsgi_names() | BY_NAME.keys()
    found = difflib.get_close_matches(plain[0][:64], sorted(names), n=1, cutoff=_ALIKE)
    return found[0] if found else None


def suggestion(name: str) -> str:
    """C{: did you mean 'processes'?}, or nothing."""
    found = nearest(name)
    return f": did you mean '{found}'?" if found else ""
