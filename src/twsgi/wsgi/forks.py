"""
What a fork inside a request leaves behind must not become a second worker.

An application may call C{os.fork()}.  If what is forked comes out of the application again, by a
return, an exception or C{sys.exit()}, it stands in a copy of the core, on the parent's link.
"""

from __future__ import annotations

import os
import sys
import traceback
from contextlib import suppress

from twsgi.wsgi import errorstream

#: How often this process was forked on the way from the first one that imported this.  Who sees
#: it change within a request is the forked process: no other thread lives on there.
generation = 0


def _forked() -> None:
    global generation
    generation += 1


os.register_at_fork(after_in_child=_forked)


def leave(error: BaseException | None = None) -> None:
    """
    Ends the forked process, and nothing that it has from its parent is used or closed by that:
    C{SystemExit} with its code, another exception with 1 and its traceback, None with 0.

    @param error: what came out of the application.
    """
    code: object = 0
    if isinstance(error, SystemExit):
        code = 0 if error.code is None else error.code
    elif error is not None:
        code = "".join(traceback.format_exception(error)).rstrip("\n")
    if not isinstance(code, int):
        _say(str(code))
        code = 1
    for stream in (errorstream.stream, sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    os._exit(code & 0xFF)


def _say(text: str) -> None:
    # By no object of the parent's: a thread that is no more may have held its lock.
    with suppress(OSError):
        os.write(2, text.encode("utf-8", "backslashreplace") + b"\n")
