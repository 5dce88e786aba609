"""
What a worker does from the moment it is where it shall be until it can serve, in this order:

C{pyargv}, C{virtualenv}, C{py-executable}, C{pythonpath}, C{pymodule-alias},
C{post-pymodule-alias}, C{shared-import}, C{py-import}; the applications.  C{env} and C{chdir} come
before (L{twsgi.control.child.enter}), C{chdir2} afterwards
(L{Serving <twsgi.worker.serving.Serving>}).
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from twsgi.control.hooks import Hooks
from twsgi.errors import ApplicationError
from twsgi.interfaces import ILineLog
from twsgi.settings.model import Settings
from twsgi.wsgi.application import Application
from twsgi.wsgi.loader import (
    extend_path,
    import_file,
    import_named,
    load_application,
    load_mounted,
    named_file,
    print_traceback,
)
from twsgi.wsgi.mounts import NOBODY, Mount, Mounts
from twsgi.wsgi.response import OwnError

#: What uWSGI's applications find as the first word of their C{sys.argv}.
PROGRAM = "uwsgi"


def bootstrap(settings: Settings, log: ILineLog) -> Application | Mounts:
    """
    Loads what is to be served; see above.  The thread that imports: the main one.

    @raise ApplicationError: it cannot be had, or not as it is asked for.
    @raise HookError: what was to be done before or after that has failed.
    """
    hooks = Hooks(log)
    hooks.hooks("pre app", settings.hook_pre_app)
    surround(settings, log)
    loaded = load(settings, log)
    hooks.hooks("post app", settings.hook_post_app)
    if settings.chdir2 is not None and not os.access(f"{settings.chdir2}/.", os.X_OK):
        raise ApplicationError(f"chdir2 = {settings.chdir2}: cannot go there")
    return loaded


def accepting(hooks: Hooks, settings: Settings, index: int, first: bool) -> None:
    """
    Does what is to be done before worker C{index} takes requests.

    @param first: nobody was that worker before.
    @raise HookError: it has failed.
    """
    hooks.hooks("accepting", settings.hook_accepting)
    if first:
        hooks.hooks("accepting-once", settings.hook_accepting_once)
    if index == 1:
        hooks.hooks("accepting1", settings.hook_accepting1)
        if first:
            hooks.hooks("accepting1-once", settings.hook_accepting1_once)


def surround(settings: Settings, log: ILineLog) -> None:
    """
    What the application shall find before it is loaded.

    @raise ApplicationError: it cannot be.
    """
    if settings.pyargv is not None:
        sys.argv = [PROGRAM, *settings.pyargv.split()]
    if settings.virtualenv is not None:
        from twsgi.wsgi.virtualenv import enter_virtualenv

        for line in enter_virtualenv(settings.virtualenv):
            log.line(line)
    if settings.py_executable is not None:
        sys.executable = settings.py_executable
    for line in extend_path(settings.pythonpath):
        log.line(line)
    for option, aliases in (
        ("pymodule-alias", settings.pymodule_alias),
        ("post-pymodule-alias", settings.post_pymodule_alias),
    ):
        for text in aliases:
            _alias(option, text)
    for name in settings.shared_import:
        _import("shared-import", name, log)
    for name in settings.py_import:
        _import("import", name, log)


def load(settings: Settings, log: ILineLog) -> Application | Mounts:
    """
    The application, or all of them, each announced in the log; with C{need-app = false} what
    answers 500 in the place of one that cannot be had.

    @raise ApplicationError: one cannot be had.
    """
    mounts = [
        Mount(path, number, _load_one(settings, log, path, number, find))
        for number, (path, find) in enumerate(_sources(settings, log))
    ]
    default = mounts[0]
    if default.path and settings.no_default_app:
        default = Mount("", NOBODY, not_mounted)
    below = [one for one in mounts if one.path]
    # A server of one application has nothing to ask for each request.
    if not below or not settings.manage_script_name:
        return default.application
    return Mounts(below, default)


def _sources(settings: Settings, log: ILineLog) -> list[tuple[str, Callable[[], Application]]]:
    """Paths and what loads their applications: first the one for all the rest, if there is one."""

    def mounted(path: str, what: str) -> Application:
        log.line(f"mounting {what} on {path or '/'}")
        return load_mounted(path, what)

    texts = [text.partition("=") for text in settings.mount]
    texts.sort(key=lambda one: bool(one[0]))
    sources = [(path, partial(mounted, path, what)) for path, _, what in texts]
    if settings.module is None and settings.wsgi_file is None and sources:
        return list(sources)
    return [("", partial(load_application, settings)), *sources]


def _load_one(
    settings: Settings,
    log: ILineLog,
    path: str,
    number: int,
    find: Callable[[], Application],
) -> Application:
    began = time.time()
    try:
        application = find()
    except ApplicationError as error:
        if settings.need_app:
            raise
        which = f" on {path}: every request there" if path else ": every request"
        log.line(f"*** no app loaded{which} is answered 500 *** ({error})")
        return no_application
    log.line(
        f"WSGI app {number} (mountpoint='{path}') ready in {time.time() - began:.0f} seconds on "
        f"interpreter {id(sys.modules):#x} pid: {os.getpid()}{'' if number else ' (default app)'}"
    )
    return application


def _import(option: str, name: str, log: ILineLog) -> None:
    """Imports a module or a file; what raises is told of, as uWSGI does, and all goes on."""
    try:
        import_named(name)
    except BaseException as error:
        print_traceback(error, __file__)
        log.line(f"{option} = {name}: {type(error).__name__}: {error}")


def _alias(option: str, text: str) -> None:
    """@raise ApplicationError: what the name shall stand for cannot be imported."""
    name, _, what = text.partition("=")
    try:
        module = import_file(what, name) if named_file(what) else import_named(what)
    except BaseException as error:
        print_traceback(error, __file__)
        raise ApplicationError(f"{option} = {text}: {type(error).__name__}: {error}") from None
    sys.modules[name] = module


def no_application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Answers where there is no application."""
    environ["wsgi.errors"].write(
        "--- no python application found, check your startup logs for errors ---\n"
    )
    start_response("500 Internal Server Error", [("Content-Type", "text/plain")])
    return OwnError([b"Internal Server Error"])


def not_mounted(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Answers where no application is, and none shall stand in (C{no-default-app})."""
    start_response("404 Not Found", [("Content-Type", "text/plain")])
    return OwnError([b"Not Found"])
