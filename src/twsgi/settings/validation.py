"""What options must agree on: what uWSGI requires of C{cheaper}, and what cannot be served."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from twsgi.errors import ApplicationError
from twsgi.settings.assignment import Assignment
from twsgi.settings.finding import Findings, Mistake, mistaken
from twsgi.settings.listeners import ADDRESSES, check_listeners
from twsgi.settings.model import Settings
from twsgi.settings.mounts import mounted

#: The algorithms of C{cheaper-algo} there are; the first is what unknown ones fall back to.
ALGORITHMS = ("spare", "backlog", "manual", "busyness")
#: What the master runs beside its children.
_OUTSIDE = (
    "attach_daemon",
    "attach_control_daemon",
    "attach_daemon2",
    "smart_attach_daemon",
    "smart_attach_daemon2",
    "hook_as_user",
    "exec_as_user",
    "exec_pre_app",
    "exec_post_app",
    "hook_as_user_atexit",
    "exec_as_user_atexit",
    "touch_exec",
    "hook_touch",
)
_LISTENERS = ("https", "https-socket", "fastrouter", "fastcgi-socket", "scgi-socket")
_APPLICATIONS = ("paste", "eval", "wsgi-lite", "pecan")
#: Where each field was last given.
Written = Mapping[str, Assignment]
#: Settings -> the same, with what is out of bounds brought within, and said; or an error.
Check = Callable[[Settings, Written, Findings], Settings]


def checked(
    settings: Settings,
    written: Written,
    unsupported: Iterable[str],
    findings: Findings,
    complete: bool = True,
) -> Settings:
    """
    The settings with what is out of bounds brought within, and a warning for each such thing.
    What contradicts itself is an error, and the next thing is looked at.

    @param unsupported: the options of uWSGI's that were passed over; they may be the reason why
        something is missing.
    @param complete: all that was named has been read, so that what is missing was not given.
    """
    for check in CHECKS:
        with findings.collecting():
            settings = check(settings, written, findings)
    if complete:
        passed_over = frozenset(unsupported)
        for missing in (_no_address, _no_application):
            with findings.collecting():
                missing(written, settings, passed_over)
    return settings


def _no_address(written: Written, settings: Settings, passed_over: frozenset[str]) -> None:
    # An address that is written and is not there has its own error.
    if not written.keys() & ADDRESSES:
        raise Mistake(
            "missing",
            "no address to listen on: set http = :8000 or http-socket = :8000"
            + _reason(_LISTENERS, passed_over),
        )


def _no_application(written: Written, settings: Settings, passed_over: frozenset[str]) -> None:
    if settings.need_app and not written.keys() & {"module", "wsgi_file", "mount"}:
        raise ApplicationError(
            "no application: set module or wsgi-file" + _reason(_APPLICATIONS, passed_over)
        )


def _reason(names: tuple[str, ...], passed_over: frozenset[str]) -> str:
    found = [name for name in names if name in passed_over]
    return f" ({' and '.join(found)}: not supported by twsgi yet)" if found else ""


def _cheaper(settings: Settings, written: Written, findings: Findings) -> Settings:
    if settings.cheaper_algo not in ALGORITHMS:
        findings.warn_of(
            "value",
            written["cheaper_algo"],
            f"unable to find requested cheaper algorithm, falling back to {ALGORITHMS[0]}:"
            f" there are {', '.join(ALGORITHMS)}",
        )
        settings = replace(settings, cheaper_algo=ALGORITHMS[0])
    if settings.cheaper == 0:
        if settings.cheaper_initial:
            findings.warn_of(
                "no-effect", written["cheaper_initial"], "has no effect without cheaper"
            )
        return replace(settings, cheaper_initial=0)
    if settings.cheaper >= settings.processes:
        raise mistaken(
            "conflict",
            written["cheaper"],
            f"must be lower than processes, which is {settings.processes}",
        )
    low, high = settings.cheaper, settings.processes
    initial = settings.cheaper_initial or low
    clamped = min(max(initial, low), high)
    if clamped != initial:
        bound = f"cheaper ({low})" if clamped == low else f"processes ({high})"
        side = "lower" if clamped == low else "higher"
        findings.warn_of(
            "read-otherwise",
            written["cheaper_initial"],
            f"must not be {side} than {bound}: {clamped} it is",
        )
    return replace(settings, cheaper_initial=clamped)


def _lifetimes(settings: Settings, written: Written, findings: Findings) -> Settings:
    """@raise ConfigurationError: uWSGI's words for a worker too young to die when it has to."""
    least, most = settings.min_worker_lifetime, settings.max_worker_lifetime
    if 0 < most <= least:
        raise mistaken(
            "conflict",
            written["max_worker_lifetime"],
            f"invalid min-worker-lifetime value ({least}), must"
            f" be lower than max-worker-lifetime ({most})",
        )
    return settings


