"""What a process is called, what it may use, and when its pidfile is written."""

from __future__ import annotations

from pathlib import Path

from tests.behaviour.harness import BehaviourCase, HttpSocket, ModeCase
from tests.behaviour.server import Server

#: An application that tells what its process may use.
TELLS = """
import resource


def limits(environ):
    names = ("RLIMIT_AS", "RLIMIT_NPROC", "RLIMIT_NOFILE")
    found = [resource.getrlimit(getattr(resource, name))[0] for name in names]
    import threading
    found += [os.nice(0), sorted(os.sched_getaffinity(0))]
    return text(repr(found))


PAGES["/limits"] = limits
"""


class Named(HttpSocket, ModeCase):
    """A master and a worker."""

    def started(self, **changes: str) -> Server:
        """A server that has answered."""
        options = {name.replace("_", "-"): value for name, value in changes.items()}
        site = self.site()
        application = site.directory / "code" / "app.py"
        application.write_text(application.read_text() + TELLS)
        site.edit(self.ini, {"processes": "1", "cheaper": None, **options})
        server = self.twsgi(site, self.ini)
        server.wait_ready()
        return server


class NameTests(Named):
    """What C{ps} shows."""

    def names(self, server: Server) -> set[str]:
        """Of all processes."""
        found = set()
        for pid in server.alive():
            data = Path(f"/proc/{pid}/cmdline").read_bytes()
            found.add(data.replace(b"\0", b" ").decode().strip("\0 "))
        return found

    def test_auto(self) -> None:
        """Each process is called what it is, with the prefix."""
        server = self.started(auto_procname="true", procname_prefix="site-")
        self.assertEqual(self.names(server), {"site-uWSGI master", "site-uWSGI worker 1"})
        self.assertEqual(server.stop(), 0)

    def test_own(self) -> None:
        """Or as the operator says; the master may have a name of its own."""
        server = self.started(
            procname="shop",
            procname_master="boss",
            procname_prefix_spaced="my",
            procname_append="!",
        )
        self.assertEqual(self.names(server), {"my boss!", "my shop!"})
        self.assertEqual(server.stop(), 0)


class ResourceTests(Named):
    """What the application's process may use."""

    def test_worker(self) -> None:
        """Address space, processes, descriptors, priority and processors are as they are asked."""
        server = self.started(
            limit_as="3000",
            limit_nproc="5000",
            max_fd="600",
            prio="5",
            cpu_affinity="1",
            threads_stacksize="512",
        )
        found = server.get("/limits").text
        self.assertEqual(found, repr([3000 * 1024 * 1024, 5000, 600, 5, [0]]))
        self.assertEqual(server.stop(), 0)


class PidfileTests(BehaviourCase):
    """C{safe-pidfile}."""

    def test_safe(self) -> None:
        """It is not there before somebody serves: an application that cannot be loaded has none."""
        server, paths = self.begin("app")
        self.soon(lambda: all(path.exists() for path in paths), "they are written")
        self.assertEqual({int(path.read_text()) for path in paths}, {server.master})
        self.assertEqual(server.stop(), 0)
        server, paths = self.begin("nowhere")
        self.assertNotEqual(server.wait_for_exit(), 0)
        self.assertFalse(any(path.exists() for path in paths))

    def begin(self, module: str) -> tuple[Server, list[Path]]:
        """A server with this application, and where its two files are to be."""
        site = self.site()
        names = {"safe-pidfile": "safe.pid", "safe-pidfile2": "safe2.pid"}
        site.edit("uwsgi.ini", {**names, "module": module})
        server = self.twsgi(site, "uwsgi.ini")
        return server, [site.directory / name for name in names.values()]


class AloneTests(BehaviourCase):
    """Without a master."""

    def test_alone(self) -> None:
        """The one process has them."""
        site = self.site()
        application = site.directory / "code" / "app.py"
        application.write_text(application.read_text() + TELLS)
        server = self.twsgi(
            site,
            *("--http-socket", "127.0.0.1:0", "--module", "app", "--pythonpath", "code"),
            *("--limit-as=3000", "--limit-nproc=5000", "--max-fd=600", "--prio=5"),
            *("--cpu-affinity=1", "--threads-stacksize=512"),
        )
        server.wait_ready()
        found = server.get("/limits").text
        self.assertEqual(found, repr([3000 * 1024 * 1024, 5000, 600, 5, [0]]))
        self.assertEqual(server.stop(), 0)
