"""Your C{uwsgi.ini}, served by Twisted.

Three ways in:

- the operator: C{twsgi uwsgi.ini}, C{twistd -n uwsgi --ini uwsgi.ini} (L{twsgi.tap});
- the embedder: L{Container}, a service for any Twisted application, and L{WSGIResource}, a
  drop-in for L{twisted.web.wsgi.WSGIResource};
- whoever reads the code: C{docs/architecture.md} first.

Names are imported when they are asked for, so that a child process loads only what it needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twsgi._version import __version__

if TYPE_CHECKING:
    from twsgi.container import Container
    from twsgi.wsgi.resource import WSGIResource

__all__ = ["Container", "WSGIResource", "__version__"]


def __getattr__(name: str) -> Any:
    if name == "Container":
        from twsgi.container import Container

        return Container
    if name == "WSGIResource":
        from twsgi.wsgi.resource import WSGIResource

        return WSGIResource
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