def _jail(settings: Settings, written: Written, findings: Findings) -> Settings:
    """
    @raise ConfigurationError: what the master runs would run outside of C{chroot}, as root.
    """
    for name in (*_OUTSIDE, "hook_master_start") if settings.chroot else ():
        if any(not text.startswith("unix_signal:") for text in getattr(settings, name)):
            raise mistaken(
                "conflict",
                written[name],
                "not with chroot: the master runs it, and stays outside as root",
            )
    return settings


def _memory(settings: Settings, written: Written, findings: Findings) -> Settings:
    """@raise ConfigurationError: limits of memory that uWSGI refuses too, in its words."""
    soft, hard = settings.cheaper_rss_limit_soft, settings.cheaper_rss_limit_hard
    if hard and not soft:
        raise mistaken(
            "conflict",
            written["cheaper_rss_limit_hard"],
            "enabling cheaper-rss-limit-hard requires setting also cheaper-rss-limit-soft",
        )
    if 0 < hard <= soft:
        raise mistaken(
            "conflict",
            written["cheaper_rss_limit_hard"],
            "cheaper-rss-limit-hard value must be higher than cheaper-rss-limit-soft value,"
            f" which is {soft}",
        )
    return settings


def _busyness(settings: Settings, written: Written, findings: Findings) -> Settings:
    """@raise ConfigurationError: the least is more than the most."""
    least, most = settings.cheaper_busyness_min, settings.cheaper_busyness_max
    if settings.cheaper_algo == "busyness" and least > most:
        where = written.get("cheaper_busyness_min") or written["cheaper_busyness_max"]
        raise mistaken(
            "conflict",
            where,
            f"cheaper-busyness-min ({least}) must not be higher than cheaper-busyness-max ({most})",
        )
    return settings


def _idle(settings: Settings, written: Written, findings: Findings) -> Settings:
    if settings.die_on_idle and not settings.idle:
        findings.warn_of("no-effect", written["die_on_idle"], "has no effect without idle")
    return settings


def _application(settings: Settings, written: Written, findings: Findings) -> Settings:
    settings = mounted(settings, written, findings)
    if settings.module is None:
        return settings
    if settings.wsgi_file is not None:
        findings.warn_of("conflict", written["wsgi_file"], "module is given too, and counts")
    name, _, called = settings.module.partition(":")
    if called and "callable" in written and settings.callable != called:
        findings.warn_of("conflict", written["callable"], f"module names '{called}', and counts")
    return replace(settings, module=name, callable=called or settings.callable)


def _listeners(settings: Settings, written: Written, findings: Findings) -> Settings:
    for origin, text in check_listeners(settings, written):
        findings.warn("not-yet", text, origin)
    return settings


def algorithms_list() -> tuple[str, ...]:
    """What C{cheaper-algos-list} writes to the log."""
    return (
        "*** uWSGI loaded cheaper algorithms ***",
        *ALGORITHMS,
        "--- end of cheaper algorithms list ---",
    )


#: Every check, in the order of their findings.
CHECKS: tuple[Check, ...] = (
    _cheaper,
    _application,
    _jail,
    _lifetimes,
    _memory,
    _busyness,
    _idle,
    _listeners,
)
