"""Which type a file is of, by the ending of its name (C{mimefile})."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence

from twisted.web.static import File

from twsgi.static.check import FoundFile


def content_types(files: Sequence[str], log: Callable[[str], None]) -> Mapping[str, str]:
    """
    Types by ending: C{".css"} to C{"text/css"}.

    @param files: of the form of C{/etc/mime.types}; none: the system's own table, and Python's.
        Of two types for one ending the first counts, as in uWSGI.
    @param log: told of files that cannot be read, in a line.
    """
    if not files:
        known: Mapping[str, str] = File.contentTypes
        return known
    types: dict[str, str] = {}
    for file in files:
        try:
            with open(file, encoding="utf-8", errors="replace") as lines:
                for line in lines:
                    kind, *endings = line.partition("#")[0].split() or [""]
                    # It becomes a field of a head.
                    if kind.isascii() and kind.isprintable():
                        for ending in endings:
                            types.setdefault(f".{ending.lower()}", kind)
        except OSError as error:
            log(f"mimefile {file}: {error.strerror}")
    return types


def content_type(found: FoundFile, types: Mapping[str, str]) -> str:
    """The type by the name's ending; else by that of what the name is a link to; else ""."""
    original = found.original or found
    return types.get(_ending(original.name)) or types.get(_ending(original.real)) or ""


def _ending(path: bytes) -> str:
    return os.path.splitext(path)[1].lower().decode("latin-1")
