"""One call of a WSGI application, from beginning to C{close()} (PEP 3333, the server's side)."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

from twsgi.errors import ClientDisconnected
from twsgi.wsgi import forks
from twsgi.wsgi.response import Response

Application = Callable[[dict[str, Any], Callable[..., Any]], Any]
#: Ends the response of an application that raised.
Fail = Callable[[Response, dict[str, Any]], None]


def say_nothing(response: Response, environ: dict[str, Any]) -> None:
    """A 500 without a word of why."""
    response.fail()


def run_application(
    application: Application,
    environ: dict[str, Any],
    response: Response,
    report: Callable[[str], None],
    fail: Fail = say_nothing,
) -> bool:
    """
    Calls the application and sends what it returns.  Whatever the application does, the response
    is ended and C{close()} is called, once.  What it has forked ends here (L{forks}).  The
    thread that serves the request.

    @param report: takes tracebacks and faults of the application's.
    @param fail: ends the response where the application raised; L{ClientDisconnected} is nothing.
    @return: False where the application raised.
    """
    result = None
    generation = forks.generation
    try:
        result = application(environ, response.start_response)
        if forks.generation != generation:
            forks.leave()
        response.send(result)
        if response.fault is not None:
            # The application may have taken anything out of its environ.
            path = environ.get("PATH_INFO", "")
            report(f"{environ.get('REQUEST_METHOD', '')} {path!r}: {response.fault}")
    except ClientDisconnected:
        pass  # the application has nothing to answer for
    except BaseException as error:
        if forks.generation != generation:
            forks.leave(error)
        report(traceback.format_exc().rstrip("\n"))
        _fail(fail, response, environ)
        return False
    finally:
        _close(result, report, generation)
    return True


def _fail(fail: Fail, response: Response, environ: dict[str, Any]) -> None:
    try:
        fail(response, environ)
    except ClientDisconnected:
        pass


def _close(result: Any, report: Callable[[str], None], generation: int) -> None:
    try:
        close = getattr(result, "close", None)
        if close is not None:
            close()
    except BaseException as error:
        if forks.generation != generation:
            forks.leave(error)
        report(traceback.format_exc().rstrip("\n"))
    if forks.generation != generation:
        forks.leave()
