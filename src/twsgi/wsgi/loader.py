"""Finds the application that C{module} or C{wsgi-file} names."""

from __future__ import annotations

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


def extend_path(directories: tuple[str, ...]) -> list[str]:
    """
    Puts C{directories} at the front of C{sys.path}, the one named last first, as uWSGI does.

    @return: the lines that say so.
    """
    for directory in directories:
        sys.path.insert(0, os.path.abspath(directory))
    return [f"added {directory} to pythonpath." for directory in directories]


def load_application(settings: Settings) -> Application:
    """
    Imports the application; C{sys.path} is ready.  C{module:make()} calls what makes it.

    @raise ApplicationError: it cannot be had.  The application's own traceback, if there is one,
        has been written to stderr.
    """
    if settings.module is not None:
        where = f"module = {settings.module}"
    else:
        where = f"wsgi-file = {settings.wsgi_file}"
    try:
        module = _module(settings)
    except ApplicationError:
        raise
    except BaseException as error:
        raise _failed(where, error) from None
    name = settings.callable.removesuffix("()")
    application: object = module
    for part in name.split("."):
        application = getattr(application, part, None)
    if application is None:
        raise ApplicationError(f"{where}: it has no callable {name!r}")
    if callable(application) and name != settings.callable:
        try:
            application = application()
        except BaseException as error:
            raise _failed(where, error) from None
    if not callable(application):
        raise ApplicationError(f"{where}: {settings.callable!r} is not callable")
    return application


def _failed(where: str, error: BaseException) -> ApplicationError:
    """The application's code raised: prints its traceback."""
    _print_traceback(error)
    return ApplicationError(f"{where}: {type(error).__name__}: {error}")


def _module(settings: Settings) -> ModuleType:
    if settings.module is not None:
        return importlib.import_module(settings.module)
    path = settings.wsgi_file
    if path is None:
        raise ApplicationError("no application: set module or wsgi-file")
    if not os.path.isfile(path):
        raise ApplicationError(f"wsgi-file = {path}: no such file")
    # uWSGI's name for it, so that what pickles by module name goes on to work.
    name = "uwsgi_file_" + os.path.splitext(path)[0].replace("/", "_").replace(".", "_")
    spec = importlib.util.spec_from_file_location(
        name, path, loader=importlib.machinery.SourceFileLoader(name, path)
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _print_traceback(error: BaseException) -> None:
    """The application's own part of the traceback; none where it was not even found."""
    trace: TracebackType | None = error.__traceback__
    while trace is not None and _is_ours(trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    if trace is not None or isinstance(error, SyntaxError):
        lines = traceback.format_exception(type(error), error, trace)
        # In one write: other workers say the same at the same time.
        sys.stderr.write("".join(lines))
        sys.stderr.flush()


def _is_ours(filename: str) -> bool:
    # PyPy says "<builtin>/frozen importlib…".
    return filename in (__file__, importlib.__file__) or "frozen importlib" in filename
