"""Programs beside the workers that do not end, are touched, reloaded, or more than one process."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from tests.behaviour import processes
from tests.behaviour.harness import HttpSocket, ModeCase
from tests.behaviour.server import Server

#: Asked to end, it says so first.
POLITE = "trap 'echo mark asked; exit 0' TERM; echo mark here $$; while :; do sleep 0.1; done"
#: Whatever it is asked.
RUDE = "trap '' TERM; echo mark here $$; while :; do sleep 0.1; done"


def alive(pid: int) -> bool:
    """It runs, and is no zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


class OddDaemonTests(HttpSocket, ModeCase):
    """With one worker."""

    def beside(self, **changes: str) -> Server:
        """A server that has answered."""
        options = {name.replace("_", "-"): value for name, value in changes.items()}
        server = self.serve({"processes": "1", "cheaper": None, "chdir": ".", **options})
        server.wait_ready()
        return server

    def here(self, server: Server, count: int = 1) -> int:
        """The number of the one that has said so last."""
        return int(server.wait_for(r"(?m)^mark here (\d+)$", count=count)[1])

    def test_last(self) -> None:
        """It is there before the workers, and asked to end when they are gone."""
        server = self.beside(attach_daemon=POLITE)
        self.here(server)
        self.assertEqual(server.stop(), 0)
        order = ("spawning", "spawned uWSGI worker", "worker 1 buried", "mark asked", "goodbye")
        places = [server.text().index(words) for words in order[:-2]]
        places += [server.text().rindex(words) for words in order[-2:]]
        self.assertEqual(places, sorted(places))

    def test_killed_master(self) -> None:
        """What it has started is not left behind either when the master is killed."""
        server = self.beside(attach_daemon="echo mark here $$; sleep 3601; true")
        self.here(server)
        os.kill(server.master, signal.SIGKILL)
        server.wait_for_exit()
        server.assert_nothing_left(10.0, [])

    def test_never_ends(self) -> None:
        """Who does not end is killed when its time is over."""
        server = self.beside(attach_daemon=RUDE, reload_mercy="1")
        self.here(server)
        self.assertEqual(server.stop(), 0)
        server.wait_for(r"daemon did not die in time, killing")

    def test_reload(self) -> None:
        """A reload starts it anew, as uWSGI's does."""
        server = self.beside(attach_daemon=POLITE)
        pid = self.here(server)
        server.send_signal(signal.SIGHUP)
        self.assertNotEqual(self.here(server, 2), pid)
        self.assertFalse(alive(pid))
        server.wait_for(r"(?m)^mark asked$")
        self.assertEqual(server.stop(), 0)

    def test_touch(self) -> None:
        """A file that is touched has it started anew, at once."""
        site = self.site()
        site.write("d.sh", POLITE)
        changes = {"processes": "1", "cheaper": None, "chdir": "."}
        site.edit(self.ini, {**changes, "attach-daemon2": "cmd=exec sh d.sh,touch=again"})
        server = self.twsgi(site, self.ini)
        pid = self.here(server)
        server.wait_ready()
        (site.directory / "again").touch()
        server.wait_for(r"again has been touched... reloading daemon")
        self.assertNotEqual(self.here(server, 2), pid)
        self.assertEqual(server.stop(), 0)

    def test_smart(self) -> None:
        """A smart one that is put into the background is started again when it is missed."""
        server = self.beside(smart_attach_daemon2="smart.pid sleep 3602")
        file = server.site.directory / "smart.pid"
        self.soon(lambda: file.exists() and file.read_text().strip(), "the pidfile")
        pid = int(file.read_text())
        self.soon(lambda: "sleep 3602" in processes.command_line(pid), "it runs")
        server.wait_for(r"GET /pid")
        # Whoever was not seen by a look yet is missed later: there are ten.
        os.kill(pid, signal.SIGKILL)
        self.soon(lambda: int(file.read_text() or pid) != pid, "it is started again", 30)
