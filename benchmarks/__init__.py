"""
How fast it is, beside others: C{python -m benchmarks}.

In the order in which a run uses them:

- L{benchmarks.__main__}: measures, and writes.
- L{benchmarks.options}: the command line.
- L{benchmarks.machine}: on what it runs: processor, kernel, versions.
- L{benchmarks.contenders}: the servers: one table, each with its flags and why.
- L{benchmarks.cases}: what is compared: one table, each case with its targets.
- L{benchmarks.server}: one contender, started, asked, stopped.
- L{benchmarks.processes}: processor time and memory of a process and all below it.
- L{benchmarks.probe}: one request whose answer must be right.
- L{benchmarks.load}: one run of wrk.
- L{benchmarks.requests}: the same requests as bytes, read from the script of wrk.
- L{benchmarks.comparison}: the cases, contender after contender, round after round.
- L{benchmarks.clients}: clients of our own, where the order of the answers counts.
- L{benchmarks.idle}: ten thousand connections that do nothing.
- L{benchmarks.starting}: how soon a worker serves; what the processes weigh.
- L{benchmarks.imports}: what a process weighs with its imports alone.
- L{benchmarks.queueing}: a core that is stuck; more clients than cores.
- L{benchmarks.switching}: applications that keep the processor busy.
- L{benchmarks.growth}: more workers, more connections.
- L{benchmarks.micro}: the pieces of the way, each alone in this process.
- L{benchmarks.figures}: medians, spreads, ratios, targets; pure.
- L{benchmarks.results}: all that was measured, and its file.
- L{benchmarks.progress}: what is said meanwhile.
- L{benchmarks.report}: results -> C{docs/benchmarks.md}; pure.
- L{benchmarks.tables}: Markdown tables; pure.
- L{benchmarks.picture}: results -> SVG; pure.

The applications that all contenders serve are in C{site/}.
"""
