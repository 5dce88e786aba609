"""L{listeners}: which addresses are listened on, and by whom.  Pure: nothing is bound."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from twsgi.settings.addresses import parse_address
from twsgi.settings.assignment import printable
from twsgi.settings.finding import Mistake
from twsgi.settings.model import Address, Listener, Settings, Tuning

#: The kinds of L{Listener}.
HTTP = "http"
HTTP_SOCKET = "http-socket"
#: The fields of Settings that hold addresses.
ADDRESSES = frozenset({"http", "http_socket", "http11_socket", "socket", "uwsgi_socket"})
#: What C{socket} can speak that a worker understands.
_SPOKEN = ("http", "http11")
#: An address that is the place of one in C{shared-socket}.
_SHARED = re.compile(r"=([0-9]{1,6})")


def listeners(settings: Settings, master: bool, start: str) -> tuple[Listener, ...]:
    """
    All of them, in the order in which they are bound.

    @param settings: checked by L{check_listeners}.
    @param start: where the paths of socket files start; they are bound outside of C{chroot}.
    """
    return tuple(
        Listener(
            # Without a master there is no frontend: whoever runs the application accepts.
            HTTP if option == HTTP and master else HTTP_SOCKET,
            _located(parse_address(_meant(text, settings)), start, settings.abstract_socket),
            settings.listen,
            settings.chmod_socket,
            settings.chown_socket or _owner(settings),
            settings.vacuum,
            "" if option == HTTP_SOCKET or (option == HTTP and master) else option,
            _tuning(settings, option),
        )
        for option, text in _asked(settings)
    )


def check_listeners(settings: Settings, written: Mapping[str, Any]) -> list[tuple[Any, str]]:
    """
    @param written: the L{Assignment} by which each field was last given.
    @return: warnings, a line each, with the C{Origin} that each begins with.
    @raise ConfigurationError: there is nothing to listen on, or no such address.
    """
    asked = _asked(settings)
    for option, text in asked:
        origin = written[option.replace("-", "_")].origin
        try:
            parse_address(_meant(text, settings))
        except ValueError as error:
            shown = f"{option} = {printable(text)}: {printable(str(error), 200)}"
            raise Mistake("value", shown, origin) from None
    unspoken = [
        (written[option.replace("-", "_")].origin, option, text)
        for option, text in _of_the_wire(settings)
    ]
    if not asked and unspoken:
        origin, option, text = unspoken[-1]
        where = printable(text) if ":" in text or "/" in text else ":8000"
        raise Mistake(
            "not-yet",
            f"{option} = {printable(text)}: twsgi does not speak the uwsgi protocol yet: "
            f"write http-socket = {where}, and in nginx proxy_pass instead of uwsgi_pass; "
            f"or http = {where}",
            origin,
        )
    return [
        (
            origin,
            f"{option} = {printable(text)}: twsgi does not speak the uwsgi protocol yet: ignored",
        )
        for origin, option, text in unspoken
    ]


def _asked(settings: Settings) -> list[tuple[str, str]]:
    """Option and address of what is to be listened on."""
    spoken = settings.socket if settings.protocol in _SPOKEN else ()
    by_option = {
        HTTP: settings.http,
        HTTP_SOCKET: settings.http_socket,
        "http11-socket": settings.http11_socket,
        "socket": spoken,
    }
    return [(option, text) for option, texts in by_option.items() for text in texts]


def _of_the_wire(settings: Settings) -> list[tuple[str, str]]:
    silent = () if settings.protocol in _SPOKEN else settings.socket
    return [("socket", text) for text in silent] + [
        ("uwsgi-socket", text) for text in settings.uwsgi_socket
    ]


def _meant(text: str, settings: Settings) -> str:
    """
    @raise ValueError: it is the place of no shared socket.
    """
    place = _SHARED.fullmatch(text)
    if place is None:
        return text
    if int(place[1]) >= len(settings.shared_socket):
        count = len(settings.shared_socket)
        raise ValueError(f"there are {count} of shared-socket, the first of which is =0")
    return settings.shared_socket[int(place[1])]


def _located(address: Address, start: str, abstract: bool) -> Address:
    if not address.file:
        return address
    if abstract:
        return Address.unix(f"@{address.file}")
    return Address.unix(os.path.normpath(os.path.join(start, address.file)))


def _owner(settings: Settings) -> str:
    """As in uWSGI, where sockets are made by whom C{uid} and C{gid} name."""
    return f"{settings.uid or ''}{':' + settings.gid if settings.gid else ''}"


def _tuning(settings: Settings, option: str) -> Tuning:
    routed = option == HTTP
    return Tuning(
        keepalive=settings.so_keepalive,
        send_buffer=settings.socket_sndbuf,
        receive_buffer=settings.socket_rcvbuf,
        reuse_port=settings.reuse_port,
        freebind=settings.freebind,
        fast_open=settings.tcp_fast_open,
        defers=not settings.no_defer_accept,
        proxied=settings.http_enable_proxy_protocol if routed else settings.enable_proxy_protocol,
    )
