"""What a hook may do: C{action:argument} -> L{Hook}.  Pure: C{twsgi.control.hooks} does it.

The names are those that uWSGI 2.0.31 registers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

#: Needs no argument that could be wrong: any text.
_TEXT = "text"
_WORD = "a path"
_FILE_TEXT = "a file and a text"
_FILE_MODE = "a file and a mode, such as 660"
_FILE_OWNER = "a file, a user and a group"
_FILE_NUMBERS = "a file, the number of a user and that of a group"
_NAME_VALUE = "NAME=value"
_SIGNAL = "a signal and what it shall do"
_NOTHING = "nothing, or an exit code"

#: The actions there are, and what each wants behind its colon.
ACTIONS = {
    "exec": _WORD,
    "safeexec": _WORD,
    "cd": _WORD,
    "chdir": _WORD,
    "putenv": _NAME_VALUE,
    "mkdir": _WORD,
    "unlink": _WORD,
    "create": _WORD,
    "creat": _WORD,
    "write": _FILE_TEXT,
    "writen": _FILE_TEXT,
    "append": _FILE_TEXT,
    "appendn": _WORD,
    "writefifo": _FILE_TEXT,
    "chmod": _FILE_MODE,
    "sticky": _WORD,
    "chown": _FILE_OWNER,
    "chown2": _FILE_NUMBERS,
    "wait_for_fs": _WORD,
    "wait_for_file": _WORD,
    "wait_for_dir": _WORD,
    "print": _TEXT,
    "log": _TEXT,
    "exit": _NOTHING,
    "unix_signal": _SIGNAL,
}
#: What uWSGI does beside these, and why it is not done here.
REFUSED = {
    "call": "it calls a function of uWSGI's own program",
    "callret": "it calls a function of uWSGI's own program",
    "callint": "it calls a function of uWSGI's own program",
    "callintret": "it calls a function of uWSGI's own program",
    "mount": "mount it before the start, in the service's own unit",
    "umount": "unmount it before the start, in the service's own unit",
    "hostname": "set it before the start",
    "alarm": "there are no alarms yet",
    "rpc": "there is no RPC yet",
    "retryrpc": "there is no RPC yet",
    "wait_for_socket": "use exec with a command that waits",
    "spinningfifo": "use exec with a command that writes",
}
#: What a signal may be told to do: (its number, uWSGI's function); each is so anyway.
_AS_IT_IS = frozenset(
    [(number, "gracefully_kill_them_all") for number in (2, 3, 15)]
    + [(number, "kill_them_all") for number in (2, 3, 15)]
    + [(1, "grace_them_all")]
)
_MODE = re.compile(r"[0-7]{3,4}")


@dataclass(frozen=True, slots=True)
class Hook:
    """
    One thing to do.

    @ivar action: a key of L{ACTIONS}.
    @ivar argument: what stands behind the first colon.
    @ivar private: the log does not show what it is (C{!} before it).
    """

    action: str
    argument: str
    private: bool = False

    def __str__(self) -> str:
        return f"{self.action}:{self.argument}"


def parse_hook(text: str) -> Hook:
    """
    What C{text} asks for.

    @raise ValueError: it is no hook, or one that is not done here.
    """
    name, colon, argument = text.partition(":")
    private = name.startswith("!")
    action = name[1:] if private else name
    if not colon:
        raise ValueError("write action:argument, such as exec:command")
    if action in REFUSED:
        raise ValueError(f"the hook action '{action}' is not there: {REFUSED[action]}")
    if action not in ACTIONS:
        raise ValueError(f"hook action not found: {action}: write one of {', '.join(ACTIONS)}")
    wants = ACTIONS[action]
    if not _fits(wants, argument):
        raise ValueError(f"the hook action '{action}' wants {wants}")
    if action == "unix_signal":
        _check_signal(argument)
    return Hook(action, argument, private)


def _fits(wants: str, argument: str) -> bool:
    words = argument.split(" ")
    if wants == _FILE_TEXT:
        return len(words) > 1 and bool(words[0])
    if wants == _FILE_MODE:
        return len(words) == 2 and bool(words[0]) and bool(_MODE.fullmatch(words[1]))
    if wants == _FILE_OWNER:
        return len(words) == 3 and all(words)
    if wants == _FILE_NUMBERS:
        return len(words) == 3 and bool(words[0]) and all(map(str.isdecimal, words[1:]))
    if wants == _NAME_VALUE:
        return bool(argument.partition("=")[0]) and "=" in argument
    if wants == _NOTHING:
        return not argument or (argument.isdecimal() and int(argument) < 256)
    if wants == _SIGNAL:
        return len(argument.split()) == 2 and argument.split()[0].isdecimal()
    return wants == _TEXT or bool(argument)


def _check_signal(argument: str) -> None:
    """@raise ValueError: it is not what happens anyway."""
    number, function = argument.split()
    if (int(number), function) not in _AS_IT_IS:
        raise ValueError(
            "a signal's meaning cannot be changed: 15, 2 and 3 stop gracefully, and 1 reloads,"
            " without any hook"
        )


def split_touch(text: str) -> tuple[str, str]:
    """
    C{FILE WORDS}: the file that is watched, and what is to be done when it is touched.

    @raise ValueError: there are not two of them.
    """
    file, _, rest = text.partition(" ")
    if not file or not rest.strip():
        raise ValueError("write the file, a blank, and what to do when it is touched")
    return file, rest.strip()
