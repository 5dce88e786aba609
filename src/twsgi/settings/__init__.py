"""
From ini text to a frozen Settings and the Plan of what is to run.

Layer 1: pure but for reading the files it is given; no Twisted, no sockets.  In the order a
configuration passes through them:

- L{twsgi.settings.commandline}: flags and C{UWSGI_*} variables -> assignments; C{--help}.
- L{twsgi.settings.assignment}: C{name = value}, and where it was written.
- L{twsgi.settings.finding}: what is to be said about a configuration, one line each.
- L{twsgi.settings.outside}: what reading asks of the machine: files.
- L{twsgi.settings.grammar}: ini text -> assignments, each with its file and line.
- L{twsgi.settings.reading}: files in place of their names, blocks as often as they count.
- L{twsgi.settings.formats}: the same of YAML, XML and JSON.
- L{twsgi.settings.magic}: C{%d} and its like.
- L{twsgi.settings.expansion}: C{$(ENV)}, C{@(file)}, C{%(name)}.
- L{twsgi.settings.logic}: C{if-...} and C{for-...}.
- L{twsgi.settings.options}: the tables: one row per option.
- L{twsgi.settings.kinds}: what a value may be: whole numbers, booleans, addresses, ...
- L{twsgi.settings.meant}: what a value was meant to be: C{30s}, C{4 # cores}, C{"4"}.
- L{twsgi.settings.addresses}: C{:8000} -> L{twsgi.settings.model.Address}.
- L{twsgi.settings.staticvalues}: what the values of the options for static files say.
- L{twsgi.settings.headers}: what C{add-header} and C{del-header} may name.
- L{twsgi.settings.listeners}: which addresses are listened on, and by whom.
- L{twsgi.settings.actions}: what a hook may do.
- L{twsgi.settings.attached}: what C{attach-daemon} and its kin say.
- L{twsgi.settings.known}: the names uWSGI has; did you mean ...?
- L{twsgi.settings.verdicts}: what becomes of each option that uWSGI has.
- L{twsgi.settings.draft}: Settings in the making: names, kinds, what is unknown.
- L{twsgi.settings.resolve}: all of it, put together: C{load}, C{read} and C{from_mapping}.
- L{twsgi.settings.validation}: what several options must agree on.
- L{twsgi.settings.mounts}: what C{mount} comes to.
- L{twsgi.settings.fields}: their types and defaults, a class for each table.
- L{twsgi.settings.model}: the values: Settings, Address, Listener, Plan.
- L{twsgi.settings.writing}: Settings -> ini text.
- L{twsgi.settings.plan}: Settings -> Plan.
- L{twsgi.settings.changes}: what a reload has to do: Plan, Plan -> Changes.
- L{twsgi.settings.documentation}: prints C{docs/options.md}.
"""
