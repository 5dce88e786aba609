"""An application that answers with the request it was given, as JSON.  Stands by itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """All strings of the environ, and the body as latin-1."""
    told = {name: value for name, value in environ.items() if isinstance(value, str)}
    # For HEAD, whose answer has no body.
    headers = [("X-Echo", json.dumps(told))]
    told["body"] = environ["wsgi.input"].read().decode("latin-1")
    start_response("200 OK", headers)
    return [json.dumps(told).encode()]
