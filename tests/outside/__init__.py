"""
Other servers' public test suites, run against twsgi from outside: C{python -m tests.outside}.

Nothing of those suites is here: their sources are named by environment variables.  Trial finds
no tests in this package.  docs/security.md has the figures, and explains each difference.

- L{tests.outside.report}: what a suite has found, and how it is printed.
- L{tests.outside.talk}: one connection: bytes sent, answers read to its end.
- L{tests.outside.echo}: the application that answers with the request it was given.
- L{tests.outside.served}: applications of this process, served by either mode in it.
- L{tests.outside.foreign}: loading other people's modules, with stand-ins for what they import.
- L{tests.outside.gunicorn}: gunicorn's requests, valid and invalid.
- L{tests.outside.llhttp}: llhttp's requests, in Markdown.
- L{tests.outside.waitress}: waitress's functional tests.
- L{tests.outside.gevent}: the tests of gevent's pywsgi.
- L{tests.outside.pywsgi}: what those tests import, standing in for gevent.
"""
