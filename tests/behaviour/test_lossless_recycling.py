"""Workers are replaced in time, at full speed; and files that are touched reload."""

from __future__ import annotations

from tests.behaviour.harness import Http, HttpSocket
from tests.behaviour.lossless import GETS, LosslessCase
from twsgi.selftest.client import Request

SEEYA = r"(?m)^\.\.\.The work of process (\d+) is done\. Seeya!"
GONE = r"(?m)^worker (\d+) killed successfully \(pid: (\d+)\)$"
LIFETIME = r"(?m)^worker (\d+) lifetime reached, it was running for (\d+) second"

QUICK = (Request(path="/path/quick", answer=b"/path/quick"),)


class Recycling:
    """Workers that have done enough, in both modes."""

    def test_max_requests(self) -> None:
        """With max-requests = 100 at full speed worker after worker goes, and nothing is lost."""
        server = self.serve_ready({**self.TWO, "max-requests": "100", "min-worker-lifetime": "0"})
        with self.load(server, QUICK, pause=0.0) as load:
            server.wait_for(SEEYA, 6, 60)
            load.wait_for(100)
        self.assert_none_lost(load, races=self.option == "http-socket")
        gone = [one[1] for one in server.find(SEEYA)]
        self.assertEqual(len(set(gone)), len(gone), "each goes once")
        self.assertEqual(server.find("DAMN|NO MERCY"), [])
        self.assertEqual(server.stop(), 0)

    def test_max_worker_lifetime(self) -> None:
        """Old workers are replaced one after the other, and nothing is lost."""
        changes = {"min-worker-lifetime": "1", "max-worker-lifetime": "2"}
        server = self.serve_ready({**self.TWO, **changes})
        with self.load(server) as load:
            server.wait_for(LIFETIME, 4)
            load.wait_for(30)
        self.assert_none_lost(load, races=self.option == "http-socket")
        self.assertEqual(server.stop(), 0)

    def test_touched_files(self) -> None:
        """A file that is touched reloads all, or the workers, or one after another."""
        names = ("touch-reload", "touch-workers-reload", "touch-chain-reload")
        server = self.serve_ready({**self.TWO, **{name: f"{name}.txt" for name in names}})
        with self.load(server, GETS) as load:
            for number, name in enumerate(names):
                load.wait_for(20)
                (server.site.directory / f"{name}.txt").touch()
                if name == "touch-chain-reload":
                    server.wait_for(r"(?m)^chain reloading complete")
                else:
                    server.wait_for(r"(?m)^reload complete", number + 1)
            load.wait_for(20)
        self.assertEqual(len(server.find("has been touched")), 3)
        self.assert_none_lost(load, races=self.option == "http-socket")
        self.assertEqual(server.stop(), 0)


class HttpRecyclingTests(Recycling, Http, LosslessCase):
    """L{Recycling}, C{http =}."""


class HttpSocketRecyclingTests(Recycling, HttpSocket, LosslessCase):
    """L{Recycling}, C{http-socket =}."""
