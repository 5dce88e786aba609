"""L{Lookout}: what the master does because of what it sees: harakiri, recycling, touched files."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twisted.internet.interfaces import IReactorTime

from twsgi.control.scoreboard import Scoreboard
from twsgi.interfaces import ILineLog
from twsgi.master.autoreload import AutoReload
from twsgi.master.child import Child
from twsgi.master.hanging import Replace
from twsgi.master.harakiri import Harakiri
from twsgi.master.recycler import Recycler
from twsgi.master.roster import Roster
from twsgi.master.touch import Touch
from twsgi.master.watch import Looker, Watch
from twsgi.master.words import touched
from twsgi.settings.model import Plan, Settings


class Lookout:
    """Follows one plan after another.  Reactor thread."""

    def __init__(
        self,
        clock: IReactorTime,
        log: ILineLog,
        roster: Roster,
        scoreboard: Scoreboard,
        *,
        replace: Replace,
        recycle: Callable[[Child, str], None],
        reread: Callable[[], object],
        reload: Callable[[], object],
        chain: Callable[[], object],
        also: Sequence[Looker] = (),
    ) -> None:
        """
        @param replace: see L{Replace}.
        @param recycle: see L{Recycler}.
        @param reread: reloads with the configuration as it is now: C{touch-reload}.
        @param reload: reloads with the plan that is in force: C{touch-workers-reload}.
        @param chain: likewise, one worker after another: C{touch-chain-reload}.
        @param also: who else wants to look.
        """

        def heed(words: str, action: Callable[[], object]) -> Touch:
            def act(path: str) -> None:
                log.line(touched(path, words))
                action()

            return Touch(act)

        self._harakiri = Harakiri(clock, log, roster, scoreboard, replace)
        self._recycler = Recycler(roster, scoreboard, recycle)
        self._reread = heed("grace them all", reread)
        self._reload = heed("workers reload", reload)
        self._chain = heed("chain reload", chain)
        self._auto_reload = AutoReload(log, reload)
        touches = (self._reread, self._reload, self._chain)
        self._touches = touches
        self._watch = Watch(
            clock, (self._harakiri, self._recycler, *touches, self._auto_reload, *also)
        )

    def follow(self, plan: Plan) -> None:
        """From now on this plan counts."""
        self._harakiri.follow(plan.settings)
        self._recycler.follow(plan.settings)
        self._reread.follow(plan.touch_reload)
        self._reload.follow(plan.touch_workers_reload)
        self._chain.follow(plan.touch_chain_reload)
        self._watch.start()

    def sources(self, paths: Sequence[str], changed: Sequence[int], failed: bool) -> None:
        """A worker speaks of files; see L{AutoReload}."""
        self._auto_reload.sources(paths, changed, failed)
        self._watch.start()

    def stop_begins(self) -> None:
        """Nobody is recycled any more, nor any file heeded; what does not end is still ended."""
        self._recycler.follow(Settings())
        for touch in self._touches:
            touch.follow(())
        self._auto_reload.forget()

    def stop(self) -> None:
        """Looks no more."""
        self._watch.stop()
        self._harakiri.stop()
