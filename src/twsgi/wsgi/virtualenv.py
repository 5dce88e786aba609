"""
The packages of a virtual environment (PEP 405), in a process whose interpreter is another's.

uWSGI begins its interpreter in the environment.  Ours runs already, and has imported what it is
made of; so from then on the environment's packages come first, before those of twsgi's own.
"""

from __future__ import annotations

import importlib
import os
import re
import site
import sys
import sysconfig
from collections.abc import Iterable

from twsgi.errors import ApplicationError

_VERSION = re.compile(r"^\s*version(?:_info)?\s*=\s*([0-9]+\.[0-9]+)", re.MULTILINE)
_SYSTEM = re.compile(r"^\s*include-system-site-packages\s*=\s*true\s*$", re.MULTILINE | re.I)
_HOME = re.compile(r"^\s*home\s*=\s*(\S.*?)\s*$", re.MULTILINE)
#: Where the packages of another Python are.
_OTHERS = re.compile(r"(?:python|pypy)([0-9]+\.[0-9]+)t?")
#: What L{sysconfig} reads when it is asked first is read now: it may lie outside of C{chroot}.
sysconfig.get_config_vars()
_OURS = f"{sys.version_info.major}.{sys.version_info.minor}"


def enter_virtualenv(home: str) -> list[str]:
    """
    Makes C{sys.path}, C{sys.prefix}, C{sys.exec_prefix} and C{sys.executable} those of the virtual
    environment C{home}; C{.pth} files are heeded.  Before C{pythonpath}, which comes before it.

    @return: lines for the log.
    @raise ApplicationError: there is none, or it is another Python's.
    """
    path = os.path.abspath(home)
    if not os.path.isdir(path):
        raise ApplicationError(f"virtualenv = {home}: no such directory")
    said = [f"Set PythonHome to {path}"]
    if os.path.realpath(path) == os.path.realpath(sys.prefix):
        return said  # it is where twsgi is
    text = _configuration(path)
    directories = _packages(path)
    if not directories:
        raise ApplicationError(_unusable(home, path, text))
    if text:
        said.insert(0, f"PEP 405 virtualenv detected: {path}")
    if _SYSTEM.search(text):
        directories += _system(text)
    used = _loaded(directories)
    _add(directories)
    sys.prefix = sys.exec_prefix = path
    executable = os.path.join(path, "bin", "python")
    if os.path.exists(executable):
        sys.executable = executable
    if used:
        said.append(f"virtualenv = {home}: twsgi goes on to use its own {', '.join(used)}")
    return said


def _configuration(path: str) -> str:
    try:
        with open(os.path.join(path, "pyvenv.cfg"), encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""  # virtual environments older than PEP 405 have none


def _packages(prefix: str) -> list[str]:
    """The directories there are in which a Python like ours, with this prefix, has packages."""
    # The last: distributions have names of their own for those.
    found = dict.fromkeys((*_scheme(prefix), *site.getsitepackages([prefix])))
    return [one for one in found if os.path.isdir(one)]


def _scheme(prefix: str) -> list[str]:
    """Where Python itself says that they are."""
    variables = {"base": prefix, "platbase": prefix}
    kinds = ("purelib", "platlib")
    return [sysconfig.get_path(kind, "posix_prefix", variables) for kind in kinds]


def _unusable(home: str, path: str, text: str) -> str:
    """Why there are no packages for us."""
    version = _VERSION.search(text)
    others = [version[1]] if version else []
    if not others and os.path.isdir(os.path.join(path, "lib")):
        found = map(_OTHERS.fullmatch, sorted(os.listdir(os.path.join(path, "lib"))))
        others = [one[1] for one in found if one]
    if others and _OURS not in others:
        return (
            f"virtualenv = {home}: it is of Python {', '.join(others)}, and twsgi runs in Python "
            f"{_OURS} ({sys.executable}): make it anew with that, or install twsgi in it"
        )
    return (
        f"virtualenv = {home}: it is no virtual environment of Python {_OURS}, in which twsgi "
        f"runs: there is no {os.path.relpath(_scheme(path)[0], path)} in it"
    )


def _system(text: str) -> list[str]:
    """The packages of the Python that the environment was made of, which it includes."""
    home = _HOME.search(text)
    return _packages(os.path.dirname(home[1])) if home else []


def _add(directories: Iterable[str]) -> None:
    """Adds what these directories, and the C{.pth} files in them, name, before our own packages."""
    before = frozenset(sys.path)
    for directory in directories:
        site.addsitedir(directory)
    # What a .pth file has put elsewhere than to the end stays there.
    last = max((n for n, one in enumerate(sys.path) if one in before), default=-1)
    there, added = sys.path[: last + 1], sys.path[last + 1 :]
    ours = {os.path.realpath(one) for one in _own_packages()}
    place = next((n for n, one in enumerate(there) if os.path.realpath(one) in ours), len(there))
    sys.path[:] = [*there[:place], *added, *there[place:]]
    importlib.invalidate_caches()


def _own_packages() -> list[str]:
    """Where the interpreter that runs has its packages."""
    user = [site.getusersitepackages()] if site.ENABLE_USER_SITE else []
    return [*user, *_packages(sys.prefix), *_packages(sys.base_prefix)]


def _loaded(directories: Iterable[str]) -> list[str]:
    """
    The packages in C{directories} whose place is taken: they have been imported from ours.  Not
    those that are namespaces alone, for which both count.
    """
    names = {name.partition(".")[0] for name in list(sys.modules)}
    standard = sys.stdlib_module_names
    there = [
        name
        for name in sorted(names - standard)
        for directory in directories
        if os.path.isfile(os.path.join(directory, name, "__init__.py"))
        or os.path.isfile(os.path.join(directory, f"{name}.py"))
    ]
    return list(dict.fromkeys(there))
