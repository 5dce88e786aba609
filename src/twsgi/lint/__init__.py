"""
What a configuration would do, without doing it: C{twsgi --lint}, C{--show-config},
C{--list-options}.

Nothing is bound, imported or executed, and no directory is changed.  From the bottom up:

- L{twsgi.lint.looking}: the machine, as far as a lint may look at it.
- L{twsgi.lint.repeated}: what is given more than once, and which counts.
- L{twsgi.lint.exposed}: choices that let others in.
- L{twsgi.lint.doubtful}: choices that work, and are seldom what was wanted.
- L{twsgi.lint.facts}: one thing that a configuration amounts to.
- L{twsgi.lint.limits}: what it amounts to: times, sizes, memory.
- L{twsgi.lint.amounts}: what it amounts to: addresses, processes, the application.
- L{twsgi.lint.report}: all of it about one configuration, the most important first.
- L{twsgi.lint.words}: a report as text, and as JSON.
- L{twsgi.lint.inforce}: every setting in force, and where it came from.
- L{twsgi.lint.listing}: every option and its verdict, a line each.
- L{twsgi.lint.command}: the three commands.
"""
