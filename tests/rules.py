"""The house rules as functions from source to complaints; L{tests.test_architecture} asks.

Nothing here imports what it judges, so a rule can be shown a made-up module, too.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

#: The layer of each room of the house: a room imports from lower layers, and from itself.
LAYERS = {
    "interfaces": 0,
    "errors": 0,
    "_version": 0,
    "wire": 1,
    "settings": 1,
    "web": 2,
    "control": 2,
    "log": 2,
    "stats": 2,
    "proxy": 3,
    "wsgi": 3,
    "static": 3,
    "master": 4,
    "worker": 4,
    "frontend": 4,
    # Among the entry points: it is a command, and starts the others.
    "selftest": 5,
    # Commands as well.
    "lint": 5,
}
#: All other modules of the root: entry points and what they are made of.  They are no rooms, so
#: they may import one another; circles are forbidden to them as to all.
ENTRANCE = 5

#: Siblings that import one another all the same, and why.  This list may only become shorter.
SIBLINGS = {
    ("control", "log"): "a child's first step (control.child) is to have a log to speak to",
}

LONGEST_MODULE = 400
LONGEST_FUNCTION = 50

#: Where the global reactor may be imported at the top of a module or within a function.
_REACTOR = re.compile(r"twsgi\.(tap|__main__|\w+\.main)\Z")
#: Where it may be imported within a function alone, and why.
LAZY_REACTOR = {
    "twsgi.container": "an embedder who gives no reactor means the one that is installed",
}

#: Where threads are handed over, and why there.  This list may only become shorter.
HAND_OVER = {
    "twsgi.web.threads": "the one place",
    "twsgi.web.poller": "passes the reactor's own method on; calls nothing itself",
    "twsgi.control.child": "a signal handler, which may run in the middle of anything",
    "twsgi.signals": "a signal handler, which may run in the middle of anything",
}
_HAND_OVER_NAMES = {"callFromThread", "blockingCallFromThread", "callMultipleInThread"}

SPAWNER = "twsgi.master.spawner"

#: Words that say nothing.
EMPTY_WORDS = re.compile(r"manager|helper|handler|utils?(?![a-z])", re.IGNORECASE)

_CONNECTING = {
    "bind",
    "connect",
    "connect_ex",
    "create_connection",
    "create_server",
    "listenTCP",
    "connectTCP",
}


@dataclass(frozen=True)
class Import:
    """One import: of what, in which line, and how."""

    target: str
    line: int
    lazy: bool
    for_types: bool


class Module:
    """One module's source."""

    def __init__(self, name: str, text: str, package: bool = False) -> None:
        self.name = name
        self.text = text
        self.package = package
        self.tree = ast.parse(text)

    @property
    def room(self) -> str:
        """The package or module right under the root that it belongs to; "" for the root."""
        return self.name.partition(".")[2].partition(".")[0]

    @property
    def docstring(self) -> str:
        """Its docstring, or nothing."""
        return ast.get_docstring(self.tree) or ""

    @cached_property
    def imports(self) -> list[Import]:
        """All its imports, wherever they are; C{from a import b} is of C{a.b}."""
        return list(self._imports(self.tree, False, False))

    def _imports(self, node: ast.AST, lazy: bool, for_types: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                for one in child.names:
                    yield Import(one.name, child.lineno, lazy, for_types)
            elif isinstance(child, ast.ImportFrom):
                base = self._absolute(child)
                for one in child.names:
                    yield Import(f"{base}.{one.name}", child.lineno, lazy, for_types)
            else:
                within = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
                guarded = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
                yield from self._imports(child, lazy or within, for_types or guarded)

    def _absolute(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        parts = self.name.split(".")
        parts = parts[: len(parts) - node.level + self.package]
        return ".".join(parts + ([node.module] if node.module else []))


Modules = dict[str, Module]


def _resolved(modules: Modules, target: str) -> str | None:
    """The module among C{modules} that an import is of."""
    while target:
        if target in modules:
            return target
        target = target.rpartition(".")[0]
    return None


def _inner(modules: Modules, module: Module) -> Iterator[tuple[Import, str]]:
    """The imports of one module that are of others of ours."""
    for one in module.imports:
        target = _resolved(modules, one.target)
        if target is not None and target != module.name:
            yield one, target


def layer(room: str) -> int:
    """The layer of a room."""
    return LAYERS.get(room, ENTRANCE)


def unknown_rooms(modules: Modules) -> list[str]:
    """Packages that the table does not know."""
    packages = {module.room for module in modules.values() if module.name.count(".") > 1}
    packages |= {module.room for module in modules.values() if module.package and module.room}
    return [f"{room} is in no layer" for room in sorted(packages - LAYERS.keys())]


def not_downward(modules: Modules, siblings: Iterable[tuple[str, str]] = SIBLINGS) -> list[str]:
    """Imports that go up, or to a sibling; lazy ones and those for types are no excuse."""
    found = []
    for module in modules.values():
        if module.name == "twsgi":
            continue  # its lazy exports are the house's front door
        for one, target in _inner(modules, module):
            room = modules[target].room
            if room in ("", module.room) or (module.room, room) in siblings:
                continue
            here, there = layer(module.room), layer(room)
            if there > here or (there == here and here != ENTRANCE):
                way = "up" if there > here else "sideways"
                found.append(f"{module.name}:{one.line} imports {target}: {way}")
    return found


def circles(modules: Modules) -> list[str]:
    """
    Modules that import one another.  Imports for types alone do not count: they are no imports
    when the program runs, and L{not_downward} keeps them within one room.
    """
    graph = {
        module.name: {
            target
            for one, target in _inner(modules, module)
            if not one.for_types and not (module.name == "twsgi" and one.lazy)
        }
        for module in modules.values()
    }
    found: list[str] = []
    done: set[str] = set()

    def visit(name: str, way: list[str]) -> None:
        if name in way:
            found.append(" -> ".join([*way[way.index(name) :], name]))
        elif name not in done:
            for target in sorted(graph[name]):
                visit(target, [*way, name])
            done.add(name)

    for name in sorted(graph):
        visit(name, [])
    return found


def too_long(modules: Modules) -> list[str]:
    """Modules and functions of more lines than a reader can hold."""
    found = []
    for module in modules.values():
        lines = len(module.text.splitlines())
        if lines > LONGEST_MODULE:
            found.append(f"{module.name}: {lines} lines")
        for node in ast.walk(module.tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > LONGEST_FUNCTION:
                    found.append(f"{module.name}.{node.name}: {lines} lines")
    return found


def undocumented(modules: Modules) -> list[str]:
    """Modules without a docstring."""
    return [f"{module.name}: no docstring" for module in modules.values() if not module.docstring]


def not_on_the_map(modules: Modules) -> list[str]:
    """
    Modules that their package's docstring does not name at the head of a line, and names there
    that are no modules.  The root's docstring speaks to users; its map is C{docs/architecture.md}.
    """
    found = []
    for package in modules.values():
        if not package.package or package.name == "twsgi":
            continue
        mapped = set(re.findall(r"^- L\{([\w.]+)\}: ", package.docstring, re.MULTILINE))
        inside = {name for name in modules if name.rpartition(".")[0] == package.name}
        found += [f"{name} is not in its package's map" for name in sorted(inside - mapped)]
        found += [f"{package.name} maps {name}, which is not" for name in sorted(mapped - inside)]
    return found


def reactor_imports(modules: Modules) -> list[str]:
    """Imports of the global reactor anywhere but in an entry point."""
    found = []
    for module in modules.values():
        for one in module.imports:
            if one.target != "twisted.internet.reactor" or one.for_types:
                continue
            if _REACTOR.match(module.name) or (one.lazy and module.name in LAZY_REACTOR):
                continue
            found.append(f"{module.name}:{one.line} imports the reactor")
    return found


def _uses(modules: Modules, names: set[str], allowed: Iterable[str]) -> list[str]:
    found = []
    for module in modules.values():
        if module.name in allowed:
            continue
        for node in ast.walk(module.tree):
            name = getattr(node, "attr", None) or getattr(node, "id", None)
            if isinstance(node, ast.alias):
                name = node.name.rpartition(".")[2]
            if name in names:
                found.append(f"{module.name}:{getattr(node, 'lineno', 0)} uses {name}")
    return found


def hand_overs(modules: Modules, allowed: Iterable[str] = HAND_OVER) -> list[str]:
    """Threads handed over outside their one place."""
    return _uses(modules, _HAND_OVER_NAMES, allowed)


def spawns(modules: Modules) -> list[str]:
    """Processes spawned by anybody but the spawner."""
    return _uses(modules, {"spawnProcess"}, [SPAWNER])


def empty_words(modules: Modules) -> list[str]:
    """Names of ours that hold a word that says nothing."""
    found = []
    for module in modules.values():
        names = {module.name.rpartition(".")[2]}
        for node in ast.walk(module.tree):
            if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
                names.add(node.name)
            elif isinstance(node, ast.arg):
                names.add(node.arg)
            elif isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Store):
                names.add(node.id if isinstance(node, ast.Name) else node.attr)
        found += [f"{module.name}: {name}" for name in sorted(names) if EMPTY_WORDS.search(name)]
    return found


def sleeps(modules: Modules) -> list[str]:
    """Tests that wait for the clock on the wall."""
    found = []
    for module in modules.values():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Attribute) and ast.unparse(node) == "time.sleep":
                found.append(f"{module.name}:{node.lineno} sleeps")
        if any(one.target == "time.sleep" for one in module.imports):
            found.append(f"{module.name} imports sleep")
    return found


def fixed_ports(modules: Modules) -> list[str]:
    """Tests that bind, or connect to, a port of their own choice."""
    found = []
    for module in modules.values():
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "attr", None) or getattr(node.func, "id", "")
            if name in _CONNECTING and any(map(_is_port, ast.walk(node))):
                found.append(f"{module.name}:{node.lineno} {name}s to a fixed port")
    return found


def _is_port(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is int and node.value >= 1024


def implementers(module: Module) -> list[str]:
    """The names of the classes that say by C{@implementer} what they provide."""
    return [
        node.name
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef)
        and any(ast.unparse(one).startswith("implementer(") for one in node.decorator_list)
    ]


#: Every rule about our own source.
RULES: tuple[Callable[[Modules], list[str]], ...] = (
    unknown_rooms,
    not_downward,
    circles,
    too_long,
    undocumented,
    not_on_the_map,
    reactor_imports,
    hand_overs,
    spawns,
    empty_words,
)
#: Every rule about the tests that touch no real process.
TEST_RULES: tuple[Callable[[Modules], list[str]], ...] = (sleeps, fixed_ports, undocumented)
