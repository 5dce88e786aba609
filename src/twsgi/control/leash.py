"""
Starts a program that runs beside the workers (C{attach-daemon}), and becomes it.

A process of its own, run by its path with C{python -I -S}, for it imports nothing of twsgi: what
C{spawnProcess} cannot do without forking the master is done here, where there is one thread and
nothing to be inherited.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import sys
from typing import Any

#: C{prctl(2)}: the kernel sends this signal when the parent dies.
_PR_SET_PDEATHSIG = 1
SHELL = "/bin/sh"
#: What of the shell's own has the name of a program, too.
_BUILT_IN = frozenset({"cd", "exec", "eval", "command", "time", "ulimit", "umask", "wait", "type"})
#: That the parent has died; nobody else sends it.
_ORPHANED = signal.SIGRTMAX if hasattr(signal, "SIGRTMAX") else signal.SIGUSR2
#: They cannot be caught, or are about children, terminals and faults.
_NOT_OURS = frozenset(
    getattr(signal, name)
    for name in (
        *("SIGKILL", "SIGSTOP", "SIGCHLD", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGCONT"),
        *("SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGABRT"),
    )
    if hasattr(signal, name)
)


def arguments(told: dict[str, Any]) -> list[str]:
    """
    The command line that starts a program.

    @param told: C{command}, for the shell; and, where they are wanted, C{chdir}, C{uid}, C{gid},
        C{pidfile} (it goes into the background, and its number into this file), C{parent} (the
        number of the process with which it ends).
    """
    return [sys.executable, "-I", "-S", os.path.abspath(__file__), json.dumps(told)]


def prepare(told: dict[str, Any], system: Any = os) -> None:
    """
    Makes this process what the program shall be.

    @raise OSError: that is refused.
    """
    # Python ignores them; the program would too.
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    if told.get("chdir"):
        system.chdir(told["chdir"])
    if told.get("uid") or told.get("gid"):
        if system.geteuid() == 0:
            system.setgroups([])
        if told.get("gid"):
            system.setgid(told["gid"])
        if told.get("uid"):
            system.setuid(told["uid"])
    if told.get("pidfile"):
        if system.fork():
            system._exit(0)
        with open(told["pidfile"], "w") as file:
            file.write(f"{system.getpid()}\n")
    system.setsid()


def die_with(parent: int, number: int = signal.SIGKILL, system: Any = os) -> None:
    """From now on this process gets a signal when C{parent} dies; Linux only."""
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    try:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)
    except (OSError, AttributeError):
        return
    if system.getppid() != parent:
        # It was dead already.
        system._exit(1)


def is_simple(command: str) -> bool:
    """One program and its arguments: the shell need not stay to see to more than that."""
    try:
        lexer = shlex.shlex(command, posix=True, punctuation_chars=";&|()<>\n")
        lexer.whitespace = " \t"
        words = list(lexer)
    except ValueError:
        return False
    if any(set(word) <= set(";&|()\n") for word in words if word):
        return False
    return bool(words) and words[0] not in _BUILT_IN and shutil.which(words[0]) is not None


def become(command: str) -> None:
    """
    This process is the program from now on.

    @raise OSError: there is no shell.
    """
    os.execv(SHELL, [SHELL, "-c", f"exec {command}" if is_simple(command) else command])


def guard(command: str, parent: int) -> None:
    """
    Runs what is more than one program, and stays to end all of it when C{parent} dies, which the
    kernel does for one process alone.  Exits as the command does.

    @raise OSError: it cannot be started.
    """
    for number in signal.valid_signals() - _NOT_OURS:
        signal.signal(number, lambda *_: None)  # for the command: it has them too
    signal.signal(_ORPHANED, lambda *_: os.killpg(0, signal.SIGKILL))
    pid = os.fork()
    if not pid:
        die_with(os.getppid())
        become(command)
    die_with(parent, _ORPHANED)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os._exit(code if code >= 0 else 128 - code)


def main(told: str) -> None:
    """The process."""
    said = json.loads(told)
    try:
        prepare(said)
        if said.get("parent") and not is_simple(said["command"]):
            guard(said["command"], said["parent"])
        elif said.get("parent"):
            die_with(said["parent"])
        become(said["command"])
    except OSError as error:
        text = f'[uwsgi-daemons] unable to spawn "{said["command"]}": {error.strerror}'
        if error.filename:
            text += f": {error.filename}"
        os.write(2, f"{text}\n".encode("utf-8", "replace"))
        os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1])
