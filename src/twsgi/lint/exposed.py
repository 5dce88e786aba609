"""Choices that let others in: advice, each with what to write instead."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Iterator, Mapping

from twsgi.lint.facts import texts
from twsgi.settings.assignment import Assignment
from twsgi.settings.model import Listener, Plan, Settings

#: Advice: the field that it is about, and its text.
Advice = Iterator[tuple[str, str]]
#: Where everybody may make files.
_SHARED = ("/tmp/", "/var/tmp/", "/dev/shm/")
#: Rights that others have: to write.
_OTHERS_WRITE = 0o002
_SECRET = re.compile(r"(?i)(passw|secret|token|private|credential|api_?key|_key$|^key$|_dsn$)")
_PRIVILEGED = 1024


def exposed(plan: Plan, written: Mapping[str, tuple[Assignment, ...]], root: bool) -> Advice:
    """
    What is dangerous about C{plan}.

    @param root: whoever asks is root, and so may be whoever starts it.
    """
    settings = plan.settings
    yield from _rights(settings, plan.listeners)
    yield from _user(settings, plan.listeners, root)
    yield from _open_to_all(settings, plan.listeners)
    yield from _shared_directories(plan)
    yield from _source(plan)
    yield from _secrets(settings, written)


def _rights(settings: Settings, listeners: tuple[Listener, ...]) -> Advice:
    mode = settings.chmod_socket
    if mode is not None and mode & _OTHERS_WRITE:
        yield (
            "chmod_socket",
            f"chmod-socket = {mode:03o}: everybody on this machine may connect to the socket file,"
            " and be taken for the proxy: 660, with chown-socket = user:group of the proxy",
        )
    if settings.umask is not None and not settings.umask & _OTHERS_WRITE:
        yield (
            "umask",
            f"umask = {settings.umask:03o}: everybody may write to the files that are made: 022,"
            " or 027",
        )


def _user(settings: Settings, listeners: tuple[Listener, ...], root: bool) -> Advice:
    if settings.uid in ("root", "0"):
        yield "uid", f"uid = {settings.uid}: the application runs as root: a user of its own"
    elif settings.uid is None:
        tcp = [one for one in listeners if not one.address.path]
        low = [one for one in tcp if 0 < one.address.port < _PRIVILEGED]
        if root:
            yield "uid", "started by root the application runs as root: uid and gid"
        elif low:
            yield (
                _field(low[0]),
                f"port {low[0].address.port} needs root, and without uid the application runs as"
                " root too: uid and gid; the port is bound before",
            )


def _open_to_all(settings: Settings, listeners: tuple[Listener, ...]) -> Advice:
    public = [one for one in listeners if not one.address.path and _public(one.address.host)]
    if not public:
        return
    address, field = public[0].address, _field(public[0])
    if settings.limit_post == 0:
        yield (
            field,
            f"whoever reaches {address} may send bodies of any size, which fill the disk:"
            " limit-post = 10485760 (10 MB), or what the application needs",
        )
    if settings.http_connections_per_peer == 0:
        yield (
            field,
            f"one client may take every connection of {address}: http-connections-per-peer = 100,"
            " unless a proxy is the only client",
        )
    for one in public:
        if one.address.port == 443:
            yield field, f"{one.address} speaks plain HTTP, no TLS: let a proxy have port 443"


def _field(listener: Listener) -> str:
    """The option that asks for it."""
    return (listener.option or listener.kind).replace("-", "_")


def _public(host: str) -> bool:
    return not ipaddress.ip_address(host).is_loopback


def _shared_directories(plan: Plan) -> Advice:
    files = {
        "pidfile": plan.pidfile,
        "pidfile2": plan.pidfile2,
        "daemonize": plan.daemonize,
        "logto": next(iter(texts(plan, "logto")), None),
    }
    for one in plan.listeners:
        files.setdefault(_field(one), one.address.file or None)
    for field, path in files.items():
        if path is not None and path.startswith(_SHARED):
            yield (
                field,
                f"{path}: anybody may make a file of this name first, in a directory that all may"
                " write to: a directory of its own below /run",
            )


def _source(plan: Plan) -> Advice:
    start = plan.directory
    if start is None:
        return
    for field in ("check_static", "static_map", "static_map2"):
        for text in texts(plan.settings, field):
            directory = text.partition("=")[2] if field != "check_static" else text
            served = os.path.normpath(os.path.join(start, directory))
            if served == "/" or f"{start}/".startswith(f"{served}/"):
                yield (
                    field,
                    f"{field.replace('_', '-')} = {text}: {start} is below it, so that the"
                    " application's source can be fetched: a directory that holds nothing else",
                )


def _secrets(settings: Settings, written: Mapping[str, tuple[Assignment, ...]]) -> Advice:
    in_files = [one.value for one in written.get("env", ()) if one.origin.line]
    for text in in_files:
        name, _, value = text.partition("=")
        if value and _SECRET.search(name):
            yield (
                "env",
                f"env = {name}=...: whoever may read this file knows it: set it where the server is"
                " started, or take it from there: $(NAME)",
            )
