"""uid, gid, add-gid, chroot, umask: bind first, then drop, in every process that serves."""

from __future__ import annotations

import os
import signal
import stat
from collections.abc import Mapping
from typing import Any

from tests.behaviour.harness import BehaviourCase, Http, HttpSocket, ModeCase
from tests.behaviour.server import Server
from tests.behaviour.site import Site
from tests.behaviour.unprivileged import (
    WHO,
    UnixConnection,
    nobody,
    processes_of,
    python,
    who,
    why_not,
)


class AsRootCase(BehaviourCase):
    """Tests that begin as root."""

    skip = BehaviourCase.skip if hasattr(BehaviourCase, "skip") else why_not() or None

    def site(self) -> Site:
        """A site that the user nobody may read."""
        site = super().site()
        site.directory.chmod(0o755)
        site.meetings.chmod(0o777)
        site.write("code/who.py", WHO)
        return site

    def run_module(self, site: Site, module: str, *arguments: str, **how: Any) -> Server:
        """Starts C{python -m module} with a Python that nobody may run."""
        found = python()
        assert found is not None
        return self.start(site, found[0], "-m", module, *arguments, environment=found[1], **how)

    def twsgi(self, site: Site, *arguments: str, **how: Any) -> Server:
        return self.run_module(site, "twsgi", *arguments, **how)


class Privileges:
    """With a master, in either mode."""

    ini: str
    option: str

    def begin(self: Any, changes: Mapping[str, str | None]) -> Server:
        site = self.site()
        site.edit(self.ini, {"module": "who", "processes": "2", "cheaper": None, **changes})
        return self.twsgi(site, self.ini)

    def test_all_drop(self: Any) -> None:
        """Master, frontend and workers become the user; so does who is spawned afterwards."""
        server = self.begin({"uid": "nobody", "gid": "nogroup", "add-gid": "1", "umask": "027"})
        told = who(server.connect())
        user = nobody()
        self.assertEqual((told["uid"], told["gid"]), (user.pw_uid, user.pw_gid))
        self.assertEqual(told["groups"], sorted({1, user.pw_gid}))
        self.assertEqual(told["umask"], 0o27)
        identities = {(uid, gid) for uid, gid, _ in processes_of(server).values()}
        self.assertEqual(identities, {(user.pw_uid, user.pw_gid)})
        server.wait_for(r"WSGI app 0", count=2)
        os.kill(server.worker(), signal.SIGKILL)
        server.wait_for(r"Respawned uWSGI worker 1")
        server.wait_for(r"WSGI app 0", count=3)
        identities = {(uid, gid) for uid, gid, _ in processes_of(server).values()}
        self.assertEqual(identities, {(user.pw_uid, user.pw_gid)})
        self.assertEqual(server.stop(), 0)
        server.wait_for(rf"setgid\(\) to {user.pw_gid}\n(?:.*\n)?setuid\(\) to {user.pw_uid}\n")
        self.assertEqual(server.find("running uWSGI as root"), [])

    def test_bound_first(self: Any) -> None:
        """A port that only root may bind is bound before root is given up."""
        with open("/proc/sys/net/ipv4/ip_unprivileged_port_start") as file:
            if int(file.read()) <= 1000:
                self.skipTest("here everybody may bind every port")
        # Not a well-known one; the address is this test's own.
        address = f"127.{os.getpid() % 200 + 2}.7.9:999"
        server = self.begin({"uid": "nobody", self.option: address})
        server.wait_for(r"WSGI app 0")
        self.assertEqual(server.stop(), 0)

    def test_numbers(self: Any) -> None:
        """A uid of the system's knows no name for needs a gid, too."""
        server = self.begin({"uid": "54321", "gid": "54322"})
        told = who(server.connect())
        self.assertEqual((told["uid"], told["gid"], told["groups"]), (54321, 54322, [54322]))

    def test_chroot(self: Any) -> None:
        """Whoever serves is inside and the user; the master stays outside, and root."""
        site = self.site()
        jail = site.directory / "jail"
        site.write("jail/code/who.py", WHO)
        site.write("jail/static/a.css", "css")
        site.edit(
            self.ini,
            {
                "module": "who",
                "chroot": "jail",
                "uid": "nobody",
                "chdir": "/code",
                "pythonpath": "/code",
                "check-static": "/static",
            },
        )
        server = self.twsgi(site, self.ini)
        told = who(server.connect())
        self.assertEqual(told["root"], ["code", "static"])
        self.assertEqual((told["cwd"], told["uid"]), ("/code", nobody().pw_uid))
        self.assertEqual(server.get("/a.css").text, "css")
        for pid, (uid, _, root) in processes_of(server).items():
            expected = (0, "/") if pid == server.master else (nobody().pw_uid, str(jail))
            self.assertEqual((uid, root), expected)
        server.wait_for(r"the master stays outside, as user 0")
        self.assertEqual(server.find("Traceback"), [])
        self.assertEqual(server.stop(), 0)

    def test_as_root(self: Any) -> None:
        """Without another user uWSGI's warning is in the log, and it goes on."""
        server = self.begin({})
        self.assertEqual(who(server.connect())["uid"], 0)
        server.wait_for(r"uWSGI running as root, you can use --uid/--gid/--chroot options")
        server.wait_for(r"WARNING: you are running uWSGI as root")


