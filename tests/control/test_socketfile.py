"""UNIX sockets in L{twsgi.control.listening}, their files in L{twsgi.control.socketfile}."""

from __future__ import annotations

import os
import socket
import stat
import tempfile
import uuid

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.master.fakes import FakeLog
from twsgi.control.activation import Passed
from twsgi.control.listening import Listening
from twsgi.errors import BindError, ConfigurationError
from twsgi.settings.model import Address, Listener


class UnixCase(SynchronousTestCase):
    """A short directory of its own: the name of a UNIX socket is short, too."""

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.path = os.path.join(directory.name, "a.sock")
        self.log = FakeLog()

    def listening(self, *listeners: Listener, passed: Passed | None = None) -> Listening:
        made = Listening(listeners, self.log, 4096, passed)
        self.addCleanup(made.close)
        return made

    def listener(self, path: str = "", mode: int | None = None, owner: str = "") -> Listener:
        return Listener("http-socket", Address.unix(path or self.path), 16, mode, owner)

    def listens(self, name: str | bytes) -> socket.socket:
        """Somebody else's socket."""
        other = socket.socket(socket.AF_UNIX)
        self.addCleanup(other.close)
        other.bind(name)
        other.listen(1)
        return other

    def connects(self) -> bool:
        with socket.socket(socket.AF_UNIX) as client:
            return client.connect_ex(self.path) == 0


class FileTests(UnixCase):
    """A socket with a file."""

    def test_words(self) -> None:
        """The log says where, in uWSGI's words; the socket has what TCP's have, where it can."""
        http = Listener("http", Address.unix(self.path + "2"), 16)
        made = self.listening(http, self.listener())
        made.bind()
        numbers = [one.socket.fileno() for one in made.bound]
        self.assertEqual(
            self.log.lines[:2],
            [
                f"uWSGI http bound on {self.path}2 fd {numbers[0]}",
                f"uwsgi socket 0 bound to UNIX address {self.path} fd {numbers[1]}",
            ],
        )
        self.assertTrue(self.connects())
        self.assertFalse(made.bound[1].socket.getblocking())
        self.assertFalse(made.bound[1].socket.get_inheritable())
        self.assertEqual(made.bound[1].address.port, 80)

    def test_mode(self) -> None:
        """C{chmod-socket} is exact, whatever the umask."""
        self.addCleanup(os.umask, os.umask(0o77))
        self.listening(self.listener(mode=0o666)).bind()
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o666)

    def test_owner(self) -> None:
        """C{chown-socket} that is what it is already needs no right."""
        self.listening(self.listener(owner=f"{os.getuid()}:{os.getgid()}")).bind()
        self.assertEqual(os.stat(self.path).st_uid, os.getuid())

    def test_unknown_owner(self) -> None:
        """An owner whom nobody knows: one line, and no file."""
        made = self.listening(self.listener(owner="no-such-user"))
        error = self.assertRaises(ConfigurationError, made.bind)
        self.assertIn("chown-socket = no-such-user", str(error))
        self.assertFalse(os.path.exists(self.path))

    def test_owner_refused(self) -> None:
        """Who is not root cannot give a file away; nothing stays."""
        if os.getuid() == 0:
            raise SkipTest("root can")
        made = self.listening(self.listener(owner="0"))
        self.assertIn("chown-socket needs root", str(self.assertRaises(BindError, made.bind)))
        self.assertFalse(os.path.exists(self.path))

    def test_stale(self) -> None:
        """A socket file that nobody listens on any more is replaced."""
        self.listens(self.path).close()
        self.assertFalse(self.connects())
        self.listening(self.listener()).bind()
        self.assertTrue(self.connects())

    def test_somebody_listens(self) -> None:
        """A socket file that somebody listens on is refused with one line, and stays his."""
        self.listens(self.path)
        error = self.assertRaises(BindError, self.listening(self.listener()).bind)
        self.assertTrue(
            str(error).startswith(f"http-socket = {self.path}: Address already in use: ")
        )
        self.assertTrue(self.connects())

    def test_full_queue(self) -> None:
        """Who listens but does not accept listens all the same."""
        self.listens(self.path).listen(0)
        clients = [socket.socket(socket.AF_UNIX) for _ in range(4)]
        for client in clients:
            self.addCleanup(client.close)
            client.setblocking(False)
            client.connect_ex(self.path)
        self.assertRaises(BindError, self.listening(self.listener()).bind)
        self.assertTrue(os.path.exists(self.path))

    def test_no_socket(self) -> None:
        """A file that is no socket is never removed."""
        with open(self.path, "w") as file:
            file.write("precious")
        error = self.assertRaises(BindError, self.listening(self.listener()).bind)
        self.assertIn("no socket", str(error))
        with open(self.path) as file:
            self.assertEqual(file.read(), "precious")

    def test_no_directory(self) -> None:
        """A directory that is not there is one line."""
        path = self.path + "/b/c.sock"
        error = self.assertRaises(BindError, self.listening(self.listener(path)).bind)
        self.assertIn(path, str(error))

    def test_too_long(self) -> None:
        """So is a name that is too long for the system."""
        path = "/" + "a" * 200
        error = self.assertRaises(BindError, self.listening(self.listener(path)).bind)
        self.assertIn("too long", str(error))

    def test_one_of_two(self) -> None:
        """Where the second address cannot be had the first one's file goes, too."""
        self.listens(self.path + "2")
        made = self.listening(self.listener(), self.listener(self.path + "2"))
        self.assertRaises(BindError, made.bind)
        self.assertFalse(os.path.exists(self.path))
        self.assertTrue(os.path.exists(self.path + "2"))


