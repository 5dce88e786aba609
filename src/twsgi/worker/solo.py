"""L{Solo}: a Plan of one process: served by the process that is there already."""

from __future__ import annotations

import math
import os
import socket
from collections.abc import Callable
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

from twisted import __version__ as twisted_version
from twsgi._version import __version__
from twsgi.control.hooks import Hooks
from twsgi.control.lastcall import LAST_CALL
from twsgi.control.listening import Listening
from twsgi.control.resources import stacks_of
from twsgi.control.scoreboard import WORKER_PID, Scoreboard
from twsgi.errors import ApplicationError, HookError
from twsgi.interfaces import ILineLog
from twsgi.settings.model import Plan
from twsgi.worker.bootstrap import accepting, bootstrap
from twsgi.worker.serving import Serving
from twsgi.wsgi.environ import base_environ


class Solo(Service):
    """
    Serves without a master, in this process.  It has the same face as
    L{twsgi.master.service.Master}.

    @ivar failed: fails with an L{ApplicationError} where the application cannot be loaded.
    @ivar ready: fires when requests are served.
    """

    def __init__(self, plan: Plan, *, reactor: Any, log: ILineLog) -> None:
        self.failed: Deferred[None] = Deferred()
        self.ready: Deferred[None] = Deferred()
        #: Without a master nobody reads it again.
        self.read_plan: Callable[[], Plan] | None = None
        self.owner: Any = None
        self._plan = plan
        self._reactor = reactor
        self._log = log
        self._listening = Listening(plan.listeners, log)
        self._serving: Serving | None = None
        self._stopping: Any = None
        # What ends the delay, and then the mercy.
        self._timer: Any = None

    def bind(self) -> None:
        """
        Binds the listening sockets, once.

        @raise BindError: an address cannot be had.
        """
        self._listening.bind()

    def startService(self) -> None:
        """C{IService}: loads the application and serves."""
        super().startService()
        self.bind()
        plan = self._plan
        hooks = Hooks(self._log)
        try:
            hooks.commands("pre app", plan.settings.exec_pre_app)
            hooks.hooks("post-fork", plan.settings.hook_post_fork)
            loaded = bootstrap(plan.settings, self._log)
            hooks.commands("post app", plan.settings.exec_post_app)
            accepting(hooks, plan.settings, 1, True)
        except (ApplicationError, HookError) as error:
            self._log.line(f"unable to load app 0 (mountpoint='') ({error})")
            self._listening.close()
            self.failed.errback(Failure(error))
            return
        bound = self._listening.bound
        environ = base_environ(
            socket.gethostname(),
            bound[0].address.port if bound else 0,
            plan.settings.threads > 1,
            False,
        )
        scoreboard = Scoreboard.create(1, plan.settings.threads, 0)
        scoreboard.give_worker(1, 1, plan.settings.threads)
        scoreboard.worker(1)[WORKER_PID] = os.getpid()
        self._serving = Serving(
            plan.settings, loaded, environ, scoreboard, 1, self._reactor, self._log
        )
        with stacks_of(plan.settings.threads_stacksize):
            self._serving.start(
                [one.socket.dup() for one in bound], proxied=[one.proxied for one in bound]
            )
        versions = f"twsgi {__version__.public()} on Twisted {twisted_version}"
        self._log.line(f"*** {versions} is running in single process mode ***")
        self._log.line(
            f"spawned uWSGI worker 1 (and the only) (pid: {os.getpid()}, "
            f"cores: {plan.settings.threads})"
        )
        self.ready.callback(None)

    def stopService(self) -> Deferred[None]:
        """
        C{IService}: goes on for C{shutdown-delay}; then accepts no more, and finishes what is
        there.

        @return: fires when the last response has been sent, or after C{worker-reload-mercy}.
        """
        super().stopService()
        serving = self._serving
        if serving is None:
            self._listening.close()
            return succeed(None)
        stopped: Deferred[None] = Deferred()
        self._stopping = stopped

        def done(result: None) -> None:
            if self._timer.active():
                self._timer.cancel()
            self._listening.close()
            serving.stop()

        stopped.addCallback(done)
        serving.stop_begins()
        delay = self._plan.settings.shutdown_delay
        if delay:
            self._log.line(f"a stop has begun: serving for {delay} more seconds (shutdown-delay)")
            self._timer = self._reactor.callLater(delay, self._last_call, serving)
        else:
            self._last_call(serving)
        return stopped

    def reload(self, plan: Plan | None = None, chain: bool = False) -> Deferred[bool]:
        """Nobody could serve meanwhile: says what it takes."""
        self._log.line("reload given up: it needs a master, who starts others first: master = true")
        return succeed(False)

    def reload_configuration(self) -> Deferred[bool]:
        """See L{reload}."""
        return self.reload()

    def stop_now(self) -> None:
        """Waits for nothing any more."""
        self._drained()

    def _last_call(self, serving: Serving) -> None:
        """Nobody else comes in; who is at the door already is served."""
        if self._listening.last_call():
            self._timer = self._reactor.callLater(LAST_CALL, self._leave, serving)
        else:
            self._leave(serving)

    def _leave(self, serving: Serving) -> None:
        """No more connections."""
        settings = self._plan.settings
        mercy = min(settings.worker_reload_mercy, settings.reload_mercy or math.inf)
        self._timer = self._reactor.callLater(mercy, self.stop_now)
        self._listening.close()
        serving.drain(True, self._drained)

    def _drained(self) -> None:
        stopping, self._stopping = self._stopping, None
        if stopping is not None:
            stopping.callback(None)
