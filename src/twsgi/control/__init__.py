"""
What the processes say to each other.

- L{twsgi.control.commands}: the AMP commands between the master and its children: data only.
- L{twsgi.control.launch}: how a child is started, and what it finds in which descriptor.
- L{twsgi.control.scoreboard}: the memory that all share: who is busy, since when, how often.
- L{twsgi.control.title}: what a process is called in C{ps}.
- L{twsgi.control.child}: what every child does: its beginning, its link to the master, its end.
- L{twsgi.control.quiet}: AMP without Twisted's words about it.
- L{twsgi.control.openfiles}: how many descriptors a process may have.
- L{twsgi.control.privileges}: umask, root, user, groups and directory of a process.
- L{twsgi.control.resources}: limits, priority, processors and stacks of a process.
- L{twsgi.control.hooks}: what the operator wants done at the start, and at other moments.
- L{twsgi.control.leash}: starts a program that runs beside the workers, and becomes it.
- L{twsgi.control.socketfile}: the file of a UNIX socket.
- L{twsgi.control.activation}: sockets that listen already: systemd's, and C{fd://3}.
- L{twsgi.control.tuning}: what the kernel is told of a listening socket.
- L{twsgi.control.listening}: the listening sockets, bound once.
- L{twsgi.control.lastcall}: their end, over which nobody stumbles.
"""
