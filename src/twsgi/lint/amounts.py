"""What a configuration amounts to: addresses, processes, the application."""

from __future__ import annotations

import re
from collections.abc import Sequence

from twsgi.lint.facts import Fact, places, texts
from twsgi.lint.limits import clients, memory, replaced, routed, running, waiting
from twsgi.settings.finding import Finding
from twsgi.settings.model import Listener, Plan
from twsgi.settings.plan import HTTP

#: Codes of findings that say that a line is not heeded, and why it is not.
_IGNORED = {
    "not-yet": "not there yet",
    "never": "not for twsgi",
    "unknown": "unknown",
    "no-effect": "no effect",
}

#: Which requests have a line although the others have none.
_SOME_LINES = ("log_4xx", "log_5xx", "log_slow", "log_big", "log_zero")
#: Fields of options by which something else is run.
_COMMANDS = re.compile(r"(?:hook_(?!master_start)|exec_|touch_exec|(?:smart_)?attach_\w*daemon)")


def amounts(plan: Plan, findings: Sequence[Finding]) -> tuple[Fact, ...]:
    """All of it, in the order of a request's way."""
    facts = [*_addresses(plan), _application(plan), _processes(plan), _at_once(plan)]
    facts += [waiting(plan), running(plan), clients(plan), memory(plan), replaced(plan)]
    facts += [_reload(plan), _stop(plan), _user(plan), _log(plan)]
    facts += [*_files(plan), *_beside(plan), _ignored(findings)]
    return tuple(facts)


def _addresses(plan: Plan) -> list[Fact]:
    if not plan.listeners:
        return [Fact("listens on", "nothing")]
    return [
        Fact("listens on", _address(one, plan), ((one.option or one.kind).replace("-", "_"),))
        for one in plan.listeners
    ]


def _address(listener: Listener, plan: Plan) -> str:
    if listener.kind == HTTP:
        many = plan.frontends != 1
        who = f"{plan.frontends} frontend process{'es' if many else ''}"
    else:
        who = "the workers" if plan.master else "the one process"
    rights = "" if listener.mode is None or not listener.address.file else f" {listener.mode:03o}"
    return f"{listener.address}{rights}: HTTP, by {who}"


def _application(plan: Plan) -> Fact:
    settings = plan.settings
    fields = ("module", "wsgi_file", "mount", "callable", "chdir", "virtualenv", "pythonpath")
    mounts = texts(settings, "mount")
    if settings.module is not None:
        what = f"{settings.callable} in module {settings.module}"
    elif settings.wsgi_file is not None:
        what = f"{settings.callable} in file {settings.wsgi_file}"
    else:
        what = "none" if not mounts else "none but those mounted"
    if mounts:
        what += f"; mounted: {', '.join(mounts)}"
    where = f"; in {plan.directory}" if plan.directory else ""
    packages = "".join(f"; packages of {one}" for one in texts(settings, "virtualenv"))
    return Fact("application", what + where + packages, fields)


def _processes(plan: Plan) -> Fact:
    fields = ("master", "processes", "cheaper", "cheaper_initial", "http_processes")
    if not plan.master:
        return Fact("processes", "1, without a master", fields)
    text = f"a master, {_count(plan.workers, 'worker')}"
    if plan.minimum < plan.workers:
        text += f" ({plan.initial} at the start, never below {plan.minimum}: cheaper)"
    if plan.frontends:
        text += f", {_count(plan.frontends, 'frontend')}"
    return Fact("processes", text, fields)


def _at_once(plan: Plan) -> Fact:
    threads = plan.settings.threads
    workers = _count(plan.workers, "worker") if plan.master else "1 process"
    text = f"{plan.capacity}: {workers} of {_count(threads, 'thread')}"
    return Fact("requests at once", text, ("processes", "threads"))


def _reload(plan: Plan) -> Fact:
    settings = plan.settings
    if not plan.master:
        return Fact("reload", "none: there is no master", ("master",))
    touched = [
        f"{name} = {path}"
        for name, paths in (
            ("touch-reload", settings.touch_reload),
            ("touch-workers-reload", settings.touch_workers_reload),
            ("touch-chain-reload", settings.touch_chain_reload),
        )
        for path in paths
    ]
    text = ", ".join(["SIGHUP", *touched]) + "; no request is lost"
    return Fact("reload", text, ("touch_reload", "touch_workers_reload", "touch_chain_reload"))


def _stop(plan: Plan) -> Fact:
    settings = plan.settings
    seconds = settings.reload_mercy or settings.worker_reload_mercy
    option = "reload-mercy" if settings.reload_mercy else "worker-reload-mercy"
    text = f"SIGTERM, SIGINT, SIGQUIT; requests have {seconds} s to finish ({option})"
    if settings.shutdown_delay:
        text += f", after {settings.shutdown_delay} s more of service (shutdown-delay)"
    return Fact("stop", text, ("worker_reload_mercy", "reload_mercy", "shutdown_delay"))


def _user(plan: Plan) -> Fact:
    settings = plan.settings
    user = settings.uid or "whoever starts it"
    text = user + (f", group {settings.gid}" if settings.gid else "")
    if settings.chroot:
        text += f", below {settings.chroot}"
    return Fact("runs as", text, ("uid", "gid", "chroot"))


def _log(plan: Plan) -> Fact:
    settings = plan.settings
    places = ("daemonize", "logto", "logto2")
    where = [f"{path} ({place})" for place in places for path in texts(plan, place)]
    where += [f"{one} (logger)" for one in texts(settings, "logger", "log_syslog", "log_socket")]
    where += [f"{one} (requests)" for one in texts(settings, "req_logger")]
    lines = "a line per request"
    if settings.disable_logging:
        some = [name.replace("_", "-") for name in _SOME_LINES if texts(settings, name)]
        lines = f"no line per request{', but for ' + ', '.join(some) if some else ''}"
    fields = ("daemonize", "logto", "logto2", "logger", "req_logger", "disable_logging")
    return Fact("log", f"{', '.join(where) or 'standard error'}; {lines}", (*fields, *_SOME_LINES))


def _beside(plan: Plan) -> list[Fact]:
    """Programs that are started with it."""
    fields = [field for field in vars(plan.settings) if _COMMANDS.match(field)]
    found = [
        f"{field.replace('_', '-')} = {one}"
        for field in fields
        for one in texts(plan.settings, field)
    ]
    return [Fact("runs besides", "; ".join(found), tuple(fields))] if found else []


def _files(plan: Plan) -> list[Fact]:
    settings = plan.settings
    who = "frontends" if routed(plan) else "workers"
    facts = []
    if settings.check_static:
        below = ", ".join(settings.check_static)
        text = f"those below {below}, if there is one of the path's name; by {who}"
        facts.append(Fact("files", text, ("check_static",)))
    maps = texts(settings, "static_map", "static_map2")
    if maps:
        text = f"{', '.join(maps)}; by {who}, what is not there is asked of the application"
        facts.append(Fact("files", text, ("static_map", "static_map2")))
    return facts


def _ignored(findings: Sequence[Finding]) -> Fact:
    found: dict[str, list[str]] = {}
    for one in findings:
        if one.code in _IGNORED and one.origin is not None:
            found.setdefault(_IGNORED[one.code], []).append(str(one.origin))
    text = "; ".join(f"{why}: {places(dict.fromkeys(lines))}" for why, lines in found.items())
    return Fact("ignored", text or "nothing")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
