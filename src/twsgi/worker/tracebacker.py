"""C{py-tracebacker}: a UNIX socket that tells whoever connects where every thread is.

It has a thread of its own: what hangs may be the reactor's.  Only code that never lets go of the
interpreter's lock can keep it from answering.
"""

from __future__ import annotations

import os
import socket
import stat
import sys
import threading
import traceback
from types import FrameType

from twsgi.control.socketfile import SocketFile, bind_abstract
from twsgi.interfaces import ILineLog

#: Seconds in which who has connected must have read all.
_PATIENCE = 5.0
#: Its owner alone: a stack may hold anything.
_MODE = 0o600


class Tracebacker:
    """
    The socket of one worker.  Two workers may have one number for a while, one that serves and one
    that leaves: who begins to serve takes the path from the other.
    """

    def __init__(self, path: str, index: int, log: ILineLog) -> None:
        """@param path: relative to the working directory now; the worker's C{index} is added."""
        shown = f"{path}{index}"
        self.path = shown if path.startswith("@") else os.path.abspath(shown)
        self._index = index
        self._log = log
        self._file: SocketFile | None = None
        self._socket: socket.socket | None = None

    def start(self) -> None:
        """Listens, and answers; where it cannot, the log says why.  Main thread."""
        if self._socket is not None:
            return
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._bind(sock)
            sock.listen()
        except OSError as error:
            sock.close()
            self._log.line(f"py-tracebacker = {self.path}: {error.strerror or error}")
            return
        self._socket = sock
        threading.Thread(
            target=self._serve, args=(sock,), name="uWSGITraceBacker", daemon=True
        ).start()
        self._log.line(f"python tracebacker for worker {self._index} available on {self.path}")

    def stop(self) -> None:
        """Takes the socket away, unless it is another's by now."""
        if self._socket is None:
            return
        if self._file is not None:
            self._file.remove(self._log)
        try:
            self._socket.shutdown(socket.SHUT_RDWR)  # ends the wait of accept()
        except OSError:
            pass
        self._socket = None

    def _bind(self, sock: socket.socket) -> None:
        """@raise OSError: it cannot be, or there is a file that is no socket."""
        if self.path.startswith("@"):
            bind_abstract(sock, self.path)
            return
        # Whoever has the path now loses it in one moment, and nobody can connect before the rights
        # are what they shall be.
        new = f"{self.path}.new"
        for path in (self.path, new):
            _check(path)
        if os.path.lexists(new):
            os.unlink(new)
        sock.bind(new)
        os.chmod(new, _MODE)
        self._file = SocketFile(self.path, SocketFile.at(new).identity)
        os.rename(new, self.path)

    def _serve(self, sock: socket.socket) -> None:
        """A thread of its own."""
        with sock:
            while True:
                try:
                    client, _ = sock.accept()
                except OSError:
                    return
                with client:
                    try:
                        client.settimeout(_PATIENCE)
                        client.sendall(tracebacks().encode("utf-8", "backslashreplace"))
                    except OSError:
                        pass  # gone


def tracebacks() -> str:
    """Where every thread is, the outermost frame first, in uWSGI's words."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    parts = ["*** uWSGI Python tracebacker output ***\n\n"]
    for ident, frame in sys._current_frames().items():
        parts += [*_lines(names.get(ident, "<UnnamedPythonThread>"), frame), "\n"]
    return "".join(parts)


def _lines(name: str, frame: FrameType) -> list[str]:
    return [
        f"thread_id = {name} filename = {one.filename} lineno = {one.lineno} "
        f"function = {one.name}{f' line = {one.line}' if one.line else ''}\n"
        for one in traceback.extract_stack(frame)
    ]


def _check(path: str) -> None:
    """@raise OSError: what is there is no socket."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise OSError(f"a file that is no socket is there: {path}")
