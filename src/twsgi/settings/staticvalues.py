"""What the values of options for static files say: C{/mountpoint=path}, C{REGEX SECONDS}, ..."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from twsgi.settings.model import Settings

#: Seconds of a hundred years: whoever writes more means milliseconds, or a date.
_LONGEST = 100 * 366 * 86400
_PATTERN_SECONDS = re.compile(
    r"(?P<what>\S.*?)[ \t]+(?P<seconds>[0-9]{1,10})[ \t]*(?:[ \t][#;].*)?", re.DOTALL
)
_TYPE_SECONDS = re.compile(
    r"(?P<what>[^\s=]+)[ \t]*=[ \t]*(?P<seconds>[0-9]{1,10})[ \t]*(?:[ \t][#;].*)?", re.DOTALL
)
#: Options that need files to be about.
_ABOUT_FILES = ("static_index", "static_safe", "static_skip_ext", "mimefile")
_PREFIXES = ("static_expires", "static_gzip")


class Mapping(NamedTuple):
    """
    C{static-map}, C{static-map2}.

    @ivar mountpoint: begins with a slash.
    @ivar path: a directory, or a file.
    """

    mountpoint: str
    path: str


class Lifetime(NamedTuple):
    """
    C{static-expires} and its kin.

    @ivar what: a regular expression, or a media type.
    """

    what: str
    seconds: int


def mapping(text: str) -> Mapping:
    """
    C{/mountpoint=path}.

    @raise ValueError: it is none.
    """
    mountpoint, _, path = text.partition("=")
    mountpoint, path = mountpoint.strip(), path.strip()
    if not mountpoint or not path:
        raise ValueError("write /mountpoint=directory or /mountpoint=file")
    return Mapping(mountpoint if mountpoint[0] == "/" else f"/{mountpoint}", path)


def pattern(text: str) -> str:
    """
    A regular expression, as it is.

    @raise ValueError: Python has no such expression.
    """
    if not text:
        raise ValueError("needs a regular expression")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"not a regular expression: {error}") from None
    return text


def pattern_lifetime(text: str) -> Lifetime:
    """
    C{REGEX SECONDS}.

    @raise ValueError: it is none.
    """
    found = _PATTERN_SECONDS.fullmatch(text)
    if found is None:
        raise ValueError("write REGEX SECONDS")
    return Lifetime(pattern(found["what"]), _seconds(found["seconds"]))


def type_lifetime(text: str) -> Lifetime:
    """
    C{TYPE=SECONDS}.

    @raise ValueError: it is none.
    """
    found = _TYPE_SECONDS.fullmatch(text)
    if found is None:
        raise ValueError("write TYPE=SECONDS, such as text/css=3600")
    return Lifetime(found["what"].lower(), _seconds(found["seconds"]))


def _seconds(text: str) -> int:
    seconds = int(text)
    if seconds > _LONGEST:
        raise ValueError(f"must not be more than {_LONGEST} seconds")
    return seconds


def static_warnings(settings: Settings) -> tuple[str, ...]:
    """What is odd about the options for static files, a line each."""
    lines = [
        f"{option} = {text}: a mountpoint begins with a slash: read as /{text}"
        for option, maps in (
            ("static-map", settings.static_map),
            ("static-map2", settings.static_map2),
        )
        for text in maps
        if not text.startswith("/")
    ]
    if not (settings.check_static or settings.static_map or settings.static_map2):
        lines += [
            f"{name.replace('_', '-')} has no effect: there is no check-static, static-map "
            "or static-map2"
            for name, value in vars(settings).items()
            if value and (name in _ABOUT_FILES or name.startswith(_PREFIXES))
        ]
    return tuple(lines)
