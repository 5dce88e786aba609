"""
Where the container's words go.

- L{twsgi.log.turns}: one writer at a time, where the log is no file.
- L{twsgi.log.sink}: one append-only descriptor that all processes write raw lines to.
- L{twsgi.log.requestline}: one line per request in uWSGI's format, batched.
- L{twsgi.log.observer}: what is said through C{twisted.logger}, as lines of that log.
- L{twsgi.log.embedded}: the other way round, for a host with a log of its own.
"""
