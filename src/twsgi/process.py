"""What an entry point does to its own process, and an embedded container never."""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Callable
from typing import Any, TextIO

from twsgi.control.openfiles import take_limit
from twsgi.control.privileges import Identity, settle
from twsgi.control.resources import take_priority, take_resources
from twsgi.control.title import set_process_title, title_of
from twsgi.errors import ConfigurationError
from twsgi.interfaces import ILineLog
from twsgi.settings.model import Plan


def apply_to_process(plan: Plan, log: ILineLog) -> None:
    """
    Does what the options say of any process, with whatever rights it has now: C{umask}, and its
    name; without a master, where the application runs in it, what it may use of the machine too.

    @raise ConfigurationError: the system refuses.
    """
    settings = plan.settings
    if settings.umask is not None:
        os.umask(settings.umask)
    title = title_of(settings, "master" if plan.master else "worker 1")
    if title:
        set_process_title(title)
    # The others inherit it: below 0 it takes root, which they may have no more.
    take_priority(settings)
    if not plan.master:
        take_resources(settings, 1, log)
        if settings.max_fd:
            take_limit(settings.max_fd)


def settle_process(plan: Plan, log: ILineLog, system: Any = os) -> None:
    """
    Takes C{uid}, C{gid}, C{add-gid}; and without a master, when the application runs in this
    process, C{chroot}, C{chdir}, C{env} too, and the working directory at the front of
    C{sys.path}.  After all is bound.

    With C{chroot} a master stays what it is: its children have to begin outside, as root.

    @raise ConfigurationError: the system refuses.
    """
    settings = plan.settings
    if not plan.master:
        if settings.chroot is not None:
            from twsgi.worker.main import preload

            preload()
        settle(settings, plan.directory, log, system)
        os.environ.update(plan.environment)
        # Where uWSGI's applications expect to be imported from.
        sys.path.insert(0, ".")
    elif settings.chroot is None:
        Identity.of(settings).take(log, system)
        if not system.access(sys.executable, os.X_OK):
            raise ConfigurationError(
                f"uid = {settings.uid}: that user may not run {sys.executable}, which the other"
                " processes are: install Python where it may"
            )
    else:
        log.line(
            f"chroot = {settings.chroot}: the master stays outside, as user {system.geteuid()}:"
            " it starts the processes that go inside"
        )


class StandardStreams:
    """
    C{sys.stdout} and C{sys.stderr} as they were before twistd or twist put its log in their place:
    an application wants real files, and its lines in the log as it wrote them.
    """

    def __init__(self) -> None:
        """Remembers what there is now."""
        self._before: tuple[TextIO, TextIO] = (sys.stdout, sys.stderr)

    def restore(self, log_descriptor: int | None) -> None:
        """
        Puts them back.

        @param log_descriptor: where descriptors 1 and 2 shall lead to from now on (they are
            /dev/null in a daemon), None: where they lead to already.
        """
        sys.stdout, sys.stderr = self._before
        if log_descriptor is not None:
            for descriptor in (1, 2):
                os.dup2(log_descriptor, descriptor)
        reconfigure = getattr(sys.stdout, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(line_buffering=True)


def exit_with(code: Callable[[], int], register: Callable[[Any], Any] = atexit.register) -> None:
    """
    Lets the process exit with C{code()}, where it is not 0, whatever its runner (twistd, twist)
    makes of the end.  To be called early: who registers later is called before.
    """

    def leave() -> None:
        wanted = code()
        if wanted:
            for stream in (sys.stdout, sys.stderr):
                try:
                    stream.flush()
                except (OSError, ValueError):
                    pass
            os._exit(wanted)

    register(leave)
