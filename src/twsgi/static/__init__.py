"""
Files that are served without the application, in front of it (uWSGI's C{check-static} and its kin).

In reading order:

- L{twsgi.static.configured}: Settings -> the resource.
- L{twsgi.static.resource}: the resource that stands in front of the application's.
- L{twsgi.static.place}: a directory of the operator's: where names lie in it, what is inside.
- L{twsgi.static.check}: which file a path means, and that it lies inside its root.
- L{twsgi.static.complaints}: what the log is told of denied paths: each once, not many a minute.
- L{twsgi.static.representation}: which representation of a file is sent, and with which fields.
- L{twsgi.static.compressed}: the compressed file that may stand for another.
- L{twsgi.static.types}: which type a file is of.
- L{twsgi.static.expiry}: until when a response may be kept.
- L{twsgi.static.conditions}: validators, and what requests make depend on them.
- L{twsgi.static.file}: one response with a file: C{static.File}'s ranges, their faults mended.
- L{twsgi.static.small}: small files that were sent lately, in memory.
- L{twsgi.static.transfer}: how the bytes of a file leave: in one write, by sendfile, or by reading.
"""
