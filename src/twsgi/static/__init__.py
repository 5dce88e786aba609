"""
Files that are served without the application, in front of it (uWSGI's C{check-static}).

In reading order:

- L{twsgi.static.resource}: the resource that stands in front of the application's.
- L{twsgi.static.check}: which file a path means, and that it lies inside its root.
- L{twsgi.static.complaints}: what the log is told of denied paths: each once, not many a minute.
- L{twsgi.static.file}: one response with a file: C{static.File}'s, its faults mended.
- L{twsgi.static.small}: small files that were sent lately, in memory.
- L{twsgi.static.transfer}: how the bytes of a file leave: in one write, by sendfile, or by reading.
"""
