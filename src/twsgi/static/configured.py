"""L{static_files}: Settings -> what serves files in front of an application."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from typing import Any

from twsgi.settings.model import Settings
from twsgi.settings.staticvalues import mapping, pattern_lifetime, type_lifetime
from twsgi.static.check import StaticRoots
from twsgi.static.compressed import Compressed
from twsgi.static.expiry import Expiry
from twsgi.static.place import Kept, Mapped, Place
from twsgi.static.representation import Representations
from twsgi.static.resource import StaticFiles
from twsgi.static.types import content_types


def static_files(
    settings: Settings,
    directory: str,
    application: Any,
    log: Callable[[str], None],
    seconds: Callable[[], float] = time.time,
) -> Any:
    """
    What serves the files that C{settings} name, or C{application}, where they name none.

    @param directory: where relative paths start; empty: the working directory as it is now, for
        an application may change it.
    @param application: a leaf that has C{may_answer}.
    @param log: told, in a line, of paths that lead out of their root.
    @param seconds: Unix time.
    """

    def absolute(path: str) -> str:
        return os.path.abspath(os.path.join(directory, path))

    # The order is uWSGI's.
    places = [Place(absolute(one)) for one in settings.check_static]
    for kind, maps in ((Mapped, settings.static_map), (Kept, settings.static_map2)):
        places += [kind(one.mountpoint, absolute(one.path)) for one in map(mapping, maps)]
    if not places:
        return application
    roots = StaticRoots(
        places,
        log,
        safe=[Place(absolute(one)) for one in settings.static_safe],
        index=settings.static_index,
        skipped=settings.static_skip_ext,
    )
    types = content_types([absolute(one) for one in settings.mimefile], log)
    # A slash at the end of a prefix means something.
    prefixes = [
        absolute(one) + ("/" if one.endswith("/") else "") for one in settings.static_gzip_dir
    ]
    compressed = _compressed(settings, prefixes)
    representations = Representations(types, _expiry(settings), compressed, seconds)
    return StaticFiles(roots, representations, application, seconds)


def _expiry(settings: Settings) -> Expiry | None:
    """The rules in the order in which uWSGI sends its several fields: the first counts here."""
    expiry = Expiry()
    given = settings
    for lifetimes, since_change in (
        (given.static_expires, False),
        (given.static_expires_mtime, True),
    ):
        expiry.by_file([pattern_lifetime(one) for one in lifetimes], since_change)
    for name, lifetimes, since_change in (
        ("PATH_INFO", given.static_expires_path_info, False),
        ("PATH_INFO", given.static_expires_path_info_mtime, True),
        ("REQUEST_URI", given.static_expires_uri, False),
        ("REQUEST_URI", given.static_expires_uri_mtime, True),
    ):
        expiry.by_variable(name, [pattern_lifetime(one) for one in lifetimes], since_change)
    for lifetimes, since_change in (
        (given.static_expires_type, False),
        (given.static_expires_type_mtime, True),
    ):
        expiry.by_type([type_lifetime(one) for one in lifetimes], since_change)
    return expiry if expiry.rules else None


def _compressed(settings: Settings, prefixes: Sequence[str]) -> Compressed | None:
    given = settings
    if not (
        given.static_gzip_all or given.static_gzip_dir or given.static_gzip_ext or given.static_gzip
    ):
        return None
    return Compressed(
        given.static_gzip_all,
        prefixes,
        given.static_gzip_ext,
        given.static_gzip,
    )
