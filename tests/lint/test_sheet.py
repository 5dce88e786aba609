"""A sheet of ten questions about files, answered from what C{twsgi --lint} prints alone."""

from __future__ import annotations

from tests.lint.files import LintCase

#: A site behind a frontend, with limits.
SITE = """\
http = 127.0.0.1:8000
module = shop.wsgi:application
chdir = /srv/shop
master = true
processes = 4
threads = 2
harakiri = 65
http-timeout = 90
reload-on-rss = 300
max-requests = 1000
uid = www-data
touch-reload = /srv/shop/go
stats = :1717
plugins = python3
"""
#: An application with a socket of its own and little else.
SMALL = """\
http-socket = :5000
wsgi-file = app.py
disable-logging = true
"""
QUESTIONS = (
    "Which address answers?",
    "How many requests are served at once?",
    "What happens to a request of 70 s?",
    "Is anything in the file ignored?",
    "How much memory may it take?",
    "Who waits when all are busy, and how long?",
    "When is a worker replaced?",
    "How is it reloaded, and what does that cost?",
    "As whom does it run?",
    "Where is the log, and is there a line per request?",
)
#: For each question what stands in one line of the output that answers it.
ANSWERS = {
    SITE: (
        ("listens on", "127.0.0.1:8000: HTTP, by 1 frontend process", "[a.ini:2]"),
        ("requests at once", "8: 4 workers of 2 threads", "[a.ini:6, 7]"),
        ("a request runs", "given up after 65 s (harakiri): 504", "[a.ini:9, 8]"),
        ("ignored", "not there yet: a.ini:14", "no effect: a.ini:15"),
        ("memory", "workers: 4 of 300 MB, 1200 MB together", "a.ini:10"),
        ("a request waits", "1024 of them in each frontend", "90 s (http-timeout), then 503"),
        ("a worker is replaced", "after 1000 requests, above 300 MB of resident memory"),
        ("reload", "SIGHUP, touch-reload = /srv/shop/go; no request is lost", "[a.ini:13]"),
        ("runs as", "www-data", "[a.ini:12]"),
        ("log", "standard error; a line per request"),
    ),
    SMALL: (
        ("listens on", "0.0.0.0:5000: HTTP, by the one process"),
        ("requests at once", "1: 1 process of 1 thread"),
        ("a request runs", "as long as the application likes"),
        ("ignored", "nothing"),
        ("memory", "workers: no limit (reload-on-rss)"),
        ("a request waits", "until a core is free, without a limit", "1024 connections"),
        ("it is replaced", "never: there is no master"),
        ("reload", "none: there is no master"),
        ("runs as", "whoever starts it"),
        ("log", "standard error; no line per request", "[a.ini:4]"),
    ),
}


class SheetTests(LintCase):
    """Whoever has a file to judge finds the answers in the output."""

    def test_sheet(self) -> None:
        """Each of the ten questions is answered by one line."""
        for text, answers in ANSWERS.items():
            printed = self.text(text).splitlines()
            for question, (topic, *words) in zip(QUESTIONS, answers, strict=True):
                lines = [line for line in printed if line.startswith(f"  {topic} ")]
                self.assertEqual((question, len(lines)), (question, 1))
                for one in words:
                    self.assertIn(one, lines[0], question)
