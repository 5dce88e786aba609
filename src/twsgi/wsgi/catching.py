"""C{catch-exceptions}: what the application raises is told to the client.  For development."""

from __future__ import annotations

import traceback
from functools import partial
from typing import Any

from twsgi.wsgi.core import Cores
from twsgi.wsgi.response import Response


def tell_in(cores: Cores) -> None:
    """From now on C{cores} tell.  Before they are started."""
    cores.response = telling(cores.response)
    cores.run = partial(cores.run, fail=tell)


def telling(base: type[Response]) -> type[Response]:
    """@return: responses whose C{words} are the body of the answer where the application raised."""

    class Telling(base):  # type: ignore[misc, valid-type]
        __slots__ = ("words",)

        words: bytes

        def _error(self) -> tuple[list[tuple[str, str]], bytes]:
            return [("Content-Type", "text/plain")], self.words

    return Telling


def tell(response: Any, environ: dict[str, Any]) -> None:
    """
    In place of a 500 without a word: what is being handled, where it was raised, and the environ.
    Once the head has left, a cut, as ever.

    @param response: see L{telling}.
    """
    method, path = environ.get("REQUEST_METHOD", ""), environ.get("REQUEST_URI", "")
    lines = [
        f'uWSGI exceptions catcher for "{method} {path}" (request plugin: "python", modifier1: 0)',
        "",
        traceback.format_exc().rstrip("\n"),
        "",
    ]
    for name, value in environ.items():
        lines.append(f"{name} = {value if isinstance(value, str) else repr(value)}")
    response.words = "\n".join([*lines, ""]).encode("utf-8", "backslashreplace")
    response.fail()
