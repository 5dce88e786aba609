"""Programs that run beside the workers (C{attach-daemon} and its kin)."""

from __future__ import annotations

import os
import signal

from tests.behaviour.harness import HttpSocket, ModeCase
from tests.behaviour.server import Server

#: A program that tells its number, and stays.
STAYS = "echo $$ >> pids; exec sleep 1000"


class DaemonTests(HttpSocket, ModeCase):
    """One program beside one worker."""

    def beside(self, **changes: str) -> Server:
        """A server that has answered."""
        options = {name.replace("_", "-"): value for name, value in changes.items()}
        server = self.serve({"processes": "1", "cheaper": None, "chdir": ".", **options})
        server.wait_ready()
        return server

    def pids(self, server: Server, name: str = "pids") -> list[int]:
        """Its processes so far."""
        path = server.site.directory / name
        return [int(one) for one in path.read_text().split()] if path.exists() else []

    def wait(self, server: Server, count: int) -> int:
        """@return: the number of the C{count}th process."""
        self.soon(lambda: len(self.pids(server)) >= count, "it runs")
        return self.pids(server)[count - 1]

    def test_respawn(self) -> None:
        """It is started again when it dies, and ends with the server."""
        server = self.beside(attach_daemon=STAYS)
        os.kill(self.wait(server, 1), signal.SIGKILL)
        second = self.wait(server, 2)
        self.assertIn(second, server.alive())
        self.assertEqual(server.stop(), 0)

    def test_killed_master(self) -> None:
        """It does not outlive a master that is killed."""
        server = self.beside(attach_daemon=STAYS)
        self.wait(server, 1)
        os.kill(server.master, signal.SIGKILL)
        server.wait_for_exit()
        server.assert_nothing_left(10.0, [])

    def test_control(self) -> None:
        """When a control daemon ends everything does."""
        server = self.beside(attach_control_daemon=STAYS)
        os.kill(self.wait(server, 1), signal.SIGTERM)
        server.wait_for_exit()
        server.assert_nothing_left()

    def test_keys(self) -> None:
        """Where it runs, and with which signal it is asked to end."""
        site = self.site()
        (site.directory / "below").mkdir()
        (site.directory / "stays.sh").write_text(
            "trap 'echo hup > ../said; exit' HUP\npwd > ../where\necho $$ >> ../pids\n"
            "while true; do sleep 0.1; done\n"
        )
        site.edit(
            self.ini,
            {
                "processes": "1",
                "cheaper": None,
                "chdir": ".",
                "attach-daemon2": "cmd=exec sh ../stays.sh,chdir=below,stopsignal=1",
            },
        )
        server = self.twsgi(site, self.ini)
        server.wait_ready()
        self.wait(server, 1)
        where = (site.directory / "where").read_text().strip()
        self.assertEqual(where, str((site.directory / "below").resolve()))
        self.assertEqual(server.stop(), 0)
        self.assertEqual((site.directory / "said").read_text(), "hup\n")

    def test_smart(self) -> None:
        """One with a pidfile is not started where it runs already, and stays at the end."""
        command = "smart.pid sh -c 'sleep 1000 & echo $! > smart.pid; echo $! >> pids'"
        server = self.beside(smart_attach_daemon=command)
        pid = self.wait(server, 1)
        self.addCleanup(os.kill, pid, signal.SIGKILL)
        server.send_signal(signal.SIGTERM)
        self.assertEqual(server.wait_for_exit(), 0)
        os.kill(pid, 0)
        again = self.twsgi(server.site, self.ini)
        again.wait_ready()
        self.assertEqual(self.pids(server), [pid])
        again.send_signal(signal.SIGTERM)
        self.assertEqual(again.wait_for_exit(), 0)

    def test_stdin(self) -> None:
        """It has no standard input, unless C{daemons-honour-stdin} leaves it the master's."""
        tells = "readlink /proc/self/fd/0 >> input; echo $$ >> pids; exec sleep 1000"
        server = self.beside(attach_daemon=tells, daemons_honour_stdin="true")
        self.wait(server, 1)
        found = (server.site.directory / "input").read_text().strip()
        self.assertEqual(found, os.readlink(f"/proc/{server.master}/fd/0"))
        self.assertEqual(server.stop(), 0)
