"""
gunicorn's C{tests/requests}: a file of bytes for each case, and a twin that says what they mean.

A valid case passes if the application is given the requests of the twin: method, target, version,
header fields, body; sent whole, and byte by byte.  An invalid one passes if the application is
given only the requests that come before the fault.  Twins that change gunicorn's settings are
skipped: they are about the settings.
"""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote_to_bytes

from tests.outside.foreign import OpenModule, standing_in
from tests.outside.report import Report
from tests.outside.talk import Conversation, converse, with_host

#: Fields that end at the server, which has done what they say.
_CONSUMED = ("TRANSFER-ENCODING", "TRAILER")
_ESCAPE = re.compile(rb"\\x([0-9a-fA-F]{2})")


class Settings:
    """Stands in for gunicorn's C{Config}: remembers whether anything was set."""

    changed = False

    def set(self, name: str, value: Any) -> None:
        """Any setting."""
        Settings.changed = True


def run(source: Path, port: int) -> list[Report]:
    """Both folders, against the echo that listens at C{port}."""
    reports = []
    for kind in ("valid", "invalid"):
        report = Report(f"gunicorn {kind}")
        for path in sorted((source / "tests" / "requests" / kind).glob("*.http")):
            name = f"{kind}/{path.stem}"
            expected = twin(path.with_suffix(".py"))
            if expected is None:
                report.skipped[name] = "changes gunicorn's settings"
                continue
            data = decoded(path.read_bytes())
            hosted = with_host(data)
            report.hosted += hosted != data
            report.add(name, difference(hosted, expected, port))
        reports.append(report)
    return reports


def decoded(text: bytes) -> bytes:
    """The bytes of a case: its line ends are written out, and those of the file mean nothing."""
    data = text.replace(b"\n", b"").replace(b"\\r\\n", b"\r\n")
    data = data.replace(b"\\0", b"\0").replace(b"\\n", b"\n").replace(b"\\t", b"\t")
    return _ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), data)


def twin(path: Path) -> list[Any] | None:
    """What is expected: a dict for a request, an exception class for a refusal; None: skipped."""
    config = ModuleType("gunicorn.config")
    config.Config = Settings  # type: ignore[attr-defined]
    modules = {
        "gunicorn": ModuleType("gunicorn"),
        "gunicorn.config": config,
        "gunicorn.http": ModuleType("gunicorn.http"),
        "gunicorn.http.errors": OpenModule("gunicorn.http.errors"),
    }
    Settings.changed = False
    with standing_in(modules):
        space = {"uri": str, "cfg": Settings()}
        exec(compile(path.read_bytes(), str(path), "exec"), space)
    if Settings.changed:
        return None
    request: Any = space["request"]
    return list(request) if isinstance(request, list | tuple) else [request]


def difference(data: bytes, expected: list[Any], port: int) -> str:
    """What is expected and what is done; C{""}: the same."""
    for pieces in ([data], [data[at : at + 1] for at in range(len(data))]):
        found = compare(converse(port, pieces), expected)
        if found:
            return found
    return ""


def compare(conversation: Conversation, expected: list[Any]) -> str:
    """As L{difference}, of a conversation."""
    requests = [one for one in expected if isinstance(one, dict)]
    if len(requests) < len(expected):
        name = expected[len(requests)].__name__
        if len(conversation.accepted) > len(requests):
            return f"expected {name}; twsgi {conversation}"
    elif conversation.refused or len(conversation.accepted) != len(requests):
        return f"expected {len(requests)} accepted; twsgi {conversation}"
    for wanted, got in zip(requests, conversation.accepted, strict=False):
        for name, value in wanted_environ(wanted).items():
            if got.get(name) != value:
                return f"expected {name} {value!r}; twsgi has {got.get(name)!r}"
    return ""


def wanted_environ(request: dict[str, Any]) -> dict[str, str]:
    """The environ that a twin's request should be."""
    target = request["uri"]
    wanted = {
        "REQUEST_METHOD": request["method"],
        "REQUEST_URI": target,
        "SERVER_PROTOCOL": "HTTP/{}.{}".format(*request["version"]),
        "body": request["body"].decode("latin-1"),
    }
    if target.startswith("/"):
        wanted["PATH_INFO"] = unquote_to_bytes(target.partition("?")[0]).decode("latin-1")
    for name, value in request["headers"]:
        if name not in _CONSUMED:
            key = name.replace("-", "_")
            key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
            wanted[key] = f"{wanted[key]},{value}" if key in wanted else value
    return wanted
