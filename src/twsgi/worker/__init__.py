"""
The process that hosts the application.

- L{twsgi.worker.main}: the process: loads the application, speaks with the master.
- L{twsgi.worker.bootstrap}: what is done before it can serve, in which order.
- L{twsgi.worker.serving}: cores, links and listeners, wired together; drained.
- L{twsgi.worker.listeners}: what it needs beyond that where it accepts connections itself.
- L{twsgi.worker.stacks}: where its threads are.
- L{twsgi.worker.tracebacker}: a socket that tells where they are.
- L{twsgi.worker.autoreload}: whether the files of what was imported have changed.
- L{twsgi.worker.solo}: the same without a master, in the process that is there already.
"""
