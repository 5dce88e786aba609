"""
L{Hooks}: what the operator wants done at the start, at the end, and in between (C{hook-...},
C{exec-...}), one thing after another.

Whoever runs them waits for each: they run where nothing else could go on without them, before a
reactor runs or while a worker loads its application.  What is done while the master serves is
done by L{twsgi.master.commands}.
"""

from __future__ import annotations

import errno
import grp
import os
import pwd
import stat
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from twsgi.errors import HookError
from twsgi.interfaces import ILineLog
from twsgi.settings.actions import Hook, parse_hook

#: How long C{wait_for_file} and its kin wait, in seconds (uWSGI: C{wait-for-fs-timeout}).
PATIENCE = 60
#: Seconds between two looks.
_LOOK = 0.25
SHELL = "/bin/sh"

#: Runs a command of the shell: (it, descriptor of the log, environment, directory) -> exit code.
Run = Callable[[str, int, Mapping[str, str], str | None], int]


def run_command(
    command: str, log: int, environment: Mapping[str, str], directory: str | None
) -> int:
    """
    Runs C{command} by C{/bin/sh -c} and waits for its end; its output goes to C{log}.

    @return: its exit code, or minus the number of the signal that has ended it.
    @raise OSError: it cannot be started.
    """
    import subprocess  # not for who runs none

    return subprocess.call(
        [SHELL, "-c", command],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        env=dict(environment),
        cwd=directory,
    )


class Hooks:
    """Runs hooks and commands in this process, which waits."""

    def __init__(
        self,
        log: ILineLog,
        descriptor: int = 2,
        *,
        environment: Mapping[str, str] | None = None,
        directory: str | None = None,
        run: Run = run_command,
        system: Any = os,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """
        @param descriptor: of the log, for the output of commands.
        @param environment: what commands find beside C{os.environ}.
        @param directory: where commands run, None: where this process is.
        """
        self._log = log
        self._descriptor = descriptor
        self._environment = environment or {}
        self._directory = directory
        self._run = run
        self._system = system
        self._sleep = sleep

    def hooks(self, phase: str, hooks: Iterable[str], fatal: bool = True) -> None:
        """
        Does all that C{hooks} say, in order.

        @param phase: uWSGI's name of the moment, for the log.
        @param fatal: one that fails ends it.
        @raise HookError: one has failed, or wants this process to exit.
        """
        for text in hooks:
            hook = parse_hook(text)
            shown = "--- PRIVATE HOOK ---" if hook.private else f'"{hook}"'
            self._log.line(f"running {shown} ({phase})...")
            try:
                failed = self._do(hook)
            except OSError as error:
                failed = error.strerror or str(error)
            if failed and fatal:
                raise HookError(f"hook {shown} ({phase}): {failed}")
            if failed:
                self._log.line(f"hook {shown} ({phase}): {failed}")

    def commands(self, phase: str, commands: Iterable[str], fatal: bool = True) -> None:
        """
        Runs all C{commands}, in order; the parameters are those of L{hooks}.

        @raise HookError: one has failed.
        """
        for command in commands:
            self._log.line(f'running "{command}" ({phase})...')
            failed = self._exec(command)
            if failed and fatal:
                raise HookError(failed)
            if failed:
                self._log.line(failed)

    def _do(self, hook: Hook) -> str:
        """@return: what went wrong, or nothing.  @raise OSError: likewise."""
        argument = hook.argument
        if hook.action in ("exec", "safeexec"):
            failed = self._exec(argument)
            if failed and hook.action == "safeexec":
                self._log.line(failed)
                return ""
            return failed
        if hook.action in ("print", "log"):
            self._log.line(argument)
        elif hook.action == "exit":
            raise HookError(f"hook {hook}", int(argument or 0))
        elif hook.action.startswith("wait_for_"):
            return self._wait_for(hook.action, argument)
        elif hook.action != "unix_signal":  # what it may say is so already
            _ON_FILES[hook.action](argument, self._system)
        return ""

    def _exec(self, command: str) -> str:
        environment = {**self._system.environ, **self._environment}
        try:
            code = self._run(command, self._descriptor, environment, self._directory)
        except OSError as error:
            return f'command "{command}": {error.strerror}'
        return f'command "{command}" exited with non-zero code: {code}' if code else ""

    def _wait_for(self, action: str, path: str) -> str:
        self._log.line(f"waiting for {path} (max {PATIENCE} seconds) ...")
        for _ in range(int(PATIENCE / _LOOK)):
            try:
                mode = self._system.stat(path).st_mode
            except OSError:
                mode = 0
            if _IS[action](mode):
                self._log.line(f"{path} found")
                return ""
            self._sleep(_LOOK)
        return f"{path} unavailable after {PATIENCE} seconds"


_IS: dict[str, Callable[[int], bool]] = {
    "wait_for_fs": bool,
    "wait_for_file": stat.S_ISREG,
    "wait_for_dir": stat.S_ISDIR,
}


def _create(path: str) -> None:
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666))


def _write(text: str, flags: int, end: str = "") -> None:
    path, _, said = text.partition(" ")
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | flags, 0o666)
    try:
        os.write(descriptor, (said + end).encode("utf-8", "surrogateescape"))
    finally:
        os.close(descriptor)


def _write_fifo(text: str, system: Any) -> None:
    path, _, said = text.partition(" ")
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.ENXIO, errno.ENODEV):
            return
        raise
    try:
        os.write(descriptor, said.encode("utf-8", "surrogateescape"))
    finally:
        os.close(descriptor)


def _chmod(text: str, system: Any) -> None:
    path, mode = text.split(" ")
    system.chmod(path, int(mode, 8))


def _chown(text: str, system: Any) -> None:
    path, user, group = text.split(" ")
    try:
        system.chown(path, pwd.getpwnam(user).pw_uid, grp.getgrnam(group).gr_gid)
    except KeyError:
        raise HookError(f"chown {text}: there is no such user, or group") from None


def _chown_numbers(text: str, system: Any) -> None:
    path, user, group = text.split(" ")
    system.chown(path, int(user), int(group))


def _sticky(path: str, system: Any) -> None:
    system.chmod(path, system.stat(path).st_mode | stat.S_ISVTX)


def _putenv(text: str, system: Any) -> None:
    name, _, value = text.partition("=")
    system.environ[name] = value


#: Each is told its argument and the system it works on.
_ON_FILES: dict[str, Callable[[str, Any], Any]] = {
    "cd": lambda path, system: system.chdir(path),
    "chdir": lambda path, system: system.chdir(path),
    "mkdir": lambda path, system: system.mkdir(path, 0o777),
    "unlink": lambda path, system: system.unlink(path),
    "create": lambda path, system: _create(path),
    "creat": lambda path, system: _create(path),
    "write": lambda text, system: _write(text, os.O_TRUNC),
    "writen": lambda text, system: _write(text, os.O_TRUNC, "\n"),
    "append": lambda text, system: _write(text, os.O_APPEND),
    "appendn": lambda text, system: _write(text, os.O_APPEND, "\n"),
    "writefifo": _write_fifo,
    "chmod": _chmod,
    "sticky": _sticky,
    "chown": _chown,
    "chown2": _chown_numbers,
    "putenv": _putenv,
}
