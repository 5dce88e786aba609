"""
The process that hosts the application.

- L{twsgi.worker.main}: the process: loads the application, speaks with the master.
- L{twsgi.worker.serving}: cores, links and listeners, wired together; drained.
- L{twsgi.worker.listeners}: what it needs beyond that where it accepts connections itself.
- L{twsgi.worker.stacks}: where its threads are.
- L{twsgi.worker.solo}: the same without a master, in the process that is there already.
"""
