"""L{Inheritance}: what every child is born with: descriptors, and what it is told."""

from __future__ import annotations

import copy
import os
import resource
import socket
from dataclasses import replace

from twsgi.control.launch import (
    CONTROL_FD,
    FIRST_LISTENER_FD,
    FRONTEND,
    LAST_WORDS_FD,
    LAUNCH_FD,
    SCOREBOARD_FD,
    WORKER,
    InheritedListener,
    Launch,
)
from twsgi.control.listening import BoundListener
from twsgi.control.openfiles import usual_limit
from twsgi.control.scoreboard import Scoreboard
from twsgi.master.places import Places, geometry
from twsgi.settings.listeners import HTTP
from twsgi.settings.model import Plan


class Inheritance:
    """
    The master's side of L{twsgi.control.launch}.  Every descriptor here is close-on-exec; only
    C{spawnProcess} lets one through, under its new number.

    @ivar scoreboard: the memory that all share.
    @ivar places: whose record on it is whose.
    """

    def __init__(
        self, plan: Plan, listeners: tuple[BoundListener, ...], log_descriptor: int
    ) -> None:
        """
        @param listeners: bound; they stay the caller's.
        @param log_descriptor: the children's descriptors 1 and 2; stays the caller's.
        """
        self._plan = plan
        self._listeners = listeners
        self._log_descriptor = log_descriptor
        self._null = os.open(os.devnull, os.O_RDONLY)
        self._server_name = socket.gethostname()
        self.scoreboard = Scoreboard.create(
            *geometry(
                plan.workers,
                plan.settings.threads,
                plan.frontends,
                resource.getrlimit(resource.RLIMIT_FSIZE)[0],
            )
        )
        self.scoreboard.share(plan.frontends)
        self.places = Places(self.scoreboard)

    def following(self, plan: Plan) -> Inheritance:
        """The same for another plan: what is open is the same, and is closed once."""
        other = copy.copy(self)
        other._plan = plan
        return other

    def launch(
        self,
        kind: str,
        index: int,
        place: int,
        requests_before: int,
        successor: bool = False,
        first: bool = False,
    ) -> Launch:
        """
        What the child C{index} of C{kind} is told; see L{Launch}.

        @param successor: somebody serves until it takes over: it does not before it is told to,
            and without the application it is of no use, whatever C{need-app} says.
        @param first: nobody was this child before.
        """
        plan, board = self._plan, self.scoreboard
        settings = replace(plan.settings, need_app=True) if successor else plan.settings
        return Launch(
            kind=kind,
            index=index,
            place=place,
            requests_before=requests_before,
            settings=settings,
            listeners=tuple(
                InheritedListener(
                    FIRST_LISTENER_FD + number, one.kind, str(one.address), one.proxied
                )
                for number, one in enumerate(self._accepted_by(kind))
            ),
            places=board.places,
            cores=board.cores,
            frontends=board.frontends,
            directory=plan.directory,
            # A frontend takes requests, and says that it is ready, before there is any worker.
            waits=successor or kind == WORKER,
            open_files=plan.settings.max_fd or usual_limit(),
            multiprocess=plan.workers > 1,
            server_name=self._server_name,
            server_port=self._listeners[0].address.port if self._listeners else 0,
            first=first,
        )

    def descriptors(self, kind: str, control: int, launch: int, last_words: int) -> dict[int, int]:
        """The child's descriptor number -> ours."""
        inherited = {
            0: self._null,
            1: self._log_descriptor,
            2: self._log_descriptor,
            CONTROL_FD: control,
            LAUNCH_FD: launch,
            SCOREBOARD_FD: self.scoreboard.descriptor,
            LAST_WORDS_FD: last_words,
        }
        for number, one in enumerate(self._accepted_by(kind)):
            inherited[FIRST_LISTENER_FD + number] = one.socket.fileno()
        return inherited

    def close(self) -> None:
        """Closes what was opened here; the children have their own copies."""
        os.close(self._null)
        os.close(self.scoreboard.descriptor)

    def _accepted_by(self, kind: str) -> list[BoundListener]:
        return [one for one in self._listeners if (one.kind == HTTP) == (kind == FRONTEND)]
