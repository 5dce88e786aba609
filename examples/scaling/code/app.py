"""The application of the scaling tutorial: a clock, and who answered."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>twsgi: who answered</title>
  <link rel="stylesheet" href="/base.css">
</head>
<body>
  <main>
    <p class="label">it is now</p>
    <h1>{time}</h1>
    <dl>
      <div><dt>process</dt><dd>{pid}</dd></div>
      <div><dt>thread</dt><dd>{thread}</dd></div>
      <div><dt>requests here</dt><dd>{requests}</dd></div>
    </dl>
    <p class="hint"><a href="/">Again</a>, or as <a href="/who.json">JSON</a>.
      <a href="/slow?2">This one</a> takes two seconds: open a few at once,
      and see the workers come in the log.</p>
  </main>
</body>
</html>
"""

_count_lock = threading.Lock()
_count = 0


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answers C{/}, C{/who.json} and C{/slow?SECONDS}."""
    path = environ["PATH_INFO"]
    if path == "/slow":
        time.sleep(_seconds(environ.get("QUERY_STRING", "")))
    elif path not in ("/", "/who.json"):
        return _answer(start_response, "404 Not Found", "text/plain", "There is nothing here.\n")
    answered = who()
    if path == "/who.json":
        return _answer(start_response, "200 OK", "application/json", json.dumps(answered) + "\n")
    return _answer(start_response, "200 OK", "text/html; charset=utf-8", PAGE.format(**answered))


def who() -> dict[str, Any]:
    """Which process and thread this is, the time, and how many requests the process had."""
    global _count
    with _count_lock:
        _count += 1
        requests = _count
    return {
        "time": time.strftime("%H:%M:%S"),
        "pid": os.getpid(),
        "thread": threading.current_thread().name,
        "requests": requests,
    }


def _seconds(query: str) -> float:
    """How long C{/slow} takes: what its query says, ten seconds at most."""
    try:
        return min(max(float(query), 0.0), 10.0)
    except ValueError:
        return 1.0


def _answer(start_response: Callable[..., Any], status: str, kind: str, text: str) -> list[bytes]:
    body = text.encode()
    start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
    return [body]
