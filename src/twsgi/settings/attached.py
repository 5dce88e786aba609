"""C{attach-daemon} and its kin: their texts -> L{Attached}.  Pure: C{twsgi.master.daemons} runs it.

The keys are those of uWSGI 2.0.31; there a key that it does not know is passed over.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass

#: uWSGI's C{atoi} and its defaults.
FREQUENCY = 10
SIGTERM = 15

#: Every way to write a key of C{attach-daemon2}.
_KEYS = {
    "command": "command",
    "cmd": "command",
    "exec": "command",
    "freq": "freq",
    "pidfile": "pidfile",
    "control": "control",
    "daemonize": "daemonize",
    "daemon": "daemonize",
    "touch": "touch",
    "stopsignal": "stopsignal",
    "stop_signal": "stopsignal",
    "reloadsignal": "reloadsignal",
    "reload_signal": "reloadsignal",
    "stdin": "stdin",
    "uid": "uid",
    "gid": "gid",
    "chdir": "chdir",
    "max_throttle": "max_throttle",
    "notifypid": "notifypid",
    "ns_pid": "ns_pid",
}
_LARGEST_SIGNAL = 64
#: uWSGI takes every value of a switch for yes.
_FALSE = frozenset({"0", "false", "off", "no"})


@dataclass(frozen=True, slots=True)
class Attached:
    """
    A program that runs beside the workers.

    @ivar command: for C{/bin/sh -c}.
    @ivar pidfile: of a smart one: who stands in there is it, whoever has started it; empty: it is
        the master's child, and ends with it.
    @ivar freq: for how many seconds a smart one may have no pidfile until it is started again.
    @ivar daemonize: it is put into the background, and its pidfile is written for it.
    @ivar control: when it ends, everything stops.
    @ivar stop_signal: with which it is asked to end.
    @ivar reload_signal: with which it is asked to end at a reload; 0: C{stop_signal}.
    @ivar stdin: it keeps the master's standard input.
    @ivar uid: the user it runs as, 0: the master's.
    @ivar gid: likewise.
    @ivar chdir: where it runs; empty: where the master does.
    @ivar max_throttle: the longest pause before it is started again, seconds; 0: five minutes.
    @ivar notify: a smart one is told when everything stops or is reloaded.
    @ivar touch: files that have it started again when they are touched.
    """

    command: str
    pidfile: str = ""
    freq: int = FREQUENCY
    daemonize: bool = False
    control: bool = False
    stop_signal: int = SIGTERM
    reload_signal: int = 0
    stdin: bool = False
    uid: int = 0
    gid: int = 0
    chdir: str = ""
    max_throttle: int = 0
    notify: bool = False
    touch: tuple[str, ...] = ()


def parse_smart(text: str, daemonize: bool = False) -> Attached:
    """
    C{PIDFILE[,FREQ] COMMAND}.

    @raise ValueError: it is not that.
    """
    named, _, command = text.partition(" ")
    pidfile, comma, freq = named.partition(",")
    if not pidfile or not command.strip():
        raise ValueError("write a pidfile, a blank, and the command")
    seconds = _number("freq", freq) if comma else FREQUENCY
    return Attached(command.strip(), pidfile=pidfile, freq=seconds, daemonize=daemonize)


def parse_pairs(text: str) -> Attached:
    """
    C{cmd=COMMAND,pidfile=FILE,...}; a comma within quotes, or behind a backslash, is a comma.

    @raise ValueError: it is not that.
    """
    found: dict[str, str] = {}
    for word in split_quoted(text):
        key, equals, value = word.partition("=")
        if key not in _KEYS:
            near = difflib.get_close_matches(key, sorted(_KEYS), n=1)
            hint = f": did you mean '{near[0]}'?" if near else ""
            raise ValueError(f"unknown key '{key}'{hint}")
        if not equals or not value:
            raise ValueError(f"the key '{key}' needs a value: write {key}=...")
        found[_KEYS[key]] = value
    if _on(found, "ns_pid"):
        raise ValueError("ns_pid is not there: start it by unshare --pid --fork")
    if "command" not in found:
        raise ValueError("you need to specify a 'command' key: write cmd=...")
    if _on(found, "daemonize") and "pidfile" not in found:
        raise ValueError("daemonize needs a pidfile, for nobody could find it again")
    return Attached(
        found["command"],
        pidfile=found.get("pidfile", ""),
        freq=_number("freq", found.get("freq", str(FREQUENCY))),
        daemonize=_on(found, "daemonize"),
        control=_on(found, "control"),
        stop_signal=_signal("stopsignal", found.get("stopsignal", str(SIGTERM))),
        reload_signal=_signal("reloadsignal", found.get("reloadsignal", "0"), least=0),
        stdin=_on(found, "stdin"),
        uid=_number("uid", found.get("uid", "0")),
        gid=_number("gid", found.get("gid", "0")),
        chdir=found.get("chdir", ""),
        max_throttle=_number("max_throttle", found.get("max_throttle", "0")),
        notify=_on(found, "notifypid"),
        touch=tuple(one for one in found.get("touch", "").split(";") if one),
    )


def split_quoted(text: str) -> list[str]:
    """
    The pieces between commas; quotes hold commas together and vanish, and so does a backslash.

    @raise ValueError: a quote is not closed.
    """
    pieces, piece, quote, escaped = [], "", "", False
    for letter in text:
        if escaped:
            piece, escaped = piece + letter, False
        elif letter == "\\":
            escaped = True
        elif quote:
            piece, quote = (piece, "") if letter == quote else (piece + letter, quote)
        elif letter in "\"'":
            quote = letter
        elif letter == ",":
            pieces.append(piece)
            piece = ""
        else:
            piece += letter
    if quote:
        raise ValueError(f"the quote {quote} is not closed")
    return [one for one in [*pieces, piece] if one]


def _on(found: dict[str, str], key: str) -> bool:
    return found.get(key, "0").lower() not in _FALSE


def _number(key: str, text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or len(text) > 9:
        raise ValueError(f"{key} is a number, 0 or more")
    return int(text)


def _signal(key: str, text: str, least: int = 1) -> int:
    number = _number(key, text)
    if not least <= number <= _LARGEST_SIGNAL:
        raise ValueError(f"{key} is the number of a signal, such as 15")
    return number
