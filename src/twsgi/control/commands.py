"""What the master and its children say to each other, as AMP commands; data only.

The stream is a socketpair, the child's end inherited.  Its end of file is a message too: for a
child, that the master is gone; for the master, that the child is as good as dead.  A value is
65,535 bytes at most, so what is larger (the settings) travels as a file (L{twsgi.control.launch}).
"""

from __future__ import annotations

from twisted.protocols.amp import Boolean, Command, Descriptor, Float, Integer, Unicode


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


class AddFrontendLink(Command):
    """Master to worker: one more link, to C{frontend} (from 1).  The descriptor is the worker's."""

    arguments = [(b"frontend", Integer()), (b"link", Descriptor())]


class AddWorkerLink(Command):
    """Master to frontend: one more link, to C{worker} (from 1), whose descriptor is its own."""

    arguments = [(b"worker", Integer()), (b"link", Descriptor())]


class LinkLost(Command):
    """
    Frontend to master: a link to C{worker} (from 1) is closed, and neither side had asked for that.
    Where both still live the master replaces it.
    """

    arguments = [(b"worker", Integer())]


class Drain(Command):
    """
    Master to child: accept nothing new, finish what is there, exit 0.  Answered at once.

    A frontend empties the kernel's queue of connections first, then serves what it has.  A worker
    asks for its links to be closed (RETIRE), and goes when the last is.

    C{final}: nobody else will accept on the listening sockets any more, so whoever has connected
    already must be served by those who drain.
    """

    arguments = [(b"final", Boolean())]