class HttpPrivilegesTests(Privileges, Http, AsRootCase, ModeCase):
    """L{Privileges}, C{http =}."""


class HttpSocketPrivilegesTests(Privileges, HttpSocket, AsRootCase, ModeCase):
    """L{Privileges}, C{http-socket =}."""


class AloneTests(AsRootCase):
    """Without a master: the one process becomes the user."""

    def alone(self, site: Site, *arguments: str) -> Server:
        return self.twsgi(site, "--http-socket", "127.0.0.1:0", "--module", "who", *arguments)

    def test_user(self) -> None:
        """The process that serves is the user."""
        server = self.alone(self.site(), "--pythonpath", "code", "--uid", "nobody")
        self.assertEqual(who(server.connect())["uid"], nobody().pw_uid)
        self.assertEqual(server.stop(), 0)

    def test_chroot(self) -> None:
        """The process that serves is inside."""
        site = self.site()
        site.write("jail/code/who.py", WHO)
        server = self.alone(site, "--pythonpath", "/code", "--uid", "nobody", "--chroot", "jail")
        told = who(server.connect())
        self.assertEqual((told["uid"], told["root"]), (nobody().pw_uid, ["code"]))
        self.assertEqual(server.stop(), 0)


class FileTests(AsRootCase):
    """Files on either side of the drop."""

    def test_pidfiles(self) -> None:
        """C{pidfile} is root's, C{pidfile2} the user's; both hold the master's number."""
        site = self.site()
        (site.directory / "run").mkdir()
        (site.directory / "run").chmod(0o777)
        site.edit("uwsgi.ini", {"uid": "nobody", "pidfile": "root.pid", "pidfile2": "run/user.pid"})
        server = self.twsgi(site, "uwsgi.ini")
        server.wait_ready()
        for name, uid in (("root.pid", 0), ("run/user.pid", nobody().pw_uid)):
            path = site.directory / name
            self.assertEqual((path.read_text(), path.stat().st_uid), (f"{server.master}\n", uid))
        self.assertEqual(server.stop(), 0)
        server.wait_for(r"VACUUM: pidfile2 removed\.")
        # Its directory is root's: the user cannot remove it, and says so.
        server.wait_for(r"VACUUM: pidfile \S+/root\.pid stays: Permission denied")

    def test_socket_file(self) -> None:
        """A socket file belongs to the user, unless C{chown-socket} says otherwise."""
        for changes, owner in (
            ({}, (nobody().pw_uid, nobody().pw_gid)),
            ({"chown-socket": "root:1", "chmod-socket": "666"}, (0, 1)),
        ):
            site = self.site()
            site.edit(
                "uwsgi.ini",
                {"http": "a.sock", "module": "who", "uid": "nobody", "gid": "nogroup", **changes},
            )
            server = self.twsgi(site, "uwsgi.ini")
            server.wait_for(r"WSGI app 0")
            found = (site.directory / "a.sock").stat()
            self.assertEqual((found.st_uid, found.st_gid), owner)
            self.assertTrue(stat.S_ISSOCK(found.st_mode))
            told = who(UnixConnection(str(site.directory / "a.sock")))
            self.assertEqual(told["uid"], nobody().pw_uid)
            self.assertEqual(server.stop(), 0)


