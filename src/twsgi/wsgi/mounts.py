"""L{Mounts}: several applications in one worker, each below a path of its own (C{mount})."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NamedTuple

from twsgi.wsgi.application import Application
from twsgi.wsgi.core import Cores
from twsgi.wsgi.response import Response

#: Of what no application answers.
NOBODY = -1


class Mount(NamedTuple):
    """
    @ivar path: below which the application is: C{/blog}; empty: all.
    @ivar number: by which the log knows it.
    """

    path: str
    number: int
    application: Application


def mounted(base: type[Response]) -> type[Response]:
    """A response that holds the number of the application that makes it (C{app}), for the log."""
    made: type[Response] = type("MountedResponse", (base,), {"__slots__": ("app",)})
    return made


class Mounts:
    """
    Finds the application for each request, and tells it where it is: what comes before its pages is
    SCRIPT_NAME, the rest PATH_INFO.  Any thread: nothing of it changes.
    """

    def __init__(self, mounts: Iterable[Mount], default: Mount) -> None:
        """@param default: for what none of C{mounts} is for; its path is not looked at."""
        self._mounts = sorted(mounts, key=lambda one: len(one.path), reverse=True)
        self._default = default

    def serve_in(self, cores: Cores) -> None:
        """From now on C{cores} run these.  Before they are started."""
        cores.response = mounted(cores.response)
        cores.run = partial(self.run, cores.run)

    def run(
        self,
        run: Callable[..., bool],
        application: object,
        environ: dict[str, Any],
        response: Any,
        report: Callable[[str], None],
    ) -> bool:
        """
        See L{run_application <twsgi.wsgi.application.run_application>}.

        @param run: that, or what is in its place.
        @param application: this object.
        """
        found = self.find(environ)
        response.app = str(found.number)
        return run(found.application, environ, response, report)

    def find(self, environ: dict[str, Any]) -> Mount:
        """The application for a request, whose environ is made to say where it is."""
        path: str = environ["PATH_INFO"]
        for mount in self._mounts:
            prefix = mount.path
            # /blog is for /blog and /blog/…, and never for /blogs.
            if path.startswith(prefix) and path[len(prefix) : len(prefix) + 1] in ("/", ""):
                environ["SCRIPT_NAME"] = prefix
                environ["PATH_INFO"] = path[len(prefix) :]
                return mount
        return self._default
