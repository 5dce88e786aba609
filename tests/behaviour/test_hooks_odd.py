"""hook-... and exec-... that fail, in a reload, without a master, and what they change."""

from __future__ import annotations

import os
import re
import signal

from tests.behaviour.harness import BehaviourCase, HttpSocket, ModeCase
from tests.behaviour.server import Server


class FailingTests(BehaviourCase):
    """What fails ends the start with one line, and uWSGI's exit code."""

    def begin(self, *arguments: str) -> Server:
        site = self.site()
        return self.twsgi(site, "uwsgi.ini", "--http", "127.0.0.1:0", *arguments)

    def test_commands(self) -> None:
        """A command that fails, at each moment: exit code 1, and nothing is left."""
        for option in ("exec-asap", "exec-pre-jail", "exec-as-user", "exec-pre-app"):
            server = self.begin(f"--{option}=exit 3")
            self.assertEqual(server.wait_for_exit(), 1, option)
            server.wait_for(r'twsgi: command "exit 3" exited with non-zero code: 3')
            self.assertEqual(server.find("WSGI app 0"), [])
            server.assert_nothing_left()

    def test_hook(self) -> None:
        """A hook that fails in the master, and one that asks for the end."""
        server = self.begin("--hook-as-user=chdir:nowhere")
        self.assertEqual(server.wait_for_exit(), 1)
        server.wait_for(r'twsgi: hook "chdir:nowhere" \(as user\): No such file or directory')
        server = self.begin("--hook-pre-jail=exit:7")
        self.assertEqual(server.wait_for_exit(), 7)

    def test_worker(self) -> None:
        """A hook that fails in a worker is an application that cannot be loaded."""
        server = self.begin("--hook-pre-app=exec:false")
        self.assertEqual(server.wait_for_exit(), 22)
        server.wait_for(r'hook "exec:false" \(pre app\): command "false" exited with')
        server.assert_nothing_left()

    def test_unknown(self) -> None:
        """What is not done here is refused by name before anything is bound."""
        for hook, words in (
            ("callint:x 1", "the hook action 'callint' is not there: it calls a function of"),
            ("nosuch:1", "hook action not found: nosuch"),
            ("date", "write action:argument"),
        ):
            server = self.begin(f"--hook-as-user={hook}")
            self.assertEqual(server.wait_for_exit(), 1)
            server.wait_for(re.escape(words))
            self.assertEqual(server.find("bound on"), [])


class ReloadTests(HttpSocket, ModeCase):
    """Workers that come later."""

    def test_again(self) -> None:
        """
        exec-pre-app runs before the new workers of a reload; where it fails the reload is given
        up, and nothing has happened.
        """
        server = self.serve(
            {"processes": "1", "cheaper": None, "exec-pre-app": "echo mark; test ! -e broken"}
        )
        server.wait_ready()
        server.send_signal(signal.SIGHUP)
        server.wait_for("(?m)^reload complete$")
        self.assertEqual(len(server.find("(?m)^mark$")), 2)
        before = server.worker()
        (server.site.directory / "broken").touch()
        server.send_signal(signal.SIGHUP)
        server.wait_for(r'reload given up: command "echo mark; test ! -e broken" exited with')
        self.assertEqual((server.worker(), server.get("/pid").status), (before, 200))
        self.assertEqual(server.stop(), 0)

    def test_directory(self) -> None:
        """What a hook changes of the process the application finds changed."""
        site = self.site()
        changes = {
            "processes": "1",
            "cheaper": None,
            "pythonpath": str(site.directory / "code"),
            "hook-post-fork": f"chdir:{site.directory / 'static'}",
        }
        site.edit(self.ini, changes)
        server = self.twsgi(site, self.ini)
        server.wait_ready()
        there = os.readlink(f"/proc/{server.worker()}/cwd")
        self.assertEqual(there, str(site.directory / "static"))


class AloneTests(BehaviourCase):
    """Without a master: the one process does what master and worker do."""

    def test_all(self) -> None:
        """All is done in the order of uWSGI's workers."""
        done = r"(?m)^mark (.*)$"
        site = self.site()
        options = {
            "exec-pre-app": "echo mark exec pre",
            "hook-pre-app": "print:mark pre",
            "exec-post-app": "echo mark exec post",
            "hook-post-app": "print:mark post",
            "hook-accepting1": "print:mark accepting",
            "hook-master-start": "print:mark master",
        }
        server = self.twsgi(
            site,
            *("--http-socket", "127.0.0.1:0", "--module", "app", "--pythonpath", "code"),
            *(f"--{name}={value}" for name, value in options.items()),
        )
        server.wait_ready()
        self.assertEqual(
            [found[1] for found in server.find(done)],
            ["exec pre", "pre", "post", "exec post", "accepting"],
        )
        self.assertEqual(server.stop(), 0)
