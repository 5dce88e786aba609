"""The values of L{twsgi.settings.options.python}."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PythonFields:
    """See L{Settings <twsgi.settings.model.Settings>}."""

    virtualenv: str | None = None
    pythonpath: tuple[str, ...] = ()
    pyargv: str | None = None
    py_executable: str | None = None
    #: 0; 1: C{-O}; 2 and more: C{-OO}.
    optimize: int = 0
    pymodule_alias: tuple[str, ...] = ()
    post_pymodule_alias: tuple[str, ...] = ()
    shared_import: tuple[str, ...] = ()
    py_import: tuple[str, ...] = ()
    py_call_osafterfork: bool = True
    #: The worker's number is added.
    py_tracebacker: str | None = None
    #: Seconds between two looks, 0: none.
    py_autoreload: int = 0
    py_auto_reload_ignore: tuple[str, ...] = ()
