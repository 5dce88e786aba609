"""What options must agree on: what uWSGI requires of C{cheaper}, and what cannot be served."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from twsgi.errors import ApplicationError, ConfigurationError
from twsgi.settings.grammar import Assignment, printable
from twsgi.settings.model import Settings

#: The algorithms of C{cheaper-algo} there are; the first is what unknown ones fall back to.
ALGORITHMS = ("spare",)
#: The hook that users of uWSGI have SIGTERM stop with, as it does here.
STOP_ON_TERM = "unix_signal:15 gracefully_kill_them_all"
_LISTENERS = ("socket", "uwsgi-socket", "http11-socket", "https", "https-socket", "fastrouter")
_APPLICATIONS = ("mount", "paste", "eval", "wsgi-lite", "pecan", "manage-script-name")


def checked(
    settings: Settings,
    written: Mapping[str, Assignment],
    unsupported: Iterable[str],
) -> tuple[Settings, list[str]]:
    """
    The settings with what is out of bounds brought within, and a warning for each such thing.

    @param written: where each field was last given.
    @param unsupported: the options of uWSGI's that were passed over; they may be the reason why
        something is missing.
    @raise ConfigurationError: they contradict one another, or there is nothing to listen on.
    @raise ApplicationError: there is no application, and C{need-app} is on.
    """
    passed_over = frozenset(unsupported)
    warnings: list[str] = []
    settings = _cheaper(settings, written, warnings)
    settings = _application(settings, written, warnings)
    settings = _hooks(settings, written, warnings)
    _lifetimes(settings, written)
    if not settings.http and not settings.http_socket:
        raise ConfigurationError(
            "no address to listen on: set http = :8000 or http-socket = :8000"
            + _reason(_LISTENERS, passed_over)
        )
    if settings.need_app and settings.module is None and settings.wsgi_file is None:
        raise ApplicationError(
            "no application: set module or wsgi-file" + _reason(_APPLICATIONS, passed_over)
        )
    return settings, warnings


def _reason(names: tuple[str, ...], passed_over: frozenset[str]) -> str:
    found = [name for name in names if name in passed_over]
    return f" ({' and '.join(found)}: not supported by twsgi yet)" if found else ""


def _cheaper(
    settings: Settings, written: Mapping[str, Assignment], warnings: list[str]
) -> Settings:
    algorithm = settings.cheaper_algo
    if algorithm not in ALGORITHMS:
        warnings.append(f"{written['cheaper_algo']}: no such algorithm yet, falling back to spare")
        settings = replace(settings, cheaper_algo=ALGORITHMS[0])
    if settings.cheaper == 0:
        if settings.cheaper_initial:
            warnings.append(f"{written['cheaper_initial']}: has no effect without cheaper")
        return replace(settings, cheaper_initial=0)
    if settings.cheaper >= settings.processes:
        raise ConfigurationError(
            f"{written['cheaper']}: must be lower than processes, which is {settings.processes}"
        )
    low, high = settings.cheaper, settings.processes
    initial = settings.cheaper_initial or low
    clamped = min(max(initial, low), high)
    if clamped != initial:
        bound = f"cheaper ({low})" if clamped == low else f"processes ({high})"
        side = "lower" if clamped == low else "higher"
        warnings.append(
            f"{written['cheaper_initial']}: must not be {side} than {bound}: {clamped} it is"
        )
    return replace(settings, cheaper_initial=clamped)


def _lifetimes(settings: Settings, written: Mapping[str, Assignment]) -> None:
    """@raise ConfigurationError: uWSGI's words for a worker too young to die when it has to."""
    least, most = settings.min_worker_lifetime, settings.max_worker_lifetime
    if 0 < most <= least:
        raise ConfigurationError(
            f"{written['max_worker_lifetime']}: invalid min-worker-lifetime value ({least}), must"
            f" be lower than max-worker-lifetime ({most})"
        )


def _hooks(settings: Settings, written: Mapping[str, Assignment], warnings: list[str]) -> Settings:
    """The hooks that mean what happens anyway; the others are passed over."""
    accepted = []
    for hook in settings.hook_master_start:
        if " ".join(hook.split()) == STOP_ON_TERM:
            accepted.append(hook)
        else:
            warnings.append(
                f"{written['hook_master_start'].origin}: hook-master-start = {printable(hook)}:"
                f" not supported by twsgi yet, but for '{STOP_ON_TERM}': ignored"
            )
    return replace(settings, hook_master_start=tuple(accepted))


def _application(
    settings: Settings, written: Mapping[str, Assignment], warnings: list[str]
) -> Settings:
    if settings.module is None:
        return settings
    if settings.wsgi_file is not None:
        warnings.append(f"{written['wsgi_file']}: module is given too, and counts")
    name, _, called = settings.module.partition(":")
    if called and "callable" in written and settings.callable != called:
        warnings.append(f"{written['callable']}: module names '{called}', and counts")
    return replace(settings, module=name, callable=called or settings.callable)
