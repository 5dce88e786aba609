"""The values of L{twsgi.settings.options.place}."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PlaceFields:
    """See L{Settings <twsgi.settings.model.Settings>}."""

    uid: str | None = None
    gid: str | None = None
    add_gid: tuple[str, ...] = ()
    chroot: str | None = None
    umask: int | None = None
    chmod_socket: int | None = None
    chown_socket: str | None = None
    daemonize: str | None = None
