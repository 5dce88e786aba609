"""
The master: binds, spawns, watches, replaces, retires; never loads a line of the user's code.

- L{twsgi.master.service}: L{Master <twsgi.master.service.Master>}, the service that wires the rest.
- L{twsgi.master.crew}: what is done when a child is ready, asks, fails or dies.
- L{twsgi.master.shutdown}: the order in which everybody leaves.
- L{twsgi.master.roster}: who is there: every place for a child, and who holds it now.
- L{twsgi.master.slot}: one place: its children one after another, and the pause between two.
- L{twsgi.master.child}: one child process, its life as one table.
- L{twsgi.master.inheritance}: what every child finds in its descriptors and its environment.
- L{twsgi.master.spawner}: C{reactor.spawnProcess} as an ISpawner.
- L{twsgi.master.control}: the master's end of a child's control stream, AMP.
- L{twsgi.master.links}: hands a worker and a frontend the ends of their links.
- L{twsgi.master.mending}: a link that is lost while both its ends live on is replaced.
- L{twsgi.master.backoff}: how long a place stays empty after a death; pure.
- L{twsgi.master.cheaper}: how many workers there should be; pure.
- L{twsgi.master.load}: what the algorithm looks at: busy cores, waiting requests.
- L{twsgi.master.regulator}: looks four times a second, spawns and retires.
- L{twsgi.master.words}: the lines of the log, in uWSGI's words; pure.
"""
