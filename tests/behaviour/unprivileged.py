"""What tests of uid, gid and chroot need: a user to become, and a Python that this user may run."""

from __future__ import annotations

import ast
import functools
import os
import pwd
import socket
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import twsgi
from tests.behaviour import client
from tests.behaviour.server import Server

#: An application that says as whom and where it runs.  It needs nothing that lies outside a root.
WHO = """\
import os
def application(environ, start_response):
    mask = os.umask(0)
    os.umask(mask)
    told = {
        "uid": os.getuid(), "gid": os.getgid(), "groups": sorted(os.getgroups()), "umask": mask,
        "cwd": os.getcwd(), "root": sorted(os.listdir("/")), "REMOTE_ADDR": environ["REMOTE_ADDR"],
        "SERVER_PORT": environ["SERVER_PORT"], "PATH_INFO": environ["PATH_INFO"],
    }
    body = repr(told).encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
"""


class UnixConnection(client.Connection):
    """A connection to a UNIX socket: the path of its file, or C{@name}."""

    def __init__(self, path: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(client.PATIENCE)
        self.socket.connect("\0" + path[1:] if path.startswith("@") else path)
        self._received = b""


def who(connection: client.Connection) -> dict[str, Any]:
    """What L{WHO} tells; the connection is closed."""
    with connection:
        told: dict[str, Any] = ast.literal_eval(connection.request("/x").text)
    return told


def processes_of(server: Server) -> dict[int, tuple[int, int, str]]:
    """All processes of a server: pid -> real uid, gid, root directory."""
    found = {}
    for pid in server.alive():
        with open(f"/proc/{pid}/status") as file:
            fields = dict(line.split(":", 1) for line in file)
        root = os.readlink(f"/proc/{pid}/root")
        found[pid] = (int(fields["Uid"].split()[0]), int(fields["Gid"].split()[0]), root)
    return found


def nobody() -> pwd.struct_passwd:
    """The user to become."""
    return pwd.getpwnam("nobody")


_SOURCES = [str(Path(twsgi.__file__).parents[1])]


@functools.cache
def python() -> tuple[str, Mapping[str, str]] | None:
    """
    A Python, and variables for it, with which L{nobody} can import twsgi: this one, or that of the
    system with our own packages; None: there is none.
    """
    # Not this Python's own library, which may be closed to others.
    path = os.pathsep.join([*_SOURCES, sysconfig.get_path("purelib")])
    for command in (sys.executable, "/usr/bin/python3"):
        variables = {"PYTHONPATH": path} if command != sys.executable else {}
        if _runs(command, variables):
            return command, variables
    return None


def _runs(command: str, variables: Mapping[str, str]) -> bool:
    user = nobody()
    try:
        tried = subprocess.run(
            [command, "-c", "import twsgi.worker.main, twsgi.frontend.main"],
            cwd="/",
            env={"PATH": os.environ.get("PATH", ""), **variables},
            user=user.pw_uid,
            group=user.pw_gid,
            extra_groups=[],
            capture_output=True,
            timeout=30,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return tried.returncode == 0


def why_not() -> str:
    """Why these tests cannot run here; empty if they can."""
    if os.geteuid() != 0:
        return "needs root, to become somebody else"
    try:
        nobody()
    except KeyError:
        return "needs a user called nobody"
    return "" if python() else "needs a Python, and a checkout, that the user nobody may read"
