"""
Runs other servers' public test suites against twsgi, in both modes and with both parsers.

Each suite is a checkout that an environment variable names: GUNICORN_SOURCE, LLHTTP_SOURCE,
WAITRESS_SOURCE, GEVENT_SOURCE.  A suite whose variable is not set is left out.  Printed is how
many cases pass, and each difference.  The exit code is 1 if docs/security.md does not explain
every difference.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path

from tests.behaviour.server import Server
from tests.behaviour.site import Site
from tests.outside import echo, gevent, gunicorn, llhttp, waitress
from tests.outside.report import Report

SUITES = ("gunicorn", "llhttp", "waitress", "gevent")
MODES = ("http-socket", "http")
#: What C{TWSGI_PARSER} is set to, by the parser's name.
PARSERS = {"httptools": "", "python": "python"}
_INI = {"http": "uwsgi.ini", "http-socket": "http-socket.ini"}


def main() -> int:
    """@return: the exit code."""
    arguments = _arguments()
    sources = {name: os.environ.get(f"{name.upper()}_SOURCE", "") for name in arguments.suite}
    sources = {name: path for name, path in sources.items() if path}
    if not sources:
        print("nothing to run: set GUNICORN_SOURCE, LLHTTP_SOURCE, WAITRESS_SOURCE, GEVENT_SOURCE")
        return 2
    unexplained = 0
    for parser in arguments.parser:
        os.environ["TWSGI_PARSER"] = PARSERS[parser]
        for mode in arguments.mode:
            for report in _reports({n: Path(p) for n, p in sources.items()}, mode):
                lines = report.lines(f"{mode}, {parser}", arguments.verbose)
                print("\n".join(lines), flush=True)
                unexplained += len(report.unexplained)
    return 1 if unexplained else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.outside",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--suite", action="append", choices=SUITES, help="only this; again: more")
    parser.add_argument("--mode", action="append", choices=MODES, help="only this")
    parser.add_argument("--parser", action="append", choices=list(PARSERS), help="only this")
    parser.add_argument("--verbose", action="store_true", help="prints what is skipped, and why")
    arguments = parser.parse_args()
    arguments.suite = arguments.suite or SUITES
    arguments.mode = arguments.mode or MODES
    arguments.parser = arguments.parser or list(PARSERS)
    return arguments


def _reports(sources: dict[str, Path], mode: str) -> list[Report]:
    """All suites in one mode: requests against a server's processes, tests within this one."""
    found: list[Report] = []
    if "gunicorn" in sources or "llhttp" in sources:
        site = Site()
        server = _start(site, mode)
        try:
            server.wait_for("ready in")
            for name, suite in (("gunicorn", gunicorn.run), ("llhttp", llhttp.run)):
                if name in sources:
                    found += suite(sources[name], server.port)
        finally:
            server.kill()
            site.remove()
    for name, tests in (("waitress", waitress.run), ("gevent", gevent.run)):
        if name in sources:
            found.append(tests(sources[name], mode))
    return found


def _start(site: Site, mode: str) -> Server:
    shutil.copy(echo.__file__, site.directory / "code" / "app.py")
    changes = {"processes": "1", "cheaper": None, "disable-logging": "true", "check-static": None}
    site.edit(_INI[mode], changes)
    return Server(site, [sys.executable, "-m", "twsgi", _INI[mode]])


if __name__ == "__main__":
    sys.exit(main())
