"""
The WSGI application that tells what it saw, as JSON: in the body, and to HEAD in a field.

It stands alone, so that a test can put it into C{code/app.py}.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """The WSGI callable."""
    body = environ["wsgi.input"].read()
    strings = {name: value for name, value in environ.items() if type(value) is str}
    saw = json.dumps({"environ": strings, "body": body.decode("latin-1")})
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(saw)))]
    if environ["REQUEST_METHOD"] == "HEAD":
        headers.append(("X-Saw", saw))
    start_response("200 OK", headers)
    return [saw.encode("ascii")]