class TwistdTests(AsRootCase):
    """twistd's own options beside ours."""

    def begin(self, *arguments: str, **changes: str) -> Server:
        site = self.site()
        site.directory.chmod(0o777)
        site.edit("uwsgi.ini", {"module": "who", **changes})
        found = python()
        assert found is not None
        run = "from twisted.scripts.twistd import run; run()"
        return self.start(
            site,
            *(found[0], "-c", run, *arguments, "uwsgi", "--ini", "uwsgi.ini"),
            environment=found[1],
        )

    def test_same_user(self) -> None:
        """--uid and uid that agree: twistd changes, ours finds nothing to do."""
        server = self.begin("-n", f"--uid={nobody().pw_uid}", uid="nobody")
        self.assertEqual(who(server.connect())["uid"], nobody().pw_uid)
        self.assertEqual(server.find(r"setuid\(\)"), [])
        self.assertEqual(server.stop(), 0)

    def test_another_user(self) -> None:
        """--uid and uid that do not agree: one line, and nothing is started."""
        server = self.begin("-n", "--uid=1", uid="nobody")
        self.assertEqual(server.wait_for_exit(), 1)
        self.assertEqual(len(server.find(r"(?m)^twsgi: .*twistd's --uid and --gid come first")), 1)

    def test_pidfiles(self) -> None:
        """--pidfile is twistd's and pidfile ours; both hold the same number, both go."""
        server = self.begin("-n", "--pidfile=theirs.pid", pidfile="ours.pid", uid="nobody")
        server.wait_for(r"WSGI app 0")
        directory = server.site.directory
        self.assertEqual(
            int((directory / "theirs.pid").read_text()), int((directory / "ours.pid").read_text())
        )
        self.assertEqual(server.stop(), 0)
        self.assertEqual(list(directory.glob("*.pid")), [])


#: A host that is not ours, and stays as it is.
HOST = """\
import os
from twisted.internet import reactor
from twsgi import Container
before = os.umask(0o22), os.getuid(), os.getgid(), os.getgroups(), os.getcwd()
container = Container({
    "http": "127.0.0.1:0", "master": True, "module": "who", "pythonpath": "/code",
    "uid": "nobody", "chroot": "jail", "umask": "027", "chdir": "/code",
})
container.startService()
reactor.addSystemEventTrigger("before", "shutdown", container.stopService)
reactor.run()
assert (os.umask(0o22), os.getuid(), os.getgid(), os.getgroups(), os.getcwd()) == before, before
print("the host is as it was")
"""


class EmbeddedTests(AsRootCase):
    """A container in somebody else's process."""

    def test_children_alone(self) -> None:
        """The children change; the host stays whom and where it is."""
        site = self.site()
        site.write("jail/code/who.py", WHO)
        site.write("host.py", HOST)
        found = python()
        assert found is not None
        server = self.start(site, found[0], "host.py", environment=found[1])
        server.wait_for(r"WSGI app 0")
        roots = {root for _, _, root in processes_of(server).values()}
        self.assertEqual(roots, {"/", str(site.directory / "jail")})
        self.assertEqual(processes_of(server)[server.process.pid][0], 0)
        self.assertEqual(server.stop(signal.SIGINT), 0)
        server.wait_for("the host is as it was")


class OrdinaryUserTests(AsRootCase):
    """What somebody who is not root may ask for."""

    def as_nobody(self, site: Site, *arguments: str) -> Server:
        run = (
            "import os, sys; os.setgroups([]); os.setgid(int(sys.argv[1])); "
            "os.setuid(int(sys.argv[2])); os.execv(sys.argv[3], sys.argv[3:])"
        )
        found = python()
        assert found is not None
        user = nobody()
        numbers = (str(user.pw_gid), str(user.pw_uid))
        command = (found[0], "-m", "twsgi", "--http-socket", "127.0.0.1:0", "--module", "who")
        return self.start(
            site,
            *(found[0], "-c", run, *numbers, *command, "--pythonpath", "code", *arguments),
            environment=found[1],
        )

    def test_himself(self) -> None:
        """To be who one is already is no change."""
        server = self.as_nobody(self.site(), "--uid", "nobody", "--gid", "nogroup")
        self.assertEqual(who(server.connect())["uid"], nobody().pw_uid)

    def test_refused(self) -> None:
        """Anything else ends the start with one line, before anything is bound."""
        for arguments in (["--uid", "0"], ["--gid", "0"], ["--add-gid", "0"], ["--chroot", "/"]):
            server = self.as_nobody(self.site(), *arguments)
            self.assertEqual(server.wait_for_exit(), 1)
            self.assertEqual(len(server.find(r"(?m)^twsgi: .*only root may")), 1)
            self.assertEqual(server.find("bound"), [])
            self.assertEqual(server.find("Traceback"), [])
