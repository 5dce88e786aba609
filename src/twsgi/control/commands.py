"""What the master and its children say to each other, as AMP commands; data only.

The stream is a socketpair, the child's end inherited.  Its end of file is a message too: for a
child, that the master is gone; for the master, that the child is as good as dead.  A value is
65,535 bytes at most, so what is larger (the settings) travels as a file (L{twsgi.control.launch}).
"""

from __future__ import annotations

from twisted.protocols.amp import Boolean, Command, Descriptor, Float, Integer, ListOf, Unicode


class Ready(Command):
    """Child to master: it can do its work; send links.  C{seconds}: what the application took."""

    arguments = [(b"seconds", Float())]


class Failed(Command):
    """Worker to master: the application cannot be loaded (C{reason}, one line); it exits next."""

    arguments = [(b"reason", Unicode())]


class Replace(Command):
    """
    Child to master: it was asked (SIGTERM) to leave.  The master drains it, and spawns another:
    before that, where a place is free.
    """


class Sources(Command):
    """
    Worker to master (C{py-autoreload}): these files of modules have changed, and that is when, in
    nanoseconds.  C{failed}: the application cannot be loaded; it may be when one of them is
    changed again.
    """

    arguments = [
        (b"paths", ListOf(Unicode())),
        (b"changed", ListOf(Integer())),
        (b"failed", Boolean()),
    ]


class AddFrontendLink(Command):
    """Master to worker: one more link, to C{frontend} (from 1).  The descriptor is the worker's."""

    arguments = [(b"frontend", Integer()), (b"link", Descriptor())]


class AddWorkerLink(Command):
    """
    Master to frontend: one more link, to C{worker} (from 1) in C{place} (from 1); the descriptor
    is the frontend's.
    """

    arguments = [(b"worker", Integer()), (b"place", Integer()), (b"link", Descriptor())]


class LinkLost(Command):
    """
    Frontend to master: a link to the worker in C{place} (from 1) is closed, and neither side had
    asked for that.  Where both still live the master replaces it.
    """

    arguments = [(b"place", Integer())]


class Accept(Command):
    """
    Master to a child that is ready: accept connections.  A worker is told so as soon as the master
    knows that it is ready; who is to take over from another, when it does: before that the other
    serves alone.
    """


class StopBegun(Command):
    """
    Master to child: a stop has begun.  C{ready-path} says so; all else is as before, until
    L{Drain} comes.
    """


class Ping(Command):
    """Master to child: answer, and nothing else.  Who does not for too long is killed."""


class Describe(Command):
    """
    Master to worker: where are the threads of C{cores} (from 0), if they are still in the requests
    that they began at C{since} (the scoreboard's words, in the same order)?  C{everything}: and
    all other threads.  C{stacks}: lines, empty where none of those requests is there any more.
    """

    arguments = [
        (b"cores", ListOf(Integer())),
        (b"since", ListOf(Integer())),
        (b"everything", Boolean()),
    ]
    response = [(b"stacks", Unicode())]


class Condemn(Command):
    """
    Master to frontend: the worker in C{place} (from 1) is about to be killed for C{requests}, which
    have run there for C{seconds} and are known by when they were sent (monotonic nanoseconds, as in
    their frames).  They are answered 504 now, and no other worker is asked; it gets no more.
    Answered when that is done: to kill it before would have them sent again.
    """

    arguments = [
        (b"place", Integer()),
        (b"seconds", Float()),
        (b"requests", ListOf(Integer())),
    ]


class Reconfigure(Command):
    """
    Master to frontend: other settings hold from now on, those of the L{twsgi.control.launch} in
    this file.  No connection is lost by that.
    """

    arguments = [(b"launch", Descriptor())]


class Drain(Command):
    """
    Master to child: accept nothing new, finish what is there, exit 0.  Answered at once.

    A frontend empties the kernel's queue of connections first, then serves what it has.  A worker
    asks for its links to be closed (RETIRE), and goes when the last is.

    C{final}: nobody else will accept on the listening sockets any more, so whoever has connected
    already must be served by those who drain.
    """

    arguments = [(b"final", Boolean())]
