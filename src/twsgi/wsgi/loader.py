"""Finds the applications that C{module}, C{wsgi-file} and C{mount} name; imports files."""

from __future__ import annotations

import glob
import importlib
import importlib.machinery
import importlib.util
import os
import sys
import traceback
from types import ModuleType, TracebackType

from twsgi.errors import ApplicationError
from twsgi.settings.model import Settings
from twsgi.wsgi.application import Application

#: What the name of a file ends with; all else without a slash is the name of a module.
_FILES = (".py", ".wsgi")


def extend_path(directories: tuple[str, ...]) -> list[str]:
    """
    Puts C{directories} at the front of C{sys.path}, the one named last first, as uWSGI does; one
    that is a pattern stands for all that it matches.

    @return: the lines that say so.
    """
    found = [one for text in directories for one in (sorted(glob.glob(text)) or [text])]
    for directory in found:
        sys.path.insert(0, os.path.abspath(directory))
    return [f"added {directory} to pythonpath." for directory in found]


def load_application(settings: Settings) -> Application:
    """
    Imports the application that C{module} or C{wsgi-file} names; C{sys.path} is ready.
    C{module:make()} calls what makes it.

    @raise ApplicationError: it cannot be had.  The application's own traceback, if there is one,
        has been written to stderr.
    """
    if settings.module is not None:
        return _load(f"module = {settings.module}", settings.module, settings.callable)
    path = settings.wsgi_file
    if path is None:
        raise ApplicationError("no application: set module or wsgi-file")
    called = settings.callable
    file, colon, name = path.rpartition(":")
    if colon and not os.path.exists(path):
        path, called = file, name
    return _load(f"wsgi-file = {path}", path, called, is_file=True)


def load_mounted(path: str, what: str) -> Application:
    """
    Imports what C{mount = path=what} names: a module or a file, its callable behind a colon.

    @raise ApplicationError: as L{load_application}.
    """
    name, _, called = what.rpartition(":")
    return _load(f"mount = {path or '/'}={name}", name, called, named_file(name))


def named_file(name: str) -> bool:
    """A file is named thus, and no module."""
    return "/" in name or name.endswith(_FILES)


def import_named(name: str) -> ModuleType:
    """Imports a module, or the file of one.  Raises what that raises."""
    if named_file(name):
        return import_file(name, module_name(name))
    return importlib.import_module(name)


def module_name(path: str) -> str:
    """uWSGI's name for the module in a file, so that what pickles by it goes on to work."""
    return path.removesuffix(".py").replace("/", "_").replace(".", "_")


def import_file(path: str, name: str) -> ModuleType:
    """Runs the file as the module C{name}, whatever it is called.  Raises what that raises."""
    spec = importlib.util.spec_from_file_location(
        name, path, loader=importlib.machinery.SourceFileLoader(name, path)
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


def _load(where: str, name: str, called: str, is_file: bool = False) -> Application:
    """
    The application C{called} in the module or file C{name}.

    @param where: as the option is written.
    """
    try:
        module = _file(where, name) if is_file else importlib.import_module(name)
    except ApplicationError:
        raise
    except BaseException as error:
        raise _failed(where, error) from None
    made = called.removesuffix("()")
    application: object = module
    for part in made.split("."):
        application = getattr(application, part, None)
    if application is None:
        arguments = ": write make(), without arguments" if made.endswith(")") else ""
        raise ApplicationError(f"{where}: it has no callable {made!r}{arguments}")
    if callable(application) and made != called:
        try:
            application = application()
        except BaseException as error:
            raise _failed(where, error) from None
    if not callable(application):
        raise ApplicationError(f"{where}: {called!r} is not callable")
    return application


def _failed(where: str, error: BaseException) -> ApplicationError:
    """The application's code raised: prints its traceback."""
    print_traceback(error)
    return ApplicationError(f"{where}: {type(error).__name__}: {error}")


def _file(where: str, path: str) -> ModuleType:
    if not os.path.isfile(path):
        raise ApplicationError(f"{where}: no such file")
    name = f"uwsgi_file_{module_name(path)}"
    # Two mounts may be two callables of one file.
    known = sys.modules.get(name)
    if known is not None and known.__file__ == path:
        return known
    return import_file(path, name)


def print_traceback(error: BaseException, caller: str = __file__) -> None:
    """
    The application's own part of the traceback; none where it was not even found.

    @param caller: the file of who has caught it.
    """
    trace: TracebackType | None = error.__traceback__
    while trace is not None and _is_ours(trace.tb_frame.f_code.co_filename, caller):
        trace = trace.tb_next
    if trace is not None or isinstance(error, SyntaxError):
        lines = traceback.format_exception(type(error), error, trace)
        # In one write: other workers say the same at the same time.
        sys.stderr.write("".join(lines))
        sys.stderr.flush()


def _is_ours(filename: str, caller: str) -> bool:
    # PyPy says "<builtin>/frozen importlib…".
    return filename in (caller, __file__, importlib.__file__) or "frozen importlib" in filename
