"""The house rules hold: layers, sizes, maps, threads, interfaces; and each rule can be broken."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementedBy
from zope.interface.verify import verifyClass

import twsgi
from tests import rules
from tests.rules import Module, Modules

_TESTS = Path(__file__).parent
_SOURCE = Path(twsgi.__file__).parent

#: Classes of whom C{verifyClass} cannot judge, and the test that has C{verifyObject} judge.
BY_OBJECT = {"twsgi.web.transport.Connection": "tests.web.test_interfaces"}


def read(root: Path) -> Modules:
    """All modules under C{root}, whose last part is the name of the package."""
    modules = {}
    for path in sorted(root.rglob("*.py")):
        parts = [root.name, *path.relative_to(root).with_suffix("").parts]
        package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if package else parts)
        modules[name] = Module(name, path.read_text(), package)
    return modules


SOURCE = read(_SOURCE)
TESTS = read(_TESTS)
#: Tests of real processes, and the applications in them, have a real clock.
_REAL = ("tests.behaviour", "tests.applications")
QUICK = {name: one for name, one in TESTS.items() if not name.startswith(_REAL)}


class HouseTests(SynchronousTestCase):
    """The rules, on the house as it is."""

    def test_there_is_something(self) -> None:
        """What is judged is all there is."""
        self.assertIn("twsgi.web.http1", SOURCE)
        self.assertIn("tests.test_architecture", QUICK)
        self.assertEqual(
            set(rules.LAYERS) - {one.room for one in SOURCE.values()} - {"stats"}, set()
        )

    def holds(self, rule: Callable[[Modules], list[str]], modules: Modules) -> None:
        """Nothing breaks this rule."""
        self.assertEqual(rule(modules), [], rule.__doc__)

    def test_layers(self) -> None:
        """Imports go down only, and every package is in a layer."""
        self.holds(rules.unknown_rooms, SOURCE)
        self.holds(rules.not_downward, SOURCE)

    def test_circles(self) -> None:
        """No modules import one another."""
        self.holds(rules.circles, SOURCE)

    def test_sizes(self) -> None:
        """Modules and functions are short."""
        self.holds(rules.too_long, SOURCE)

    def test_docstrings(self) -> None:
        """Every module says what it is for, and every package is a map."""
        self.holds(rules.undocumented, SOURCE)
        self.holds(rules.not_on_the_map, SOURCE)

    def test_reactor(self) -> None:
        """The global reactor is imported by entry points alone."""
        self.holds(rules.reactor_imports, SOURCE)

    def test_threads(self) -> None:
        """Threads are handed over in one place."""
        self.holds(rules.hand_overs, SOURCE)

    def test_processes(self) -> None:
        """Processes are spawned in one place."""
        self.holds(rules.spawns, SOURCE)

    def test_names(self) -> None:
        """No name holds a word that says nothing."""
        self.holds(rules.empty_words, SOURCE)

    def test_tests(self) -> None:
        """Tests without processes neither sleep nor choose ports, and say what they test."""
        for rule in rules.TEST_RULES:
            self.holds(rule, QUICK)

    def test_exceptions_are_used(self) -> None:
        """Every exception is needed: one that is not must go, so that the lists only shrink."""
        for pair in rules.SIBLINGS:
            others = [one for one in rules.SIBLINGS if one != pair]
            self.assertNotEqual(rules.not_downward(SOURCE, others), [], pair)
        for name in rules.HAND_OVER:
            places = [one for one in rules.HAND_OVER if one != name]
            self.assertNotEqual(rules.hand_overs(SOURCE, places), [], name)
        for name in rules.LAZY_REACTOR:
            targets = [one.target for one in SOURCE[name].imports]
            self.assertIn("twisted.internet.reactor", targets)


class InterfaceTests(SynchronousTestCase):
    """What claims to provide an interface does."""

    def classes(self, modules: Modules) -> list[tuple[str, Any]]:
        """Every class with C{@implementer} at the top of a module."""
        found = []
        for module in modules.values():
            for name in rules.implementers(module):
                made = getattr(importlib.import_module(module.name), name, None)
                if made is not None:
                    found.append((f"{module.name}.{name}", made))
        return found

    def test_ours_and_fakes(self) -> None:
        """Every class, fakes included, has what its interfaces ask for, as they ask for it."""
        classes = self.classes(SOURCE | QUICK)
        self.assertGreater(len(classes), 10)
        for name, made in classes:
            if name not in BY_OBJECT:
                for interface in implementedBy(made):
                    verifyClass(interface, made, tentative=True)

    def test_by_object(self) -> None:
        """Where the class does not tell, a test has an object judged."""
        names = dict(self.classes(SOURCE))
        for name, test in BY_OBJECT.items():
            self.assertIn(name, names)
            self.assertIn("verifyObject(", TESTS[test].text)

    def test_can_fail(self) -> None:
        """A class that only claims is found out."""
        module = Module("bad", "@implementer(IBalancer)\nclass Claims:\n    pass\n")
        self.assertEqual(rules.implementers(module), ["Claims"])


class BrokenTests(SynchronousTestCase):
    """Each rule complains where it is broken, and only there."""

    def modules(self, **texts: str) -> Modules:
        """Modules by their names under C{twsgi}, with C{__} for a dot."""
        made = {}
        for key, text in {"": "'''D.'''", **texts}.items():
            name = f"twsgi.{key.replace('__', '.')}".rstrip(".")
            package = any(other.startswith(f"{key}__") for other in texts) or not key
            made[name] = Module(name, text, package)
        return made

    def complaints(self, rule: Callable[[Modules], list[str]], **texts: str) -> int:
        """How many complaints these modules cause."""
        return len(rule(self.modules(**texts)))

    def test_upward(self) -> None:
        """An import that goes up, in whatever form, and the same that goes down."""
        for text in (
            "import twsgi.worker.main",
            "from twsgi.worker.main import main",
            "from twsgi.worker import main",
            "from twsgi import worker",
            "from ..worker import main",
            "def f():\n    from twsgi.worker import main",
            "if TYPE_CHECKING:\n    from twsgi.worker import main",
            "class A:\n    def f(self):\n        import twsgi.worker.main as m",
        ):
            self.assertEqual(
                self.complaints(
                    rules.not_downward, web="", web__a=text, worker="", worker__main=""
                ),
                1,
                text,
            )
        self.assertEqual(
            self.complaints(
                rules.not_downward, web="", web__a="", worker="", worker__main="import twsgi.web.a"
            ),
            0,
        )

    def test_sideways(self) -> None:
        """An import of a sibling; one of the same room, and one that is excused, are none."""
        for here, there, count in (
            ("master", "worker", 1),
            ("proxy", "wsgi", 1),
            ("web", "control", 1),
            ("log", "control", 1),
            ("control", "log", 0),
            ("web", "web", 0),
            ("tap", "container", 0),
        ):
            texts = {
                f"{here}__a": f"import twsgi.{there}.b",
                f"{there}__b": "",
                here: "",
                there: "",
            }
            self.assertEqual(self.complaints(rules.not_downward, **texts), count, (here, there))

    def test_front_door(self) -> None:
        """The root's lazy exports are allowed; nobody else's."""
        door = self.modules(container="", wire__a="")
        lazily = "def f():\n    from twsgi.container import Container"
        door["twsgi"] = Module("twsgi", lazily, True)
        self.assertEqual(rules.not_downward(door) + rules.circles(door), [])
        door["twsgi.wire.a"] = Module("twsgi.wire.a", lazily)
        self.assertEqual(len(rules.not_downward(door)), 1)

    def test_unknown_room(self) -> None:
        """A package that is in no layer."""
        self.assertEqual(self.complaints(rules.unknown_rooms, shed__a="", shed=""), 1)
        self.assertEqual(self.complaints(rules.unknown_rooms, tap="", web__a="", web=""), 0)

    def test_circle(self) -> None:
        """Modules that import one another, at the top or lazily, directly or by way of others."""
        lazy = "def f():\n    import twsgi.web.a"
        for back in ("import twsgi.web.a", lazy):
            self.assertEqual(
                self.complaints(rules.circles, web__a="import twsgi.web.b", web__b=back), 1
            )
            self.assertEqual(
                self.complaints(
                    rules.circles,
                    web__a="from twsgi.web import b",
                    web__b="import twsgi.web.c",
                    web__c=back,
                ),
                1,
            )
        for_types = "if TYPE_CHECKING:\n    import twsgi.web.a"
        self.assertEqual(
            self.complaints(rules.circles, web__a="import twsgi.web.b", web__b=for_types), 0
        )

    def test_length(self) -> None:
        """A module or a function of one line too many."""
        for lines, count in ((400, 0), (401, 1)):
            self.assertEqual(self.complaints(rules.too_long, tap="#\n" * lines), count)
        for lines, count in ((50, 0), (51, 1)):
            body = "    pass\n" * (lines - 1)
            for start in ("def f():\n", "async def f():\n"):
                self.assertEqual(self.complaints(rules.too_long, tap=start + body), count)

    def test_no_docstring(self) -> None:
        """A module without a docstring."""
        self.assertEqual(self.complaints(rules.undocumented, tap="# a comment", web="'''D.'''"), 1)

    def test_map(self) -> None:
        """A module that its package does not map, and one that is mapped and is not."""
        for text, count in (
            ("'''- L{twsgi.web.a}: does it.'''", 0),
            ("'''See L{twsgi.web.a}.'''", 1),
            ("'''- L{twsgi.web.a}: it.\n- L{twsgi.web.b}: gone.'''", 1),
        ):
            self.assertEqual(self.complaints(rules.not_on_the_map, web=text, web__a=""), count)

    def test_reactor(self) -> None:
        """The reactor imported where no entry point is, in any form."""
        for text in (
            "from twisted.internet import reactor",
            "from twisted.internet import defer, reactor as r",
            "import twisted.internet.reactor",
            "def f():\n    from twisted.internet import reactor",
        ):
            self.assertEqual(self.complaints(rules.reactor_imports, web__a=text), 1, text)
            for entry in ("tap", "__main__", "worker__main"):
                name = "__main__" if entry == "__main__" else entry.replace("__", ".")
                modules = {name: Module(f"twsgi.{name}", text)}
                self.assertEqual(rules.reactor_imports(modules), [])
            self.assertEqual(
                self.complaints(rules.reactor_imports, container=text), 0 if "def f" in text else 1
            )

    def test_hand_over(self) -> None:
        """A thread handed over somewhere else, by whatever name the reactor goes."""
        for text in (
            "reactor.callFromThread(f)",
            "self.r.callFromThread",
            "from twisted.internet.threads import blockingCallFromThread",
            "threads.blockingCallFromThread(r, f)",
        ):
            self.assertEqual(self.complaints(rules.hand_overs, wsgi__a=text), 1, text)
            self.assertEqual(self.complaints(rules.hand_overs, web__threads=text), 0)
        self.assertEqual(self.complaints(rules.hand_overs, wsgi__a="'''callFromThread'''"), 0)

    def test_spawn(self) -> None:
        """A process spawned by somebody else."""
        self.assertEqual(self.complaints(rules.spawns, master__a="reactor.spawnProcess(p)"), 1)
        self.assertEqual(self.complaints(rules.spawns, master__spawner="reactor.spawnProcess"), 0)

    def test_empty_words(self) -> None:
        """A name with a word that says nothing; and names that only sound so."""
        for text in (
            "class LinkManager: pass",
            "def request_handler(): pass",
            "def f(helper): pass",
            "utils = 1",
            "self.signalHandlers = 1",
            "async def aHandler(): pass",
        ):
            self.assertEqual(self.complaints(rules.empty_words, tap=text), 1, text)
        self.assertEqual(self.complaints(rules.empty_words, util=""), 1)
        for text in ("utility = 1", "run(installSignalHandlers=False)", "import helper"):
            self.assertEqual(self.complaints(rules.empty_words, tap=text), 0, text)

    def test_sleep(self) -> None:
        """A test that sleeps."""
        for text in ("import time\ntime.sleep(1)", "from time import sleep"):
            self.assertEqual(self.complaints(rules.sleeps, tap=text), 1, text)
        self.assertEqual(self.complaints(rules.sleeps, tap="self.sleep(1)"), 0)

    def test_port(self) -> None:
        """A test that chooses a port."""
        for text in (
            "s.bind(('127.0.0.1', 8000))",
            "socket.create_server(('', 8080))",
            "reactor.listenTCP(8000, f)",
        ):
            self.assertEqual(self.complaints(rules.fixed_ports, tap=text), 1, text)
        for text in ("s.bind(('127.0.0.1', 0))", "connect(address)", "Address('', 8000)"):
            self.assertEqual(self.complaints(rules.fixed_ports, tap=text), 0, text)
