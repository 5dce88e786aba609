"""Tests of L{twsgi.settings.plan}: Settings -> what is to run."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from twsgi.settings.model import Address, Listener, Plan, Settings
from twsgi.settings.plan import plan

ANY = Address("0.0.0.0", 8000)
LOCAL = Address("127.0.0.1", 80)


def planned(**fields: object) -> Plan:
    """The plan of an application at C{:8000}, with these settings."""
    fields.setdefault("http", (":8000",))
    return plan(Settings(module="app", **fields), "/start")  # type: ignore[arg-type]


class PlanTests(SynchronousTestCase):
    """L{plan} decides what is to run, and opens nothing."""

    def test_processes(self) -> None:
        """Each row: what is asked for; master, workers, initial, minimum, frontends, capacity."""
        rows: list[tuple[dict[str, object], tuple[bool, int, int, int, int, int]]] = [
            ({}, (False, 1, 1, 1, 0, 1)),
            ({"threads": 8}, (False, 1, 1, 1, 0, 8)),
            ({"master": True}, (True, 1, 1, 1, 1, 1)),
            ({"processes": 4}, (True, 4, 4, 4, 1, 4)),
            ({"processes": 4, "threads": 2}, (True, 4, 4, 4, 1, 8)),
            ({"processes": 4, "cheaper": 1}, (True, 4, 1, 1, 1, 4)),
            ({"processes": 4, "cheaper": 1, "cheaper_initial": 3}, (True, 4, 3, 1, 1, 4)),
            ({"processes": 4, "http": (), "http_socket": (":1",)}, (True, 4, 4, 4, 0, 4)),
            ({"processes": 4, "http_socket": (":1",)}, (True, 4, 4, 4, 1, 4)),
            ({"processes": 4, "http_processes": 2}, (True, 4, 4, 4, 2, 4)),
            ({"http_processes": 2}, (True, 1, 1, 1, 2, 1)),
            ({"http_processes": 2, "http": (), "http_socket": (":1",)}, (True, 1, 1, 1, 0, 1)),
        ]
        for fields, expected in rows:
            got = planned(**fields)
            self.assertEqual(
                (
                    got.master,
                    got.workers,
                    got.initial,
                    got.minimum,
                    got.frontends,
                    got.capacity,
                ),
                expected,
                fields,
            )

    def test_listeners(self) -> None:
        """With a master, C{http} is a frontend's and C{http-socket} the workers'."""
        got = planned(master=True, http_socket=("127.0.0.1:80",), listen=5)
        self.assertEqual(
            got.listeners, (Listener("http", ANY, 5), Listener("http-socket", LOCAL, 5))
        )

    def test_listeners_without_master(self) -> None:
        """Without a master, C{http} means C{http-socket}, but keeps its name for what is said."""
        got = planned(http_socket=("127.0.0.1:80",))
        self.assertEqual(
            got.listeners,
            (
                Listener("http-socket", ANY, 1024, option="http"),
                Listener("http-socket", LOCAL, 1024),
            ),
        )

    def test_environment(self) -> None:
        """C{env} is pairs; of one name the last counts."""
        got = planned(env=("A=1", "B=x=y", "A=2", "C="))
        self.assertEqual(got.environment, (("A", "2"), ("B", "x=y"), ("C", "")))

    def test_directory(self) -> None:
        """C{chdir} starts where the master does; None stays there."""
        for chdir, expected in [
            (None, None), ("/srv/site", "/srv/site"), ("site", "/start/site"),
            ("site/", "/start/site"), ("../site", "/site"), (".", "/start"),
        ]:  # fmt: skip
            self.assertEqual(planned(chdir=chdir).directory, expected)

    def test_pidfile(self) -> None:
        """C{pidfile} starts where the master does, whatever C{chdir} says, as in uWSGI."""
        self.assertEqual(planned(chdir="/srv", pidfile="x.pid").pidfile, "/start/x.pid")
        self.assertEqual(planned(pidfile="/run/x.pid").pidfile, "/run/x.pid")
        self.assertIsNone(planned().pidfile)

    def test_settings_are_kept(self) -> None:
        """The plan holds the settings as they are, and equal settings make equal plans."""
        settings = Settings(module="app", http=(":1",), pythonpath=("code/",))
        self.assertIs(plan(settings, "/").settings, settings)
        self.assertEqual(plan(settings, "/"), plan(settings, "/"))

    def test_socket_files(self) -> None:
        """Relative socket files lie in C{chdir}, with C{chroot} where it was started."""
        rows: list[tuple[dict[str, object], str]] = [
            ({}, "/start/a.sock"),
            ({"chdir": "code"}, "/start/code/a.sock"),
            ({"chdir": "/code", "chroot": "jail"}, "/start/a.sock"),
        ]
        for fields, path in rows:
            got = planned(http=("a.sock", "@a", "fd://3"), master=True, **fields)
            self.assertEqual(
                [one.address for one in got.listeners],
                [Address.unix(path), Address.unix("@a"), Address.unix("fd://3")],
            )

    def test_socket_owner(self) -> None:
        """A socket file belongs to whom C{chown-socket} names, else to C{uid} and C{gid}."""
        rows: list[tuple[dict[str, object], str]] = [
            ({}, ""),
            ({"uid": "www"}, "www"),
            ({"uid": "www", "gid": "web"}, "www:web"),
            ({"gid": "web"}, ":web"),
            ({"uid": "www", "chown_socket": "nginx"}, "nginx"),
        ]
        for fields, owner in rows:
            (got,) = planned(
                http=("/a.sock",), chmod_socket=0o660, vacuum=False, **fields
            ).listeners
            self.assertEqual((got.owner, got.mode, got.vacuum), (owner, 0o660, False))

    def test_chroot(self) -> None:
        """C{chdir} and C{pidfile2} are inside of it; a master, who is outside, finds them there."""
        rows: list[tuple[dict[str, object], tuple[str | None, str | None, str | None]]] = [
            ({"pidfile2": "a"}, (None, None, "/start/a")),
            ({"pidfile2": "a", "chdir": "b"}, (None, "/start/b", "/start/b/a")),
            ({"chroot": "jail", "chdir": "b", "pidfile2": "a"}, ("/start/jail", "/b", "/b/a")),
            (
                {"chroot": "jail", "chdir": "b", "pidfile2": "/a", "master": True},
                ("/start/jail", "/b", "/start/jail/a"),
            ),
        ]
        for fields, expected in rows:
            got = planned(**fields)
            self.assertEqual((got.settings.chroot, got.directory, got.pidfile2), expected)

    def test_touched_files(self) -> None:
        """They start at C{chdir}, and inside of C{chroot}, where a master finds them."""
        rows: list[tuple[dict[str, object], str]] = [
            ({}, "/start/a"),
            ({"chdir": "b"}, "/start/b/a"),
            ({"chroot": "jail"}, "/start/jail/a"),
            ({"chroot": "jail", "chdir": "b"}, "/start/jail/b/a"),
        ]
        for field in ("touch_reload", "touch_workers_reload", "touch_chain_reload"):
            for fields, path in rows:
                got = planned(master=True, **fields, **{field: ("a", "/a")})
                self.assertEqual(getattr(got, field)[0], path)
            self.assertEqual(getattr(got, field)[1], "/start/jail/a")

    def test_without_master(self) -> None:
        """What only a master can do is said to have no effect where there is none."""
        for field in (
            "harakiri", "max_requests", "max_worker_lifetime", "reload_on_rss", "reload_on_as",
        ):  # fmt: skip
            (warning,) = planned(**{field: 20}).warnings
            name = field.replace("_", "-")
            self.assertEqual(warning, f"{name} has no effect without a master: set master = true")
            self.assertEqual(planned(**{field: 20}, master=True).warnings, ())
        self.assertEqual(len(planned(reload_on_exception=True).warnings), 1)

    def test_daemonize(self) -> None:
        """Its log is where it was started, whatever C{chdir} says."""
        self.assertEqual(planned(daemonize="a.log", chdir="/srv").daemonize, "/start/a.log")