class VacuumTests(UnixCase):
    """What is left at the end."""

    def test_removed(self) -> None:
        """The file goes with the socket, and the log says so as uWSGI's does."""
        made = self.listening(self.listener())
        made.bind()
        made.close()
        self.assertFalse(os.path.exists(self.path))
        self.assertEqual(self.log.lines[-1], f"VACUUM: unix socket {self.path} removed.")

    def test_off(self) -> None:
        """Without C{vacuum} it stays."""
        made = self.listening(Listener("http", Address.unix(self.path), 16, vacuum=False))
        made.bind()
        made.close()
        self.assertTrue(os.path.exists(self.path))

    def test_not_ours(self) -> None:
        """A file that somebody else has put there meanwhile stays his."""
        made = self.listening(self.listener())
        made.bind()
        os.rename(self.path, self.path + ".old")
        self.listens(self.path)
        made.close()
        self.assertTrue(self.connects())

    def test_gone(self) -> None:
        """A file that is gone already is said to be."""
        made = self.listening(self.listener())
        made.bind()
        os.unlink(self.path)
        made.close()
        self.assertEqual(self.log.lines[-1], f"VACUUM: unix socket {self.path} is not there")


class AbstractTests(UnixCase):
    """A socket that is a name alone."""

    def setUp(self) -> None:
        super().setUp()
        if not os.path.exists("/proc/net/unix"):
            raise SkipTest("only Linux has abstract sockets")
        self.name = f"@twsgi-{uuid.uuid4().hex}"

    def test_listens(self) -> None:
        """It is bound, and announced; rights and owner mean nothing to it."""
        made = self.listening(self.listener(self.name, 0o600, "root"))
        made.bind()
        self.assertIn(f"uwsgi socket 0 bound to UNIX address {self.name} fd ", self.log.lines[0])
        with socket.socket(socket.AF_UNIX) as client:
            client.connect("\0" + self.name[1:])

    def test_taken(self) -> None:
        """A name that is taken is one line."""
        self.listens("\0" + self.name[1:])
        error = self.assertRaises(BindError, self.listening(self.listener(self.name)).bind)
        self.assertIn(f"http-socket = {self.name}: Address already in use", str(error))


class PassedTests(UnixCase):
    """Sockets that listen already."""

    def passed(self, *sockets: socket.socket) -> Passed:
        return Passed({one.fileno(): f"name-{place}" for place, one in enumerate(sockets)})

    def test_environment(self) -> None:
        """systemd's variables count only for the process that they name."""
        for variables, names in (
            ({"LISTEN_PID": "7", "LISTEN_FDS": "2"}, {3: "", 4: ""}),
            ({"LISTEN_PID": "7", "LISTEN_FDS": "2", "LISTEN_FDNAMES": "a:b"}, {3: "a", 4: "b"}),
            ({"LISTEN_PID": "7", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "a:b"}, {3: "a"}),
            ({"LISTEN_PID": "8", "LISTEN_FDS": "2"}, {}),
            ({"LISTEN_PID": "7", "LISTEN_FDS": "many"}, {}),
            ({"LISTEN_FDS": "2"}, {}),
            ({}, {}),
        ):
            self.assertEqual(Passed.of(variables, 7).names, names)

    def test_same_address(self) -> None:
        """A passed socket at a configured address is used, its file never removed."""
        other = self.listens(self.path)
        made = self.listening(self.listener(), passed=self.passed(other))
        made.bind()
        self.assertTrue(made.bound[0].passed)
        self.assertEqual(self.log.lines[0], "- SystemD socket activation detected -")
        self.assertIn(f"uwsgi socket 0 attached to UNIX address {self.path} fd ", self.log.lines[1])
        self.assertFalse(os.get_inheritable(other.fileno()))
        made.close()
        self.assertTrue(self.connects())

    def test_same_port(self) -> None:
        """So is one for TCP, and it is tuned as ours are."""
        other = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(other.close)
        port = other.getsockname()[1]
        listener = Listener("http-socket", Address("127.0.0.1", port), 16)
        made = self.listening(listener, passed=self.passed(other))
        made.bind()
        self.assertEqual(made.bound[0].address.port, port)
        self.assertTrue(made.bound[0].socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        self.assertIn(f"attached to INET address 127.0.0.1:{port} fd ", self.log.lines[1])

    def test_by_number_and_name(self) -> None:
        """C{fd://N} and C{fd://NAME} take the one that is meant, wherever it is bound."""
        other = self.listens(self.path)
        for text in (str(other.fileno()), "name-0"):
            made = self.listening(self.listener(f"fd://{text}"), passed=self.passed(other))
            made.bind()
            self.assertEqual(str(made.bound[0].address), self.path)
            made.close()

    def test_another_address(self) -> None:
        """What was passed for another address is not touched."""
        other = self.listens(self.path + "2")
        made = self.listening(self.listener(), passed=self.passed(other))
        made.bind()
        self.assertFalse(made.bound[0].passed)

    def test_mistakes(self) -> None:
        """No such descriptor, no such name, no socket, none that listens: one line each."""
        idle = socket.socket(socket.AF_UNIX)
        self.addCleanup(idle.close)
        file = os.open(os.devnull, os.O_RDONLY)
        self.addCleanup(os.close, file)
        for text, words in (
            ("99999", "nobody has passed that descriptor"),
            ("web", "no descriptor of that name"),
            (str(file), "that descriptor is no socket"),
            (str(idle.fileno()), "does not listen"),
        ):
            made = self.listening(self.listener(f"fd://{text}"), passed=Passed({}))
            error = self.assertRaises(BindError, made.bind)
            self.assertIn(f"fd://{text}: ", str(error))
            self.assertIn(words, str(error))
