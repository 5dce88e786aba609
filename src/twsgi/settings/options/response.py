"""Options: what is sent beside what the application says, and what if nobody reads it."""

from __future__ import annotations

from twsgi.settings.options.row import By, Option

TITLE = "Responses"

_TESTS = "tests.behaviour.test_responses."

_NONE = "Rarely seen: what the server does not find, or does not serve, is the application's."

ROWS = (
    Option(
        "add-header",
        "headers",
        By.BOTH,
        "A header that every response gets, last, beside those it has: `Name: value`; "
        "may be given again.",
        difference="What is no header, or would frame the response anew, ends the start; uWSGI "
        "sends whatever it is. `Connection: close` closes, and `Connection: keep-alive` is so "
        "anyway.",
        test=_TESTS + "HttpResponseTests.test_added",
    ),
    Option(
        "del-header",
        "header names",
        By.BOTH,
        "A header that no response has, unless add-header adds it; may be given again.",
        aliases=("rem-header",),
        difference="Content-Length, Transfer-Encoding and Date stay: they are the server's.",
        test=_TESTS + "HttpResponseTests.test_removed",
    ),
    Option(
        "response-headers-limit",
        "number",
        By.WORKERS,
        "The most bytes of headers that an application may send; 0: no limit.",
        difference="65535 in uWSGI, where start_response raises and the connection is closed; "
        "here the answer is 500.",
        test=_TESTS + "HttpResponseTests.test_limit",
    ),
    *(
        Option(
            f"error-page-{status}",
            "paths",
            By.BOTH,
            f"A file of HTML that is the body where the server itself answers {status}; "
            "given again: the first that can be read.",
            difference=difference,
            test=test,
        )
        for status, difference, test in (
            (403, _NONE, "tests.web.test_finishing.SiteTests.test_pages"),
            (404, _NONE, "tests.wsgi.test_finished.FinishedTests.test_not_found"),
            (
                500,
                "Also where the application raises, for which uWSGI has no answer at all.",
                _TESTS + "HttpResponseTests.test_exception",
            ),
            (502, "uWSGI has no such option.", _TESTS + "HttpResponseTests.test_lost"),
            (503, "uWSGI has no such option.", _TESTS + "HttpResponseTests.test_late"),
            (504, "uWSGI has no such option.", _TESTS + "HttpResponseTests.test_late"),
        )
    ),
    Option(
        "ignore-sigpipe",
        "flag",
        By.MASTER,
        "Says nothing of SIGPIPE.",
        difference="Always so here, whatever it says.",
        always="twsgi says nothing of SIGPIPE",
        test=_TESTS + "HttpResponseTests.test_silence",
    ),
    Option(
        "ignore-write-errors",
        "flag",
        By.MASTER,
        "Says nothing of clients that have gone before the end of their response.",
        difference="Always so here, whatever it says.",
        always="the log says nothing of clients that have gone",
        test=_TESTS + "HttpResponseTests.test_silence",
    ),
    Option(
        "disable-write-exception",
        "flag",
        By.WORKERS,
        "An application that calls write() when its client has gone is not told.",
        difference="What it returns is not asked for more in either case, and closed; the log has "
        "no traceback unless the application lets the OSError of write() pass.",
        test=_TESTS + "HttpResponseTests.test_no_exception",
    ),
    Option(
        "write-errors-tolerance",
        "number",
        By.WORKERS,
        "How many calls of write() are in vain before one raises OSError.",
        test="tests.wsgi.test_finished.TolerantTests.test_tolerance",
    ),
    Option(
        "write-errors-exception-only",
        "flag",
        By.MASTER,
        "A write() that is in vain raises, and nothing else happens.",
        difference="Always so here, whatever it says.",
        always="a write() that is in vain raises, and that is all",
        test="tests.wsgi.test_finished.TolerantTests.test_plain",
    ),
)
