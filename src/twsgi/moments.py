"""L{Moments}: what the operator wants done by the process itself, from its start to its end."""

from __future__ import annotations

import os
from typing import Any

from twsgi.control.hooks import Hooks, Run, run_command
from twsgi.interfaces import ILineLog
from twsgi.settings.model import Plan


class Moments:
    """
    The moments of uWSGI's start, in its order; this process waits for what is done in each.  What
    fails is a L{HookError <twsgi.errors.HookError>}.  Main thread, before the reactor runs.
    """

    def __init__(
        self,
        plan: Plan,
        log: ILineLog,
        descriptor: int = 2,
        run: Run = run_command,
        system: Any = os,
    ) -> None:
        """@param descriptor: of the log, for the output of commands."""
        self._plan = plan
        self._settings = plan.settings
        self._log = log
        self._system = system
        self._hooks = Hooks(
            log, descriptor, environment=dict(plan.environment), run=run, system=system
        )
        self._inside = Hooks(
            log,
            descriptor,
            environment=dict(plan.environment),
            directory=None if plan.settings.chroot else plan.directory,
            run=run,
            system=system,
        )

    def asap(self) -> None:
        """The configuration is read."""
        self._hooks.hooks("asap", self._settings.hook_asap)
        self._hooks.commands("asap", self._settings.exec_asap)

    def bound(self) -> None:
        """The addresses are bound."""
        settings = self._settings
        self._hooks.hooks("pre-jail", settings.hook_pre_jail)
        self._hooks.commands("pre-jail", settings.exec_pre_jail)
        self._hooks.hooks("post-jail", settings.hook_post_jail)
        self._hooks.commands("post-jail", settings.exec_post_jail)
        self._hooks.hooks("in-jail", settings.hook_in_jail)
        self._hooks.commands("in-jail", settings.exec_in_jail)

    def as_root(self) -> None:
        """C{uid} and C{gid} are about to be taken."""
        settings = self._settings
        if self._system.geteuid() == 0:
            self._hooks.hooks("as root", settings.hook_as_root)
            self._hooks.commands("as root", settings.exec_as_root)
        elif settings.hook_as_root or settings.exec_as_root:
            self._log.line("hook-as-root, exec-as-root: nothing is done, for this is not root")

    def as_user(self) -> None:
        """They are taken."""
        settings, system = self._settings, self._system
        self._hooks.hooks("as user", settings.hook_as_user)
        who = f"as uid: {system.getuid()} gid: {system.getgid()}"
        self._hooks.commands(who, settings.exec_as_user)

    def master_start(self) -> None:
        """Workers are about to be started."""
        if self._plan.master:
            self._inside.hooks("master-start", self._settings.hook_master_start)

    def at_exit(self) -> None:
        """All is over; nothing that fails matters any more."""
        self._inside.hooks("atexit", self._settings.hook_as_user_atexit, fatal=False)
        self._inside.commands("atexit", self._settings.exec_as_user_atexit, fatal=False)
