"""L{Beside}: what the master does beside its children: daemons, commands, touched files."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred, succeed

from twsgi.control.hooks import Hooks
from twsgi.errors import EndAsked, HookError, UserError
from twsgi.interfaces import ILineLog
from twsgi.master.commands import Commands, SpawnProgram
from twsgi.master.companion import Yard
from twsgi.master.daemons import Daemons
from twsgi.master.spawner import ProgramSpawner
from twsgi.master.touch import Touch
from twsgi.master.watch import Watch
from twsgi.settings.actions import parse_hook
from twsgi.settings.model import Plan


class Beside:
    """
    One for each start of a master.  Reactor thread.

    @ivar failed: told why everything shall end.
    """

    def __init__(
        self,
        plan: Plan,
        reactor: Any,
        log: ILineLog,
        environment: Mapping[str, str],
        log_descriptor: int,
        failed: Callable[[UserError], object],
        spawn: SpawnProgram | None = None,
    ) -> None:
        """
        @param environment: the programs', whole.
        @param spawn: starts them; None: C{reactor.spawnProcess} does.
        """
        self._log = log
        self._failed = failed
        spawn = spawn or ProgramSpawner(reactor, environment, log_descriptor).spawn
        self._commands = Commands(spawn, log, plan.directory)
        self._hooks = Hooks(log, log_descriptor, directory=plan.directory)
        yard = Yard(reactor, log, spawn, directory=plan.directory, pid=os.getpid())
        self._daemons = Daemons(yard, lambda why: failed(EndAsked(why)))
        self._touches: dict[tuple[str, str, bool], Touch] = {}
        self._watch = Watch(reactor, (self._daemons, _All(self._touches)))

    def prepare(self, plan: Plan) -> Deferred[str]:
        """
        Runs C{exec-pre-app}, before workers load the application of C{plan}.

        @return: fires with what failed, or an empty text.
        """
        commands = plan.settings.exec_pre_app
        return self._commands.run(commands, "pre app") if commands else succeed("")

    def loaded(self, plan: Plan) -> None:
        """Runs C{exec-post-app}: the application of C{plan} is loaded."""
        if plan.settings.exec_post_app:
            done = self._commands.run(plan.settings.exec_post_app, "post app")
            done.addCallback(self._loaded)

    def begin(self, plan: Plan) -> None:
        """Starts the daemons, and looks at files."""
        self._daemons.begin(plan.attached, plan.settings.reload_mercy)
        self.follow(plan)

    def renew(self, plan: Plan) -> None:
        """The configuration was read again, and C{plan} is in force."""
        self._daemons.renew(plan.attached, plan.settings.reload_mercy)
        self.follow(plan)
        self.loaded(plan)

    def follow(self, plan: Plan) -> None:
        """From now on C{touch-exec} and C{hook-touch} are this plan's."""
        wanted = [(path, what, False) for path, what in plan.touch_exec]
        wanted += [(path, what, True) for path, what in plan.hook_touch]
        for key in list(self._touches):
            if key not in wanted:
                del self._touches[key]
        for key in wanted:
            if key not in self._touches:
                touch = self._touches[key] = Touch(partial(self._touched, key))
                touch.follow((key[0],))
        self._watch.start()

    def stop_begins(self) -> None:
        """No file is heeded any more."""
        self._touches.clear()
        self._watch.stop()

    def end(self, gone: Callable[[], None]) -> None:
        """Has all programs end; C{gone} is called when they have.  When no worker is left."""
        self.stop_begins()
        self._commands.stop()
        self._daemons.end(gone)

    def kill(self) -> None:
        """Ends all at once."""
        self._commands.stop()
        self._daemons.kill()

    def _loaded(self, failed: str) -> None:
        if failed:
            self._failed(HookError(failed))

    def _touched(self, key: tuple[str, str, bool], path: str) -> None:
        _, what, is_hook = key
        if not is_hook:
            self._log.line(f"[uwsgi-touch-exec] running {what}")
            self._start(what)
            return
        hook = parse_hook(what)
        if hook.action in ("exec", "safeexec"):
            self._log.line(f'running "{hook}" (touch)...')
            self._start(hook.argument)
        else:
            self._hooks.hooks("touch", (what,), fatal=False)

    def _start(self, command: str) -> None:
        try:
            done = self._commands.start(command)
        except OSError as error:
            self._log.line(f'command "{command}": {error.strerror}')
            return

        def ended(code: int) -> None:
            if code:
                self._log.line(f'command "{command}" exited with non-zero code: {code}')

        done.addCallback(ended)


class _All:
    """All touches there are, as one L{Looker <twsgi.master.watch.Looker>}."""

    def __init__(self, touches: Mapping[tuple[str, str, bool], Touch]) -> None:
        self._touches = touches

    @property
    def wanted(self) -> bool:
        """There are files."""
        return bool(self._touches)

    def look(self) -> None:
        """Looks at them."""
        for touch in list(self._touches.values()):
            touch.look()
