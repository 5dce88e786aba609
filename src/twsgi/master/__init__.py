"""
The master: binds, spawns, watches, replaces, retires; never loads a line of the user's code.

- L{twsgi.master.service}: L{Master <twsgi.master.service.Master>}, the service that wires the rest.
- L{twsgi.master.crew}: what is done when a child is ready, asks, fails or dies.
- L{twsgi.master.shutdown}: the order in which everybody leaves.
- L{twsgi.master.renewal}: which plan is in force, and how another one comes to be.
- L{twsgi.master.reload}: one generation replaces another: together, or one after another.
- L{twsgi.master.succession}: workers that have to be replaced, each by who is ready before.
- L{twsgi.master.roster}: who is there: every index that a child may have, and who has it.
- L{twsgi.master.slot}: one index: its children one after another, and the pause between two.
- L{twsgi.master.child}: one child process, its life as one table.
- L{twsgi.master.places}: which records of the scoreboard are whose.
- L{twsgi.master.inheritance}: what every child finds in its descriptors and its environment.
- L{twsgi.master.lastwords}: what a child wrote as it crashed.
- L{twsgi.master.spawner}: C{reactor.spawnProcess} as an ISpawner.
- L{twsgi.master.control}: the master's end of a child's control stream, AMP.
- L{twsgi.master.links}: hands a worker and a frontend the ends of their links.
- L{twsgi.master.mending}: a link that is lost while both its ends live on is replaced.
- L{twsgi.master.backoff}: how long a place stays empty after a death; pure.
- L{twsgi.master.cheaper}: how many workers there should be; pure.
- L{twsgi.master.load}: what the algorithm looks at: busy cores, waiting requests.
- L{twsgi.master.regulator}: looks four times a second, spawns and retires.
- L{twsgi.master.lookout}: harakiri, recycling, touched files, as the plan in force says.
- L{twsgi.master.harakiri}: looks for requests that do not end.
- L{twsgi.master.hanging}: what becomes of a worker in which one does not, step by step.
- L{twsgi.master.overdue}: which requests those are, and what the log says of them; pure.
- L{twsgi.master.pulse}: asks every child again and again whether it is still there.
- L{twsgi.master.watch}: one timer for all that is found out by looking.
- L{twsgi.master.recycling}: when a worker has to be replaced: C{max-requests} and its kin; pure.
- L{twsgi.master.recycler}: looks at the workers, and has those replaced.
- L{twsgi.master.memory}: how much memory a process has.
- L{twsgi.master.touch}: files whose time of change is a wish.
- L{twsgi.master.words}: the lines of the log, in uWSGI's words; pure.
"""
