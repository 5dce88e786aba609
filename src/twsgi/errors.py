"""Every error that twsgi raises on purpose, and what the outside sees of it.

Layer 0: imports nothing of twsgi.  A user's mistake is a L{UserError}: one line that says what
is wrong, where, and what to do, and never a traceback.  A peer's mistake is an L{HTTPError}: it
carries the status that answers it.
"""

from __future__ import annotations

#: The process ended because of a mistake in the configuration or an address that is taken.
EXIT_USAGE = 1
#: No application could be loaded (uWSGI's C{UWSGI_FAILED_APP_CODE}).
EXIT_NO_APP = 22


class TwsgiError(Exception):
    """Any error of twsgi's own."""


class UserError(TwsgiError):
    """
    The operator (or embedder) asked for something that cannot be had.

    C{str(error)} is the whole message, one line; C{exit_code} is the process's status.

    @ivar warnings: what was found before it, one line each; shown first, it may be the reason.
    """

    exit_code = EXIT_USAGE
    warnings: tuple[str, ...] = ()


class ConfigurationError(UserError):
    """A configuration file, a flag or a keyword says something that cannot be meant."""


class BindError(UserError):
    """A listening socket could not be bound."""


class ApplicationError(UserError):
    """The WSGI application could not be loaded."""

    exit_code = EXIT_NO_APP


class HookError(UserError):
    """Something that was to be done at the start, or another moment, has failed."""

    def __init__(self, reason: str, exit_code: int = EXIT_USAGE) -> None:
        super().__init__(reason)
        self.exit_code = exit_code


class EndAsked(UserError):
    """Nothing is wrong: what runs beside the workers has ended, and everything with it."""

    exit_code = 0


class HTTPError(TwsgiError):
    """
    A request that cannot be served as it was sent.

    @ivar status: the code that answers it (RFC 9110, section 15).
    @ivar reason: what is wrong, for the log; never sent to the client.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status}: {reason}")
        self.status = status
        self.reason = reason


class FrameError(TwsgiError):
    """The bytes on a private link are no frames; the link is closed."""


class ResponseError(TwsgiError, ValueError):
    """The application's status or headers are not what PEP 3333 and RFC 9110 allow."""


class ClientDisconnected(TwsgiError, ConnectionError):
    """The client is gone, or reads nothing any more: there is no point in going on."""
