"""The values of L{twsgi.settings.options.response}."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ResponseFields:
    """See L{Settings <twsgi.settings.model.Settings>}."""

    #: Each C{Name: value}.
    add_header: tuple[str, ...] = ()
    del_header: tuple[str, ...] = ()
    response_headers_limit: int = 0
    error_page_403: tuple[str, ...] = ()
    error_page_404: tuple[str, ...] = ()
    error_page_500: tuple[str, ...] = ()
    error_page_502: tuple[str, ...] = ()
    error_page_503: tuple[str, ...] = ()
    error_page_504: tuple[str, ...] = ()
    ignore_sigpipe: bool = False
    ignore_write_errors: bool = False
    disable_write_exception: bool = False
    write_errors_tolerance: int = 0
    write_errors_exception_only: bool = False
