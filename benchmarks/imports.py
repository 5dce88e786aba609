"""What a process weighs with its imports alone.

A server is started once with a C{sitecustomize} that writes down what each of its processes
imports; then as many bare processes import the same, all at once, so that they share as much.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from benchmarks import processes
from benchmarks.contenders import Contender
from benchmarks.server import Server, Site

_RECORD = """
import os, sys

def _note(event, arguments):
    if event == "import":
        path = os.path.join(os.environ["BENCHMARKS_IMPORTS"], str(os.getpid()))
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(descriptor, arguments[0].encode() + b"\\n")
        os.close(descriptor)

sys.addaudithook(_note)
"""
_IMPORT = """
import importlib, sys
for name in open(sys.argv[1]).read().split():
    try:
        importlib.import_module(name)
    except Exception:
        pass
print("imported", flush=True)
sys.stdin.read()
"""


def record(site: Site, contender: Contender) -> dict[str, Path]:
    """
    Starts a server, and has its processes tell.

    @return: what a process is called -> the file with the names of its modules, in their order.
    """
    code, lists = site.directory / "record", site.directory / "imports"
    code.mkdir()
    lists.mkdir()
    (code / "sitecustomize.py").write_text(_RECORD)
    environment = {"PYTHONPATH": f"{code}:.", "BENCHMARKS_IMPORTS": str(lists)}
    with Server(site, contender, environment=environment) as server:
        server.wait_ready()
        time.sleep(0.5)
        return {title(server, pid): lists / str(pid) for pid in server.tree()}


def title(server: Server, pid: int) -> str:
    """What a process of twsgi's is called: its last word, or master."""
    return "master" if pid == server.process.pid else processes.command_line(pid)[-1]


def bare(lists: dict[str, Path]) -> dict[str, int]:
    """
    Imports.

    @param lists: see L{record}.
    @return: the PSS of each process, in KiB.
    """
    started = {
        name: subprocess.Popen(
            [sys.executable, "-c", _IMPORT, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for name, path in lists.items()
    }
    try:
        for process in started.values():
            assert process.stdout is not None
            process.stdout.readline()
        return {name: processes.pss([one.pid])[one.pid] for name, one in started.items()}
    finally:
        for process in started.values():
            process.communicate()
